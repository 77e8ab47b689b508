"""The mean of the squared differences."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=1,
    minutes=3,
    move_on=8,
    core=True,
    hints=(
        "The name says it, read backwards: the error, its square, the mean.",
        "A mean without an axis, .mean(), is over all entries.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    yield Case(
        torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64), torch.tensor([1.0, 4.0, 4.0], dtype=torch.float64)
    ).named("three predictions")
    yield Case(noise(4, 2, seed=0), noise(4, 2, seed=1)).named("four examples with two outputs each")


@exercise.mistake("You return the sum of the squares. A mean does not grow with the number of examples.")
def summed(prediction, target):
    return ((prediction - target) ** 2).sum()


@exercise.mistake("You took the square root: that is the RMSE, good for reporting. The loss is without it.")
def rooted(prediction, target):
    return ((prediction - target) ** 2).mean().sqrt()


@exercise.mistake("You averaged absolute differences. Squares ask for the mean, absolute values for the median.")
def absolute(prediction, target):
    return (prediction - target).abs().mean()


@exercise.mistake(
    "You squared the mean of the differences, so that errors above and below cancel. Square each one first."
)
def mean_squared_late(prediction, target):
    return (prediction - target).mean() ** 2


@exercise.mistake(
    "There is a factor 1/2 in yours. Some books put it there to tidy the derivative; our definition has none."
)
def halved(prediction, target):
    return ((prediction - target) ** 2).mean() / 2


exercise.edit(
    "divided_by_rows",
    "error.numel()",
    "len(error)",
    "You divided by the number of rows. The mean is over all entries: divide by their number, numel().",
)
exercise.edit(
    "one_for_each_row",
    "(error**2).sum() / error.numel()",
    "(error**2).mean(-1)",
    "You averaged along the last axis only. The mean is over all entries, and has the shape ().",
)
exercise.edit(
    "not_squared",
    "error**2",
    "error",
    "The square is missing: errors above and below cancel.",
)
exercise.edit(
    "difference_of_squares",
    "(error**2)",
    "(prediction**2 - target**2)",
    "You subtracted the squares. Square the difference: (prediction - target) ** 2.",
)
exercise.edit(
    "doubled",
    "error**2",
    "error * 2",
    "You doubled the differences (* 2). A square is ** 2.",
)
exercise.edit(
    "variance_of_the_errors",
    "(error**2)",
    "((error - error.mean()) ** 2)",
    "You returned the variance of the errors: their mean was taken away first. An error that is the same everywhere counts as well.",
)
exercise.edit(
    "cut_off",
    "error = prediction - target",
    "error = (prediction - target).detach()",
    "The number is right, but no gradient flows back from it: .detach(), .item() or torch.no_grad() cuts the graph. A loss that cannot be differentiated trains nothing.",
)


@exercise.alternative
def built_in(prediction, target):
    return F.mse_loss(prediction, target)


@exercise.alternative
def inner_product(prediction, target):
    error = (prediction - target).flatten()
    return error @ error / len(error)


exercise.equivalent("operands of - swapped", "the square of a difference does not know its sign")
