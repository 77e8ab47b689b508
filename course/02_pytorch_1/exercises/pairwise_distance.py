"""The distance between every point of one set and every point of another."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    move_on=18,
    core=True,
    hints=(
        "Write the three shapes under each other: what comes in, (N, D) and (M, D), and what the differences must be, (N, M, D). Where is a 1 missing?",
        "x[:, None] has shape (N, 1, D) and y has (M, D), so their difference has (N, M, D). Square it, sum one axis, take the root.",
    ),
)


@exercise.cases
def cases():
    origin = torch.zeros(1, 2, dtype=torch.float64)
    yield Case(torch.tensor([[3.0, 4.0], [1.0, 0.0]], dtype=torch.float64), origin).named(
        "(3, 4) and (1, 0) against the origin"
    )
    yield Case(noise(3, 2), noise(4, 2, seed=1)).named("three points against four in the plane")
    yield Case(noise(3, 3, seed=2), noise(3, 3, seed=3)).named("three points against three in space")
    yield Case(noise(5, 1, seed=4), noise(2, 1, seed=5)).named("points on a line")
    far = 1000 + noise(3, 2, seed=6)
    yield Case(far, torch.cat([far[:1], far[1:] + 1e-4])).named(
        "points far from the origin that lie close together, two on one spot"
    )


@exercise.mistake("These are squared distances: the square root is missing.")
def squared(x, y):
    return (x[:, None] - y).square().sum(-1)


@exercise.mistake(
    "You added absolute differences. That is the way along a street grid; the straight line is the root of the sum of squares."
)
def city_blocks(x, y):
    return (x[:, None] - y).abs().sum(-1)


@exercise.mistake(
    "Rows and columns are exchanged: row n belongs to point n of x, and you let it belong to point n of y."
)
def transposed(x, y):
    return (y[:, None] - x).square().sum(-1).sqrt()


@exercise.mistake(
    "You took the mean over the coordinates instead of the sum, so your distances are too short by a factor of the root of D."
)
def mean_over_coordinates(x, y):
    return (x[:, None] - y).square().mean(-1).sqrt()


@exercise.mistake("In |a - b|² = |a|² + |b|² - 2 a·b the last term lost its minus sign.")
def wrong_sign(x, y):
    return (x.square().sum(1)[:, None] + y.square().sum(1) + 2 * x @ y.T).abs().sqrt()


exercise.equivalent("operands of - swapped", "the differences are squared, so their sign does not matter")


@exercise.mistake(
    "On paper it is right. Where two points lie close together and far from the origin, |x|² + |y|² - 2 x·y subtracts large, nearly equal numbers, and few digits are left. Subtract the points first."
)
def digits_cancel(x, y):
    return (x.square().sum(1)[:, None] + y.square().sum(1) - 2 * x @ y.T).clamp(min=0).sqrt()


@exercise.mistake("The last term is missing: |a - b|² = |a|² + |b|² - 2 a·b.")
def no_product(x, y):
    return (x.square().sum(1)[:, None] + y.square().sum(1)).sqrt()


@exercise.mistake(
    "You took the largest difference of a coordinate. The distance is the root of the sum of all squares."
)
def largest_coordinate(x, y):
    return (x[:, None] - y).abs().amax(-1)


@exercise.mistake("You added the differences before you squared them, so they cancel: square each, then add.")
def added_then_squared(x, y):
    return (x[:, None] - y).sum(-1).abs()


@exercise.alternative
def loops(x, y):
    return torch.stack([torch.stack([(a - b).square().sum().sqrt() for b in y]) for a in x])


@exercise.alternative
def built_in(x, y):
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")


@exercise.alternative
def norm(x, y):
    return torch.linalg.vector_norm(x.unsqueeze(1) - y.unsqueeze(0), dim=2)
