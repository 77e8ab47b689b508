"""A network that draws a straight line, however wide it is made: find the planted bug."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    hints=(
        "The loss ends where the best straight line would end, whatever the width. Which part of a network keeps it from being a line, "
        "and is it really there?",
        "tanh_ returns a new tensor and leaves the one it is given as it was. Follow `hidden` from line to line.",
    ),
)


def curve(count: int, features: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Points and a bent curve over them: x (count, features), y (count, 1), float64."""
    x = torch.linspace(-1, 1, count * features, dtype=torch.float64).reshape(features, count).T.contiguous()
    return x, (3 * x).cos().sum(1, keepdim=True)


@exercise.cases
def cases():
    yield Case(*curve(3), width=2, lr=0.1, steps=2).named("three points, two neurons, two steps")
    yield Case(*curve(9, 2), width=4, lr=0.02, steps=15, seed=1).named("nine points with two features, fifteen steps")
    yield Case(*curve(21), steps=40).named("twenty-one points, with the default width and rate")


exercise.bug(
    "tanh_thrown_away",
    "hidden = tanh_(hidden)  # the bug: tanh_(hidden) alone returns a new tensor, and nobody keeps it",
    "tanh_(hidden)",
)
exercise.edit(
    "after_the_last_layer",
    "hidden = tanh_(hidden)  # the bug: tanh_(hidden) alone returns a new tensor, and nobody keeps it\n        loss = mse(layer_forward(hidden, W2, b2), y)",
    "loss = mse(tanh_(layer_forward(hidden, W2, b2)), y)",
    "The tanh now follows the last layer. Two linear layers before it are still one line, and the answer can never leave (-1, 1). It "
    "belongs between the two layers.",
)
exercise.edit(
    "after_both_layers",
    "mse(layer_forward(hidden, W2, b2), y)",
    "mse(tanh_(layer_forward(hidden, W2, b2)), y)",
    "The hidden layer has its tanh now, and so has the last one: the answer can never leave (-1, 1). The last layer stays linear.",
)
exercise.edit(
    "before_the_first_layer",
    (
        "layer_forward(x, W1, b1)",
        "        hidden = tanh_(hidden)  # the bug: tanh_(hidden) alone returns a new tensor, and nobody keeps it\n",
    ),
    ("layer_forward(tanh_(x), W1, b1)", ""),
    "The tanh bends the inputs before the first layer sees them; what follows is still linear in those bent inputs. It belongs after "
    "the first layer, on its sums.",
)
exercise.edit(
    "another_activation",
    "hidden = tanh_(hidden)",
    "hidden = hidden.clamp(min=0)",
    "A bend is in its place now, but it is a ReLU where the program asks for tanh. That works too; the repair was to be the smallest "
    "that makes the program do what it says.",
)
exercise.edit(
    "another_rate",
    ("hidden = tanh_(hidden)", "lr * p.grad"),
    ("tanh_(hidden)", "lr / 10 * p.grad"),
    "You changed the learning rate. The loss cannot fall below that of the best line at any rate: the network is one. Look for what "
    "makes it a line.",
)
exercise.equivalent(".item(...) dropped", "a tensor of shape () is taken for the number in it")
exercise.equivalent("first two arguments of mse swapped", "a difference is squared, whichever way it is taken")
exercise.variant("by_torchs_own_tanh", "hidden = tanh_(hidden)", "hidden = hidden.tanh()")
exercise.variant("in_place", "hidden = tanh_(hidden)", "hidden = hidden.tanh_()")
