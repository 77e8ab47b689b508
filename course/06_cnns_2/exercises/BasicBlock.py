"""A residual block whose names and shapes are torchvision's, so that other people's weights fit."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise, waves

exercise = Exercise(
    difficulty=2,
    minutes=8,
    move_on=15,
    core=True,
    hints=(
        "The names of a state dict are the names of attributes: `self.conv1 = nn.Conv2d(...)` gives `conv1.weight`. Which attributes does a block whose shape stays have?",
        "An nn.Sequential numbers its items, which gives `downsample.0` and `downsample.1`. An empty nn.Sequential() has no parameters and returns its input.",
    ),
)


@exercise.probe
def probe(candidate, case):
    """Names and shapes, and what the block computes with numbers that are drawn by name."""
    x, *sizes = case.args
    block = candidate(*sizes).to(x.dtype).eval()
    state = block.state_dict()
    shapes = {name: list(tensor.shape) for name, tensor in sorted(state.items())}
    drawn = {}
    for name, tensor in state.items():
        generator = torch.Generator().manual_seed(sum((1 + place) * ord(letter) for place, letter in enumerate(name)))
        numbers = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
        fan = max(tensor[0].numel(), 1) if tensor.ndim > 1 else 1
        drawn[name] = (numbers.abs() + 0.5 if name.endswith("running_var") else numbers / fan**0.5).to(tensor.dtype)
    block.load_state_dict(drawn)
    with torch.no_grad():
        return {"names and shapes in the state dict": shapes, "what it computes": block(x)}


@exercise.cases
def cases():
    yield Case(waves(1, 2, 4, 4), 2, 2).named("the shape stays")
    yield Case(noise(2, 3, 6, 5), 3, 4, 2).named("more channels, and a stride of 2")
    yield Case(noise(2, 3, 5, 7, seed=1), 3, 5).named("more channels, no stride")
    yield Case(noise(1, 4, 7, 6, seed=2), 4, 4, 2).named("the same channels, a stride of 2")


exercise.edit(
    "another_name", "self.downsample", "self.shortcut",
    "The shortcut's layers have another name. Her file calls them `downsample.0` and `downsample.1`, and load_state_dict goes by names alone.",
    count=4,
)  # fmt: skip
exercise.edit(
    "always_projected", "if stride != 1 or in_channels != out_channels:", "if True:",
    "Every block has a convolution in its shortcut. Where the shape stays her file has none: those names would be missing.",
)  # fmt: skip
exercise.edit(
    "projected_for_strides_only", "stride != 1 or in_channels != out_channels", "stride != 1",
    "A block that changes the number of channels without a stride needs its projection too.",
)  # fmt: skip
exercise.edit(
    "with_biases", "padding=1, bias=False", "padding=1",
    "Your 3x3 convolutions have a bias, and her file has none. The batch normalisation behind them has a shift of its own.",
    count=2,
)  # fmt: skip
exercise.edit(
    "stride_in_the_second",
    ("out_channels, 3, stride=stride, padding=1", "out_channels, out_channels, 3, padding=1"),
    ("out_channels, 3, padding=1", "out_channels, out_channels, 3, stride=stride, padding=1"),
    "Names and shapes agree, and the numbers do not: your stride is in `conv2`. Her weights were trained with the stride in `conv1`. `strict=True` cannot see that.",
)  # fmt: skip
exercise.edit(
    "no_norm_in_the_shortcut", "            self.downsample.append(nn.BatchNorm2d(out_channels))\n", "",
    "The batch normalisation of the shortcut, `downsample.1`, is missing.",
)  # fmt: skip
exercise.edit(
    "first_norm_twice", "self.bn2(self.conv2(h))", "self.bn1(self.conv2(h))",
    "Both convolutions go through `bn1`. The weights of `bn2` load, and nothing uses them.",
)  # fmt: skip
exercise.edit(
    "no_last_relu", "return F.relu(self.downsample(x) + h)", "return self.downsample(x) + h",
    "The ReLU after the sum is missing. It has no parameters, so nothing in the state dict tells you.",
)  # fmt: skip
exercise.edit(
    "relu_before_the_sum", "F.relu(self.downsample(x) + h)", "self.downsample(x) + F.relu(h)",
    "The last ReLU stands before the sum; it belongs after it, as in `Residual`.",
)  # fmt: skip
exercise.edit(
    "no_relu_between", "F.relu(self.bn1(self.conv1(x)))", "self.bn1(self.conv1(x))",
    "The ReLU between the two convolutions is missing.",
)  # fmt: skip
exercise.edit(
    "shortcut_left_out", "self.downsample(x) + h", "h",
    "The shortcut is built and not used: add it to what the two convolutions give.",
)  # fmt: skip


exercise.confirm("self.downsample.append(...) dropped", "no_norm_in_the_shortcut")


@exercise.alternative
class with_none_for_the_identity(torch.nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        same = stride == 1 and in_channels == out_channels
        self.downsample = None
        if not same:
            self.downsample = torch.nn.Sequential(
                torch.nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), torch.nn.BatchNorm2d(out_channels)
            )
        self.conv1 = torch.nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.conv2 = torch.nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = torch.nn.BatchNorm2d(out_channels), torch.nn.BatchNorm2d(out_channels)
        self.relu = torch.nn.ReLU()

    def forward(self, x):
        h = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(h + (x if self.downsample is None else self.downsample(x)))


exercise.variant("clamped", "F.relu(self.downsample(x) + h)", "(self.downsample(x) + h).clamp(min=0)")
