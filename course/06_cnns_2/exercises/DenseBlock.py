"""Every layer reads all that came before, and adds a few channels."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=10,
    move_on=15,
    hints=(
        "How many channels does layer number l read, if in_channels came in and each layer before it has added `growth`?",
        "Keep the layers in an nn.ModuleList. In forward, x grows: after each layer it is the concatenation of the old x and that layer's output.",
    ),
    probe=probes.module(grad=True),
)


@exercise.cases
def cases():
    yield Case(waves(1, 1, 3, 3)).built(1, 1, 1).named("one layer that adds one channel")
    yield Case(waves(2, 3, 4, 6)).built(3, 2, 2).named("two layers, two channels each")
    yield Case(waves(1, 2, 5, 4)).built(2, 4, 3).named("three layers, four channels each")


class Base(nn.Module):
    """The block, so that a mistake only says what it does otherwise."""

    def __init__(self, in_channels, growth, layers):
        super().__init__()
        self.layers = nn.ModuleList(self.layer(in_channels + n * growth, growth) for n in range(layers))

    def layer(self, reads, growth):
        return nn.Sequential(nn.BatchNorm2d(reads), nn.ReLU(), nn.Conv2d(reads, growth, 3, padding=1, bias=False))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return x


@exercise.mistake(
    "Only the last layer's channels come out. The block hands on everything, the input included: that is what lets later blocks read early features."
)
class OnlyTheLast(Base):
    def forward(self, x):
        for layer in self.layers:
            new = layer(x)
            x = torch.cat([x, new], 1)
        return new


@exercise.mistake(
    "The input is missing from the result. It is part of the concatenation, at its front: [x, g1, g2, ...]."
)
class WithoutTheInput(Base):
    def forward(self, x):
        came = x.shape[1]
        return super().forward(x)[:, came:]


@exercise.mistake(
    "The new channels stand in front of the old ones. Each layer's weights are bound to positions: the input comes first, then the layers in their order."
)
class NewestFirst(Base):
    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([layer(x), x], 1)
        return x


@exercise.mistake(
    "Your layers have the order convolution, BN, ReLU. DenseNet's is BN, ReLU, convolution: what is concatenated is raw, and each reader normalises it for itself."
)
class PostActivation(Base):
    def layer(self, reads, growth):
        return nn.Sequential(nn.Conv2d(reads, growth, 3, padding=1, bias=False), nn.BatchNorm2d(growth), nn.ReLU())


@exercise.mistake(
    "Every layer reads the block's input only. That is four layers side by side; in a dense block layer l reads the outputs of all layers before it."
)
class AllReadTheInput(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(in_channels), nn.ReLU(), nn.Conv2d(in_channels, growth, 3, padding=1, bias=False)
            )
            for _ in range(layers)
        )

    def forward(self, x):
        return torch.cat([x, *[layer(x) for layer in self.layers]], 1)


@exercise.mistake(
    "The ReLU is missing between the normalisation and the convolution; without it the whole block is linear in its input (in evaluation mode)."
)
class NoRelu(Base):
    def layer(self, reads, growth):
        return nn.Sequential(nn.BatchNorm2d(reads), nn.Conv2d(reads, growth, 3, padding=1, bias=False))


@exercise.mistake(
    "Your convolutions have a bias. The next reader's normalisation subtracts each channel's mean and with it the bias, so it can change nothing there: bias=False."
)
class WithBias(Base):
    def layer(self, reads, growth):
        return nn.Sequential(nn.BatchNorm2d(reads), nn.ReLU(), nn.Conv2d(reads, growth, 3, padding=1))


@exercise.alternative
class ListOfFeatures(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        reads = [in_channels + growth * n for n in range(layers)]
        self.norms = nn.ModuleList(map(nn.BatchNorm2d, reads))
        self.convs = nn.ModuleList(nn.Conv2d(r, growth, kernel_size=3, padding="same", bias=False) for r in reads)

    def forward(self, x):
        features = [x]
        for norm, conv in zip(self.norms, self.convs, strict=True):
            features.append(conv(F.relu(norm(torch.cat(features, dim=1)))))
        return torch.cat(features, dim=1)


@exercise.alternative
class Recursive(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        self.before = Recursive(in_channels, growth, layers - 1) if layers > 1 else nn.Identity()
        reads = in_channels + growth * (layers - 1)
        self.norm = nn.BatchNorm2d(reads)
        self.conv = nn.Conv2d(reads, growth, 3, 1, 1, bias=False)

    def forward(self, x):
        x = self.before(x)
        return torch.cat((x, self.conv(self.norm(x).clamp_min(0))), 1)
