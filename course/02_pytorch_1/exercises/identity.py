"""Ones on the diagonal."""

import torch

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=1,
    minutes=3,
    core=True,
    hints=(
        "Entry (i, j) is 1 where i equals j. Which tensor holds every i, and which every j?",
        "With i = torch.arange(n), the comparison i[:, None] == i is a table of True and False; torch.where makes numbers of it.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(3).named("n = 3")
    yield Case(1).named("n = 1")
    yield Case(6).named("n = 6")


@exercise.mistake(
    "`torch.eye` is the whole puzzle. Compare the number of each row with the number of each column: where they are equal stands a 1."
)
def built_in(n):
    return torch.eye(n, dtype=torch.int64)


@exercise.mistake(
    "The table is right, but it holds True and False. The puzzle asks for whole numbers: multiply by 1, or choose between 1 and 0 with torch.where."
)
def true_and_false(n):
    i = torch.arange(n)
    return i[:, None] == i


@exercise.mistake(
    "The numbers are right, but they are float32, which `.float()` gives, and torch.where(condition, 1.0, 0.0) too. Whole numbers are asked: write 1 and 0, or `.long()`."
)
def real_numbers(n):
    i = torch.arange(n)
    return torch.where(i[:, None] == i, 1.0, 0.0)


@exercise.mistake(
    "Zeros on the diagonal and ones elsewhere: torch.where(condition, a, b) takes a where the condition holds."
)
def exchanged(n):
    i = torch.arange(n)
    return torch.where(i[:, None] == i, 0, 1)


@exercise.mistake("This is the other diagonal, where i + j = n - 1. On the main one i = j.")
def other_diagonal(n):
    i = torch.arange(n)
    return torch.where(i[:, None] + i == n - 1, 1, 0)


@exercise.mistake(
    "You compared i with itself on one axis, which is true n times. Row and column numbers need an axis each: i[:, None] and i."
)
def one_axis(n):
    i = torch.arange(n)
    return torch.where(i == i, 1, 0)


@exercise.mistake("Your ones stand beside the diagonal: one of the two numbers is off by one. Both begin at 0.")
def beside_the_diagonal(n):
    i = torch.arange(n)
    return torch.where(i[:, None] == i + 1, 1, 0)


@exercise.alternative
def true_times_one(n):
    i = torch.arange(n)
    return (i[:, None] == i[None]) * 1


@exercise.alternative
def nothing_to_the_power_of_nothing(n):
    return 0 ** abs(torch.arange(n)[:, None] - torch.arange(n))
