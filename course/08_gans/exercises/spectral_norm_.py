"""A weight divided by its largest singular value, by power iteration."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=3,
    minutes=12,
    hints=(
        "What shape has the matrix of a convolution's weight? Which of u and v lives on its rows?",
        "Under no_grad, a round is two products, each divided by its length (F.normalize(..., dim=0)). Then sigma = u W v with the graph.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    yield Case(torch.diag(row(3, 1)), row(1, 1) / 2**0.5).named("the worked number: diag(3, 1), one round")
    yield Case(torch.diag(row(3, 1)), row(1, 1) / 2**0.5, 30).named("the same, thirty rounds")
    yield Case(noise(4, 6), F.normalize(noise(4, seed=1), dim=0), 2).named("a 4x6 matrix, two rounds")
    yield Case(noise(5, 2, 3, 3), F.normalize(noise(5, seed=2), dim=0)).named("a convolution's weight")


exercise.edit(
    "frobenius", "u @ matrix @ v", "matrix.norm()",
    "You divided by the length of all weights together. It is larger than the largest singular value unless the matrix has rank 1.",
)  # fmt: skip
exercise.edit(
    "multiplied", "return weight / sigma", "return weight * sigma",
    "You multiplied by sigma; divide, so that the largest singular value becomes 1.",
)  # fmt: skip
exercise.edit(
    "old_u_returned", "        for _ in range(rounds):\n            v = F.normalize(matrix.T @ u, dim=0)\n            u = F.normalize(matrix @ v, dim=0)\n    sigma = u @ matrix @ v\n    return weight / sigma, u", "        old = u\n        for _ in range(rounds):\n            v = F.normalize(matrix.T @ u, dim=0)\n            u = F.normalize(matrix @ v, dim=0)\n    sigma = u @ matrix @ v\n    return weight / sigma, old",
    "You returned the u that came in. The new one has to be kept for the next step: one round alone would never get near.",
)  # fmt: skip
exercise.edit(
    "rounds_ignored", "range(rounds)", "range(1)",
    "You do one round, whatever the argument says.",
)  # fmt: skip
exercise.edit(
    "sigma_constant", "    sigma = u @ matrix @ v\n", "    sigma = (u @ matrix @ v).detach()\n",
    "No gradient flows through your sigma. It depends on the weight, and its derivative takes the steepest direction away.",
)  # fmt: skip
exercise.edit(
    "rows_and_columns", "weight.flatten(1)", "weight.flatten(0, -2) if weight.dim() > 2 else weight",
    "Your matrix of a convolution has the wrong rows: there are as many as output channels, and all other axes make the columns.",
)  # fmt: skip


@exercise.mistake(
    "A gradient flows through your rounds of power iteration. u and v are constants: put the rounds under torch.no_grad()."
)
def gradient_through_the_rounds(weight, u, rounds=1):
    matrix = weight.flatten(1)
    for _ in range(rounds):
        v = F.normalize(matrix.T @ u, dim=0)
        u = F.normalize(matrix @ v, dim=0)
    return weight / (u @ matrix @ v), u


@exercise.mistake("Your vectors are not divided by their length, and sigma is wrong by the product of both.")
def not_normalised(weight, u, rounds=1):
    matrix = weight.flatten(1)
    with torch.no_grad():
        for _ in range(rounds):
            v = matrix.T @ u
            u = matrix @ v
    return weight / (u @ matrix @ v), u


exercise.edit(
    "exact_value", "sigma = u @ matrix @ v", "sigma = torch.linalg.svdvals(matrix)[0]",
    "You took the exact singular value. Asked for is the estimate after the given number of rounds, u W v: it costs two products, not a decomposition.",
)  # fmt: skip
exercise.edit(
    "v_not_normalised", "F.normalize(matrix.T @ u, dim=0)", "matrix.T @ u",
    "v is not scaled to length 1, so u W v is no singular value: normalise both, u and v.",
)  # fmt: skip
exercise.edit(
    "sigma_squared", "sigma = u @ matrix @ v", "sigma = (u @ matrix @ v) ** 2",
    "You divided by the square of sigma.",
)  # fmt: skip
exercise.edit(
    "sigma_returned", "return weight / sigma, u", "return weight / sigma, sigma",
    "The second result is sigma. Return the new u: the next step starts from it.",
)  # fmt: skip
exercise.edit(
    "old_u", "            u = F.normalize(matrix @ v, dim=0)\n", "            new = F.normalize(matrix @ v, dim=0)\n",
    "u is never replaced: each round starts from the same vector, and the old one comes back. Assign the new one to u.",
)  # fmt: skip


@exercise.alternative
def with_views(weight, u, rounds=1):
    matrix = weight.reshape(weight.shape[0], -1)
    left = u.detach()
    fixed = matrix.detach()
    for _ in range(rounds):
        right = fixed.t().mv(left)
        right = right / right.norm()
        left = fixed.mv(right)
        left = left / left.norm()
    return weight / torch.dot(left, matrix.mv(right)), left


@exercise.alternative
def with_einsum(weight, u, rounds=1):
    matrix = weight.view(len(weight), -1)
    with torch.no_grad():
        for _ in range(rounds):
            v = torch.einsum("oi,o->i", matrix, u)
            v = v / v.square().sum().sqrt()
            u = torch.einsum("oi,i->o", matrix, v)
            u = u / u.square().sum().sqrt()
    return weight / torch.einsum("o,oi,i->", u, matrix, v), u


exercise.edit(
    "the_other_vector", "return weight / sigma, u", "return weight / sigma, v",
    "You returned v, the vector of the input side. The next step starts from u.",
)  # fmt: skip
