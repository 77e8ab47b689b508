"""The share of right answers."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=1,
    minutes=5,
    core=True,
    hints=(
        "For each row: in which column stands the largest logit? Is that the true class?",
        "logits.argmax(1) gives the columns, == compares, and the mean of zeros and ones is a share. A boolean has no mean: make it a number first.",
    ),
)


@exercise.cases
def cases():
    three = torch.tensor([[2.0, 1.0], [0.0, 5.0], [3.0, -1.0]], dtype=torch.float64)
    yield Case(three, torch.tensor([0, 1, 1])).named("three examples, two of them right").within(atol=1e-6)
    yield (
        Case(noise(7, 4, seed=2), torch.tensor([0, 3, 2, 1, 0, 1, 1]))
        .named("seven examples of four classes")
        .within(atol=1e-6)
    )
    low = torch.tensor([[-3.0, -1.0, -2.0], [-0.5, -0.25, -0.75]], dtype=torch.float64)
    yield Case(low, torch.tensor([1, 1])).named("negative logits").within(atol=1e-6)


@exercise.mistake("You return the share of wrong answers, the error rate. Accuracy is the share of right ones.")
def error_rate(logits, y):
    return (logits.argmax(1) != y).double().mean().item()


@exercise.mistake("You return how many are right. Divide by the number of examples.")
def how_many(logits, y):
    return float((logits.argmax(1) == y).sum())


@exercise.mistake("You return a percentage. As a share, all right is 1.")
def per_cent(logits, y):
    return 100 * (logits.argmax(1) == y).double().mean().item()


@exercise.mistake("You divided by the number of logits, examples times classes. There is one answer per example.")
def divided_by_all(logits, y):
    return ((logits.argmax(1) == y).sum() / logits.numel()).item()


@exercise.mistake("You took the class with the smallest logit. The largest logit is the most probable class.")
def smallest(logits, y):
    return (logits.argmin(1) == y).double().mean().item()


exercise.edit(
    "divided_by_classes",
    "len(y)",
    "logits.shape[1]",
    "You divided by the number of classes. Divide by the number of examples.",
)
exercise.edit(
    "all_or_nothing",
    "return ((logits.argmax(1) == y).sum() / len(y)).item()",
    "return float((logits.argmax(1) == y).all())",
    "You ask whether *all* are right. The share of those that are right is wanted.",
)


@exercise.mistake("You averaged over the classes: that is the balanced accuracy. Here each example counts the same.")
def mean_over_classes(logits, y):
    predicted = logits.argmax(1)
    return torch.stack([(predicted[y == k] == k).double().mean() for k in y.unique()]).mean().item()


@exercise.mistake(
    "You returned the mean probability of the true class. Accuracy counts an example as right or wrong: is the largest logit that of the "
    "true class?"
)
def probability_of_the_truth(logits, y):
    return logits.double().softmax(1)[torch.arange(len(y)), y].mean().item()


@exercise.alternative
def loop(logits, y):
    right = 0
    for row, truth in zip(logits, y, strict=True):
        right += int(row.max(0).indices == truth)
    return right / len(y)


@exercise.alternative
def rank_of_the_truth(logits, y):
    truth = logits[torch.arange(len(y)), y]
    return (truth >= logits.amax(1)).float().mean().item()


exercise.equivalent(".item(...) dropped", "a tensor of shape () is taken for the number in it")
