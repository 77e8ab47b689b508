"""Small kernels, stacked, and then half the size."""

from torch import nn

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=1,
    minutes=7,
    move_on=12,
    hints=(
        "Make a list of layers in a loop and unpack it at the end: nn.Sequential(*layers). Which layer of the block is the only one "
        "that reads in_channels?",
        "Each turn of the loop appends two layers, a convolution that keeps the size and a ReLU; the pooling comes once, after the loop.",
    ),
    probe=probes.module(grad=True),
)


@exercise.cases
def cases():
    yield Case(waves(1, 1, 4, 4)).built(1, 2, 1).named("one convolution on a 4x4 image")
    yield Case(waves(2, 3, 6, 8)).built(3, 4, 2).named("two convolutions, three channels to four")
    yield Case(waves(1, 2, 7, 5)).built(2, 3, 3).named("three convolutions on an image of odd size")


def stack(in_channels, out_channels, convolutions, *, padding=1, pool=None, relu=True, pool_each=False):
    """The block, with what a mistake does otherwise."""
    layers = []
    for number in range(convolutions):
        layers.append(nn.Conv2d(out_channels if number else in_channels, out_channels, 3, padding=padding))
        layers += [nn.ReLU()] if relu else []
        layers += [nn.MaxPool2d(2)] if pool_each else []
    return nn.Sequential(*layers, *([] if pool_each else [pool or nn.MaxPool2d(2)]))


@exercise.mistake(
    "Your convolutions have no padding, so each takes two pixels off the height and the width. Padding 1 keeps the size; only the pooling halves it."
)
def no_padding(in_channels, out_channels, convolutions):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3),
        nn.ReLU(),
        *[
            layer
            for _ in range(convolutions - 1)
            for layer in (nn.Conv2d(out_channels, out_channels, 3, padding=1), nn.ReLU())
        ],
        nn.MaxPool2d(2),
    )


@exercise.mistake(
    "There is no ReLU between the convolutions. Two 3x3 convolutions in a row are then one linear map, a 5x5 kernel with fewer free numbers: "
    "the non-linearity is the point of stacking."
)
def no_relu(in_channels, out_channels, convolutions):
    return stack(in_channels, out_channels, convolutions, relu=False)


@exercise.mistake(
    "You average where the block takes the maximum. After a ReLU the maximum says whether a feature is there at all; VGG pools with nn.MaxPool2d(2)."
)
def average_pooling(in_channels, out_channels, convolutions):
    return stack(in_channels, out_channels, convolutions, pool=nn.AvgPool2d(2))


@exercise.mistake(
    "You pool after every convolution. Then three convolutions shrink the image by 8, and the second kernel no longer meets the neighbours that "
    "make two 3x3 as wide as one 5x5. Pool once, at the end."
)
def pools_each_time(in_channels, out_channels, convolutions):
    layers = []
    for number in range(convolutions):
        layers += [nn.Conv2d(out_channels if number else in_channels, out_channels, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2, ceil_mode=True)]
    return nn.Sequential(*layers)


@exercise.mistake(
    "The block ends before it pools: its output is as large as its input. The 2x2 max pooling is what lets the next block be twice as wide at the same cost."
)
def no_pooling(in_channels, out_channels, convolutions):
    return nn.Sequential(*list(stack(in_channels, out_channels, convolutions))[:-1])


@exercise.mistake(
    "There is one convolution too many: the first, from in_channels to out_channels, is one of the `convolutions`, not one before them."
)
def one_too_many(in_channels, out_channels, convolutions):
    return stack(in_channels, out_channels, convolutions + 1)


@exercise.mistake(
    "Your convolutions have no bias. That is right where a batch normalisation follows; here nothing does, and without a bias a ReLU can only cut at zero."
)
def without_bias(in_channels, out_channels, convolutions):
    block = stack(in_channels, out_channels, convolutions)
    for layer in block:
        if isinstance(layer, nn.Conv2d):
            layer.bias = None
    return block


exercise.edit(
    "pooled_first", "nn.Sequential(*layers, nn.MaxPool2d(2))", "nn.Sequential(nn.MaxPool2d(2), *layers)",
    "The pooling comes first. It stands at the end of the block: the convolutions see the whole image.",
)  # fmt: skip


exercise.edit(
    "one_relu_at_the_end", ("        layers.append(nn.ReLU())\n", "nn.Sequential(*layers, nn.MaxPool2d(2))"), ("", "nn.Sequential(*layers, nn.ReLU(), nn.MaxPool2d(2))"),
    "Only the last convolution is followed by a ReLU, so all of them together are one linear map. Each is followed by one.",
)  # fmt: skip


@exercise.alternative
def by_widths(in_channels, out_channels, convolutions):
    widths = [in_channels, *[out_channels] * convolutions]
    pairs = zip(widths[:-1], widths[1:], strict=True)
    stages = [nn.Sequential(nn.Conv2d(i, o, kernel_size=3, padding="same"), nn.ReLU()) for i, o in pairs]
    return nn.Sequential(*stages, nn.MaxPool2d(kernel_size=2, stride=2))


@exercise.alternative
def pooled_before_the_last_relu(in_channels, out_channels, convolutions):
    block = nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, 1, 1))
    for _ in range(convolutions - 1):
        block.append(nn.ReLU())
        block.append(nn.Conv2d(out_channels, out_channels, 3, 1, 1))
    return block.append(nn.MaxPool2d(2)).append(nn.ReLU())
