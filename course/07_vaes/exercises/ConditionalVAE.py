"""The class goes to the encoder and to the decoder."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=12,
    core=True,
    hints=(
        "Two places get the class. By how many inputs does each first layer grow?",
        "F.one_hot gives whole numbers: cast them before torch.cat along dim 1. Append the same condition to x and to z.",
    ),
    probe=probes.module(grad=True),
)


@exercise.cases
def cases():
    yield Case(noise(1, 3), torch.tensor([1]), noise(1, 1, seed=1)).built(3, 4, 1, 2).named("one image of class 1 of 2")
    yield Case(noise(4, 6, seed=2), torch.tensor([0, 2, 1, 2]), noise(4, 2, seed=3)).built(6, 5, 2, 3).named("four images of three classes")  # fmt: skip
    yield (
        Case(noise(2, 7, seed=4), torch.tensor([0, 0]), noise(2, 3, seed=5))
        .built(7, 9, 3, 5)
        .named("classes that do not all occur")
    )
    yield Case(noise(3, 5, seed=6), torch.tensor([1, 0, 3])).built(5, 4, 2, 4).seeded(3).named("noise not given")


class Base(nn.Module):
    """The network, so that a mistake only says what it does otherwise."""

    def __init__(self, features, hidden, latent, classes):
        super().__init__()
        self.classes = classes
        self.encoder = nn.Sequential(nn.Linear(features + classes, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent + classes, hidden), nn.ReLU(), nn.Linear(hidden, features))

    def condition(self, y, x):
        return F.one_hot(y, self.classes).to(x.dtype)

    def join(self, part, condition):
        return torch.cat([part, condition], dim=1)

    def forward(self, x, y, eps=None):
        condition = self.condition(y, x)
        mean, log_variance = self.encoder(self.join(x, condition)).chunk(2, dim=1)
        z = mean + (log_variance / 2).exp() * (torch.randn_like(mean) if eps is None else eps)
        return self.decoder(self.join(z, condition)), mean, log_variance


@exercise.mistake("The decoder does not know the class, so you cannot ask for one: append the condition to z as well.")
class OnlyTheEncoder(Base):
    def __init__(self, features, hidden, latent, classes):
        super().__init__(features, hidden, latent, classes)
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, features))

    def forward(self, x, y, eps=None):
        mean, log_variance = self.encoder(self.join(x, self.condition(y, x))).chunk(2, dim=1)
        z = mean + (log_variance / 2).exp() * (torch.randn_like(mean) if eps is None else eps)
        return self.decoder(z), mean, log_variance


@exercise.mistake(
    "The encoder does not know the class, so z has to say it again, and a class that you choose fights with the one in z. Append the condition to x as well."
)
class OnlyTheDecoder(Base):
    def __init__(self, features, hidden, latent, classes):
        super().__init__(features, hidden, latent, classes)
        self.encoder = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent))

    def forward(self, x, y, eps=None):
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        z = mean + (log_variance / 2).exp() * (torch.randn_like(mean) if eps is None else eps)
        return self.decoder(self.join(z, self.condition(y, x))), mean, log_variance


@exercise.mistake("The condition stands in front. Append it, at the end of x and at the end of z.")
class ConditionFirst(Base):
    def join(self, part, condition):
        return torch.cat([condition, part], dim=1)


@exercise.mistake(
    "The class number itself was used, in every column. Class 3 is not three times class 1: make it one-hot."
)
class ClassAsANumber(Base):
    def condition(self, y, x):
        return y[:, None].to(x.dtype).expand(-1, self.classes)


@exercise.mistake(
    "The decoder gets the mean, not the draw: without noise the space between the codes is never trained."
)
class MeanDecoded(Base):
    def forward(self, x, y, eps=None):
        condition = self.condition(y, x)
        mean, log_variance = self.encoder(self.join(x, condition)).chunk(2, dim=1)
        return self.decoder(self.join(mean, condition)), mean, log_variance


@exercise.mistake(
    "In the encoder's input the condition stands in front. Append it, at the end of x, as at the end of z."
)
class FrontOfTheEncoder(Base):
    def forward(self, x, y, eps=None):
        condition = self.condition(y, x)
        mean, log_variance = self.encoder(self.join(condition, x)).chunk(2, dim=1)
        z = mean + (log_variance / 2).exp() * (torch.randn_like(mean) if eps is None else eps)
        return self.decoder(self.join(z, condition)), mean, log_variance


@exercise.mistake(
    "In the decoder's input the condition stands in front. Append it, at the end of z, as at the end of x."
)
class FrontOfTheDecoder(Base):
    def forward(self, x, y, eps=None):
        condition = self.condition(y, x)
        mean, log_variance = self.encoder(self.join(x, condition)).chunk(2, dim=1)
        z = mean + (log_variance / 2).exp() * (torch.randn_like(mean) if eps is None else eps)
        return self.decoder(self.join(condition, z)), mean, log_variance


@exercise.alternative
class ByLayers(nn.Module):
    def __init__(self, features, hidden, latent, classes):
        super().__init__()
        self.classes, self.latent = classes, latent
        self.into, self.code = nn.Linear(features + classes, hidden), nn.Linear(hidden, 2 * latent)
        self.out_of, self.pixels = nn.Linear(latent + classes, hidden), nn.Linear(hidden, features)

    def forward(self, x, y, eps=None):
        one_hot = torch.eye(self.classes, dtype=x.dtype)[y]
        both = self.code(self.into(torch.cat([x, one_hot], 1)).relu())
        mean, log_variance = both[:, : self.latent], both[:, self.latent :]
        noise = torch.randn_like(mean) if eps is None else eps
        z = mean + torch.exp(log_variance / 2) * noise
        return self.pixels(self.out_of(torch.cat([z, one_hot], 1)).relu()), mean, log_variance


@exercise.alternative
class ByScatter(Base):
    def condition(self, y, x):
        return x.new_zeros(len(y), self.classes).scatter(1, y[:, None], 1.0)


exercise.edit(
    "DecoderWithoutClass", "torch.cat([z, condition], dim=1)", "torch.cat([z, 0 * condition], dim=1)",
    "The decoder is not told the class, so you cannot ask it for one. Append the one-hot class to z.",
)  # fmt: skip
exercise.edit(
    "EncoderWithoutClass", "torch.cat([x, condition], dim=1)", "torch.cat([x, 0 * condition], dim=1)",
    "The encoder is not told the class, so the code has to carry it again. Append the one-hot class to x.",
)  # fmt: skip
exercise.edit(
    "HalvesExchanged", "mean, log_variance = self.encoder", "log_variance, mean = self.encoder",
    "Mean and log-variance changed places: the first K outputs of the encoder are the mean, the last K the log-variance.",
)  # fmt: skip
exercise.edit(
    "NoNoiseByDefault", "torch.randn_like(mean)", "torch.zeros_like(mean)",
    "Where eps is not given you decode without noise. Then it must be drawn: torch.randn_like(mean).",
)  # fmt: skip
