"""DCGAN's generator, for any size that is a multiple of 4."""

from torch import nn

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Read the block diagram from left to right. Which layers have parameters, and which of them need no bias?",
        "nn.Unflatten(1, (channels, side, side)) turns the linear layer's row into maps. Kernel 4, stride 2 and padding 1 double the side.",
    ),
    probe=probes.module(train=True),
)


@exercise.cases
def cases():
    yield Case(waves(3, 2)).built(2, 1, 4).named("three latents of two numbers, width 1, images of 4x4")
    yield Case(waves(5, 6, start=1)).built(6, 2, 12).named("five latents, width 2, images of 12x12")
    yield Case(waves(4, 5, start=2)).built(5, 3, 28).named("four latents, width 3, images of 28x28")


exercise.edit(
    "no_tanh", "            nn.Tanh(),\n", "",
    "Your images are not bounded: the generator ends in tanh, so that they lie in [-1, 1].",
)  # fmt: skip
exercise.edit(
    "sigmoid_at_the_end", "nn.Tanh()", "nn.Sigmoid()",
    "Your images lie in [0, 1]. DCGAN ends in tanh, and real images are scaled to [-1, 1].",
)  # fmt: skip
exercise.edit(
    "normalised_output", "            nn.Tanh(),\n", "            nn.BatchNorm2d(1),\n            nn.Tanh(),\n",
    "You normalised the output. A batch norm there fixes the mean brightness of every batch; rule 2 leaves it out.",
)  # fmt: skip
exercise.edit(
    "biases_before_normalisation", ", padding=1, bias=False)", ", padding=1)",
    "A convolution that is followed by batch norm has a bias. The normalisation takes it away again: leave it out.",
)  # fmt: skip
exercise.edit(
    "leaky_generator", "nn.ReLU()", "nn.LeakyReLU(0.2)",
    "The generator uses plain ReLU; the leaky one belongs to the discriminator.", count=2,
)  # fmt: skip
exercise.edit(
    "eps_for_momentum", "nn.BatchNorm2d(4 * width)", "nn.BatchNorm2d(4 * width, 0.8)",
    "You wrote BatchNorm2d(n, 0.8). The second argument is eps, not the momentum: it is added to the variance, and the normalisation is weak.",
)  # fmt: skip
exercise.edit(
    "no_normalisation", "            nn.BatchNorm2d(2 * width),\n", "",
    "A batch norm is missing: one follows the linear layer, and one the first transposed convolution.",
)  # fmt: skip


exercise.edit(
    "normalised_after_relu", "            nn.BatchNorm2d(4 * width),\n            nn.ReLU(),", "            nn.ReLU(),\n            nn.BatchNorm2d(4 * width),",
    "The first ReLU comes before the normalisation. The order is: layer, batch norm, ReLU.",
)  # fmt: skip
exercise.edit(
    "last_bias_missing", "stride=2, padding=1),", "stride=2, padding=1, bias=False),",
    "The last convolution has no bias. No normalisation follows it, so there it is needed.",
)  # fmt: skip


@exercise.alternative
class ByHand(nn.Module):
    def __init__(self, latent, width, size):
        super().__init__()
        self.side, self.width = size // 4, width
        self.start = nn.Linear(latent, 4 * width * self.side * self.side, bias=False)
        self.norm = nn.BatchNorm2d(4 * width)
        self.up = nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(2 * width)
        self.last = nn.ConvTranspose2d(2 * width, 1, 4, 2, 1)

    def forward(self, z):
        h = self.start(z).view(len(z), 4 * self.width, self.side, self.side)
        h = self.norm(h).relu()
        h = self.norm2(self.up(h)).relu()
        return self.last(h).tanh()


@exercise.alternative
class LastFirst(nn.Module):
    def __init__(self, latent, width, size):
        super().__init__()
        self.rows = (4 * width, size // 4, size // 4)
        self.body = nn.Sequential(
            nn.BatchNorm2d(4 * width), nn.ReLU(inplace=True),
            nn.ConvTranspose2d(4 * width, 2 * width, (4, 4), (2, 2), (1, 1), bias=False),
            nn.BatchNorm2d(2 * width), nn.ReLU(inplace=True),
            nn.ConvTranspose2d(2 * width, 1, (4, 4), (2, 2), (1, 1)),
        )  # fmt: skip
        self.first = nn.Linear(latent, 4 * width * (size // 4) * (size // 4), bias=False)

    def forward(self, z):
        return self.body(self.first(z).unflatten(1, self.rows)).tanh()
