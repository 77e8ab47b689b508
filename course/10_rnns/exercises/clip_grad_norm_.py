"""Bound the norm of all gradients together."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import row

exercise = Exercise(
    difficulty=2,
    minutes=8,
    hints=(
        "There is one norm, of all gradients as one long vector. It is also the norm of the single norms.",
        "Some `.grad` are None: leave these parameters out. Scale only if the norm is larger than allowed, with an in-place multiplication of each gradient by one factor.",
    ),
)


@exercise.probe
def probe(candidate, case):
    gradients, max_norm = case.args
    parameters = [torch.zeros(3, dtype=torch.float64) if g is None else torch.zeros_like(g) for g in gradients]
    for p, g in zip(parameters, gradients, strict=True):
        p.requires_grad_()
        p.grad = None if g is None else g.clone()
    held = [p.grad for p in parameters]
    total = candidate(parameters, max_norm)
    return {
        "returned": total,
        "gradients": [None if p.grad is None else p.grad.clone() for p in parameters],
        "changed in place": all(p.grad is g for p, g in zip(parameters, held, strict=True)),
        "parameters untouched": all(not p.detach().any() for p in parameters),
    }


@exercise.cases
def cases():
    yield Case([row(3, 0), row(0, 4)], 1.0).named("the worked number: (3, 0) and (0, 4), at most 1")
    yield Case([row(0.3, 0.4)], 2.0).named("a short gradient, which stays as it is")
    yield Case([row(1, -2, 2).reshape(3, 1), None, row(4)], 2.5).named("a parameter without a gradient")
    yield Case([row(6, -8), row(0, 0)], 10.0).named("a norm that is just allowed")
    yield Case([row(0.03), row(0.04, 0)], 0.01).named("small gradients and a smaller bound")


exercise.edit(
    "short_ones_stretched", "    if total > max_norm:\n        for g in gradients:\n            g.mul_(max_norm / total)", "    for g in gradients:\n        g.mul_(max_norm / total)",
    "You stretch short gradients to the largest norm. The factor is min(1, m / norm): a gradient is never made longer.",
)  # fmt: skip
exercise.edit(
    "squared_norm", ".norm()\n", ".square().sum()\n",
    "You compare the square of the norm; the root is missing.",
)  # fmt: skip
exercise.edit(
    "sum_of_norms", "torch.stack([g.norm() for g in gradients]).norm()", "torch.stack([g.norm() for g in gradients]).sum()",
    "You added the norms of the single gradients. The norm of one long vector is the root of the sum of their squares.",
)  # fmt: skip


@exercise.mistake(
    "You clip each parameter's gradient by its own norm. That changes the direction of the step; there is one norm for all."
)
def each_by_itself(parameters, max_norm):
    gradients = [p.grad for p in parameters if p.grad is not None]
    total = torch.stack([g.norm() for g in gradients]).norm()
    for g in gradients:
        g.mul_((max_norm / g.norm().clamp(min=1e-12)).clamp(max=1))
    return total


@exercise.mistake(
    "You clip each number to [-m, m]. That changes the direction of the step; scale the whole gradient by one factor."
)
def each_number(parameters, max_norm):
    gradients = [p.grad for p in parameters if p.grad is not None]
    total = torch.stack([g.norm() for g in gradients]).norm()
    for g in gradients:
        g.clamp_(-max_norm, max_norm)
    return total


@exercise.mistake(
    "You return the norm after clipping. The norm before is the one to look at: it says how often, and how hard, you clip."
)
def norm_after(parameters, max_norm):
    gradients = [p.grad for p in parameters if p.grad is not None]
    total = torch.stack([g.norm() for g in gradients]).norm()
    if total > max_norm:
        for g in gradients:
            g.mul_(max_norm / total)
    return total.clamp(max=max_norm)


@exercise.mistake(
    "You give each parameter a new gradient. The text asks to change the gradients in place: whoever holds one sees the old numbers."
)
def replaced(parameters, max_norm):
    gradients = [p.grad for p in parameters if p.grad is not None]
    total = torch.stack([g.norm() for g in gradients]).norm()
    for p in parameters:
        if p.grad is not None:
            p.grad = p.grad * (max_norm / total).clamp(max=1)
    return total


@exercise.mistake("You take the largest of the single norms. There is one norm, of all gradients as one long vector.")
def largest_norm(parameters, max_norm):
    gradients = [p.grad for p in parameters if p.grad is not None]
    total = torch.stack([g.norm() for g in gradients]).max()
    if total > max_norm:
        for g in gradients:
            g.mul_(max_norm / total)
    return total


@exercise.mistake(
    "You divide by the number of entries: that is a root mean square. The norm is the root of the plain sum."
)
def root_mean_square(parameters, max_norm):
    gradients = [p.grad for p in parameters if p.grad is not None]
    total = torch.cat([g.flatten() for g in gradients]).square().mean().sqrt()
    if total > max_norm:
        for g in gradients:
            g.mul_(max_norm / total)
    return total


@exercise.alternative
def one_long_vector(parameters, max_norm):
    gradients = [p.grad for p in parameters if p.grad is not None]
    total = torch.cat([g.flatten() for g in gradients]).norm()
    factor = min(1.0, max_norm / total.item())
    for g in gradients:
        g *= factor
    return total


@exercise.alternative
def sum_of_squares(parameters, max_norm):
    total = sum(p.grad.square().sum() for p in parameters if p.grad is not None).sqrt()
    factor = (max_norm / total).clamp(max=1)
    for p in parameters:
        if p.grad is not None:
            p.grad.mul_(factor)
    return total


exercise.equivalent("Gt -> GtE", "at the bound itself the factor is 1")
