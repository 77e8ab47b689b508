"""A draw as a differentiable function of the parameters and of noise that is drawn first."""

import math

import torch

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=1,
    minutes=5,
    core=True,
    hints=(
        "Move and stretch the noise. Which number stretches: the variance, or its square root?",
        "The logarithm of a square root is half of the logarithm.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    one = torch.ones(1, 1, dtype=torch.float64)
    yield Case(2 * one, math.log(4) * one, -0.5 * one).named("mean 2, variance 4, noise -0.5")
    yield Case(noise(3, 2), noise(3, 2, seed=1), noise(3, 2, seed=2)).named("three images, two latent numbers")
    yield Case(0 * one, -3 * one, 2 * one).named("a narrow q around 0")
    yield Case(one, 100 * one, one).named("a log-variance of 100")
    yield Case(0 * one, -100 * one, 1e7 * one).within(atol=1e-9).named("a log-variance of -100")


exercise.edit(
    "variance_as_spread", "(0.5 * log_variance.clamp(-30, 20)).exp()", "log_variance.clamp(-30, 20).exp()",
    "You stretched by the variance. The standard deviation is its square root, exp(log_variance / 2); with yours all samples of a wide q come out too wide.",
)  # fmt: skip
exercise.edit(
    "log_variance_as_spread", "(0.5 * log_variance.clamp(-30, 20)).exp()", "log_variance",
    "You stretched by the log-variance itself. It may be negative; the standard deviation is exp(log_variance / 2).",
)  # fmt: skip
exercise.edit(
    "root_of_the_log", "(0.5 * log_variance.clamp(-30, 20)).exp()", "log_variance.abs().sqrt()",
    "You took the square root of the log-variance. First comes the exponential, then the root, or half of the logarithm and then the exponential.",
)  # fmt: skip
exercise.edit(
    "no_noise", " * eps", " + 0 * eps",
    "The noise does not reach z: you added the standard deviation instead of standard deviation times eps.",
)  # fmt: skip
exercise.edit(
    "minus", "mean + std", "mean - std",
    "Right as a distribution, as -eps is distributed as eps, but not the formula: z = mean + std * eps.",
)  # fmt: skip


@exercise.mistake(
    "The values are right, but no gradient flows: under no_grad, or after detach, z forgets mean and log_variance, and the encoder would learn nothing from the reconstruction."
)
def without_gradient(mean, log_variance, eps):
    with torch.no_grad():
        z = mean + (0.5 * log_variance.clamp(-30, 20)).exp() * eps
    return z


@exercise.mistake(
    "The gradient by the mean is there, that by log_variance is not: the standard deviation was detached (or its .data used), so q could never learn how wide to be."
)
def detached_spread(mean, log_variance, eps):
    return mean + (0.5 * log_variance.clamp(-30, 20)).exp().detach() * eps


@exercise.mistake(
    "Right for small numbers, but a log-variance of 100 gives a standard deviation of 10 to the 21. Clamp it to the interval from -30 to 20 before the exponential."
)
def not_clamped(mean, log_variance, eps):
    return mean + (0.5 * log_variance).exp() * eps


exercise.edit(
    "clamped_after_halving", "(0.5 * log_variance.clamp(-30, 20)).exp()", "(0.5 * log_variance).clamp(-30, 20).exp()",
    "You clamped half of the log-variance. The limits are for the log-variance itself: clamp first, then halve.",
)  # fmt: skip
exercise.edit(
    "spread_clamped", "(0.5 * log_variance.clamp(-30, 20)).exp()", "(0.5 * log_variance).exp().clamp(-30, 20)",
    "You clamped the standard deviation, after the exponential. Clamp the log-variance before it: so it can neither overflow nor be cut at 20.",
)  # fmt: skip
exercise.edit(
    "root_of_the_clamped_log", "(0.5 * log_variance.clamp(-30, 20)).exp()", "log_variance.clamp(-30, 20).sqrt()",
    "The square root is taken of the logarithm, clamped or not, which may be negative. The root of the variance is exp(log_variance / 2).",
)  # fmt: skip
exercise.edit(
    "clamped_above_only", "clamp(-30, 20)", "clamp(max=20)",
    "Only the upper limit is there. Clamp from below too, at -30, so that the standard deviation cannot vanish.",
)  # fmt: skip
exercise.edit(
    "clamped_below_only", "clamp(-30, 20)", "clamp(min=-30)",
    "Only the lower limit is there. It is the upper one, 20, that keeps the exponential finite.",
)  # fmt: skip
exercise.edit(
    "own_noise", "* eps", "* std.clone().normal_()",
    "You draw new noise and do not use `eps`. The noise is given: multiply the standard deviation by it.",
)  # fmt: skip
exercise.edit(
    "mean_stretched", "mean + std * eps", "std + mean * eps",
    "Mean and standard deviation changed places: the mean is added, the standard deviation multiplies eps.",
)  # fmt: skip
exercise.edit(
    "twice_the_log", "(0.5 * log", "(2.0 * log",
    "The log-variance is doubled. The standard deviation is the root of the variance, and a root halves the logarithm.",
)  # fmt: skip


@exercise.alternative
def by_the_root(mean, log_variance, eps):
    return log_variance.clamp(-30, 20).exp().sqrt() * eps + mean


@exercise.alternative
def by_addcmul(mean, log_variance, eps):
    return torch.addcmul(mean, torch.exp(log_variance.clamp(min=-30, max=20) / 2), eps)


exercise.edit(
    "root_of_the_log", "(0.5 * log_variance.clamp(-30, 20)).exp()", "log_variance.clamp(0, 20).sqrt()",
    "You took the root of the log-variance. First comes the exponential: the standard deviation is exp(log_variance / 2).",
)  # fmt: skip
