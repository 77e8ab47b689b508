"""A network that draws a straight line, however wide it is made: find the planted bug."""

import torch

from dlmodule.checking.exercise import Case, Exercise

exercise = Exercise(
    title="this trains badly",
    difficulty=2,
    minutes=10,
    move_on=20,
    hints=(
        "The loss ends where the best straight line would end, whatever the width. Which part of a network keeps it from being a line, "
        "and is it really there?",
        "tanh_ returns a new tensor and leaves the one it is given as it was. Follow `hidden` from line to line.",
    ),
    part="morning",
    starter='''def find_the_bug_1(x: Tensor, y: Tensor, *, steps: int, width: int = 64, lr: float = 0.003, seed: int = 0) -> list[float]:
    """Train a network with one hidden layer of tanh by gradient descent. Returns the loss of every step.

    x: (N, D), the inputs; y: (N, 1), the values to follow; width: neurons of the hidden layer. One line is wrong.
    """
    generator = torch.Generator().manual_seed(seed)
    W1 = 4 * torch.randn(width, x.shape[1], generator=generator, dtype=x.dtype)
    b1 = 2 * torch.randn(width, generator=generator, dtype=x.dtype)
    W2 = torch.randn(1, width, generator=generator, dtype=x.dtype) / width**0.5
    b2 = x.new_zeros(1)
    parameters = [p.requires_grad_() for p in (W1, b1, W2, b2)]
    losses = []
    for _ in range(steps):
        hidden = layer_forward(x, W1, b1)
        tanh_(hidden)
        loss = mse(layer_forward(hidden, W2, b2), y)
        loss.backward()
        with torch.no_grad():
            for p in parameters:
                p -= lr * p.grad
                p.grad = None
        losses.append(loss.item())
    return losses
''',
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


def program(x, y, width, lr, seed, steps, hidden_activation=torch.tanh, output_activation=None, input_activation=None):
    """The program with its activations where one puts them."""
    generator = torch.Generator().manual_seed(seed)
    W1 = 4 * torch.randn(width, x.shape[1], generator=generator, dtype=x.dtype)
    b1 = 2 * torch.randn(width, generator=generator, dtype=x.dtype)
    W2 = torch.randn(1, width, generator=generator, dtype=x.dtype) / width**0.5
    parameters = [p.requires_grad_() for p in (W1, b1, W2, x.new_zeros(1))]
    losses = []
    for _ in range(steps):
        entered = input_activation(x) if input_activation else x
        hidden = entered @ W1.T + b1
        hidden = hidden_activation(hidden) if hidden_activation else hidden
        out = hidden @ W2.T + parameters[3]
        out = output_activation(out) if output_activation else out
        loss = (out - y).square().mean()
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for p, g in zip(parameters, gradients, strict=True):
                p -= lr * g
        losses.append(loss.item())
    return losses


@exercise.mistake(
    "The tanh now follows the last layer. Two linear layers before it are still one line, and the answer can never leave (-1, 1). It "
    "belongs between the two layers."
)
def after_the_last_layer(x, y, *, steps, width=64, lr=0.003, seed=0):
    return program(x, y, width, lr, seed, steps, None, torch.tanh)


@exercise.mistake(
    "The hidden layer has its tanh now, and so has the last one: the answer can never leave (-1, 1). The last layer stays linear."
)
def after_both_layers(x, y, *, steps, width=64, lr=0.003, seed=0):
    return program(x, y, width, lr, seed, steps, torch.tanh, torch.tanh)


@exercise.mistake(
    "The tanh bends the inputs before the first layer sees them; what follows is still linear in those bent inputs. It belongs after "
    "the first layer, on its sums."
)
def before_the_first_layer(x, y, *, steps, width=64, lr=0.003, seed=0):
    return program(x, y, width, lr, seed, steps, None, None, torch.tanh)


@exercise.mistake(
    "A bend is in its place now, but it is a ReLU where the program asks for tanh. That works too; the repair was to be the smallest "
    "that makes the program do what it says."
)
def another_activation(x, y, *, steps, width=64, lr=0.003, seed=0):
    return program(x, y, width, lr, seed, steps, torch.relu)


@exercise.mistake(
    "You changed the learning rate. The loss cannot fall below that of the best line at any rate: the network is one. Look for what "
    "makes it a line."
)
def another_rate(x, y, *, steps, width=64, lr=0.003, seed=0):
    return program(x, y, width, lr / 10, seed, steps, None)


@exercise.alternative
def by_torchs_own_tanh(x, y, *, steps, width=64, lr=0.003, seed=0):
    return program(x, y, width, lr, seed, steps)


@exercise.alternative
def in_place(x, y, *, steps, width=64, lr=0.003, seed=0):
    return program(x, y, width, lr, seed, steps, lambda hidden: hidden.tanh_())


exercise.equivalent(".item(...) dropped", "a tensor of shape () is taken for the number in it")
exercise.equivalent("first two arguments of mse swapped", "a difference is squared, whichever way it is taken")
