"""From each row, the number at that row's own index."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    move_on=15,
    core=True,
    hints=(
        "Two index tensors of the same shape pick *pairs*. You have the second of each pair, y. What is the first?",
        "The rows are 0, 1, ..., N - 1: torch.arange(N). Or: Tensor.gather along axis 1 wants an index with as many axes as logits, (N, 1).",
    ),
)


@exercise.cases
def cases():
    table = torch.tensor([[1.0, 2.0, 3.0], [40.0, 50.0, 60.0]], dtype=torch.float64)
    yield Case(table, torch.tensor([2, 0])).named("two rows of three")
    yield Case(noise(5, 4), torch.tensor([3, 0, 1, 1, 2])).named("five rows of four, a class twice")
    yield Case(noise(3, 3, seed=1), torch.tensor([1, 2, 0])).named("a square table")
    yield Case(noise(1, 6, seed=2), torch.tensor([5])).named("a single row")


@exercise.mistake(
    "logits[:, y] picks *every* row at *every* index: an (N, N) table, of which you want the diagonal. Give an index for the rows as well, torch.arange(N)."
)
def every_row_every_index(logits, y):
    return logits[:, y]


@exercise.mistake(
    "The numbers are right, the shape is (N, 1): gather keeps the axis. Squeeze it, or (N, 1) against (N,) will broadcast to (N, N) later."
)
def axis_kept(logits, y):
    return logits.gather(1, y[:, None])


@exercise.mistake(
    "You took the largest number of each row. The index says which one is wanted; the network need not be right."
)
def largest(logits, y):
    return logits.amax(1)


@exercise.mistake("You returned an average or a sum over the examples; each example's own number is asked for.")
def summed(logits, y):
    return logits[torch.arange(len(y)), y].sum()


@exercise.mistake("You counted the classes from 1. The first class has index 0.")
def counted_from_one(logits, y):
    return logits[torch.arange(len(y)), y - 1]


@exercise.mistake(
    "You took a softmax first, or its logarithm. The logits themselves are asked, as they stand in the table."
)
def probabilities(logits, y):
    return logits.softmax(1)[torch.arange(len(y)), y]


@exercise.mistake("The other entries are 0 now, but the table still has all its columns: sum over them, axis 1.")
def not_summed(logits, y):
    return logits * (torch.arange(logits.shape[1]) == y[:, None])


@exercise.alternative
def pairs(logits, y):
    return logits[torch.arange(len(y)), y]


@exercise.alternative
def by_mask(logits, y):
    return (logits * (torch.arange(logits.shape[1]) == y[:, None])).sum(1)


@exercise.alternative
def by_loop(logits, y):
    return torch.stack([row[k] for row, k in zip(logits, y, strict=True)])
