"""The log density of a diagonal Gaussian, as every model of the next three days needs it."""

import math

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=1,
    minutes=6,
    core=True,
    hints=(
        "Write ln N(x; mean, variance) for one feature first. It has three terms; two of them do not contain x, and only one of those is a "
        "constant.",
        "The variance is log_variance.exp(), and its logarithm is what you were given. Features are independent, so their densities "
        "multiply: what do their logarithms do, and along which axis?",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    zero = torch.zeros(1, 1, dtype=torch.float64)
    yield Case(zero + 3, zero + 1, zero + math.log(4)).named("x = 3 under a mean of 1 and a variance of 4")
    yield Case(noise(3, 2), noise(3, 2, seed=1), noise(3, 2, seed=2)).named("three examples of two features")
    yield Case(noise(4, 3), noise(3, seed=1), noise(3, seed=2)).named("four examples under one Gaussian")
    yield Case(noise(2, 4, 3), noise(4, 3, seed=1), noise(3, seed=2)).named("a batch of shape (2, 4)")
    yield Case(noise(2, 3) + 60, noise(3, seed=1), noise(3, seed=2)).named("examples sixty away from the mean")


@exercise.mistake(
    "The term with the logarithm of the variance is missing. Without it a wider Gaussian is never worse, and its integral is not 1: it is "
    "no density, and a fit would let the variance grow for ever."
)
def no_log_variance(x, mean, log_variance):
    return -0.5 * ((x - mean) ** 2 / log_variance.exp() + math.log(2 * math.pi)).sum(-1)


@exercise.mistake(
    "The constant ln(2 pi) is missing, once for each feature. No gradient notices it; but a log-likelihood, an evidence or a comparison of "
    "two models does."
)
def no_constant(x, mean, log_variance):
    return -0.5 * ((x - mean) ** 2 / log_variance.exp() + log_variance).sum(-1)


@exercise.mistake(
    "You took exp(log_variance) for the standard deviation and squared it once more. It is the variance already; the standard deviation is "
    "exp(log_variance / 2)."
)
def variance_taken_for_std(x, mean, log_variance):
    std = log_variance.exp()
    return -0.5 * (((x - mean) / std) ** 2 + 2 * log_variance + math.log(2 * math.pi)).sum(-1)


@exercise.mistake(
    "You averaged over the features. Independent features multiply their densities, so their logarithms add up: a sum over the last axis."
)
def mean_over_features(x, mean, log_variance):
    return -0.5 * ((x - mean) ** 2 / log_variance.exp() + log_variance + math.log(2 * math.pi)).mean(-1)


@exercise.mistake(
    "You computed the density and then took its logarithm. Far from the mean the density is smaller than the smallest number a computer "
    "has, so it becomes 0 and its logarithm minus infinity. Stay in logarithms from the beginning."
)
def logarithm_of_the_density(x, mean, log_variance):
    variance = log_variance.exp()
    density = torch.exp(-((x - mean) ** 2) / (2 * variance)) / (2 * math.pi * variance).sqrt()
    return density.prod(-1).log()


@exercise.mistake(
    "This is the negative log density. As a loss you would want it so; asked for is ln p itself, which is larger where x is likelier."
)
def negative(x, mean, log_variance):
    return 0.5 * ((x - mean) ** 2 / log_variance.exp() + log_variance + math.log(2 * math.pi)).sum(-1)


exercise.equivalent("operands of - swapped", "the difference is squared")


@exercise.mistake("The constant ln(2 pi) stands once. Every feature brings its own: D times.")
def constant_once(x, mean, log_variance):
    return -0.5 * (((x - mean) ** 2 / log_variance.exp() + log_variance).sum(-1) + math.log(2 * math.pi))


@exercise.mistake(
    "The square is divided by the standard deviation, exp(log_variance / 2). It is the variance that stands below it."
)
def divided_by_the_std(x, mean, log_variance):
    return -0.5 * ((x - mean) ** 2 / (log_variance / 2).exp() + log_variance + math.log(2 * math.pi)).sum(-1)


@exercise.alternative
def by_torch(x, mean, log_variance):
    return torch.distributions.Normal(mean, (0.5 * log_variance).exp(), validate_args=False).log_prob(x).sum(-1)


@exercise.alternative
def by_change_of_variables(x, mean, log_variance):
    eps = (x - mean) * torch.exp(-0.5 * log_variance)
    standard = -0.5 * eps.square() - 0.5 * math.log(2 * math.pi)
    return (standard - 0.5 * log_variance).sum(dim=-1)
