"""The squared Fréchet distance of two sets of features."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=3,
    minutes=10,
    core=True,
    hints=(
        "Three parts: the gap of the means, the two traces, and the trace of a matrix root. Which of them is hard, and what gives it?",
        "torch.linalg.eigvals of the product of the covariances gives complex numbers: real part, clamp at 0, square root, sum.",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    square = torch.stack([row(0, 2, 0, 2), row(0, 0, 2, 2)], 1)
    yield Case(square, 2 * square + 1).named("the corners of a square, and of one twice as large")
    turned = noise(30, 2) @ torch.tensor([[2.0, 1.0], [0.0, 0.5]]).double()
    yield Case(turned, noise(20, 2, seed=1) + 1).named("two features that are correlated")
    mixed = noise(5, 5, seed=7)
    yield Case(noise(60, 5, seed=2) @ mixed, noise(40, 5, seed=3) @ mixed.T - 1).named("five features")
    yield Case(noise(4, 6, seed=4), noise(5, 6, seed=5)).named("fewer examples than features")


exercise.edit(
    "root_of_the_entries", "torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt().sum()", "(cov_a @ cov_b).clamp(min=0).sqrt().trace()",
    "You took the root of each entry. The root of a matrix is another matrix, whose square it is: use the eigenvalues.",
)  # fmt: skip
exercise.edit(
    "covariance_ignored", "(gap + cov_a.trace() + cov_b.trace() - 2 * root)", "gap",
    "Only the means are compared. Samples that are all alike would pass for perfect.",
)  # fmt: skip
exercise.edit(
    "variances_only", "torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt().sum()", "(cov_a.diagonal() * cov_b.diagonal()).sqrt().sum()",
    "You used the variances only. Where features are correlated, the product of the full covariances counts.",
)  # fmt: skip
exercise.edit(
    "root_once", "2 * root", "root",
    "The matrix root is subtracted twice: d squared is 0 for equal sets.",
)  # fmt: skip
exercise.edit(
    "distance_not_squared", ".square().sum()\n", ".norm()\n",
    "The gap of the means is not squared.",
)  # fmt: skip
exercise.edit(
    "features_in_columns", "torch.cov(a.T), torch.cov(b.T)", "torch.cov(a), torch.cov(b)",
    "torch.cov takes features as rows and examples as columns: transpose.",
)  # fmt: skip
exercise.edit(
    "root_of_the_whole", "- 2 * root).item()", "- 2 * root).clamp(min=0).sqrt().item()",
    "You took the root at the end. The customary score is the squared distance.",
)  # fmt: skip
exercise.edit(
    "divided_by_n", "torch.cov(a.T), torch.cov(b.T)", "torch.cov(a.T, correction=0), torch.cov(b.T, correction=0)",
    "Your covariances divide by N. The text asks for N - 1, as torch.cov does unless told otherwise.",
)  # fmt: skip


exercise.edit(
    "as_if_symmetric", "torch.linalg.eigvals(cov_a @ cov_b).real", "torch.linalg.eigvalsh(cov_a @ cov_b)",
    "eigvalsh takes a symmetric matrix, and reads one half of it only. The product of two covariances is not symmetric: torch.linalg.eigvals.",
)  # fmt: skip
exercise.edit(
    "product_of_entries", "cov_a @ cov_b", "cov_a * cov_b",
    "You multiplied entry by entry. AB is the matrix product: cov_a @ cov_b.",
)  # fmt: skip
exercise.edit(
    "means_of_everything", "(a.mean(0) - b.mean(0))", "(a.mean() - b.mean())",
    "You compared one mean over all features. Each feature has a mean of its own: mean(0).",
)  # fmt: skip


@exercise.mistake(
    "You paired the eigenvalues of the one with those of the other, by size. The eigenvalues of the product AB depend on the directions too."
)
def eigenvalues_paired(a, b):
    cov_a, cov_b = torch.cov(a.T), torch.cov(b.T)
    root = torch.linalg.eigvalsh(cov_a).clamp(min=0).sqrt() @ torch.linalg.eigvalsh(cov_b).clamp(min=0).sqrt()
    gap = (a.mean(0) - b.mean(0)).square().sum()
    return (gap + cov_a.trace() + cov_b.trace() - 2 * root).item()


exercise.equivalent("operands of @ swapped", "AB and BA have the same eigenvalues")
exercise.equivalent(".item(...)", "a tensor of one number is as good")
exercise.equivalent("operands of - swapped", "the gap is squared")


def covariance(x):
    centred = x - x.mean(0)
    return centred.T @ centred / (len(x) - 1)


@exercise.alternative
def by_a_symmetric_root(a, b):
    cov_a, cov_b = covariance(a), covariance(b)
    values, vectors = torch.linalg.eigh(cov_a)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0).sqrt().sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + a.var(0).sum() + b.var(0).sum() - 2 * cross)


@exercise.alternative
def by_singular_values(a, b):
    left = (a - a.mean(0)) / (len(a) - 1) ** 0.5
    right = (b - b.mean(0)) / (len(b) - 1) ** 0.5
    cross = torch.linalg.svdvals(left @ right.T).sum()
    gap = a.mean(0) - b.mean(0)
    return (gap @ gap + left.square().sum() + right.square().sum() - 2 * cross).item()
