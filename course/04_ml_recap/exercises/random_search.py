"""Search hyperparameters at random, on a logarithmic scale."""

import torch
from torch import Tensor

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise, Given

DRAWS = 300

exercise = Exercise(
    title="random search",
    difficulty=2,
    minutes=10,
    move_on=18,
    hints=(
        "One uniform number per trial and dimension, all at once: torch.rand(trials, D, generator=generator). Stretch it between the logarithms of the ends.",
        "exp brings you back. Evaluate the points one by one, put the values beside them as a last column, and sort the rows by it.",
    ),
    part="afternoon",
    probe=probes.sample(
        {
            "mean of ln": "x[..., :-1].log().mean((0, 1))",
            "mean square of ln": "x[..., :-1].log().square().mean((0, 1))",
            "first times last": "(x[..., 0].log() * x[..., -2].log()).mean()",
            "values belong to their points": "(x[..., -1] - torch.stack([args[0](p) for p in x[..., :-1].reshape(-1, x.shape[-1] - 1)]).reshape(x.shape[:2])).abs().max()",
            "best first": "(x[:, 1:, -1] >= x[:, :-1, -1]).all().double()",
            "trials differ": "(x[:, 0, :-1] != x[:, -1, :-1]).all().double()",
        },
        draws=DRAWS,
    ),
)

CERTAIN = 1e-9  # the standard error of what does not depend on chance


def closed_form(low: list[float], high: list[float], trials: int, objective: str) -> Case:
    """The moments of ln theta, uniform between a = ln(low) and b = ln(high)."""
    low_D, high_D = torch.tensor(low, dtype=torch.float64), torch.tensor(high, dtype=torch.float64)
    a, b = low_D.log(), high_D.log()
    n = DRAWS * trials

    def moment(k: int) -> Tensor:
        return (b ** (k + 1) - a ** (k + 1)) / (k + 1) / (b - a)

    mean, square, fourth = moment(1), moment(2), moment(4)
    if len(low) == 1:
        product, product_square = square[0], fourth[0]
    else:
        product, product_square = mean[0] * mean[-1], square[0] * square[-1]
    certain = torch.tensor(CERTAIN, dtype=torch.float64)
    one = torch.tensor(1.0, dtype=torch.float64)
    return Case(Given(objective), low_D, high_D, trials=trials).expecting(
        {
            "mean of ln": mean, "mean square of ln": square, "first times last": product,
            "values belong to their points": 0 * one, "best first": one, "trials differ": one,
        },
        within={
            "mean of ln": ((square - mean**2) / n).sqrt(),
            "mean square of ln": ((fourth - square**2) / n).sqrt(),
            "first times last": ((product_square - product**2) / n).sqrt(),
            "values belong to their points": certain, "best first": certain, "trials differ": certain,
        },
    )  # fmt: skip


@exercise.cases
def cases():
    yield closed_form([1e-4], [1.0], 5, "lambda p: (p[0].log() + 3) ** 2").named("a learning rate between 1e-4 and 1, five trials")
    yield closed_form([1e-4, 1e-2], [1.0, 10.0], 4, "lambda p: p[0] - p[1]").seeded(1).named(
        "a rate and a penalty, four trials; the objective is negative"
    )
    yield closed_form([0.5, 1e-3, 2.0], [5.0, 1e-2, 3.0], 7, "lambda p: (p * p).sum()").seeded(2).named("three dimensions, seven trials")


def table(objective, points: Tensor) -> Tensor:
    values = torch.stack([torch.as_tensor(objective(point), dtype=points.dtype) for point in points])
    rows = torch.cat([points, values[:, None]], dim=1)
    return rows[values.argsort()]


@exercise.mistake(
    "Your points are uniform between low and high. Of a learning rate between 1e-4 and 1 nine in ten are then above 0.1. Draw the logarithm uniformly."
)
def uniform(objective, low, high, *, trials, generator):
    u = torch.rand(trials, len(low), generator=generator, dtype=low.dtype)
    return table(objective, low + u * (high - low))


@exercise.mistake(
    "All dimensions move together: one random number serves a whole trial, so you search only the diagonal of the box. Draw one for each dimension."
)
def on_the_diagonal(objective, low, high, *, trials, generator):
    u = torch.rand(trials, 1, generator=generator, dtype=low.dtype)
    return table(objective, torch.exp(low.log() + u * (high.log() - low.log())))


@exercise.mistake("The rows are not sorted: the best trial, the one with the lowest value, comes first.")
def unsorted(objective, low, high, *, trials, generator):
    points = torch.exp(low.log() + torch.rand(trials, len(low), generator=generator, dtype=low.dtype) * (high / low).log())
    return torch.cat([points, torch.stack([objective(p) for p in points])[:, None]], dim=1)


exercise.edit(
    "worst_first",
    "values.argsort()",
    "values.argsort(descending=True)",
    "The highest value comes first, but the objective is to be made small.",
)
exercise.edit(
    "values_sorted_alone",
    "table[values.argsort()]",
    "torch.cat([points, values.sort().values[:, None]], dim=1)",
    "You sorted the values and left the points where they were, so they no longer belong together. Sort whole rows.",
)


@exercise.mistake("The generator is not used, so nobody can repeat your search: torch.rand(..., generator=generator).")
def own_randomness(objective, low, high, *, trials, generator):
    u = torch.rand(trials, len(low), dtype=low.dtype)
    return table(objective, low * (high / low) ** u)


@exercise.alternative
def by_powers(objective, low, high, *, trials, generator):
    points = low * (high / low) ** torch.rand(trials, len(low), generator=generator, dtype=low.dtype)
    return table(objective, points)


@exercise.alternative
def one_trial_at_a_time(objective, low, high, *, trials, generator):
    rows = []
    for _ in range(trials):
        point = torch.empty_like(low).uniform_(0, 1, generator=generator)
        point = torch.exp(torch.lerp(low.log(), high.log(), point))
        rows.append([*point.tolist(), float(objective(point))])
    return torch.tensor(sorted(rows, key=lambda row: row[-1]), dtype=low.dtype)
