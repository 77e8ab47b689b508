"""A table read as a page."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=4,
    hints=(
        "Number the entries 0, 1, 2, ... as one reads a page. In which row and which column stands number n?",
        "A row holds N entries: integer division by N gives the row, and the remainder gives the column.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(torch.arange(1, 7, dtype=torch.float64).reshape(2, 3)).named("the table (1, 2, 3), (4, 5, 6)")
    yield Case(noise(3, 3)).named("a 3x3 table")
    yield Case(noise(5, 2, seed=1)).named("a 5x2 table")
    yield Case(noise(1, 4, seed=2)).named("a single row")


@exercise.mistake(
    "`flatten` is the whole puzzle. Number the entries, and compute the row and the column of each number."
)
def built_in(x):
    return x.flatten()


@exercise.mistake(
    "`reshape` is the whole puzzle. Number the entries, and compute the row and the column of each number."
)
def reshaped(x):
    return x.reshape(-1)


@exercise.mistake(
    "You read down the columns, as Fortran and MATLAB do. Here the last index runs fastest: row n // N, column n % N."
)
def column_by_column(x):
    n = torch.arange(x.shape[0] * x.shape[1])
    return x[n % x.shape[0], n // x.shape[0]]


@exercise.mistake(
    "You divided by the number of rows. A new row begins after as many entries as a row *holds*: divide by the number of columns, x.shape[1]. (In a square table nobody notices.)"
)
def divided_by_the_rows(x):
    n = torch.arange(x.shape[0] * x.shape[1])
    return x[n // x.shape[0], n % x.shape[0]]


@exercise.mistake("Row and column are exchanged: the first index is the row.")
def exchanged(x):
    n = torch.arange(x.shape[0] * x.shape[1])
    return x[n % x.shape[1], n // x.shape[1]]


@exercise.mistake("`/` gives real numbers, and an index must be whole: use `//`.")
def real_numbers(x):
    n = torch.arange(x.shape[0] * x.shape[1])
    return x[n / x.shape[1], n % x.shape[1]]


@exercise.alternative
def through_the_transpose(x):
    n = torch.arange(x.shape[0] * x.shape[1])
    return x.T[n % x.shape[1], n // x.shape[1]]


@exercise.alternative
def remainder_first(x):
    n = torch.arange(x.shape[0] * x.shape[1])
    column = n % x.shape[1]
    return x[(n - column) // x.shape[1], column]
