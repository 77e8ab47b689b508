"""Give every column mean 0 and standard deviation 1."""

import torch
from torch import Tensor

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=8,
    move_on=15,
    core=True,
    hints=(
        "Which axis disappears when you want one mean per column? Say its number, and check the shape of the mean before you subtract it.",
        "x.mean(0) has shape (D,) and broadcasts against (N, D). For the spread, x.std(0, correction=0) divides by N.",
    ),
)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return 3 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 5


@exercise.cases
def cases():
    yield Case(torch.tensor([[1.0, 10.0], [3.0, 30.0]], dtype=torch.float64)).named("two rows, two columns")
    yield Case(noise(5, 3)).named("five rows, three columns")
    yield Case(noise(3, 4, seed=1)).named("three rows, four columns")
    yield Case(noise(4, 4, seed=2)).named("a square table")
    yield Case(noise(7, 1, seed=3)).named("a single column")


@exercise.mistake(
    "You normalised the rows: mean(1) averages over the features of one example. One mean per column means that the rows, axis 0, disappear."
)
def rows(x):
    return (x - x.mean(1, keepdim=True)) / x.std(1, correction=0, keepdim=True)


@exercise.mistake(
    "Your spread divides by N - 1, PyTorch's default. That is an estimate for a larger population; here each column itself shall have standard deviation 1, so say correction=0."
)
def sample_deviation(x):
    return (x - x.mean(0)) / x.std(0)


@exercise.mistake(
    "You took one mean and one spread for the whole table. Columns with different units keep their different levels; reduce along axis 0 only."
)
def whole_table(x):
    return (x - x.mean()) / x.std(correction=0)


@exercise.mistake(
    "You divided by the variance. It has the units of x squared; its square root, the standard deviation, has the units of x."
)
def by_variance(x):
    return (x - x.mean(0)) / x.var(0, correction=0)


@exercise.mistake("The mean is right, the spread is not: you subtracted the mean and never divided.")
def only_centred(x):
    return x - x.mean(0)


@exercise.mistake("You divided by the spread and never subtracted the mean, so the columns keep their levels.")
def only_scaled(x):
    return x / x.std(0, correction=0)


@exercise.mistake("You divided by the root mean square and never subtracted the mean.")
def root_mean_square(x):
    return x / x.square().mean(0).sqrt()


@exercise.mistake(
    "The mean is gone above, but the spread below still holds it: square the *deviations*, (x - mean), not x itself."
)
def spread_about_zero(x):
    return (x - x.mean(0)) / x.square().mean(0).sqrt()


@exercise.mistake(
    "You brought every column to the range from 0 to 1. Asked are mean 0 and standard deviation 1; a single outlier would squeeze all the rest."
)
def from_zero_to_one(x):
    return (x - x.amin(0)) / (x.amax(0) - x.amin(0))


@exercise.mistake(
    "You divided by the mean *absolute* deviation. The standard deviation is the root of the mean square."
)
def mean_absolute_deviation(x):
    return (x - x.mean(0)) / (x - x.mean(0)).abs().mean(0)


@exercise.alternative
def from_the_definition(x):
    centred = x - x.sum(0) / len(x)
    return centred / (centred**2).mean(0).sqrt()


@exercise.alternative
def column_by_column(x):
    columns = []
    for column in x.T:
        centred = column - column.mean()
        columns.append(centred / centred.square().mean() ** 0.5)
    return torch.stack(columns, dim=1)
