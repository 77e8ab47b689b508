"""DCGAN's discriminator."""

from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=8,
    core=True,
    hints=(
        "Kernel 4, stride 2, padding 1 halves the side, rounded down. How many values has the last map?",
        "Flatten, then one linear layer to a single logit; index or squeeze(1) gives the shape (N,).",
    ),
    probe=probes.module(train=True),
)


@exercise.cases
def cases():
    yield Case(waves(3, 1, 8, 8)).built(1, 8).named("three images of 8x8, width 1")
    yield Case(waves(4, 1, 28, 28, step=0.13)).built(2, 28).named("four images of 28x28, width 2")
    yield Case(waves(1, 1, 16, 16)).built(2, 16).named("a single image")
    yield Case(waves(2, 1, 32, 32, step=0.11)).built(3, 32).named("two images of 32x32, width 3")


exercise.edit(
    "axis_kept", "self.net(x)[:, 0]", "self.net(x)",
    "Your logits have shape (N, 1). Return (N,): against a vector of N the other axis would broadcast to N x N.",
)  # fmt: skip
exercise.edit(
    "probabilities", "self.net(x)[:, 0]", "self.net(x)[:, 0].sigmoid()",
    "You return probabilities. The losses take logits: leave the sigmoid to them.",
)  # fmt: skip
exercise.edit(
    "plain_relu", "nn.LeakyReLU(0.2)", "nn.ReLU()",
    "A plain ReLU blocks the gradient of half of the units on its way to the generator. Use LeakyReLU(0.2).", count=3,
)  # fmt: skip
exercise.edit(
    "default_slope", "nn.LeakyReLU(0.2)", "nn.LeakyReLU()",
    "The slope of your leaky ReLU is torch's default, 0.01. DCGAN uses 0.2.", count=3,
)  # fmt: skip
exercise.edit(
    "normalised_input", "nn.Conv2d(1, width, 4, stride=2, padding=1),\n", "nn.Conv2d(1, width, 4, stride=2, padding=1),\n            nn.BatchNorm2d(width),\n",
    "You normalised after the first convolution. Rule 2 leaves it out: the discriminator should see how bright its input is.",
)  # fmt: skip
exercise.edit(
    "biases_before_normalisation", "padding=1, bias=False)", "padding=1)",
    "A convolution that is followed by batch norm has a bias. The normalisation takes it away again: leave it out.", count=2,
)  # fmt: skip


exercise.edit(
    "all_axes_squeezed", "self.net(x)[:, 0]", "self.net(x).squeeze()",
    "squeeze() removes every axis of length 1, for a single image that of the batch too. Take [:, 0] or squeeze(1).",
)  # fmt: skip
exercise.edit(
    "normalised_after_the_activation", "            nn.BatchNorm2d(4 * width),\n            nn.LeakyReLU(0.2),", "            nn.LeakyReLU(0.2),\n            nn.BatchNorm2d(4 * width),",
    "The last activation comes before its normalisation. The order is: convolution, batch norm, leaky ReLU.",
)  # fmt: skip


@exercise.alternative
class ByHand(nn.Module):
    def __init__(self, width, size):
        super().__init__()
        self.a = nn.Conv2d(1, width, 4, 2, 1)
        self.b, self.norm_b = nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width)
        self.c, self.norm_c = nn.Conv2d(2 * width, 4 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.head = nn.Linear(4 * width * (size // 8) ** 2, 1)

    def forward(self, x):
        h = F.leaky_relu(self.a(x), 0.2)
        h = F.leaky_relu(self.norm_b(self.b(h)), 0.2)
        h = F.leaky_relu(self.norm_c(self.c(h)), 0.2)
        return self.head(h.flatten(1)).squeeze(1)


@exercise.alternative
class ByBlocks(nn.Module):
    def __init__(self, width, size):
        super().__init__()
        layers, before = [], 1
        for k in range(3):
            after = width * 2**k
            layers.append(nn.Conv2d(before, after, 4, 2, 1, bias=k == 0))
            layers += [nn.BatchNorm2d(after)] if k else []
            layers.append(nn.LeakyReLU(0.2))
            before = after
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(before * (size // 8) * (size // 8), 1)

    def forward(self, x):
        return self.head(self.body(x).flatten(1)).reshape(-1)
