"""An outer product for every pair of a batch."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    move_on=15,
    hints=(
        "Write the formula with its three indices. Which of them does each factor carry, and is any of them summed over?",
        "No index is summed, so all three stand to the right of the arrow. With broadcasting: where does each factor need an axis of length 1?",
    ),
)


@exercise.cases
def cases():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    y = torch.tensor([[1.0, 10.0, 100.0], [2.0, 0.0, -1.0]], dtype=torch.float64)
    yield Case(x, y).named("two pairs: lengths 2 and 3")
    yield Case(noise(3, 4), noise(3, 2, seed=1)).named("three pairs: lengths 4 and 2")
    yield Case(noise(3, 3, seed=2), noise(3, 3, seed=3)).named("three pairs of length 3")
    yield Case(noise(1, 5, seed=4), noise(1, 1, seed=5)).named("a batch of one")


@exercise.mistake(
    "You summed over the batch: b is missing to the right of your arrow. Every pair keeps a matrix of its own."
)
def summed_over_batch(x, y):
    return x.T @ y


@exercise.mistake("Your matrices are transposed: entry (m, n) is x_m times y_n, so the axis of x comes first.")
def transposed(x, y):
    return torch.einsum("bm,bn->bnm", x, y)


@exercise.mistake(
    "You combined every x of the batch with every y of the batch: B² matrices. Both factors share the *same* b."
)
def all_pairs(x, y):
    return torch.einsum("am,bn->abmn", x, y)


@exercise.mistake("You added the factors where the outer product multiplies them.")
def outer_sum(x, y):
    return x[:, :, None] + y[:, None, :]


@exercise.mistake("Only the first pair of the batch was multiplied.")
def first_pair(x, y):
    return torch.outer(x[0], y[0])


@exercise.mistake("Every product is there and in order, but flat: each pair gives a matrix, (B, M, N).")
def flat(x, y):
    return (x[:, :, None] * y[:, None]).flatten(1)


@exercise.mistake("You averaged over the batch. Every pair keeps a matrix of its own.")
def averaged_over_batch(x, y):
    return (x[:, :, None] * y[:, None]).mean(0, keepdim=True).expand(len(x), -1, -1)


@exercise.mistake("You multiplied entry by entry. Each x_m meets *every* y_n: both factors need an axis of length 1.")
def entry_by_entry(x, y):
    return x[:, :1] * y


@exercise.alternative
def broadcast(x, y):
    return x[:, :, None] * y[:, None, :]


@exercise.alternative
def matrix_product(x, y):
    return x.unsqueeze(2) @ y.unsqueeze(1)


@exercise.alternative
def loop(x, y):
    return torch.stack([torch.outer(a, b) for a, b in zip(x, y, strict=True)])
