"""Ones on the diagonal and above."""

import torch

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=1,
    minutes=3,
    core=True,
    hints=(
        "Take what you wrote for the identity. Which relation between i and j holds on the diagonal and to the right of it?",
        "To the right of the diagonal the column number is larger than the row number.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(3).named("n = 3")
    yield Case(1).named("n = 1")
    yield Case(6).named("n = 6")


@exercise.mistake(
    "`torch.triu` is the whole puzzle. Compare row and column numbers, as in the identity, with another relation than ==."
)
def built_in(n):
    return torch.triu(torch.ones(n, n, dtype=torch.int64))


@exercise.mistake(
    "This is the lower triangle: the ones stand where the row number is the larger. Turn the comparison round, or the axes."
)
def lower(n):
    i = torch.arange(n)
    return torch.where(i[:, None] >= i, 1, 0)


@exercise.mistake("The diagonal is missing: with < a row does not see its own column. Use <=.")
def diagonal_missing(n):
    i = torch.arange(n)
    return torch.where(i[:, None] < i, 1, 0)


@exercise.mistake("Ones and zeros are exchanged: torch.where(condition, a, b) takes a where the condition holds.")
def exchanged(n):
    i = torch.arange(n)
    return torch.where(i[:, None] <= i, 0, 1)


@exercise.mistake("The table is right, but it holds True and False; whole numbers are asked. Multiply by 1.")
def true_and_false(n):
    i = torch.arange(n)
    return i[:, None] <= i


@exercise.mistake("These ones stand above the other diagonal, i + j <= n - 1. Compare i with j.")
def other_corner(n):
    i = torch.arange(n)
    return torch.where(i[:, None] + i <= n - 1, 1, 0)


@exercise.alternative
def true_times_one(n):
    i = torch.arange(n)
    return (i[:, None] <= i[None]) * 1


@exercise.alternative
def all_but_the_lower(n):
    i = torch.arange(n)
    return 1 - (i < i[:, None]).long()
