"""A gate for every channel, decided by all of the image."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=8,
    move_on=15,
    hints=(
        "Follow the shapes: (N, C, H, W), after the squeeze (N, C), after the two linear layers again (N, C). How does that multiply an image?",
        "The gate needs two axes of size 1 at its end, so that it is the same at every place of its channel.",
    ),
    probe=probes.module(grad=True),
)


@exercise.cases
def cases():
    yield Case(2 * waves(1, 2, 2, 2) + 1).built(2, 1).named("two channels of 2x2")
    yield Case(waves(3, 6, 3, 5) + waves(1, 6, 1, 1)).built(6, reduction=2).named("three images of six channels")
    yield Case(waves(2, 8, 4, 3) + waves(2, 8, 1, 1)).built(8).named("the default reduction")


class Base(nn.Module):
    """The block, so that a mistake only says what it does otherwise."""

    def __init__(self, channels, reduction=4):
        super().__init__()
        self.down, self.up = nn.Linear(channels, channels // reduction), nn.Linear(channels // reduction, channels)

    def squeezed(self, x):
        return x.mean((2, 3))

    def gate(self, s):
        return torch.sigmoid(self.up(F.relu(self.down(s))))

    def forward(self, x):
        return x * self.gate(self.squeezed(x))[..., None, None]


@exercise.mistake(
    "The gates come out of a softmax. Then they sum to 1 and the channels compete, and with many channels all are nearly closed; a sigmoid lets several be open."
)
class Softmax(Base):
    def gate(self, s):
        return self.up(F.relu(self.down(s))).softmax(1)


@exercise.mistake(
    "The gates have no sigmoid, so they may be negative or large, and the block can turn a channel over or blow it up. A gate lies between 0 and 1."
)
class NoSigmoid(Base):
    def gate(self, s):
        return self.up(F.relu(self.down(s)))


@exercise.mistake("You return the gates themselves. They are to weigh the input: multiply.")
class OnlyTheGate(Base):
    def forward(self, x):
        return self.gate(self.squeezed(x))[..., None, None].expand_as(x)


@exercise.mistake(
    "You squeeze by the maximum. One noisy pixel then decides for the whole image; the block asks for the average over space."
)
class SqueezedByMaximum(Base):
    def squeezed(self, x):
        return x.amax((2, 3))


@exercise.mistake("The gate is added. A sum shifts a channel by up to 1; only a product can switch it off.")
class Added(Base):
    def forward(self, x):
        return x + self.gate(self.squeezed(x))[..., None, None]


@exercise.mistake("There is no ReLU between the two linear layers, so together they are one linear layer of low rank.")
class NoRelu(Base):
    def gate(self, s):
        return torch.sigmoid(self.up(self.down(s)))


@exercise.mistake(
    "Your average runs over the batch as well, so all images of a batch get the same gates, and an image's answer depends on its neighbours. Average over H and W alone."
)
class AveragedOverTheBatch(Base):
    def squeezed(self, x):
        return x.mean((0, 2, 3)).expand(len(x), -1)


@exercise.alternative
class Functional(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.layers = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(channels, channels // reduction),
            nn.ReLU(),
            nn.Linear(channels // reduction, channels),
            nn.Sigmoid(),
            nn.Unflatten(1, (channels, 1, 1)),
        )

    def forward(self, x):
        return self.layers(x) * x


@exercise.alternative
class ByEinsum(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.expand = nn.Linear(channels // reduction, channels)
        self.reduce = nn.Linear(channels, channels // reduction)

    def forward(self, x):
        s = x.flatten(2).sum(2) / x[0, 0].numel()
        a = 1 / (1 + torch.exp(-self.expand(self.reduce(s).clamp(min=0))))
        return torch.einsum("nchw,nc->nchw", x, a)
