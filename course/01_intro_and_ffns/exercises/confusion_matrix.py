"""Count which class is taken for which."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    core=True,
    hints=(
        "Each example adds 1 to one place of a table of zeros. Row or column for the truth?",
        "y * classes + predicted gives each kind of answer a number of its own; torch.bincount counts numbers, and its minlength keeps "
        "kinds that never occur.",
    ),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]), 2).named("three examples of two classes")
    yield Case(torch.tensor([2, 0, 1, 2, 2, 1]), torch.tensor([2, 0, 0, 1, 1, 1]), 3).named(
        "six examples of three classes"
    )
    yield Case(torch.tensor([0, 1, 1, 0, 1]), torch.tensor([1, 0, 0, 0, 1]), 5).named("two of five classes occur")


@exercise.mistake("Rows and columns are exchanged: a row is a truth, a column an answer.")
def transposed(y, predicted, classes):
    return torch.bincount(predicted * classes + y, minlength=classes**2).reshape(classes, classes)


@exercise.mistake(
    "You return shares of each row. Counts were asked for: a share hides whether it is 1 of 2 or 500 of 1,000."
)
def shares(y, predicted, classes):
    counts = torch.bincount(y * classes + predicted, minlength=classes**2).reshape(classes, classes).double()
    return counts / counts.sum(1, keepdim=True).clamp(min=1)


@exercise.mistake(
    "Each kind of answer is counted once only: `matrix[y, predicted] += 1` with tensors as indices does not add up repeated places."
)
def repeated_lost(y, predicted, classes):
    counts = torch.zeros(classes, classes, dtype=torch.int64)
    counts[y, predicted] += 1
    return counts


@exercise.mistake(
    "Only the right answers are counted, so everything beside the diagonal is zero; and that is where the news is."
)
def only_the_diagonal(y, predicted, classes):
    return torch.bincount(y[y == predicted], minlength=classes).diag()


@exercise.mistake("Only the wrong answers are counted; the diagonal holds the right ones.")
def only_errors(y, predicted, classes):
    wrong = y != predicted
    return torch.bincount(y[wrong] * classes + predicted[wrong], minlength=classes**2).reshape(classes, classes)


exercise.edit(
    "one_row_of_counts",
    "counts.reshape(classes, classes)",
    "counts",
    "Your counts are right and stand in one row of K². Reshape it to (K, K).",
)
exercise.edit(
    "accuracy",
    "return counts.reshape(classes, classes)",
    "return (y == predicted).double().mean()",
    "You returned the accuracy. The matrix counts every kind of answer, K rows and K columns.",
)


@exercise.alternative
def loop(y, predicted, classes):
    counts = torch.zeros(classes, classes, dtype=torch.int64)
    for truth, answer in zip(y.tolist(), predicted.tolist(), strict=True):
        counts[truth, answer] += 1
    return counts


@exercise.alternative
def product_of_one_hots(y, predicted, classes):
    one_hot = torch.eye(classes, dtype=torch.int64)
    return one_hot[y].T @ one_hot[predicted]
