"""From a latent vector to a section."""

from torch import nn

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=20,
    core=True,
    hints=(
        "The linear layer gives 4w x 4 x 4 numbers for each z; nn.Unflatten or Tensor.view makes an image of them.",
        "Three UpBlocks: 4 -> 8 -> 16 -> 32. Then one convolution to a single channel, with a bias, and a sigmoid.",
    ),
    probe=probes.module(),
)


@exercise.cases
def cases():
    yield Case(waves(2, 3)).built(3, 1).named("three latents, a width of 1")
    yield Case(waves(3, 5, step=0.7)).built(5, width=2).named("five latents, a width of 2")


exercise.edit(
    "no_sigmoid",
    ".sigmoid()",
    "",
    "Your sections are not between 0 and 1: the sigmoid at the end is missing.",
)
exercise.edit(
    "tanh_at_the_end",
    ".sigmoid()",
    ".tanh()",
    "Your sections lie between -1 and 1; the data lie between 0 and 1, so the last function is a sigmoid.",
)
exercise.edit(
    "clamped",
    ".sigmoid()",
    ".clamp(0, 1)",
    "You cut off what is not between 0 and 1. No gradient passes there; a sigmoid passes some everywhere.",
)
exercise.edit(
    "rectified_start",
    "start = self.start(z)",
    "start = self.start(z).relu()",
    "You rectify what the linear layer gives. In the table the first UpBlock follows at once.",
)


@exercise.alternative
class one_sequential(nn.Sequential):
    def __init__(self, latents=32, width=16):
        w = width
        super().__init__(
            nn.Linear(latents, 4 * w * 16),
            nn.Unflatten(1, (4 * w, 4, 4)),
            UpBlock(4 * w, 2 * w),
            UpBlock(2 * w, w),
            UpBlock(w, w),
            nn.Conv2d(w, 1, 3, padding=1),
            nn.Sigmoid(),
        )


@exercise.alternative
class in_a_loop(nn.Module):
    def __init__(self, latents=32, width=16):
        super().__init__()
        self.linear = nn.Linear(latents, 64 * width)
        widths = (4 * width, 2 * width, width, width)
        self.ups = nn.ModuleList(UpBlock(i, o) for i, o in zip(widths[:-1], widths[1:], strict=True))
        self.last = nn.Conv2d(width, 1, 3, padding="same")

    def forward(self, z):
        x = self.linear(z).reshape(len(z), -1, 4, 4)
        for up in self.ups:
            x = up(x)
        return 1 / (1 + (-self.last(x)).exp())
