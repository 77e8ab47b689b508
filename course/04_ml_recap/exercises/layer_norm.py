"""Layer normalisation: one example at a time, over its features."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=4,
    move_on=10,
    hints=(
        "The same formula as before with another axis, and no modes. Which axis holds the features, however many stand before it?",
        "keepdim=True leaves a 1 where the axis was, so that the mean can be subtracted from x.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    x = torch.tensor([[1.0, 3.0], [10.0, 30.0]], dtype=torch.float64)
    one = torch.ones(2, dtype=torch.float64)
    yield Case(x, one, 0 * one, eps=0.0).named("(1, 3) and (10, 30), gamma = 1, beta = 0, eps = 0")
    yield Case(noise(4, 4, seed=0), noise(4, seed=1), noise(4, seed=2)).named("four examples of four features")
    yield Case(noise(5, seed=3), noise(5, seed=4), noise(5, seed=5), eps=0.2).named("a single example (5,), eps 0.2")
    yield Case(4 * noise(2, 3, 6, seed=6) - 7, noise(6, seed=7), noise(6, seed=8)).named("(2, 3, 6), as in a sequence")


exercise.edit(
    "biased_not",
    "correction=0, ",
    "",
    "You divide the variance by D - 1. Normalisation layers use the biased one, divided by D.",
)
exercise.edit(
    "eps_outside",
    "(var + eps).sqrt()",
    "(var.sqrt() + eps)",
    "eps stands outside your root; here it is added to the variance, under the root.",
)


@exercise.mistake(
    "You normalised over the first axis, the batch. Layer normalisation looks at one example alone: the last axis, its features."
)
def over_the_batch(x, gamma, beta, *, eps=1e-5):
    return gamma * (x - x.mean(0)) / (x.var(0, correction=0) + eps).sqrt() + beta


@exercise.mistake(
    "All axes but the first went into one mean. In a sequence every position is normalised by itself, over the last axis only."
)
def over_all_but_the_first(x, gamma, beta, *, eps=1e-5):
    axes = tuple(range(1, x.dim())) or (0,)
    mean, var = x.mean(axes, keepdim=True), x.var(axes, correction=0, keepdim=True)
    return gamma * (x - mean) / (var + eps).sqrt() + beta


@exercise.mistake(
    "The mean is not subtracted. Dividing by a root mean square alone is RMSNorm, a later and simpler relative (transformers use it)."
)
def rms_norm(x, gamma, beta, *, eps=1e-5):
    return gamma * x / (x.square().mean(-1, keepdim=True) + eps).sqrt() + beta


@exercise.mistake(
    "gamma and beta are not used. The layer may give each feature its scale and its mean back: gamma * x_hat + beta."
)
def without_gain(x, gamma, beta, *, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], eps=eps)


exercise.edit(
    "over_everything",
    ("x.mean(-1, keepdim=True)", "x.var(-1, correction=0, keepdim=True)"),
    ("x.mean()", "x.var(correction=0)"),
    "You took one mean and one variance of the whole tensor. Each example, whatever stands before the last axis, has its own.",
)
exercise.edit(
    "gain_on_the_shift",
    "gamma * (x - mean) / (var + eps).sqrt() + beta",
    "gamma * ((x - mean) / (var + eps).sqrt() + beta)",
    "gamma multiplies beta, too. It multiplies the normalised number, and beta is added after: gamma * x_hat + beta.",
)
exercise.edit(
    "gain_and_shift_exchanged",
    "gamma * (x - mean) / (var + eps).sqrt() + beta",
    "beta * (x - mean) / (var + eps).sqrt() + gamma",
    "gamma and beta are exchanged: gamma multiplies, beta is added.",
)
exercise.edit(
    "no_eps",
    "(var + eps)",
    "var",
    "eps is not used. It is added to the variance, under the root, so that a constant example does not divide by zero.",
)
exercise.edit(
    "no_root",
    "(var + eps).sqrt()",
    "(var + eps)",
    "You divide by the variance. Its root, the standard deviation, brings the example to spread 1.",
)
exercise.edit(
    "constants",
    ("x.mean(-1", "x.var(-1"),
    ("x.detach().mean(-1", "x.detach().var(-1"),
    "Your numbers are right, but no gradient flows through mean and variance: they are detached (or computed without a graph). Both depend on x.",
)
exercise.edit(
    "variance_detached",
    "x.var(-1",
    "x.detach().var(-1",
    "Your numbers are right, but no gradient flows through the variance: it is detached (or computed without a graph). It depends on x.",
)


@exercise.alternative
def by_torch(x, gamma, beta, *, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], gamma, beta, eps)


@exercise.alternative
def by_einsum(x, gamma, beta, *, eps=1e-5):
    D = x.shape[-1]
    centred = x - x.sum(-1, keepdim=True) / D
    power = torch.einsum("...d,...d->...", centred, centred)[..., None] / D
    return centred * torch.rsqrt(power + eps) * gamma + beta
