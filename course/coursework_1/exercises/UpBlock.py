"""Twice the height and width, without a checkerboard."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=15,
    core=True,
    hints=("Four layers in one nn.Sequential, in the order of the text.", "See nn.Upsample, and its `mode`."),
    probe=probes.module(train=True),
)


@exercise.cases
def cases():
    yield Case(waves(2, 2, 3, 3)).built(2, 3).named("two channels to three, 3x3 to 6x6")
    yield Case(waves(3, 1, 2, 4, step=0.7)).built(1, 1).named("one channel, 2x4 to 4x8")


exercise.edit(
    "bilinear",
    '"nearest"',
    '"bilinear"',
    "You upsample with bilinear weights. The text asks for nearest neighbours: every value is repeated.",
)
exercise.edit(
    "convolution_first",
    (
        '            nn.Upsample(scale_factor=2, mode="nearest"),\n',
        "            nn.BatchNorm2d(out_channels),\n",
    ),
    (
        "",
        '            nn.Upsample(scale_factor=2, mode="nearest"),\n            nn.BatchNorm2d(out_channels),\n',
    ),
    "You convolve before you upsample, so neighbours that were repeated stay equal: blocks of 2x2 pixels show.",
)
exercise.edit(
    "relu_without_leak",
    "nn.LeakyReLU(0.2)",
    "nn.ReLU()",
    "You rectify without a leak. The text asks for a leaky ReLU of slope 0.2.",
)
exercise.edit(
    "default_slope",
    "nn.LeakyReLU(0.2)",
    "nn.LeakyReLU()",
    "The slope of your leaky ReLU is PyTorch's default, 0.01; the text asks for 0.2.",
)


@exercise.alternative
class in_the_forward_pass(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        x = F.interpolate(x, scale_factor=2)
        return F.leaky_relu(self.norm(self.convolution(x)), 0.2)


@exercise.alternative
class repeated(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, 1, 1, bias=False), nn.BatchNorm2d(out_channels)
        )

    def forward(self, x):
        x = self.layers(x.repeat_interleave(2, 2).repeat_interleave(2, 3))
        return torch.where(x > 0, x, 0.2 * x)


exercise.equivalent("mode= dropped", "nearest is the default of nn.Upsample")
