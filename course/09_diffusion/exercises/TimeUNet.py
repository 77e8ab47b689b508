"""A U-Net that knows the time and the class."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import row, waves

exercise = Exercise(
    difficulty=3,
    minutes=15,
    core=True,
    hints=(
        "Follow the diagram from left to right and write the number of channels on each arrow. What does the last block get, and in which order?",
        "The condition is computed once, and every block gets it. Keep the output of the first block: it is concatenated after the upsampled one.",
    ),
    probe=probes.module(grad=True),
)


@exercise.cases
def cases():
    yield (
        Case(waves(2, 1, 8, 8), row(0.3, 0.9), torch.tensor([0, 2]))
        .built(8, 16, 2)
        .named("two images, the second without a label")
    )
    yield (
        Case(waves(3, 1, 16, 8, step=0.3), row(0.1, 0.5, 1), torch.tensor([1, 0, 3]))
        .built(16, 8, 3)
        .named("more channels at the top than below")
    )


exercise.equivalent("64 -> 65", "the embedding rounds an odd size down")


class Base(nn.Module):
    """The network, so that a mistake only says what it does otherwise."""

    def __init__(self, top, low, classes):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 64))
        self.label = nn.Embedding(classes + 1, 64)
        self.stem = nn.Conv2d(4, top, 3, padding=1)
        self.first = TimeBlock(top, top)
        self.down = nn.Conv2d(top, low, 3, stride=2, padding=1)
        self.middle = TimeBlock(low, low)
        self.last = TimeBlock(low + top, top)
        self.out = nn.Sequential(ChannelNorm(top), nn.SiLU(), nn.Conv2d(top, 4, 3, padding=1))

    def condition(self, t, y):
        return F.silu(self.time(sinusoidal_time_embedding(t, 64).to(self.stem.weight.dtype)) + self.label(y))

    def join(self, below, beside):
        return torch.cat([below, beside], 1)

    def forward(self, x, t, y):
        condition = self.condition(t, y)
        beside = self.first(self.stem(F.pixel_unshuffle(x, 2)), condition)
        below = self.middle(self.down(beside), condition)
        joined = self.join(F.interpolate(below, scale_factor=2), beside)
        return F.pixel_shuffle(self.out(self.last(joined, condition)), 2)


@exercise.mistake("The label has no effect: add its embedding to the time's before the SiLU.")
class LabelIgnored(Base):
    def condition(self, t, y):
        return F.silu(self.time(sinusoidal_time_embedding(t, 64).to(self.stem.weight.dtype)) + 0 * self.label(y))


@exercise.mistake("The time has no effect. One network serves all steps, so it must know how much noise there is.")
class TimeIgnored(Base):
    def condition(self, t, y):
        return F.silu(0 * self.time(sinusoidal_time_embedding(t, 64).to(self.stem.weight.dtype)) + self.label(y))


@exercise.mistake(
    "The skip connection carries zeros. Without it the output has no detail: concatenate the first block's output."
)
class NoSkip(Base):
    def join(self, below, beside):
        return torch.cat([below, 0 * beside], 1)


@exercise.mistake(
    "The SiLU over the sum of the two embeddings is missing: the condition would reach the blocks linearly."
)
class NoActivation(Base):
    def condition(self, t, y):
        return self.time(sinusoidal_time_embedding(t, 64).to(self.stem.weight.dtype)) + self.label(y)


@exercise.mistake(
    "You concatenate the stem's output. The connection leaves after the first block, which knows the time."
)
class SkipFromTheStem(Base):
    def forward(self, x, t, y):
        condition = self.condition(t, y)
        beside = self.stem(F.pixel_unshuffle(x, 2))
        below = self.middle(self.down(self.first(beside, condition)), condition)
        joined = self.join(F.interpolate(below, scale_factor=2), beside)
        return F.pixel_shuffle(self.out(self.last(joined, condition)), 2)


@exercise.mistake("In the concatenation the output of the first block comes first. The upsampled channels come first.")
class OtherOrder(Base):
    def join(self, below, beside):
        return torch.cat([beside, below], 1)


@exercise.mistake("Time and label are multiplied. Their embeddings are added, then the SiLU.")
class Multiplied(Base):
    def condition(self, t, y):
        return F.silu(self.time(sinusoidal_time_embedding(t, 64).to(self.stem.weight.dtype)) * self.label(y))


@exercise.mistake(
    "The upsampling interpolates between the places (bilinear). F.interpolate(h, scale_factor=2) repeats each place twice."
)
class Smoothed(Base):
    def forward(self, x, t, y):
        condition = self.condition(t, y)
        beside = self.first(self.stem(F.pixel_unshuffle(x, 2)), condition)
        below = self.middle(self.down(beside), condition)
        joined = self.join(F.interpolate(below, scale_factor=2, mode="bilinear"), beside)
        return F.pixel_shuffle(self.out(self.last(joined, condition)), 2)


@exercise.mistake("The middle block does not get the condition. Every block does.")
class MiddleWithoutCondition(Base):
    def forward(self, x, t, y):
        condition = self.condition(t, y)
        beside = self.first(self.stem(F.pixel_unshuffle(x, 2)), condition)
        below = self.middle(self.down(beside), torch.zeros_like(condition))
        return F.pixel_shuffle(
            self.out(self.last(self.join(F.interpolate(below, scale_factor=2), beside), condition)), 2
        )


@exercise.alternative
class Plain(Base):
    pass


@exercise.alternative
class ByUpsample(Base):
    def __init__(self, top, low, classes):
        super().__init__(top, low, classes)
        self.up = nn.Upsample(scale_factor=2)

    def forward(self, x, t, y):
        e = self.condition(t, y)
        a = self.first(self.stem(nn.PixelUnshuffle(2)(x)), e)
        b = self.up(self.middle(self.down(a), e))
        return nn.PixelShuffle(2)(self.out(self.last(torch.hstack([b, a]), e)))
