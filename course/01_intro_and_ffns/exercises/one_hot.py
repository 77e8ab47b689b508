"""Class indices as probability vectors."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=5,
    move_on=12,
    hints=(
        "Entry (n, k) asks a question: is y[n] equal to k? Broadcasting can ask all N·K questions at once.",
        "Compare y[:, None], a column (N, 1), with torch.arange(classes), a row (K,). The answers are booleans; .float() makes numbers of them.",
    ),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([2, 0]), 4).named("classes 2 and 0 of four")
    yield Case(torch.tensor([1, 1, 0, 2, 1]), 3).named("five examples of three classes")
    yield Case(torch.tensor([0, 1, 0]), 5).named("three examples, the largest class 1 of five")


@exercise.mistake("Your columns begin with class 1. Classes are counted from 0, so class 0 has the first column.")
def counted_from_one(y, classes):
    return (y[:, None] == torch.arange(1, classes + 1)).float()


@exercise.mistake("You return (classes, N). Rows are examples, columns classes.")
def on_its_side(y, classes):
    return (torch.arange(classes)[:, None] == y).float()


@exercise.mistake(
    "Your table is only as wide as the largest class in y. A class that does not occur keeps its column: use `classes`."
)
def as_wide_as_needed(y, classes):
    return F.one_hot(y).float()


@exercise.mistake("You put the class's number where the 1 belongs. A vector of probabilities has to sum to one.")
def number_in_place(y, classes):
    return (y[:, None] == torch.arange(classes)) * y[:, None].float()


@exercise.mistake("Zeros and ones are exchanged: 1 stands in the column of the class and 0 elsewhere.")
def exchanged(y, classes):
    return (y[:, None] != torch.arange(classes)).float()


exercise.edit(
    "all_classes_in_all_rows",
    "return torch.where(y.unsqueeze(1) == torch.arange(classes), 1.0, 0.0)",
    "rows = torch.zeros(len(y), classes)\n    rows[:, y] = 1\n    return rows",
    "Each row has a 1 for the class of *every* example: rows[:, y] takes all rows. Pair row n with class y[n]: rows[torch.arange(N), y].",
)
exercise.edit(
    "one_column_too_many",
    "torch.arange(classes)",
    "torch.arange(classes + 1)",
    "There is one column too many. The classes are 0 to classes - 1.",
)
exercise.edit(
    "whole_numbers",
    "1.0, 0.0",
    "1, 0",
    "Your table holds whole numbers (F.one_hot does, too). Probabilities are floats: float32 is asked.",
)
exercise.edit(
    "truth_values",
    "torch.where(y.unsqueeze(1) == torch.arange(classes), 1.0, 0.0)",
    "y.unsqueeze(1) == torch.arange(classes)",
    "Your table holds True and False. Turn them into float32, for example with .float().",
)


@exercise.alternative
def rows_of_the_identity(y, classes):
    return torch.eye(classes)[y]


@exercise.alternative
def written_into_zeros(y, classes):
    out = torch.zeros(len(y), classes)
    out[torch.arange(len(y)), y] = 1
    return out


@exercise.alternative
def loop(y, classes):
    out = torch.zeros(len(y), classes)
    for n, k in enumerate(y.tolist()):
        out[n, k] = 1.0
    return out
