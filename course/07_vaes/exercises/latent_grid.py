"""Codes that share the prior's probability evenly."""

import statistics

import torch

from dlmodule.checking.exercise import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    hints=(
        "First the levels: the middles of `side` equal parts of the interval from 0 to 1. Then their quantiles.",
        "A row of quantiles, expanded to side rows, gives the first coordinate; a column of them, q[:, None], the second. Stack them as a last axis.",
    ),
)


@exercise.cases
def cases():
    yield Case(1).named("a single cell")
    yield Case(3).named("three by three")
    yield Case(4).named("four by four")
    yield Case(9).named("nine by nine")


exercise.edit(
    "axes_exchanged", "torch.stack([across, down]", "torch.stack([down, across]",
    "Rows and columns changed places: the first coordinate grows to the right, along the columns.",
)  # fmt: skip
exercise.edit(
    "lower_ends", "torch.arange(side) + 0.5", "torch.arange(side)",
    "Your levels are the lower ends of the parts, and the first is 0, whose quantile is minus infinity. Take the middles: add 0.5.",
)  # fmt: skip
exercise.edit(
    "levels_not_quantiles", "torch.special.ndtri((torch.arange(side) + 0.5) / side)", "(torch.arange(side) + 0.5) / side",
    "These are the levels themselves, between 0 and 1: one corner of the latent space. Their quantiles are asked for, torch.special.ndtri.",
)  # fmt: skip
exercise.edit(
    "evenly_spaced", "torch.special.ndtri((torch.arange(side) + 0.5) / side)", "3 * (2 * (torch.arange(side) + 0.5) / side - 1)",
    "Your codes are evenly spaced. The cells should hold equal probability: close together near 0, where the prior has its mass.",
)  # fmt: skip
exercise.edit(
    "upside_down", "[across, down]", "[across, -down]",
    "The second coordinate grows upwards; asked for is downwards, with the row. (Both are conventions: an image's rows count from the top.)",
)  # fmt: skip
exercise.edit(
    "cumulative_instead_of_inverse", "torch.special.ndtri(", "torch.special.ndtr(",
    "ndtr is the cumulative distribution: from a code to a level. You need its inverse, from a level to a code.",
)  # fmt: skip


exercise.edit(
    "side_plus_one", "(torch.arange(side) + 0.5) / side", "(torch.arange(side) + 1.0) / (side + 1)",
    "Your levels are 1/(side + 1), 2/(side + 1) and so on. The middles of `side` equal parts are (i + 0.5) / side.",
)  # fmt: skip
exercise.edit(
    "ends_included", "(torch.arange(side) + 0.5) / side", "torch.linspace(0, 1, side)",
    "Your levels reach 0 and 1, whose quantiles are infinite. Take the middles of `side` equal parts: (i + 0.5) / side.",
)  # fmt: skip
exercise.edit(
    "flattened", "dim=-1)", "dim=-1).reshape(-1, 2)",
    "The codes stand in one list. Keep the grid: (side, side, 2), with row and column as the first two axes.",
)  # fmt: skip


@exercise.alternative
def by_broadcasting(side):
    quantiles = torch.special.ndtri((torch.arange(side) + 0.5) / side)
    grid = torch.empty(side, side, 2)
    grid[..., 0] = quantiles
    grid[..., 1] = quantiles[:, None]
    return grid


@exercise.alternative
def by_the_standard_library(side):
    normal = statistics.NormalDist()
    quantiles = [normal.inv_cdf((i + 0.5) / side) for i in range(side)]
    return torch.tensor([[(across, down) for across in quantiles] for down in quantiles])


exercise.edit(
    "equally_spaced", "torch.special.ndtri((torch.arange(side) + 0.5) / side)", "torch.linspace(-2, 2, side)",
    "Your codes are equally spaced. Asked for are equal shares of the prior: quantiles of the normal distribution, which lie closer together in the middle.",
)  # fmt: skip
