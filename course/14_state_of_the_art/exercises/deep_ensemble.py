"""Mean and variance of a mixture."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=1,
    minutes=6,
    core=True,
    hints=(
        "Which axis counts the members? The variance has two parts: which of them would be left if all members agreed?",
        "Mean of the variances, plus the mean squared distance of the means from their mean (divide by M, not by M - 1).",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    yield Case(row(1, 3)[:, None], row(0.5, 0.5)[:, None]).named("the worked number")
    yield Case(noise(5, 3), noise(5, 3, seed=1).exp()).named("five members, three examples")
    yield Case(waves(3, 3), waves(3, 3, start=1).exp()).named("as many members as examples")
    yield Case(noise(1, 4), noise(1, 4, seed=1).exp()).named("a single member")
    yield Case(3 + row(1, 1, 1)[:, None], row(1, 2, 6)[:, None]).named("members that agree")


exercise.edit(
    "doubt_forgotten", "variance.mean(0) + doubt", "variance.mean(0)",
    "You averaged the variances only. That the means disagree is doubt too: add their variance.",
)  # fmt: skip
exercise.edit(
    "noise_forgotten", "variance.mean(0) + doubt", "doubt",
    "Only the disagreement of the means is left. Each member's own variance, the noise of the data, is missing.",
)  # fmt: skip
exercise.edit(
    "variance_of_an_average", "variance.mean(0) + doubt", "variance.mean(0) / len(variance) + doubt",
    "You divided the noise by the number of members, as for an average of independent measurements. Noise in the data does not shrink when you add networks.",
)  # fmt: skip
exercise.edit(
    "over_the_examples", ("mean.mean(0)", ".square().mean(0)", "variance.mean(0)"), ("mean.mean(1)", ".square().mean(1)", "variance.mean(1)[: len(mean)]"),
    "You averaged over the examples. Rows are members: average over axis 0.",
)  # fmt: skip
exercise.edit(
    "divided_by_one_less", "(mean - middle).square().mean(0)", "(mean - middle).square().sum(0) / max(len(mean) - 1, 1)",
    "The variance of a mixture divides by M. Dividing by M - 1 estimates the spread of networks you have not trained.",
)  # fmt: skip


exercise.edit(
    "unbiased", "(mean - middle).square().mean(0)", "mean.var(0)",
    "The variance of the means divides by M - 1. The mixture is made of these M members: divide by M.",
)  # fmt: skip
exercise.edit(
    "square_of_mean_kept", "(mean - middle).square().mean(0)", "mean.square().mean(0)",
    "The square of the mean is not subtracted: the mean of the squares is not yet a variance.",
)  # fmt: skip
exercise.edit(
    "root_of_doubt", "variance.mean(0) + doubt", "variance.mean(0) + doubt.sqrt()",
    "A standard deviation is added to a variance. Both terms are variances: no root.",
)  # fmt: skip
exercise.edit(
    "mean_of_deviations", "variance.mean(0) + doubt", "variance.sqrt().mean(0).square() + doubt",
    "You averaged the standard deviations. Average the variances.",
)  # fmt: skip


@exercise.mistake(
    "You weighted the members by their precision, as for measurements of one quantity: so doubt shrinks with every member. A mixture counts them alike, and its variance grows where they disagree."
)
def product_of_gaussians(mean, variance):
    precision = 1 / variance
    return (precision * mean).sum(0) / precision.sum(0), 1 / precision.sum(0)


@exercise.alternative
def by_second_moments(mean, variance):
    mu = mean.sum(0) / len(mean)
    return mu, (variance + mean**2).mean(0) - mu**2


@exercise.alternative
def by_var(mean, variance):
    return torch.mean(mean, dim=0), torch.mean(variance, dim=0) + torch.var(mean, dim=0, correction=0)


exercise.equivalent("operands of - swapped", "the difference is squared")
