"""Two convolutions and a shortcut."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=15,
    core=True,
    hints=(
        "Write the body as one nn.Sequential of five layers. Only the first convolution has the stride.",
        "Where shape or channels change, x cannot be added as it is: the shortcut is then a 1x1 convolution with the same stride, and a "
        "batch normalisation.",
    ),
    probe=probes.module(train=True),
)


@exercise.cases
def cases():
    yield Case(waves(2, 2, 4, 4)).built(2, 2).named("the same channels, stride 1: the shortcut is x itself")
    yield Case(waves(3, 1, 6, 5, step=0.7)).built(1, 3, stride=2).named("one channel to three, stride 2")
    yield Case(waves(2, 2, 5, 5, step=0.9)).built(2, 3).named("two channels to three, stride 1")


exercise.edit(
    "no_shortcut",
    "F.relu(self.body(x) + self.shortcut(x))",
    "F.relu(self.body(x) + 0 * self.shortcut(x))",
    "You leave the shortcut out, so this is a plain block: the gradient has only the way through both convolutions.",
)
exercise.edit(
    "relu_before_the_sum",
    "F.relu(self.body(x) + self.shortcut(x))",
    "F.relu(self.body(x)) + self.shortcut(x)",
    "You rectify before you add. The unit adds first and rectifies the sum.",
)
exercise.edit(
    "no_relu",
    "F.relu(self.body(x) + self.shortcut(x))",
    "self.body(x) + self.shortcut(x)",
    "The sum is not rectified: the last ReLU of the unit is missing.",
)


@exercise.mistake(
    "Your convolutions have a bias. Batch normalisation takes the mean away right after it, so a bias is a parameter without effect."
)
class with_bias(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Identity()
        if in_channels != out_channels or stride != 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x):
        return (self.body(x) + self.shortcut(x)).relu()


@exercise.alternative
class layer_by_layer(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.first = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(out_channels)
        self.second = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(out_channels)
        self.project = in_channels != out_channels or stride > 1
        if self.project:
            self.projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.projection_norm = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        out = self.first_norm(self.first(x)).relu()
        out = self.second_norm(self.second(out))
        return (out + (self.projection_norm(self.projection(x)) if self.project else x)).clamp(min=0)


@exercise.alternative
class with_a_helper(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()

        def convolution(inner, size, step):
            layer = nn.Conv2d(inner, out_channels, size, stride=step, padding=size // 2, bias=False)
            return [layer, nn.BatchNorm2d(out_channels)]

        self.path = nn.Sequential(
            *convolution(in_channels, 3, stride), nn.ReLU(inplace=True), *convolution(out_channels, 3, 1)
        )
        same = stride == 1 and in_channels == out_channels
        self.skip = nn.Sequential(*([] if same else convolution(in_channels, 1, stride)))

    def forward(self, x):
        return torch.relu(self.path(x) + self.skip(x))
