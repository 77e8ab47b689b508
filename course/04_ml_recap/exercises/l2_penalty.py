"""A penalty on large weights, and only on weights."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=1,
    minutes=4,
    move_on=10,
    hints=(
        "A loop over the tensors, a condition on their number of axes, and a sum of squares.",
        "The formula has lambda over 2, so that the gradient is lambda times theta. Keep everything a tensor, or no gradient flows.",
    ),
)


@exercise.probe
def probe(candidate, case):
    parameters = [theta.clone().requires_grad_() for theta in case.args[0]]
    penalty = candidate(parameters, case.args[1])
    if not isinstance(penalty, torch.Tensor):
        return {"penalty": penalty, "gradients": None}
    gradients = None
    if penalty.requires_grad:
        found = torch.autograd.grad(penalty.sum(), parameters, allow_unused=True)
        gradients = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)]
    return {"penalty": penalty.detach(), "gradients": gradients}


@exercise.cases
def cases():
    yield Case([torch.tensor([[1.0, -3.0]], dtype=torch.float64)], 0.5).named("one weight matrix (1, -3), strength 0.5")
    layer = [torch.tensor([[1.0, -3.0]], dtype=torch.float64), torch.tensor([10.0], dtype=torch.float64)]
    yield Case(layer, 0.5).named("the same with a bias of 10, which does not count")
    yield Case([noise(3, 2, seed=0), noise(3, seed=1), noise(2, 3, seed=2), noise(2, seed=3)], 0.1).named("two layers")
    yield Case([noise(2, 1, 3, 3, seed=4), noise(2, seed=5)], 2.0).named(
        "the kernels of a convolution and their biases"
    )


exercise.edit(
    "without_the_half",
    "strength / 2 * squares",
    "strength * squares",
    "The half is missing. It is there so that the gradient is strength * theta, which is what weight decay with the same strength uses.",
)
exercise.edit(
    "biases_too",
    " if theta.dim() >= 2",
    "",
    "You penalised biases and gains too. A bias says where a neuron switches, not how wildly it reacts; penalise tensors with two axes or more.",
)


@exercise.mistake(
    "You summed the norms and not their squares. The root pulls at large and small weights with the same force, and has no derivative at zero."
)
def norms(parameters, strength):
    return strength / 2 * sum(theta.norm() for theta in parameters if theta.dim() >= 2)


@exercise.mistake(
    "You took the mean of the squares. Then a large layer is penalised less per weight than a small one; the penalty is a sum over all weights."
)
def mean_of_squares(parameters, strength):
    return strength / 2 * sum(theta.square().mean() for theta in parameters if theta.dim() >= 2)


@exercise.mistake("Absolute values make an L1 penalty, which drives weights to exactly zero. L2 is the sum of squares.")
def l1(parameters, strength):
    return strength / 2 * sum(theta.abs().sum() for theta in parameters if theta.dim() >= 2)


@exercise.mistake(
    "The number is right, but no gradient flows from it: `.data`, `.item()` or `.detach()` cuts the graph, and the optimiser never hears of your penalty."
)
def cut_off(parameters, strength):
    return strength / 2 * sum(theta.detach().square().sum() for theta in parameters if theta.dim() >= 2)


exercise.edit(
    "matrices_only",
    ">= 2",
    "== 2",
    "You left out tensors with more than two axes. The kernels of a convolution have four, and are weights: two axes or more.",
)
exercise.edit(
    "more_than_two_axes",
    ">= 2",
    "> 2",
    "You left out the matrices: only tensors with *more* than two axes are penalised. Two axes or more are meant.",
)
exercise.edit(
    "square_of_the_sum",
    "theta.square().sum()",
    "theta.sum().square()",
    "You squared the sum of each tensor. Positive and negative weights then cancel: square each weight first.",
)
exercise.edit(
    "mean_over_tensors",
    "strength / 2 * squares",
    "strength / 2 * squares / len(parameters)",
    "You divided by the number of tensors. The penalty is the sum over all weights.",
)


@exercise.alternative
def one_long_vector(parameters, strength):
    weights = torch.cat([theta.flatten() for theta in parameters if theta.ndim > 1])
    return 0.5 * strength * weights @ weights


@exercise.alternative
def by_norm(parameters, strength):
    return sum(0.5 * strength * theta.norm() ** 2 for theta in parameters if theta.dim() != 1)
