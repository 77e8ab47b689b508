"""The loss of a VAE whose decoder says grey values with a known spread."""

import math

import torch
from torch.distributions import Normal, kl_divergence

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=20,
    core=True,
    hints=(
        "Sum over pixels and over latents first; the mean over the batch comes last.",
        "A normal density has three terms in its logarithm. The one without x matters when you compare values of sigma.",
    ),
    probe=probes.call(grad=True),
)


def small(count, side, latents, shift=0.0):
    """x, decoded, mean and log-variance, all different."""
    x, decoded = (0.5 + 0.4 * waves(count, 1, side, side, step=step) for step in (1.1 + shift, 0.7))
    return x, decoded, waves(count, latents, step=0.9), 0.5 * waves(count, latents, step=1.7) - 0.2


@exercise.cases
def cases():
    yield Case(*small(1, 2, 2), sigma=1.0).named("one 2x2 section, two latents, sigma 1")
    yield Case(*small(3, 4, 5, 0.3), sigma=0.2).named("three 4x4 sections, five latents, sigma 0.2")
    yield Case(*small(2, 3, 4), sigma=0.5, beta=2.5).named("beta 2.5")


exercise.edit(
    "mean_over_pixels",
    "log_density.sum((1, 2, 3))",
    "log_density.mean((1, 2, 3))",
    "You average over pixels and sum over latents. That makes the divergence weigh a thousand times too much, and the latents go unused.",
)
exercise.edit(
    "log_variance_as_deviation",
    "log_variance.exp()",
    "(2 * log_variance).exp()",
    "You take the log-variance for the logarithm of the standard deviation.",
)
exercise.edit(
    "sign_of_divergence",
    "beta * divergence - ",
    "-beta * divergence - ",
    "The divergence has the wrong sign: the loss then falls without end as q moves away from the prior.",
)
exercise.edit(
    "no_normaliser",
    " - math.log(sigma) - 0.5 * math.log(2 * math.pi)",
    "",
    "You left out what normalises the density. The gradients are right, but the number is no bound, and sigma cannot be compared.",
)
exercise.edit(
    "beta_forgotten",
    "beta * divergence",
    "divergence",
    "`beta` is never used: it multiplies the divergence.",
)


@exercise.alternative
def by_distributions(x, decoded, mean, log_variance, *, sigma=0.1, beta=1.0):
    fits = Normal(decoded, sigma).log_prob(x).flatten(1).sum(1)
    posterior = Normal(mean, (0.5 * log_variance).exp())
    divergence = kl_divergence(posterior, Normal(torch.zeros_like(mean), 1.0)).sum(1)
    return (beta * divergence - fits).mean()


@exercise.alternative
def in_one_sum(x, decoded, mean, log_variance, *, sigma=0.1, beta=1.0):
    count, pixels = len(x), x[0].numel()
    squared = (x - decoded).square().sum() / (2 * sigma**2)
    constant = count * pixels * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
    divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum() / 2
    return (squared + constant + beta * divergence) / count
