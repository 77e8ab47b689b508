"""Reconstruction minus rate: the evidence lower bound with a Bernoulli decoder."""

import torch
import torch.nn.functional as F

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    core=True,
    hints=(
        "Two terms of shape (N,). Binary cross-entropy is minus a log-likelihood: which sign does it get?",
        "With reduction='none' the cross-entropy has the shape (N, D). Sum over dim 1, take its negative, and subtract gaussian_kl.",
    ),
    probe=probes.call(grad=True),
)


def case(count: int, pixels: int, latent: int, seed: int, size: float = 1.0) -> Case:
    x = (noise(count, pixels, seed=seed) > 0).double()
    return Case(x, size * noise(count, pixels, seed=seed + 1), noise(count, latent, seed=seed + 2), noise(count, latent, seed=seed + 3))  # fmt: skip


@exercise.cases
def cases():
    one = torch.ones(1, 1, dtype=torch.float64)
    yield Case(
        torch.tensor([[1.0, 0.0]], dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64), one, 0 * one
    ).named("two pixels with logits of 0, mean 1 and variance 1")
    yield case(3, 4, 2, seed=0).named("three images of four pixels, two latent numbers")
    yield case(2, 5, 5, seed=10).named("as many latent numbers as pixels")
    yield case(2, 6, 3, seed=20, size=300.0).named("logits of several hundred")


exercise.edit(
    "kl_added", "reconstruction - gaussian_kl", "reconstruction + gaussian_kl",
    "The rate is added. It is a cost: the ELBO is reconstruction minus KL. With a plus, codes are pushed away from the prior, and the loss can fall without end.",
)  # fmt: skip
exercise.edit(
    "cross_entropy_added", "-F.binary", "F.binary",
    "The cross-entropy has the wrong sign. It is minus the log-likelihood, so the reconstruction term is minus the cross-entropy.",
)  # fmt: skip
exercise.edit(
    "mean_over_pixels", '"none").sum(1)', '"none").mean(1)',
    "You averaged over the pixels, while the KL is summed over its dimensions. The rate then counts D times too much, and the codes collapse onto the prior.",
)  # fmt: skip
exercise.edit(
    "no_rate", "reconstruction - gaussian_kl(mean, log_variance)", "reconstruction",
    "The rate is missing: this trains a plain autoencoder, and decoding draws from the prior would fail.",
)  # fmt: skip
exercise.edit(
    "summed_over_images", '"none").sum(1)', '"none").sum()',
    "The reconstruction is summed over the images too, so every image gets the whole batch's. Sum over the pixels only, dim 1.",
)  # fmt: skip
exercise.edit(
    "logits_as_probabilities",
    "F.binary_cross_entropy_with_logits(logits, x, ",
    "F.binary_cross_entropy_with_logits(logits.sigmoid(), x, ",
    "The sigmoid is applied twice: binary_cross_entropy_with_logits takes logits and applies it itself.",
)  # fmt: skip


@exercise.mistake("This is the loss, minus the ELBO. Asked for is the ELBO; the minus comes in the training loop.")
def the_loss(x, logits, mean, log_variance):
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1) + kl


@exercise.mistake(
    "Sigmoid first, logarithm afterwards: for large logits the probability rounds to 0 or 1, and its logarithm to minus infinity or NaN. Take the version with logits."
)
def by_probabilities(x, logits, mean, log_variance):
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
    p = logits.sigmoid()
    return (x * p.log() + (1 - x) * (1 - p).log()).sum(1) - kl


@exercise.mistake(
    "Logits and targets changed places in the cross-entropy: its first argument is what the network says, the second is the image."
)
def arguments_exchanged(x, logits, mean, log_variance):
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
    return -F.binary_cross_entropy_with_logits(x, logits, reduction="none").sum(1) - kl


@exercise.mistake(
    "You used the squared error between probability and pixel. It is no log-likelihood of black and white pixels; the value is not in nats."
)
def squared_error(x, logits, mean, log_variance):
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
    return -(logits.sigmoid() - x).square().sum(1) - kl


exercise.edit(
    "mean_of_everything", "reduction=\"none\").sum(1)", "reduction=\"mean\")",
    "F.binary_cross_entropy_with_logits takes the mean over all pixels of all images unless you say otherwise. Ask for reduction='none' and sum over dim 1.",
)  # fmt: skip
exercise.edit(
    "only_the_white_pixels", "-F.binary_cross_entropy_with_logits(logits, x, reduction=\"none\").sum(1)", "(x * F.logsigmoid(logits)).sum(1)",
    "Only the pixels that are 1 count. A pixel that is 0 has a likelihood too, 1 - p: the term (1 - x) log(1 - p) is missing.",
)  # fmt: skip
exercise.edit(
    "clamped_logarithm", "F.binary_cross_entropy_with_logits(logits, x,", "F.binary_cross_entropy(logits.sigmoid(), x,",
    "The sigmoid comes first, and F.binary_cross_entropy cuts its logarithms at -100: for large logits the value is wrong and the gradient gone. Take the version with logits.",
)  # fmt: skip
exercise.edit(
    "small_number_added", "-F.binary_cross_entropy_with_logits(logits, x, reduction=\"none\").sum(1)", "(x * (logits.sigmoid() + 1e-8).log() + (1 - x) * (1 - logits.sigmoid() + 1e-8).log()).sum(1)",
    "A small number inside the logarithm hides the overflow: for large logits the value stops at its logarithm, and the gradient is gone. Take the cross-entropy with logits.",
)  # fmt: skip


@exercise.alternative
def by_softplus(x, logits, mean, log_variance):
    return (x * logits - F.softplus(logits)).sum(1) - gaussian_kl(mean, log_variance)


@exercise.alternative
def by_torch_distributions(x, logits, mean, log_variance):
    from torch.distributions import Bernoulli

    return Bernoulli(logits=logits).log_prob(x).sum(-1) - gaussian_kl(mean, log_variance)


exercise.edit(
    "half_of_the_kl", "- gaussian_kl", "- 0.5 * gaussian_kl",
    "The KL counts half. Its factor 1/2 stands inside gaussian_kl already.",
)  # fmt: skip
