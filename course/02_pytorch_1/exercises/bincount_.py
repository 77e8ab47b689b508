"""How often each class occurs."""

import torch

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=2,
    minutes=5,
    hints=(
        "First a table: a row per example, a column per class, 1 where the example is of that class. What is left is to add up its columns.",
        "Adding up the rows of a table A is ones @ A. The ones must be of the same dtype as A, and counts are whole numbers.",
    ),
    probe=probes.puzzle(),
)


def classes_of(*numbers: int) -> torch.Tensor:
    return torch.tensor(numbers)


@exercise.cases
def cases():
    yield Case(classes_of(0, 2, 2, 1), 3).named("the classes 0, 2, 2, 1 of three")
    yield Case(classes_of(3, 3, 0, 3, 1), 6).named("five examples of six classes, of which some are empty")
    yield Case(classes_of(1), 2).named("a single example")
    yield Case(torch.arange(40) * 7 % 5 % 4, 4).named("forty examples of four classes")


@exercise.mistake(
    "`bincount` is the whole puzzle. Compare every example with every class, and add up the table that comes out."
)
def built_in(y, classes):
    return torch.bincount(y, minlength=classes)


@exercise.mistake("`one_hot` makes the table for you. Make it yourself: y[:, None] == torch.arange(classes).")
def by_one_hot(y, classes):
    return torch.ones(len(y), dtype=torch.int64) @ torch.nn.functional.one_hot(y, classes)


@exercise.mistake(
    "The table is right, but `sum` adds up out of sight. Adding up the rows of a table is a product: ones @ table."
)
def by_sum(y, classes):
    return (y[:, None] == torch.arange(classes)).sum(0)


@exercise.mistake(
    "The numbers are right, but they are float32, since torch.ones is, unless you say dtype=torch.int64. A float32 counts exactly only up to 2^24."
)
def real_numbers(y, classes):
    return torch.ones(len(y)) @ (y[:, None] == torch.arange(classes)).float()


@exercise.mistake("This is the table with a row per example. Add up its rows.")
def not_added_up(y, classes):
    return (y[:, None] == torch.arange(classes)).long()


@exercise.mistake("You counted the classes from 1 on. They begin at 0, as indices do.")
def from_one(y, classes):
    return torch.ones(len(y), dtype=torch.int64) @ (y[:, None] == torch.arange(1, classes + 1)).long()


@exercise.mistake("You added up the classes' numbers instead of ones: class 2 seen twice gave 4.")
def numbers_added(y, classes):
    return y @ (y[:, None] == torch.arange(classes)).long()


@exercise.mistake("You counted the examples of all *other* classes: the comparison is turned round.")
def others_counted(y, classes):
    return torch.ones(len(y), dtype=torch.int64) @ (y[:, None] != torch.arange(classes)).long()


@exercise.alternative
def a_row_per_class(y, classes):
    return (torch.arange(classes)[:, None] == y).long() @ torch.ones(len(y), dtype=torch.int64)


@exercise.alternative
def ones_from_a_truth(y, classes):
    return (y == y).long() @ (y[:, None] == torch.arange(classes)[None]).long()
