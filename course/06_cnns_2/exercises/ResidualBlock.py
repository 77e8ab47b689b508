"""What is to be changed, added to what came in."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    move_on=20,
    core=True,
    hints=(
        "Two modules: the branch f and the shortcut. Build the branch first and ask of its output: has it the shape of x? Two things may have "
        "changed it.",
        "nn.Identity() is a shortcut that does nothing, so forward needs no `if`. The last ReLU stands after the sum, and the branch itself "
        "ends in a normalisation.",
    ),
    probe=probes.module(grad=True, train=True),
)


@exercise.cases
def cases():
    yield Case(waves(2, 1, 3, 3)).built(1, 1).named("one channel, the identity as shortcut")
    yield Case(waves(2, 2, 4, 5)).built(2, 3).named("two channels to three: a projection")
    yield Case(waves(3, 2, 6, 5)).built(2, 2, stride=2).named("a stride of 2 and the same channels")
    yield Case(waves(2, 3, 7, 9)).built(3, 4, 3).named("a stride of 3 and other channels")


class Base(nn.Module):
    """The block, so that a mistake only says what it does otherwise."""

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.same = stride == 1 and in_channels == out_channels
        if not self.same:
            self.project(in_channels, out_channels, stride)

    def project(self, in_channels, out_channels, stride):
        self.down = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
        )

    def branch(self, x):
        return self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))

    def short(self, x):
        return x if self.same else self.down(x)

    def forward(self, x):
        return F.relu(self.branch(x) + self.short(x))


@exercise.mistake(
    "The shortcut is missing where the shapes agree: your block is two plain layers there, and its gradient has no path of its own."
)
class NoShortcut(Base):
    def short(self, x):
        return 0 if self.same else self.down(x)


@exercise.mistake(
    "The last ReLU stands before the sum. The branch can then only add, never take away, so the stream grows block by block; rectify after the sum."
)
class ReluBeforeTheSum(Base):
    def forward(self, x):
        return F.relu(self.branch(x)) + self.short(x)


@exercise.mistake(
    "There is no ReLU after the sum. (He and others' second paper leaves it out, but moves the others to the front of the branch; the block asked for here is the first.)"
)
class NoReluAfterTheSum(Base):
    def forward(self, x):
        return self.branch(x) + self.short(x)


@exercise.mistake(
    "There is no ReLU inside the branch: its two convolutions are one linear map with a normalisation between."
)
class LinearBranch(Base):
    def branch(self, x):
        return self.norm2(self.conv2(self.norm1(self.conv1(x))))


@exercise.mistake(
    "The projection has no batch normalisation. The branch ends in one, so its size is set; an unnormalised shortcut beside it may be far larger or smaller."
)
class ProjectionWithoutNorm(Base):
    def project(self, in_channels, out_channels, stride):
        self.down = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)


@exercise.mistake(
    "Your projection is a 3x3 convolution. The shortcut is to carry the signal past the block, so it mixes channels and nothing else: 1x1, a ninth of the weights."
)
class WideProjection(Base):
    def project(self, in_channels, out_channels, stride):
        self.down = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(out_channels)
        )


@exercise.mistake(
    "The shortcut is a projection even where the shapes agree. The bare identity is the point: nothing stands between the gradient and the layers before."
)
class AlwaysProjects(Base):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        if self.same:
            self.same = False
            self.project(in_channels, out_channels, stride)


@exercise.mistake(
    "The stride is in the second convolution. The sizes come out right, but the first convolution then works at full size, at stride squared times the cost."
)
class StrideLate(Base):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.conv1.stride, self.conv2.stride = (1, 1), (stride, stride)


@exercise.alternative
class OneSequential(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.skip = nn.Sequential()
        if in_channels != out_channels or stride > 1:
            self.skip.append(nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False))
            self.skip.append(nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return torch.relu(self.skip(x) + self.layers(x))


@exercise.alternative
class StridedBySlicing(Base):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.step = stride

    def project(self, in_channels, out_channels, stride):
        self.down = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels))

    def short(self, x):
        return x if self.same else self.down(x[:, :, :: self.step, :: self.step])
