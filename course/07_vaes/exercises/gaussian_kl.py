"""The divergence of a diagonal Gaussian from the standard normal: the rate of a VAE."""

import math

import torch

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=7,
    core=True,
    hints=(
        "Four terms stand in the bracket of the formula. Which of them must you compute from the log-variance, and how?",
        "The variance is log_variance.exp(), the logarithm of the variance is log_variance itself. Sum over the last axis, then halve.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    one = torch.ones(1, 1, dtype=torch.float64)
    yield Case(one, 0 * one).named("mean 1 and variance 1")
    yield Case(one, math.log(0.25) * one).named("mean 1 and standard deviation one half")
    yield Case(noise(3, 2), noise(3, 2, seed=1)).named("three images with two latent numbers")
    yield Case(3 * noise(2, 5, seed=2), 2 * noise(2, 5, seed=3)).named("two images with five latent numbers")


exercise.edit(
    "sign_of_the_log", "- 1 - log_variance", "- 1 + log_variance",
    "The log-variance has the wrong sign: your KL is negative for a narrow q, and a KL never is. It comes from -ln p + ln q, where ln q holds minus half the log-variance.",
)  # fmt: skip
exercise.edit(
    "no_minus_one", " - 1 - log", " - log",
    "The -1 is missing, so q equal to the prior would cost half a nat for each dimension instead of nothing.",
)  # fmt: skip
exercise.edit(
    "no_half", "0.5 * (", "1.0 * (",
    "The factor 1/2 is missing. Twice the KL in the loss is a beta of 2, which nobody asked for.",
)  # fmt: skip
exercise.edit(
    "mean_over_dimensions", ".sum(1)", ".mean(1)",
    "You averaged over the latent dimensions. They are independent, so their divergences add; averaged, the rate counts K times too little and new images come out bad.",
)  # fmt: skip
exercise.edit(
    "summed_over_all", ".sum(1)", ".sum()",
    "You summed over the images too. The ELBO needs a number for each image: sum over the latent dimensions only, dim 1.",
)  # fmt: skip
exercise.edit(
    "log_variance_as_variance", "log_variance.exp() - 1 - log_variance", "log_variance - 1 - log_variance",
    "The log-variance stands where the variance belongs: sigma squared is log_variance.exp().",
)  # fmt: skip
exercise.edit(
    "log_std_formula", "log_variance.exp() - 1 - log_variance", "(2 * log_variance).exp() - 1 - 2 * log_variance",
    "Your formula takes the second argument for the logarithm of the standard deviation. It is that of the variance, twice as large.",
)  # fmt: skip


@exercise.mistake(
    "This is -KL, as it stands in the ELBO and in many programs. Asked for is the divergence itself, which is never negative; the minus comes in the next exercise."
)
def negative(mean, log_variance):
    return 0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1)


@exercise.mistake(
    "This is KL(p || q), from the prior to q: the two changed places. In the ELBO the expectation is taken under q, the first of the two."
)
def exchanged(mean, log_variance):
    return 0.5 * ((1 + mean**2) * (-log_variance).exp() - 1 + log_variance).sum(1)


exercise.edit(
    "standard_deviation_as_variance", "log_variance.exp() - 1", "(0.5 * log_variance).exp() - 1",
    "sigma stands where sigma squared belongs: log_variance.exp() is the variance already, without the one half.",
)  # fmt: skip
exercise.edit(
    "half_of_the_first_term", "0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)", "(0.5 * mean**2 + log_variance.exp() - 1 - log_variance)",
    "The one half multiplies the squared mean only. It stands before the bracket, so it halves all four terms.",
)  # fmt: skip
exercise.edit(
    "axis_kept", ".sum(1)", ".sum(1, keepdim=True)",
    "An axis of length 1 is kept: keepdim gives (N, 1), and asked for is (N,), one number for each image.",
)  # fmt: skip
exercise.edit(
    "mean_of_the_images", ".sum(1)", ".sum(1).mean()",
    "You averaged over the images too. Return one number for each image; the training loop takes the mean.",
)  # fmt: skip


@exercise.alternative
def by_torch(mean, log_variance):
    from torch.distributions import Normal, kl_divergence

    q = Normal(mean, (log_variance / 2).exp())
    return kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum(-1)


@exercise.alternative
def from_the_paper(mean, log_variance):
    return -0.5 * torch.sum(1 + log_variance - mean.pow(2) - torch.exp(log_variance), dim=-1)


exercise.edit(
    "log_of_the_deviation", "log_variance.exp()", "(2 * log_variance).exp()",
    "You squared the variance. log_variance is the logarithm of the variance already, not of the standard deviation: its exponential is the variance.",
)  # fmt: skip
exercise.edit(
    "size_of_the_mean", "mean**2", "mean.abs()",
    "The size of the mean stands where its square belongs.",
)  # fmt: skip
