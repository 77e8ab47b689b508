"""Weights by hand for exclusive or."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    hints=(
        "Let the first hidden neuron count the ones. Its answer is right in three of the four rows; the second neuron mends the fourth.",
        "A bias of -1 keeps the second counter silent until both inputs are on. How much has the output to take off then?",
    ),
)


@exercise.probe
def probe(candidate, case):
    layers = candidate()
    (W1, b1), (W2, b2) = layers
    corners = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    shapes = [list(part.shape) for part in (W1, b1, W2, b2)]
    if shapes != [[2, 2], [2], [1, 2], [1]]:
        return {"outputs": torch.zeros(4), "shapes": shapes}
    hidden = (corners @ W1.float().T + b1.float()).relu()
    return {"outputs": (hidden @ W2.float().T + b2.float())[:, 0], "shapes": shapes}


@exercise.cases
def cases():
    yield Case().named("the four rows of the table")


def layers(W1, b1, W2, b2):
    return [(torch.tensor(W1), torch.tensor(b1)), (torch.tensor(W2), torch.tensor(b2))]


@exercise.mistake("That is OR: (1, 1) gives 1. The second hidden neuron has to take off 2 there, not 1.")
def inclusive_or():
    return layers([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [[1.0, -1.0]], [0.0])


@exercise.mistake(
    "That is AND: only (1, 1) gives 1. It is the second hidden neuron alone; XOR is the first one, corrected by it."
)
def both():
    return layers([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [[0.0, 1.0]], [0.0])


@exercise.mistake("Your network counts the ones, 0, 1, 1, 2. Nothing corrects the last row yet.")
def counter():
    return layers([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [[1.0, 0.0]], [0.0])


@exercise.mistake(
    "Zeros and ones are exchanged: yours says 1 where the inputs agree. That is the opposite of exclusive or."
)
def agreement():
    return layers([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [[-1.0, 2.0]], [1.0])


@exercise.mistake(
    "The second hidden neuron lacks its bias of -1, so it counts from the first one on and takes off too much: (0, 1) and (1, 0) give -1."
)
def second_without_bias():
    return layers([[1.0, 1.0], [1.0, 1.0]], [0.0, 0.0], [[1.0, -2.0]], [0.0])


@exercise.alternative
def one_without_the_other():
    return layers([[1.0, -1.0], [-1.0, 1.0]], [0.0, 0.0], [[1.0, 1.0]], [0.0])


@exercise.alternative
def from_above():
    return layers([[1.0, 1.0], [-1.0, -1.0]], [-1.0, 1.0], [[-1.0, -1.0]], [1.0])
