"""Encoder and decoder: a network that copies through a narrow layer."""

from torch import nn

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=1,
    minutes=8,
    core=True,
    hints=(
        "Write down the sizes from left to right: D, H, K, H, D. Between which of them does a ReLU stand?",
        "Two nn.Sequential, of three modules each. Neither the code nor the reconstruction passes an activation.",
    ),
    probe=probes.module(grad=True),
)


@exercise.cases
def cases():
    yield Case(waves(1, 3)).built(3, 4, 2).named("one image of three pixels, a code of two numbers")
    yield Case(3 * waves(5, 6) - 1).built(6, 4, 3).named("five images of six pixels")
    yield Case(waves(2, 5)).built(5, 9, 2).named("a hidden layer wider than the image")


def two(a, b, c):
    return [nn.Linear(a, b), nn.ReLU(), nn.Linear(b, c)]


@exercise.mistake(
    "The code passes a ReLU, so it is never negative, and half of the space of codes cannot be used. The last layer of the encoder has no activation."
)
class RectifiedCode(nn.Module):
    def __init__(self, features, hidden, latent):
        super().__init__()
        self.encoder = nn.Sequential(*two(features, hidden, latent), nn.ReLU())
        self.decoder = nn.Sequential(*two(latent, hidden, features))

    def forward(self, x):
        return self.decoder(self.encoder(x))


@exercise.mistake(
    "The reconstruction passes a sigmoid, so it lies between 0 and 1. The mean was subtracted from the images: half of their pixels are negative and could never be met."
)
class SquashedOutput(nn.Module):
    def __init__(self, features, hidden, latent):
        super().__init__()
        self.encoder = nn.Sequential(*two(features, hidden, latent))
        self.decoder = nn.Sequential(*two(latent, hidden, features), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(self.encoder(x))


@exercise.mistake(
    "The reconstruction passes a ReLU, so it is never negative. The mean was subtracted from the images: half of their pixels are negative."
)
class RectifiedOutput(nn.Module):
    def __init__(self, features, hidden, latent):
        super().__init__()
        self.encoder = nn.Sequential(*two(features, hidden, latent))
        self.decoder = nn.Sequential(*two(latent, hidden, features), nn.ReLU())

    def forward(self, x):
        return self.decoder(self.encoder(x))


@exercise.mistake(
    "There is no ReLU between the layers. Two linear layers in a row are one linear map, so this is PCA, found the slow way."
)
class Linear(nn.Module):
    def __init__(self, features, hidden, latent):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(features, hidden), nn.Linear(hidden, latent))
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.Linear(hidden, features))

    def forward(self, x):
        return self.decoder(self.encoder(x))


@exercise.mistake(
    "forward returns the code. The loss compares with the image: decode the code and return the reconstruction."
)
class ReturnsTheCode(nn.Module):
    def __init__(self, features, hidden, latent):
        super().__init__()
        self.encoder = nn.Sequential(*two(features, hidden, latent))
        self.decoder = nn.Sequential(*two(latent, hidden, features))

    def forward(self, x):
        return self.encoder(x)


@exercise.mistake("The activation between the layers is tanh; asked for is a ReLU.")
class WithTanh(nn.Module):
    def __init__(self, features, hidden, latent):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(features, hidden), nn.Tanh(), nn.Linear(hidden, latent))
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.Tanh(), nn.Linear(hidden, features))

    def forward(self, x):
        return self.decoder(self.encoder(x))


@exercise.mistake(
    "forward returns two things, reconstruction and code. The loss takes the reconstruction alone: return one tensor."
)
class ReturnsBoth(nn.Module):
    def __init__(self, features, hidden, latent):
        super().__init__()
        self.encoder, self.decoder = two(features, hidden, latent), two(latent, hidden, features)

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code), code


@exercise.alternative
class LayersByName(nn.Module):
    def __init__(self, features, hidden, latent):
        super().__init__()
        self.narrow, self.code = nn.Linear(features, hidden), nn.Linear(hidden, latent)
        self.widen, self.pixels = nn.Linear(latent, hidden), nn.Linear(hidden, features)

    def forward(self, x):
        z = self.code(self.narrow(x).relu())
        return self.pixels(self.widen(z).clamp(min=0))


@exercise.alternative
class OneSequential(nn.Module):
    def __init__(self, features, hidden, latent):
        super().__init__()
        self.layers = nn.Sequential(*two(features, hidden, latent), *two(latent, hidden, features))

    def forward(self, x):
        return self.layers(x)
