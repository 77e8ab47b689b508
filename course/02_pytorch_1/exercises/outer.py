"""A table of all products of two vectors."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=1,
    minutes=3,
    core=True,
    hints=(
        "Entry (i, j) is x_i y_j. On which axis must x lie, and on which y?",
        "x[:, None] has shape (M, 1), y has shape (N,), which is read as (1, N).",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(row(1, 2, 3), row(10, 20)).named("(1, 2, 3) and (10, 20)")
    yield Case(noise(4), noise(5, seed=1)).named("four and five random numbers")
    yield Case(row(-2), noise(3)).named("one number and three")


@exercise.mistake(
    "`torch.outer` is the whole puzzle. Give x an axis of length 1 for the columns, and broadcasting makes every product; torch.outer does nothing else."
)
def built_in(x, y):
    return torch.outer(x, y)


@exercise.mistake(
    "`einsum` reads the formula and does the work itself. Say it with an axis of length 1 for each index that a factor lacks."
)
def by_einsum(x, y):
    return torch.einsum("i,j->ij", x, y)


@exercise.mistake(
    "You looped over x, one row at a time. With an axis of length 1 in x, all rows are one multiplication."
)
def a_row_at_a_time(x, y):
    return torch.stack([one * y for one in x])


@exercise.mistake(
    "Rows and columns are exchanged: x runs down, so x gets the new axis at its end, and y stays as it is."
)
def transposed(x, y):
    return x * y[:, None]


@exercise.mistake("The axes are right, but you added where the outer product multiplies.")
def added(x, y):
    return x[:, None] + y


@exercise.mistake(
    "x and y lie on the same axis, so they are paired entry by entry, and their lengths must agree. Each needs an axis of its own: one of them needs a `None`."
)
def no_new_axis(x, y):
    return x * y


@exercise.mistake("Both factors are x; the columns should come from y.")
def both_from_x(x, y):
    return x[:, None] * x


@exercise.alternative
def column_times_row(x, y):
    return x[:, None] @ y[None]


@exercise.alternative
def turned_round(x, y):
    return (y[:, None] * x).T


@exercise.alternative
def by_index(x, y):
    return x[torch.arange(len(x))[:, None]] * y[None]
