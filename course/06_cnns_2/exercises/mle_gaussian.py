"""The most likely Gaussian, mean and covariance, for a table of measurements."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=1,
    minutes=5,
    core=True,
    hints=(
        "Both answers were derived above: the mean of the rows, and the mean over the rows of (x - mean)(x - mean)^T, a D x D matrix.",
        "With the centred rows as a matrix (N, D), the sum of all those outer products is one matrix product. Which factor is transposed so "
        "that (D, D) comes out?",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([[1.0], [2.0], [6.0]], dtype=torch.float64)).named("three measurements of one feature")
    yield Case(torch.tensor([[0.0, 0.0], [2.0, 4.0]], dtype=torch.float64)).named("two measurements of two features")
    yield Case(noise(6, 3) @ noise(3, 3, seed=1) + 5).named("six measurements of three correlated features")
    yield Case(noise(4, 4, seed=2) - 2).named("as many measurements as features")


@exercise.mistake(
    "You divided by N - 1. That makes the variance right on average over many samples; the maximum of the likelihood lies at N. Both are "
    "good answers, to different questions, and this one asked for the second."
)
def divided_by_one_less(x):
    return x.mean(0), torch.cov(x.T).reshape(x.shape[1], x.shape[1])


@exercise.mistake(
    "You did not subtract the mean. The mean of x x^T is the second moment; the covariance is that minus mean mean^T, which is the same as "
    "centring first."
)
def not_centred(x):
    return x.mean(0), x.T @ x / len(x)


@exercise.mistake(
    "You made the matrix of products between examples, (N, N), from a mean over the features. Rows are examples here: average over axis 0, "
    "and transpose the first factor."
)
def examples_for_features(x):
    mean = x.mean(1)
    centred = x - mean[:, None]
    return mean, centred @ centred.T / x.shape[1]


@exercise.mistake(
    "You kept the variance of each feature and dropped how they vary together. A full Gaussian has the covariances off the diagonal."
)
def diagonal_only(x):
    return x.mean(0), torch.diag(x.var(0, correction=0))


@exercise.mistake(
    "You returned the correlation matrix: covariances divided by the standard deviations. It has no units, and the likelihood needs them."
)
def correlation(x):
    centred = x - x.mean(0)
    unit = centred / centred.square().mean(0).sqrt()
    return x.mean(0), unit.T @ unit / len(x)


@exercise.mistake(
    "You summed the outer products and did not divide by their number: this scatter matrix grows with every measurement."
)
def not_divided(x):
    centred = x - x.mean(0)
    return x.mean(0), centred.T @ centred


exercise.equivalent("operands of - swapped", "the centred rows enter twice, so their sign does not matter")


@exercise.alternative
def by_torch(x):
    return x.mean(0), torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])


@exercise.alternative
def outer_products(x):
    mean = sum(x) / len(x)
    return mean, sum(torch.outer(row - mean, row - mean) for row in x) / len(x)


@exercise.alternative
def by_moments(x):
    mean = x.mean(dim=0)
    return mean, torch.einsum("ni,nj->ij", x, x) / x.shape[0] - mean[:, None] * mean[None, :]
