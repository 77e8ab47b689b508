"""A batch through a whole feed-forward network."""

import torch
from torch import Tensor

from dlmodule.checking import Case, Code, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    core=True,
    hints=(
        "The output of one layer is the input of the next: a loop in which x is replaced by what comes out. Which layer is different?",
        "Loop over layers[:-1], all but the last, and treat layers[-1] after the loop.",
    ),
)


def network(*sizes: int) -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(len(sizes))
    return [
        (
            torch.randn(outputs, inputs, generator=generator, dtype=torch.float64),
            torch.randn(outputs, generator=generator, dtype=torch.float64),
        )
        for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True)
    ]


@exercise.cases
def cases():
    one = torch.tensor([[1.0]], dtype=torch.float64)
    yield Case(one, [(2 * one, -one[0]), (-3 * one, 0.5 * one[0])], Code("lambda z: z.square()")).named(
        "one input, one hidden neuron, a square as activation"
    )
    yield Case(noise(3, 2, seed=9), network(2, 4, 3), Code("torch.tanh")).named(
        "three examples, one hidden layer of four"
    )
    yield Case(noise(4, 3, seed=9), network(3, 5, 4, 2), Code("torch.tanh")).named("two hidden layers")
    yield Case(noise(2, 3, seed=9), network(3, 2), Code("torch.tanh")).named("a single layer, so no activation at all")


@exercise.mistake(
    "Your last layer has an activation too. It must not: the outputs may be any numbers, and tanh would keep them within (-1, 1)."
)
def last_activated(x, layers, activation):
    for W, b in layers:
        x = activation(x @ W.T + b)
    return x


@exercise.mistake("The activation is never used, so the whole network collapses into a single linear layer.")
def never_activated(x, layers, activation):
    for W, b in layers:
        x = x @ W.T + b
    return x


@exercise.mistake(
    "The network stops before its last layer: layers[:-1] leaves it out, and it has to follow after the loop."
)
def last_left_out(x, layers, activation):
    for W, b in layers[:-1]:
        x = activation(x @ W.T + b)
    return x


@exercise.mistake(
    "You pass the input itself through the activation. It stands behind a layer: first the matrix, then the bend."
)
def activated_before(x, layers, activation):
    for W, b in layers:
        x = activation(x) @ W.T + b
    return x


@exercise.mistake("The bias of the last layer is missing.")
def last_without_bias(x, layers, activation):
    for W, b in layers[:-1]:
        x = activation(x @ W.T + b)
    return x @ layers[-1][0].T


exercise.edit(
    "activation_of_its_own",
    "activation(layer_forward(x, W, b))",
    "layer_forward(x, W, b).clamp(min=0)",
    "You always use a ReLU. The activation is an argument: call the function you are given.",
)
exercise.edit(
    "inputs_added_again",
    "x = activation(",
    "x = x + activation(",
    "You add each layer's input to its output. That is a skip connection, a fine idea of later; here the output of a layer takes its place.",
)
exercise.edit(
    "softmax_at_the_end",
    "return layer_forward(x, *layers[-1])",
    "return layer_forward(x, *layers[-1]).softmax(-1)",
    "There is a softmax at the end. Nothing follows the last layer.",
)
exercise.edit(
    "first_layer_not_activated",
    "    for W, b in layers[:-1]:",
    "    *layers, last = layers\n    x = layer_forward(x, *layers[0])\n    layers = [*layers[1:], last]\n    for W, b in layers[:-1]:",
    "No activation follows the first layer. It follows every layer but the last.",
)


@exercise.alternative
def by_number(x, layers, activation):
    for number, (W, b) in enumerate(layers, start=1):
        x = x @ W.T + b
        if number < len(layers):
            x = activation(x)
    return x


@exercise.alternative
def recursive(x, layers, activation):
    (W, b), rest = layers[0], layers[1:]
    z = torch.einsum("nd,hd->nh", x, W) + b
    return recursive(activation(z), rest, activation) if rest else z
