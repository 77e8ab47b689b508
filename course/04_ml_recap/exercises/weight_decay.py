"""One step of weight decay, decoupled from the gradient."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=1,
    minutes=3,
    move_on=8,
    core=True,
    hints=(
        "It is one factor, the same for all weights; vectors pass unchanged.",
        "The factor is a little below 1: one minus the product of learning rate and strength.",
    ),
)


@exercise.cases
def cases():
    layer = [torch.tensor([[1.0, -3.0]], dtype=torch.float64), torch.tensor([10.0], dtype=torch.float64)]
    yield Case(layer, lr=0.1, strength=0.5).named("a weight matrix (1, -3) and a bias 10, lr 0.1, strength 0.5")
    yield Case(
        [noise(3, 2, seed=0), noise(3, seed=1), noise(2, 3, seed=2), noise(2, seed=3)], lr=0.02, strength=3.0
    ).named("two layers")
    yield Case([noise(2, 1, 3, 3, seed=4), noise(2, seed=5)], lr=0.5, strength=0.01).named("a convolution")


exercise.edit(
    "without_the_rate",
    "theta * (1 - lr * strength)",
    "theta * (1 - strength)",
    "Your decay does not know the learning rate. Follow the penalty's gradient for one step: theta - lr * strength * theta.",
)
exercise.edit(
    "biases_too",
    " if theta.dim() >= 2 else theta",
    "",
    "You shrank the biases too. A bias near zero is no simpler than another; decay tensors with two axes or more.",
)
exercise.edit(
    "grows",
    "theta * (1 - lr * strength)",
    "theta * (1 + lr * strength)",
    "The weights grow. Decay multiplies by a number below 1.",
)
exercise.edit(
    "halved",
    "theta * (1 - lr * strength)",
    "theta * (1 - lr * strength / 2)",
    "You decayed by half: the half in the penalty's formula is gone once it is differentiated, since the square brings down a 2.",
)


@exercise.mistake(
    "You subtract the same amount from each weight, whatever its size. Decay is proportional: a weight twice as large loses twice as much."
)
def constant_amount(parameters, *, lr, strength):
    return [theta - lr * strength * theta.sign() if theta.dim() >= 2 else theta for theta in parameters]


exercise.edit(
    "biases_dropped",
    "[theta * (1 - lr * strength) if theta.dim() >= 2 else theta for theta in parameters]",
    "[theta * (1 - lr * strength) for theta in parameters if theta.dim() >= 2]",
    "The vectors are missing from your list. They are not shrunk, but handed on: the same number of tensors, in the same order.",
)
exercise.edit(
    "matrices_only",
    ">= 2",
    "== 2",
    "Tensors with more than two axes are not shrunk. The kernels of a convolution have four, and are weights: two axes or more.",
)
exercise.edit(
    "what_is_lost",
    "theta * (1 - lr * strength)",
    "theta * lr * strength",
    "You returned what a weight loses, lr * strength * theta. Return what is left of it: theta minus that.",
)
exercise.edit(
    "exponential",
    "theta * (1 - lr * strength)",
    "theta * 2.718281828459045 ** (-lr * strength)",
    "You shrink by exp(-lr * strength). That is what many small steps would come to; one step multiplies by 1 - lr * strength.",
)
exercise.edit(
    "vectors_zeroed",
    "else theta for",
    "else theta * 0 for",
    "The vectors come back as zeros. They are handed on as they are.",
)


@exercise.alternative
def gradient_of_the_penalty(parameters, *, lr, strength):
    shrunk = []
    for theta in parameters:
        shrunk.append(theta if theta.ndim < 2 else theta - lr * (strength * theta))
    return shrunk


@exercise.alternative
def by_torch_sgd(parameters, *, lr, strength):
    copies = [theta.clone().requires_grad_() for theta in parameters]
    for theta in copies:
        theta.grad = torch.zeros_like(theta)
    torch.optim.SGD([theta for theta in copies if theta.dim() > 1], lr=lr, weight_decay=strength).step()
    return [theta.detach() for theta in copies]
