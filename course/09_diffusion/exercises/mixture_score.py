"""The exact score of a Gaussian mixture after noise."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Write the shapes first: points (N, 1, D), means (1, K, D), so that differences are (N, K, D) and responsibilities (N, K).",
        "Variance a * std^2 + 1 - a. Softmax over k of log w minus the squared distance over twice the variance; then the weighted sum of the pulls.",
    ),
    probe=probes.call(),
)
TWO = (row(0.5, 0.5), row(1, -1)[:, None])


@exercise.cases
def cases():
    yield Case(row(0, 1)[:, None], 1.0, *TWO, 1.0).named("two rocks at +1 and -1, no noise")
    yield Case(row(0.5, 2)[:, None], 0.25, *TWO, 0.5).named("the same with noise")
    yield Case(waves(4, 2), 0.8, row(0.2, 0.5, 0.3), 2 * waves(3, 2, start=1), 0.3).named(
        "three rocks in two dimensions"
    )
    yield Case(40 * waves(2, 2), 0.99, row(0.7, 0.3), waves(2, 2), 0.1).named("far from all means")
    yield Case(noise(3, 2), 0.6, row(1), 1 + waves(1, 2), 0.4).named("a single Gaussian")
    yield Case(noise(3, 3), 0.5, row(0.2, 0.5, 0.3), waves(3, 3), 0.4).named("three of everything")


exercise.edit(
    "variance_without_noise", "variance = a * std**2 + 1 - a", "variance = std**2",
    "Your variance is that of the data. Noise adds 1 - alpha-bar, and the data's part shrinks to alpha-bar times std squared.",
)  # fmt: skip
exercise.edit(
    "means_not_shrunk", "a**0.5 * means", "means",
    "The means stand where they were without noise. The forward process shrinks them by the root of alpha-bar.",
)  # fmt: skip
exercise.edit(
    "means_shrunk_twice", "a**0.5 * means", "a * means",
    "The means shrink by the root of alpha-bar, not by alpha-bar.",
)  # fmt: skip
exercise.edit(
    "away_from_the_data", "(a**0.5 * means - x[:, None])", "(x[:, None] - a**0.5 * means)",
    "The sign is wrong: your arrows lead away from the data. The pull is mean minus x.",
)  # fmt: skip
exercise.edit(
    "weights_ignored", "weights.log() - ", "- ",
    "The weights have no effect: add the logarithm of w_k before the softmax.",
)  # fmt: skip
exercise.edit(
    "weights_not_logarithms", "weights.log()", "weights",
    "You added the weights themselves. Inside a softmax a factor w becomes log w.",
)  # fmt: skip
exercise.edit(
    "std_for_variance", "a * std**2 + 1 - a", "(a * std**2 + 1 - a) ** 0.5",
    "You divide by the standard deviation. The pull is divided by the variance.",
)  # fmt: skip


@exercise.mistake("Far from all means you get 0/0: every density is 0 there. Compute with logarithms and a softmax.")
def by_densities(x, a, weights, means, std):
    variance = a * std**2 + 1 - a
    difference = a**0.5 * means - x[:, None]
    density = weights * (-difference.square().sum(2) / (2 * variance)).exp()
    return (density[:, :, None] * difference).sum(1) / variance / density.sum(1, keepdim=True)


exercise.edit(
    "nearest_only", "logits.softmax(1)", "(logits == logits.amax(1, keepdim=True)).to(x.dtype)",
    "Only the most probable rock pulls. All of them do, each with its responsibility: the softmax.",
)  # fmt: skip
exercise.edit(
    "not_normalised", "logits.softmax(1)", "logits.exp()",
    "The responsibilities do not sum to 1: divide by their sum, or use the softmax.",
)  # fmt: skip
exercise.edit(
    "divided_by_the_spread", ("(a**0.5 * means - x[:, None]) / variance", "variance * pull.square()"), ("(a**0.5 * means - x[:, None]) / variance**0.5", "pull.square()"),
    "The pull is divided by the standard deviation. A Gaussian's score is (mean - x) / variance.",
)  # fmt: skip
exercise.edit(
    "noise_for_score", "return (", "return -((1 - a) ** 0.5) * (",
    "This is the noise that the score implies, -sqrt(1 - a) times it. Asked for is the score itself.",
)  # fmt: skip


@exercise.alternative
def by_autograd(x, a, weights, means, std):
    x = x.detach().requires_grad_()
    variance = a * std**2 + 1 - a
    log_p = (weights.log() - (x[:, None] - a**0.5 * means).pow(2).sum(-1) / (2 * variance)).logsumexp(1)
    return torch.autograd.grad(log_p.sum(), x)[0]


@exercise.alternative
def by_the_mean(x, a, weights, means, std):
    variance = a * std**2 + 1 - a
    centres = means * a**0.5
    r = torch.softmax(torch.log(weights) - torch.cdist(x, centres) ** 2 / (2 * variance), dim=1)
    return (r @ centres - x) / variance


exercise.edit(
    "divided_by_the_deviation", "/ variance  # (N, K, D)", "/ variance**0.5  # (N, K, D)",
    "The pull towards a mean is divided by the standard deviation. The gradient of the log-density divides by the variance.",
)  # fmt: skip
