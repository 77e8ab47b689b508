"""Two traces as the rows of a table."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=4,
    hints=(
        "Entry (i, t) is x_t in row 0 and y_t in row 1. Which tensor tells the rows apart, and on which axis must it lie?",
        "torch.arange(2)[:, None] has shape (2, 1); torch.where broadcasts its three arguments against each other.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(row(1, 2, 3), row(7, 8, 9)).named("(1, 2, 3) and (7, 8, 9)")
    yield Case(row(1, 2), row(7, 8)).named("(1, 2) and (7, 8)")
    yield Case(noise(5), noise(5, seed=1)).named("two traces of five samples")
    yield Case(row(1, 2, 3), row(float("nan"), 5, float("inf"))).named("a sound trace and one of a broken recorder")


@exercise.mistake(
    "`vstack` is the whole puzzle. Each entry of the table comes from x or from y, and the row number says from which: torch.where."
)
def built_in(x, y):
    return torch.vstack([x, y])


@exercise.mistake("`stack` lays the traces beside each other itself. Let torch.where choose, by the number of the row.")
def stacked(x, y):
    return torch.stack([x, y])


@exercise.mistake(
    "The rows are exchanged: x belongs into row 0. torch.where(condition, a, b) takes a where the condition holds."
)
def exchanged(x, y):
    return torch.where(torch.arange(2)[:, None] == 0, y, x)


@exercise.mistake("The traces stand in columns, (T, 2). The row number must lie on the first axis: arange(2)[:, None].")
def as_columns(x, y):
    return torch.where(torch.arange(2) == 0, x[:, None], y[:, None])


@exercise.mistake(
    "arange(2) lies on the same axis as the samples, so it is paired with them instead of making rows. It needs a `None` behind it."
)
def no_new_axis(x, y):
    return torch.where(torch.arange(2) == 0, x, y)


@exercise.mistake("This is one row of 2T samples; two rows of T are asked.")
def end_to_end(x, y):
    t = torch.arange(2 * len(x))
    return torch.where(t < len(x), x[t % len(x)], y[t % len(x)])


@exercise.mistake(
    "Multiplying by 0 does not remove everything: nan times 0 is nan, so one broken trace spoils the other row. torch.where chooses and never looks at what it leaves out."
)
def multiplied(x, y):
    i = torch.arange(2)[:, None]
    return (1 - i) * x + i * y


@exercise.mistake("Row 1 is the sum of both traces; it should be y alone.")
def added_in_row_1(x, y):
    return torch.where(torch.arange(2)[:, None] == 0, x, x + y)


@exercise.alternative
def picked_by_the_row(x, y):
    row = torch.arange(2)[:, None] + 0 * torch.arange(len(x))
    return torch.where(row == 1, y, x)


@exercise.alternative
def the_other_way_round(x, y):
    return torch.where(torch.arange(2)[:, None] > 0, y[None], x[None])
