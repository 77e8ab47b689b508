"""A network that answers for every pixel: shrink to learn what, enlarge, and be told where by the skips."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=4,
    minutes=30,
    move_on=45,
    core=True,
    hints=(
        "Write the channels of all levels into a list first, [width, 2 * width, 4 * width, ...]. Each step of the way up then reads from it: from w[l + 1] to w[l], and from 2 * w[l] to w[l].",
        "The way down appends to a list what is to be kept; the way up takes from its end: torch.cat([kept[l], enlarged], 1). How much is missing to the next multiple of m is -H % m, and F.pad names the last axis first.",
    ),
    probe=probes.module(),
)


@exercise.cases
def cases():
    yield Case(waves(1, 1, 4, 4, step=1.3)).built(width=2, depth=1).named("a 4x4 image, a width of 2 and one level")
    yield Case(waves(2, 1, 5, 7, step=1.3)).built(width=2, depth=2).named("two images of 5x7, which 4 does not divide")
    yield (
        Case(waves(1, 3, 1, 37, step=1.3))
        .built(3, 1, width=2, depth=2, kernel=(1, 5), factor=(1, 4))
        .named("a trace of 37 samples in three components, pooled by 1x4")
    )
    yield (
        Case(waves(1, 2, 10, 7, step=1.3))
        .built(2, 3, width=3, depth=2, kernel=(5, 3), factor=(3, 2))
        .named("two channels to three classes, pooled by 3x2")
    )
    yield Case(waves(1, 1, 16, 9, step=1.3)).built().named("the defaults: a width of 8 and three levels, on 16x9")


exercise.edit(
    "enlarged_first",
    "torch.cat([kept[level], self.enlarge[level](x)], 1)",
    "torch.cat([self.enlarge[level](x), kept[level]], 1)",
    "You put the enlarged map first and the kept one second. It would train as well, since the order of channels is a convention; the exercise asks for the kept map first, so that weights can be exchanged.",
)
exercise.edit(
    "sigmoid_at_the_end",
    "return self.head(x)[:, :, :H, :W]",
    "return self.head(x)[:, :, :H, :W].sigmoid()",
    "There is a sigmoid at the end. The losses of this course take logits and apply it themselves; a second one keeps the loss from its minimum.",
)
exercise.edit(
    "relu_on_logits",
    "return self.head(x)[:, :, :H, :W]",
    "return self.head(x)[:, :, :H, :W].relu()",
    "There is a ReLU after the last convolution. A logit below zero says 'rather not'; with all of them cut to zero no pixel's probability can fall below one half.",
)
exercise.edit(
    "padded_left_and_above",
    "F.pad(x, (0, right, 0, bottom))",
    "F.pad(x, (right, 0, bottom, 0))",
    "You padded on the left and above, and cut on the right and below: the answer has moved against the image. F.pad takes (left, right, top, bottom); pad and cut on the same sides.",
)
exercise.edit(
    "height_and_width_exchanged",
    "F.pad(x, (0, right, 0, bottom))",
    "F.pad(x, (0, bottom, 0, right))",
    "Your padding for the height went to the width and the other way round: F.pad begins with the last axis, (left, right, top, bottom). With square images nobody notices.",
)
exercise.edit(
    "average_pooling",
    "F.max_pool2d(x, self.factor)",
    "F.avg_pool2d(x, self.factor)",
    "You pool by averaging. The exercise asks for the maximum on the way down, as in the paper: it passes on that a feature is present, wherever in the tile.",
)
exercise.edit(
    "same_width_at_every_level",
    "width * 2**level for level",
    "width for level",
    "All your levels have the same number of channels. It is doubled at each level here: what is lost in places is partly made up for in features.",
)


class Base(nn.Module):
    """The layers; a mistake says only what it does otherwise."""

    def __init__(self, in_channels=1, out_channels=1, width=8, depth=3, kernel=(3, 3), factor=(2, 2), wide=2):
        super().__init__()
        self.depth, self.factor = depth, factor
        w = [width * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList([DoubleConv(a, b, kernel) for a, b in zip([in_channels, *w[:-1]], w, strict=True)])
        self.enlarge = nn.ModuleList([nn.ConvTranspose2d(2 * a, a, factor, stride=factor) for a in w[:-1]])
        self.up = nn.ModuleList([DoubleConv(wide * a, a, kernel) for a in w[:-1]])
        self.head = nn.Conv2d(width, out_channels, 1)

    def join(self, kept, enlarged):
        return torch.cat([kept, enlarged], 1)

    def walk(self, x):
        kept = []
        for block in self.down[:-1]:
            kept.append(block(x))
            x = F.max_pool2d(kept[-1], self.factor)
        x = self.down[-1](x)
        for level in range(self.depth - 1, -1, -1):
            x = self.up[level](self.join(kept[level], self.enlarge[level](x)))
        return self.head(x)

    def forward(self, x):
        H, W = x.shape[-2:]
        tall, wide = (f**self.depth for f in self.factor)
        return self.walk(F.pad(x, (0, -W % wide, 0, -H % tall)))[..., :H, :W]


@exercise.mistake(
    "There are no skips: what the way down had at each size is thrown away, and the answer is put together from the coarsest map alone. It will know what is there, and not where."
)
class WithoutSkips(Base):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, wide=1, **kwargs)

    def join(self, kept, enlarged):
        return enlarged


@exercise.mistake(
    "You added the kept map to the enlarged one. That is the residual block's way, and some segmentation networks do it; here the two are concatenated, so that the next convolution sees both and not only their sum."
)
class Added(Base):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, wide=1, **kwargs)

    def join(self, kept, enlarged):
        return kept + enlarged


@exercise.mistake(
    "You stretch the enlarged map to the size of the kept one where they differ, instead of padding the input once. It runs at every size, but the tiles no longer lie where they were cut, and everything above is moved by a fraction of a pixel."
)
class Stretched(Base):
    def join(self, kept, enlarged):
        return torch.cat([kept, F.interpolate(enlarged, size=kept.shape[2:], mode="bilinear")], 1)

    def forward(self, x):
        return self.walk(x)


@exercise.mistake(
    "You pad to a multiple of factor * depth. Each level divides the size once more, so it has to be divisible by factor to the power of depth: 8 for three poolings by 2, not 6."
)
class PaddedToTheProduct(Base):
    def forward(self, x):
        H, W = x.shape[-2:]
        tall, wide = (f * self.depth for f in self.factor)
        return self.walk(F.pad(x, (0, -W % wide, 0, -H % tall)))[..., :H, :W]


@exercise.mistake(
    "The padded answer was never cut: it is larger than the image that came in. Keep the height and width of the input before you pad, and slice at the end."
)
class NeverCut(Base):
    def forward(self, x):
        H, W = x.shape[-2:]
        tall, wide = (f**self.depth for f in self.factor)
        return self.walk(F.pad(x, (0, -W % wide, 0, -H % tall)))


@exercise.mistake(
    "Your layers stand in a plain list, where PyTorch does not see them: their parameters are not trained, not moved to a device, not saved. Use nn.ModuleList."
)
class InAPlainList(Base):
    def __init__(self, in_channels=1, out_channels=1, width=8, depth=3, kernel=(3, 3), factor=(2, 2)):
        super().__init__(in_channels, out_channels, width, depth, kernel, factor)
        down, enlarge, up = list(self.down), list(self.enlarge), list(self.up)
        del self.down, self.enlarge, self.up
        self.down, self.enlarge, self.up = down, enlarge, up


@exercise.alternative
class OneListAfterAnother(Base):
    pass


class Level(nn.Module):
    """One level of the U: this size's two blocks around whatever is below."""

    def __init__(self, in_channels, width, depth, kernel, factor):
        super().__init__()
        self.factor = factor
        self.before = DoubleConv(in_channels, width, kernel)
        self.below = None
        if depth:
            self.below = Level(width, 2 * width, depth - 1, kernel, factor)
            self.enlarge = nn.ConvTranspose2d(2 * width, width, factor, factor)
            self.after = DoubleConv(2 * width, width, kernel)

    def forward(self, x):
        here = self.before(x)
        if self.below is None:
            return here
        deeper = self.below(nn.functional.max_pool2d(here, self.factor))
        return self.after(torch.cat((here, self.enlarge(deeper)), dim=1))


@exercise.alternative
class LevelWithinLevel(nn.Module):
    def __init__(self, in_channels=1, out_channels=1, width=8, depth=3, kernel=(3, 3), factor=(2, 2)):
        super().__init__()
        self.multiple = (factor[0] ** depth, factor[1] ** depth)
        self.top = Level(in_channels, width, depth, kernel, factor)
        self.classify = nn.Conv2d(width, out_channels, kernel_size=1)

    def forward(self, x):
        height, width = x.shape[2], x.shape[3]
        whole = (-(-height // self.multiple[0]) * self.multiple[0], -(-width // self.multiple[1]) * self.multiple[1])
        padded = x.new_zeros(*x.shape[:2], *whole)
        padded[:, :, :height, :width] = x
        return self.classify(self.top(padded)).narrow(2, 0, height).narrow(3, 0, width)
