"""A small residual network and the recipe that takes it past 93 % on Fashion-MNIST."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured
from dlmodule.checking.training_facts import model_facts, seed_facts
from dlmodule.data import Labelled
from dlmodule.training import evaluate, fit

exercise = Exercise(
    difficulty=3,
    minutes=20,
    move_on=30,
    hints=(
        "The network is one nn.Sequential, written from top to bottom; nn.AdaptiveAvgPool2d(1) and nn.Flatten() stand between the last block and the linear layer. How many channels leave the last block?",
        "Mirroring is for each image by itself: draw len(x) numbers from the generator, compare with one half, and choose with torch.where between x and x.flip(-1); the condition needs the shape (N, 1, 1, 1).",
    ),
    measured=Measured("accuracy"),
)


def bedding(count: int, *, falling: bool, seed: int) -> Labelled:
    """Noisy 20x20 layers of four steepnesses, all falling to the right or all rising; x (count, 1, 20, 20)."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(count) % 4
    slope = torch.tensor([0.1, 0.45, 0.9, 1.6])[y] + 0.05 * torch.randn(count, generator=generator)
    row, column = torch.arange(20.0)[:, None], torch.arange(20.0)
    wavenumber = 0.7 + 0.5 * torch.rand(count, generator=generator)
    phase = 6.3 * torch.rand(count, generator=generator)
    layers = torch.cos(wavenumber[:, None, None] * (row - slope[:, None, None] * column) + phase[:, None, None])
    x = (0.5 + 0.2 * (layers + 0.3 * torch.randn(layers.shape, generator=generator))).clamp(0, 1).unsqueeze(1)
    return Labelled(x if falling else x.flip(-1), y, ("flat", "gentle", "dipping", "steep"), "bedding")


@exercise.probe
def probe(candidate, case):
    train, falling, rising = (
        bedding(640, falling=True, seed=0),
        bedding(400, falling=True, seed=1),
        bedding(400, falling=False, seed=1),
    )
    model = candidate(train, epochs=20, width=8, seed=case.seed)
    if not isinstance(model, nn.Module):
        return {"accuracy": 0.0, "returned": type(model).__name__}
    facts = model_facts(model, falling.x[:8])
    with torch.no_grad():
        accuracy, mirrored = ((model(part.x).argmax(1) == part.y).float().mean().item() for part in (falling, rising))
        size = list(model(torch.zeros(2, 1, 28, 28)).shape)
    few = train.take(64)
    return {
        "accuracy": accuracy,
        "parameters": sum(p.numel() for p in model.parameters()),
        "shape for two larger images": size,
        **facts,
        "knows mirror images": mirrored > accuracy - 0.2,
        **seed_facts(lambda seed: candidate(few, epochs=1, width=4, seed=seed).eval()(few.x[:8])),
    }


@exercise.cases
def cases():
    yield Case().named("640 layered patches, twenty epochs, a width of 8")


exercise.edit(
    "never_mirrored",
    "augment=mirror",
    "augment=None",
    "Your network knows layers that fall to the right and is lost when the same patches are mirrored. Hand a function to fit(..., augment=...) that mirrors each image with probability one half.",
)
exercise.edit(
    "left_in_training_mode",
    "return model.eval()",
    "return model.train()",
    "The model comes back in training mode. Batch normalisation then uses the statistics of whatever batch it is shown: return model.eval().",
)
exercise.edit(
    "softmax_at_the_end",
    "nn.Linear(4 * w, len(train.classes)),",
    "nn.Linear(4 * w, len(train.classes)), nn.Softmax(1),",
    "The network ends with a softmax. The loss takes logits and applies log-softmax itself; of probabilities it makes a nearly flat loss.",
)
exercise.edit(
    "bias_before_normalisation",
    "padding=1, bias=False",
    "padding=1",
    "Your first convolution has a bias. Batch normalisation subtracts it again (as the day on convolutions showed), so it is a parameter without effect: bias=False.",
)
exercise.edit(
    "same_width_throughout",
    "Residual(w, 2 * w, stride=2),\n        Residual(2 * w, 4 * w, stride=2),",
    "Residual(w, w, stride=2),\n        Residual(w, 4 * w, stride=2),",
    "Your blocks do not double the channels each time the image is halved: w, then 2w, then 4w.",
)
exercise.edit(
    "seed_too_late",
    "torch.manual_seed(seed)",
    "torch.seed()",
    "The same seed gave two different models: the first weights are drawn when the layers are made, so torch.manual_seed(seed) has to come before them.",
)


def network(train, width):
    return nn.Sequential(
        nn.Conv2d(train.x.shape[1], width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        Residual(width, width), Residual(width, 2 * width, 2), Residual(2 * width, 4 * width, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, len(train.classes)),
    )  # fmt: skip


def some_mirrored(x, generator):
    """Each image mirrored with probability one half."""
    out = x.clone()
    chosen = torch.randint(2, (len(x),), generator=generator).bool()
    out[chosen] = out[chosen].flip(3)
    return out


@exercise.mistake(
    "The whole batch is mirrored or none of it, or every image always: draw one number for each image. (Always mirrored, the network has never seen an image as it is.)"
)
def always_mirrored(train, *, epochs, width=32, seed=0):
    torch.manual_seed(seed)
    model = network(train, width)
    fit(
        model, train, epochs=epochs, lr=0.01, weight_decay=0.05, schedule="one_cycle", seed=seed, progress=False,
        loss_fn=nn.CrossEntropyLoss(label_smoothing=0.05), augment=lambda x, g: x.flip(-1),
    )  # fmt: skip
    return model.eval()


@exercise.mistake(
    "Seeds 5 and 6 gave the same model. A seed has two places to go: torch.manual_seed before the model is made, and fit(..., seed=seed)."
)
def seed_fixed(train, *, epochs, width=32, seed=0):
    torch.manual_seed(0)
    model = network(train, width)
    fit(
        model, train, epochs=epochs, lr=0.01, weight_decay=0.05, schedule="one_cycle", progress=False,
        loss_fn=nn.CrossEntropyLoss(label_smoothing=0.05), augment=some_mirrored,
    )  # fmt: skip
    return model.eval()


@exercise.mistake("Is the learning rate 0.01 at its peak? With a thousandth of it these epochs do not get far.")
def timid(train, *, epochs, width=32, seed=0):
    torch.manual_seed(seed)
    model = network(train, width)
    fit(
        model, train, epochs=epochs, lr=1e-5, weight_decay=0.05, schedule="one_cycle", seed=seed, progress=False,
        loss_fn=nn.CrossEntropyLoss(label_smoothing=0.05), augment=some_mirrored,
    )  # fmt: skip
    return model.eval()


@exercise.alternative
def mirrored_in_place(train, *, epochs, width=32, seed=0):
    torch.manual_seed(seed)
    model = network(train, width)
    fit(
        model, train, epochs=epochs, lr=0.01, weight_decay=0.05, schedule="one_cycle", seed=seed, progress=False,
        loss_fn=lambda z, y: F.cross_entropy(z, y, label_smoothing=0.05), augment=some_mirrored,
    )  # fmt: skip
    return model.eval()


class InParts(nn.Module):
    """The same network with its parts by name."""

    def __init__(self, channels, w, classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(channels, w, 3, 2, 1, bias=False), nn.BatchNorm2d(w))
        self.stages = nn.ModuleList([Residual(w, w), Residual(w, 2 * w, 2), Residual(2 * w, 4 * w, 2)])
        self.head = nn.Linear(4 * w, classes)

    def forward(self, x):
        x = self.stem(x).relu()
        for stage in self.stages:
            x = stage(x)
        return self.head(x.mean((2, 3)))


@exercise.alternative
def as_a_module(train, *, epochs, width=32, seed=0):
    torch.manual_seed(seed)
    model = InParts(train.x.shape[1], width, len(train.classes))
    fit(
        model, train, epochs=epochs, batch_size=64, lr=0.01, weight_decay=0.05, schedule="cosine", seed=seed, progress=False,
        loss_fn=nn.CrossEntropyLoss(label_smoothing=0.05), augment=some_mirrored,
    )  # fmt: skip
    return model.eval()


def measure(solution, name, seed, epochs):
    """Train on the whole set ``name``; accuracy on its test set."""
    model = solution(data.load(name), epochs=epochs, seed=seed)
    return {"accuracy": evaluate(model, data.load(name, "test"))}


@exercise.ledger("fashion_mnist", seeds=5)
def fashion_mnist(solution, seed):
    return measure(solution, "fashion_mnist", seed, 8)


@exercise.ledger("seismic_patches", seeds=1)
def seismic_patches(solution, seed):
    return measure(solution, "seismic_patches", seed, 5)
