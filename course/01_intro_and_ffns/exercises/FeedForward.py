"""A feed-forward network as a PyTorch module."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=15,
    move_on=25,
    core=True,
    hints=(
        "In __init__ make one nn.Linear for each two neighbours in sizes, in a list that PyTorch looks into. forward is this morning's mlp_forward.",
        "self.layers = nn.ModuleList([...]) can be sliced: loop over self.layers[:-1], and begin with x.flatten(1).",
    ),
    probe=probes.module(grad=True, train=True),
)


@exercise.cases
def cases():
    yield Case(waves(3, 2)).built([2, 4, 3]).named("three examples, one hidden layer of four")
    yield Case(waves(2, 3)).built([3, 5, 6, 2]).named("two hidden layers")
    yield Case(waves(2, 1, 3, 4)).built([12, 5, 2]).named("two images of 3 by 4 pixels")
    yield Case(waves(4, 3)).built([3, 2]).named("a single layer")


@exercise.mistake(
    "Your last layer is followed by a ReLU, so no output can be negative. The last layer has no activation."
)
class last_activated(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)])

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers:
            x = layer(x).relu()
        return x


@exercise.mistake("There is no activation between your layers: together they are one linear layer.")
class never_activated(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), *[nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)])

    def forward(self, x):
        return self.layers(x)


@exercise.mistake(
    "Your outputs are probabilities. Return logits: the loss applies the softmax itself, and a regression wants none."
)
class softmax_at_the_end(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)])

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x).softmax(1)


@exercise.mistake(
    "Your layers have no biases: every neuron then bends at the origin. nn.Linear has one unless it is told otherwise."
)
class no_bias(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(sizes[i], sizes[i + 1], bias=False) for i in range(len(sizes) - 1)])

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x)


@exercise.mistake("You used tanh between the layers where a ReLU is asked for.")
class hyperbolic(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)])

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers[:-1]:
            x = layer(x).tanh()
        return self.layers[-1](x)


@exercise.alternative
class as_one_sequence(nn.Sequential):
    def __init__(self, sizes):
        parts = [nn.Flatten()]
        for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=False):
            parts += [nn.Linear(inputs, outputs), nn.ReLU()]
        super().__init__(*parts[:-1])


@exercise.alternative
class with_parameters_of_its_own(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.W = nn.ParameterList([torch.zeros(sizes[i + 1], sizes[i]) for i in range(len(sizes) - 1)])
        self.b = nn.ParameterList([torch.zeros(size) for size in sizes[1:]])

    def forward(self, x):
        x = x.reshape(len(x), -1)
        for number, (W, b) in enumerate(zip(self.W, self.b, strict=True), start=1):
            x = x @ W.T + b
            x = x if number == len(self.W) else torch.relu(x)
        return x
