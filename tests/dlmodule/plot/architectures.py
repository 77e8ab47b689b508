"""Seven architectures as an author would describe them, each with the way it flows."""

from dlmodule import plot

LENET = [
    "image -> N, 1, 28, 28",
    "conv 5x5 | padding 2 -> N, 6, 28, 28",
    "ReLU",
    "max pool 2x2 -> N, 6, 14, 14",
    "conv 5x5 -> N, 16, 10, 10",
    "ReLU",
    "max pool 2x2 -> N, 16, 5, 5",
    "flatten -> N, 400",
    "linear -> N, 120",
    "ReLU",
    "linear -> N, 84",
    "ReLU",
    "linear -> N, 10",
    "logits",
]

BODY = ("conv 3x3 | stride 2", "batch norm", "ReLU", "conv 3x3", "batch norm")
RESIDUAL = [
    "x -> N, 64, 56, 56",
    plot.skip(*BODY, via=["conv 1x1 | stride 2", "batch norm"], join="+ -> N, 128, 28, 28"),
    "ReLU",
    "y",
]
IDENTITY = ["x", plot.skip("conv 3x3", "batch norm", "ReLU", "conv 3x3", "batch norm"), "ReLU", "y"]

INCEPTION = [
    "x -> N, 192, 28, 28",
    plot.branches(
        "conv 1x1 -> 64",
        ["conv 1x1 -> 96", "conv 3x3 -> 128"],
        ["conv 1x1 -> 16", "conv 5x5 -> 32"],
        ["max pool 3x3", "conv 1x1 -> 32"],
        join="concat -> N, 256, 28, 28",
    ),
    "y",
]

UNET = [
    "section -> 1, 128, 128",
    "conv ×2",
    plot.skip(
        "max pool",
        "conv ×2 -> 32, 64, 64",
        plot.skip("max pool", "conv ×2 -> 64, 32, 32", "up-conv", dip=True, join="concat"),
        "conv ×2",
        "up-conv -> 16, 128, 128",
        dip=True,
        join="concat",
    ),
    "conv ×2",
    "conv 1x1 -> 1, 128, 128",
    "fault mask",
]

VAE = [
    "x -> N, 784",
    "encoder",
    plot.branches(
        "linear | mean -> μ",
        "linear | log-variance -> log σ²",
        "input: noise ε",
        join="random: sample | z = μ + σ ε -> N, 20",
    ),
    "decoder -> N, 784",
    "x̂",
]

LSTM = [
    "[$h_{t-1}, x_t$]",
    plot.branches(
        [
            plot.branches(
                plot.branches("input: $c_{t-1}$", "layer: sigmoid | forget", join="×"),
                plot.branches("layer: sigmoid | input", "layer: tanh | candidate", join="×"),
                join="+",
            ),
            "$c_t$",
            "tanh",
        ],
        "layer: sigmoid | output",
        join="×",
    ),
    "$h_t$",
]

TRANSFORMER = [
    "tokens -> N, T, 512",
    plot.group(
        "× 6",
        plot.skip("layer norm", "multi-head attention", "dropout"),
        plot.skip("layer norm", "linear | 512 to 2048", "GELU", "linear | 2048 to 512", "dropout"),
    ),
    "layer norm -> N, T, 512",
]

ARCHITECTURES = {
    "LeNet-5": (LENET, "right"),
    "a residual block with a projection": (RESIDUAL, "right"),
    "a residual block": (IDENTITY, "down"),
    "an Inception module": (INCEPTION, "right"),
    "a U-Net": (UNET, "right"),
    "a variational autoencoder": (VAE, "right"),
    "an LSTM cell": (LSTM, "right"),
    "a transformer's encoder": (TRANSFORMER, "down"),
}
