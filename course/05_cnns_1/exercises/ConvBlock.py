"""Convolution, batch normalisation, ReLU: the block that most image networks repeat."""

import torch.nn.functional as F
from torch import nn

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=10,
    move_on=15,
    core=True,
    hints=(
        "Three layers in the order of their names. Which padding keeps H and W when the kernel is odd and the stride is 1?",
        "padding = kernel_size // 2, and the convolution needs no bias: the normalisation after it subtracts any constant again.",
    ),
    probe=probes.module(grad=True, train=True),
)


@exercise.cases
def cases():
    yield Case(waves(2, 1, 3, 3)).built(1, 2).named("two 3x3 images, one channel to two")
    yield Case(waves(3, 2, 6, 5)).built(2, 3, stride=2).named("a stride of 2")
    yield Case(waves(2, 3, 7, 7)).built(3, 4, kernel_size=5).named("a 5x5 kernel")
    yield Case(waves(2, 3, 4, 4)).built(3, 5, 1).named("a 1x1 kernel")
    yield Case(waves(2, 2, 9, 9)).built(2, 2, 3, 3).named("a stride of 3, given by position")


@exercise.mistake(
    "Your convolution has a bias. Batch normalisation subtracts the mean of each channel, and with it any constant the bias added: "
    "those parameters can never change the output. Say bias=False."
)
class conv_with_bias(nn.Sequential):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )


@exercise.mistake(
    "You rectify before you normalise. Here the order is convolution, normalisation, ReLU; after yours half of the outputs would be "
    "negative again and the next layer would see an uncut signal."
)
class relu_before_norm(nn.Sequential):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False),
            nn.ReLU(),
            nn.BatchNorm2d(out_channels),
        )


@exercise.mistake(
    "The ReLU is missing. Without a nonlinearity two blocks in a row are one linear map, however many channels they have."
)
class no_relu(nn.Sequential):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False),
            nn.BatchNorm2d(out_channels),
        )


@exercise.mistake(
    "The batch normalisation is missing: with the bias switched off nothing is left to set the level and scale of a channel."
)
class no_norm(nn.Sequential):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False), nn.ReLU()
        )


exercise.edit(
    "no_padding",
    "padding=kernel_size // 2",
    "padding=0",
    "Your images shrink: without padding a kernel of width k takes k - 1 pixels off each axis. Pad by half a kernel.",
)
exercise.edit(
    "padding_for_three_only",
    "padding=kernel_size // 2",
    "padding=1",
    "padding=1 is right for a 3x3 kernel only. Half the kernel, kernel_size // 2, is right for every odd one.",
)


exercise.edit(
    "leaky",
    "F.relu(",
    "F.leaky_relu(",
    "Your activation lets a little of the negative numbers through (a leaky ReLU). The block has the plain ReLU, which cuts them to zero.",
)
exercise.edit(
    "reflected_border",
    "bias=False",
    'bias=False, padding_mode="reflect"',
    "You pad by reflecting the image at its border. The block pads with zeros, the default of nn.Conv2d.",
)
exercise.edit(
    "replicated_border",
    "bias=False",
    'bias=False, padding_mode="replicate"',
    "You pad with copies of the border pixels. The block pads with zeros, the default of nn.Conv2d.",
)
exercise.edit(
    "normalised_each_image_alone",
    "nn.BatchNorm2d(out_channels)",
    "nn.InstanceNorm2d(out_channels, affine=True)",
    "You normalise each image on its own (instance normalisation). Batch normalisation takes mean and variance of a channel over all images of the batch "
    "as well.",
)
exercise.edit(
    "normalised_over_groups",
    "nn.BatchNorm2d(out_channels)",
    "nn.GroupNorm(1, out_channels)",
    "You normalise each image over all its channels together (layer normalisation). Batch normalisation treats each channel on its own, over the whole batch.",
)
exercise.edit(
    "norm_before_convolution",
    ("nn.BatchNorm2d(out_channels)", "self.norm(self.conv(x))"),
    ("nn.BatchNorm2d(in_channels)", "self.conv(self.norm(x))"),
    "You normalise what goes into the convolution. Here the order is convolution, normalisation, ReLU.",
)
exercise.edit(
    "norm_without_scale",
    "nn.BatchNorm2d(out_channels)",
    "nn.BatchNorm2d(out_channels, affine=False)",
    "Your normalisation has no parameters. It needs a scale and a shift per channel (the default, affine=True): without them the ReLU would cut every channel "
    "in half.",
)
exercise.edit(
    "kernel_always_three",
    "out_channels, kernel_size, stride=stride, padding=kernel_size // 2",
    "out_channels, 3, stride=stride, padding=1",
    "Your kernel is always 3x3: `kernel_size` is never used.",
)
exercise.edit(
    "stride_never_used",
    "stride=stride",
    "stride=1",
    "Your convolution always moves by one pixel: `stride` is never used.",
)


@exercise.alternative
class in_one_line(nn.Sequential):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=kernel_size // 2, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


@exercise.alternative
class functional_and_declared_backwards(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        self.norm = nn.BatchNorm2d(out_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False)
        self.stride = stride

    def forward(self, x):
        x = F.conv2d(x, self.conv.weight, stride=self.stride, padding=self.conv.padding)
        return F.relu(self.norm(x))
