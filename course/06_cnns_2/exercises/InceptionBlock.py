"""Four sizes of kernel side by side, each behind a cheap mixing of channels."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    move_on=20,
    hints=(
        "Each row of the table is a module of its own, some of them an nn.Sequential of two. ConvBlock pads by half its kernel, so it keeps "
        "the size; the pooling must be told to.",
        "All four read the same x. In forward, collect the four outputs and join them along the axis of the channels, in the table's order.",
    ),
    probe=probes.module(),
)


@exercise.cases
def cases():
    yield Case(waves(1, 2, 4, 4)).built(2, 1, (3, 2), (5, 4), 6).named("one 4x4 image of two channels")
    yield Case(waves(2, 3, 7, 6)).built(3, 2, (1, 4), (2, 3), 5).named("two images that are not square")
    yield Case(waves(1, 4, 8, 5)).built(4, 8, (2, 6), (3, 7), 9).named("four channels")


class Base(nn.Module):
    """The block, so that a mistake only says what it does otherwise."""

    def __init__(self, in_channels, one, three, five, pooled):
        super().__init__()
        self.b0 = ConvBlock(in_channels, one, 1)
        self.b1 = nn.Sequential(ConvBlock(in_channels, three[0], 1), ConvBlock(three[0], three[1], 3))
        self.b2 = nn.Sequential(ConvBlock(in_channels, five[0], 1), ConvBlock(five[0], five[1], 5))
        self.b3 = nn.Sequential(nn.MaxPool2d(3, 1, 1), ConvBlock(in_channels, pooled, 1))

    def parts(self, x):
        return [self.b0(x), self.b1(x), self.b2(x), self.b3(x)]

    def forward(self, x):
        return torch.cat(self.parts(x), 1)


@exercise.mistake(
    "The branches are joined in another order than the table's. The channels are all there; but the next layer, or anyone who loads your weights, "
    "reads them by position."
)
class OtherOrder(Base):
    def parts(self, x):
        return super().parts(x)[::-1]


@exercise.mistake(
    "The pooling branch only pools. Its 1x1 convolution is what keeps the block from handing on all of the input's channels and growing without end."
)
class PoolingWithoutConvolution(Base):
    def __init__(self, in_channels, one, three, five, pooled):
        super().__init__(in_channels, one, three, five, pooled)
        self.b3 = nn.MaxPool2d(3, 1, 1)


@exercise.mistake(
    "The 3x3 and 5x5 convolutions read the input directly. The 1x1 bottleneck before them is the idea of the block: it makes the dear kernels see "
    "three[0] and five[0] channels instead of all."
)
class NoBottleneck(Base):
    def __init__(self, in_channels, one, three, five, pooled):
        super().__init__(in_channels, one, three, five, pooled)
        self.b1, self.b2 = ConvBlock(in_channels, three[1], 3), ConvBlock(in_channels, five[1], 5)


@exercise.mistake(
    "The last branch averages. The table asks for max pooling, which hands on the strongest response of a neighbourhood."
)
class AveragePooling(Base):
    def __init__(self, in_channels, one, three, five, pooled):
        super().__init__(in_channels, one, three, five, pooled)
        self.b3[0] = nn.AvgPool2d(3, 1, 1)


@exercise.mistake(
    "In the last branch the convolution comes before the pooling. Pooled first, each channel's maximum is taken before they are mixed; and the "
    "table's order is what other people's weights expect."
)
class ConvolutionBeforePooling(Base):
    def parts(self, x):
        b0, b1, b2, _ = super().parts(x)
        return [b0, b1, b2, self.b3[0](self.b3[1](x))]


@exercise.mistake(
    "The third branch has a 3x3 kernel where the table has 5x5: two branches of one size, and none that sees further."
)
class TwoOfThree(Base):
    def __init__(self, in_channels, one, three, five, pooled):
        super().__init__(in_channels, one, three, five, pooled)
        self.b2[1] = ConvBlock(five[0], five[1], 3)


exercise.edit(
    "reduction_and_output_exchanged",
    "ConvBlock(in_channels, three[0], 1), ConvBlock(three[0], three[1])",
    "ConvBlock(in_channels, three[1], 1), ConvBlock(three[1], three[0])",
    "The two numbers of `three` are exchanged: three[0] is the narrow middle, three[1] what the branch hands on.",
)


@exercise.alternative
class NamedBranches(nn.Module):
    def __init__(self, in_channels, one, three, five, pooled):
        super().__init__()
        self.pool = nn.MaxPool2d(kernel_size=3, stride=1, padding=1)
        self.point = ConvBlock(in_channels, one, kernel_size=1)
        self.reduce3, self.conv3 = ConvBlock(in_channels, three[0], 1), ConvBlock(three[0], three[1])
        self.reduce5, self.conv5 = ConvBlock(in_channels, five[0], 1), ConvBlock(five[0], five[1], kernel_size=5)
        self.after_pool = ConvBlock(in_channels, pooled, 1)

    def forward(self, x):
        return torch.cat(
            (self.point(x), self.conv3(self.reduce3(x)), self.conv5(self.reduce5(x)), self.after_pool(self.pool(x))), 1
        )


@exercise.alternative
class WrittenIntoOneTensor(Base):
    def forward(self, x):
        parts = self.parts(x)
        out = x.new_empty(len(x), sum(part.shape[1] for part in parts), *x.shape[2:])
        start = 0
        for part in parts:
            out[:, start : start + part.shape[1]] = part
            start += part.shape[1]
        return out
