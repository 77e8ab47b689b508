"""Take an error apart: what is left when all samples are averaged, and how much one sample differs from another."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    hints=(
        "Which axis holds the samples? The mean over it is the function f-bar, one number for each point.",
        "Compare f-bar with the truth, square, and only then average over the points. For the variance compare each row with f-bar.",
    ),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([[1.0], [5.0]], dtype=torch.float64), torch.tensor([2.0], dtype=torch.float64)).named(
        "two samples (1 and 5) and one point (truth 2)"
    )
    yield Case(
        torch.tensor([[1.0, 4.0], [3.0, 0.0]], dtype=torch.float64), torch.tensor([1.0, 3.0], dtype=torch.float64)
    ).named("two samples, two points, one too high and one too low")
    yield Case(noise(3, 5) + 1, noise(5, seed=1)).named("three samples, five points")
    yield Case(noise(6, 2), noise(2, seed=1) - 2).named("six samples, two points")
    yield Case(noise(4, 4), noise(4, seed=1) * 3).named("as many samples as points")


@exercise.mistake(
    "You averaged over the points where the samples should be averaged. Rows are samples, so f-bar, one number for each point, is the "
    "mean over axis 0."
)
def averaged_over_points(predictions, truth):
    mean = predictions.mean(1, keepdim=True)
    return ((mean - truth) ** 2).mean(), ((predictions - mean) ** 2).mean()


exercise.edit(
    "cancelled_over_points",
    "(bias**2).mean()",
    "bias.mean() ** 2",
    "You averaged the bias over the points before you squared it. Too high here and too low there then cancel, and a stiff fit looks "
    "unbiased: square first.",
)
exercise.edit(
    "not_squared",
    "(bias**2).mean()",
    "bias.abs().mean()",
    "Your bias is not squared. The three parts add up to a mean *squared* error, so each must be in squared units.",
)
exercise.edit(
    "about_the_truth",
    "((predictions - mean) ** 2)",
    "((predictions - truth) ** 2)",
    "Your variance is measured about the truth, so it holds the bias a second time: it is the whole error without the noise. Variance is "
    "the scatter about f-bar, the samples' own mean.",
)
exercise.edit(
    "one_less",
    "((predictions - mean) ** 2).mean()",
    "predictions.var(0).mean()",
    "You divided by R - 1. That is the unbiased estimate of a variance, and often the better one; but only with R do the two parts add up to "
    "the mean of the squared distances exactly, which this exercise asks for.",
)
exercise.edit(
    "standard_deviation",
    "((predictions - mean) ** 2).mean()",
    "((predictions - mean) ** 2).mean(0).sqrt().mean()",
    "You returned a standard deviation. Variances add up, standard deviations do not: leave out the root.",
)
exercise.edit(
    "other_order",
    "return (bias**2).mean(), ((predictions - mean) ** 2).mean()",
    "return ((predictions - mean) ** 2).mean(), (bias**2).mean()",
    "Both numbers are right, in the other order. The squared bias comes first.",
)


exercise.edit(
    "whole_error",
    "(bias**2).mean()",
    "((predictions - truth) ** 2).mean()",
    "Your first number is the mean squared error of the predictions: bias and variance together. The bias is that of their mean, f-bar - f*.",
)
exercise.edit(
    "about_the_grand_mean",
    "((predictions - mean) ** 2).mean()",
    "predictions.var(correction=0)",
    "Your variance is that of all predictions together, about one mean. Each point has a mean of its own, over the samples (axis 0); otherwise the shape of the curve counts as scatter.",
)
exercise.edit(
    "variance_along_the_points",
    "((predictions - mean) ** 2).mean()",
    "predictions.var(1, correction=0).mean()",
    "Your variance runs along each row, over the points. Rows are samples: the scatter is over the samples, axis 0, at each point.",
)
exercise.edit(
    "not_averaged_over_points",
    "((predictions - mean) ** 2).mean()",
    "((predictions - mean) ** 2).mean(0)",
    "Your variance is one number for each point. Take the mean over the points as well.",
)
exercise.edit(
    "bias_not_averaged_over_points",
    "(bias**2).mean()",
    "bias**2",
    "Your squared bias is one number for each point. Take the mean over the points.",
)
exercise.edit(
    "root_of_the_bias",
    "(bias**2).mean()",
    "(bias**2).mean().sqrt()",
    "You took the root of the squared bias. The parts of a mean squared error are in squared units: leave it out.",
)
exercise.edit(
    "sums_over_points",
    "(bias**2).mean(), ((predictions - mean) ** 2).mean()",
    "(bias**2).sum(), ((predictions - mean) ** 2).mean(0).sum()",
    "You summed over the points. Both numbers are means over the M points.",
)


@exercise.alternative
def by_torch(predictions, truth):
    return (predictions.mean(0) - truth).square().mean(), predictions.var(0, correction=0).mean()


@exercise.alternative
def by_difference(predictions, truth):
    whole = (predictions - truth).square().mean()
    bias = ((predictions.sum(0) / len(predictions) - truth) ** 2).sum() / len(truth)
    return bias, whole - bias


exercise.equivalent("operands of - swapped", "both differences are squared")
