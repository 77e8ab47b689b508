"""A small residual network out of three units."""

from torch import nn

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "The table has one row a layer; write it into one nn.Sequential.",
        "After the last unit the shape is (N, 4 * width, H', W'). Average over H' and W'; the linear layer gives logits.",
    ),
    probe=probes.module(),
)


@exercise.cases
def cases():
    yield Case(waves(2, 1, 8, 8)).built(2, 3).named("8x8 patches, a width of 2, three classes")
    yield Case(waves(3, 1, 12, 10, step=0.7)).built(3).named("patches that are not square, a width of 3")


exercise.edit(
    "probabilities",
    "self.head(self.body(x).mean((2, 3)))",
    "self.head(self.body(x).mean((2, 3))).softmax(1)",
    "You return probabilities. F.cross_entropy takes logits and applies the softmax itself.",
)
exercise.edit(
    "maximum_over_places",
    "mean((2, 3))",
    "amax((2, 3))",
    "You take the maximum over places. The table asks for the mean.",
)
exercise.edit(
    "one_stride_missing",
    "ResidualUnit(width, 2 * width, stride=2)",
    "ResidualUnit(width, 2 * width)",
    "Your second unit has stride 1. The table halves height and width there.",
)
exercise.edit(
    "stem_without_norm",
    "            nn.BatchNorm2d(width),\n",
    "",
    "The stem has no batch normalisation: it stands between the first convolution and its ReLU.",
)


@exercise.alternative
class one_sequential(nn.Sequential):
    def __init__(self, width=16, classes=5):
        super().__init__(
            nn.Conv2d(1, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            ResidualUnit(width, width),
            ResidualUnit(width, 2 * width, stride=2),
            ResidualUnit(2 * width, 4 * width, stride=2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(4 * width, classes),
        )


@exercise.alternative
class in_a_loop(nn.Module):
    def __init__(self, width=16, classes=5):
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        widths = (width, width, 2 * width, 4 * width)
        self.units = nn.ModuleList(
            ResidualUnit(i, o, stride=1 if number == 0 else 2)
            for number, (i, o) in enumerate(zip(widths, widths[1:], strict=False))
        )
        self.head = nn.Linear(4 * width, classes)

    def forward(self, x):
        x = self.norm(self.stem(x)).relu()
        for unit in self.units:
            x = unit(x)
        return self.head(x.flatten(2).mean(2))
