"""Search hyperparameters at random, on a logarithmic scale."""

import torch
from torch import Tensor

from dlmodule.checking import Case, Code, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    move_on=15,
    hints=(
        "One uniform number per trial and dimension, all at once: torch.rand(trials, D, generator=generator). Stretch it between the logarithms of the ends.",
        "exp brings you back. Evaluate the points one by one, put the values beside them as a last column, and sort the rows by it.",
    ),
)


@exercise.probe
def probe(candidate, case):
    """What the trials say of the way they were drawn, rounded far more coarsely than it scatters."""
    objective, low, high = case.args
    trials = case.kwargs["trials"]
    asked = []

    def watched(point):
        asked.append(torch.as_tensor(point).detach().clone().reshape(-1))
        return objective(point)

    def search(seed):
        return candidate(watched, low, high, trials=trials, generator=torch.Generator().manual_seed(seed))

    rows = search(0)
    count = len(asked)
    if not isinstance(rows, torch.Tensor) or rows.shape != (trials, len(low) + 1):
        return {"returned": type(rows).__name__, "shape": list(getattr(rows, "shape", []))}
    points, values = rows[:, :-1], rows[:, -1]
    truth = torch.stack([torch.as_tensor(objective(point), dtype=rows.dtype) for point in points])
    u = (points / low).log() / (high / low).log()  # where in the box, on the logarithmic scale, from 0 to 1
    statistics = {}
    if trials >= 1000:
        centred = u - 0.5
        statistics = {
            "mean place in the box": [round(value, 1) for value in u.mean(0).tolist()],
            "variance of the place, times 12": [round(12 * value, 1) for value in centred.square().mean(0).tolist()],
            "first and last dimension, times 12": round(12 * (centred[:, 0] * centred[:, -1]).mean().item(), 1) + 0.0,
        }
    return {
        "evaluations": count,
        "inside the box": bool(((u > -1e-9) & (u < 1 + 1e-9)).all()),
        "all trials differ": len(points[:, 0].unique()) == trials,
        "values belong to their points": bool(torch.allclose(values, truth, rtol=1e-9, atol=1e-12)),
        "values rise from row to row": bool((values[1:] >= values[:-1]).all()),
        "values fall from row to row": bool((values[1:] <= values[:-1]).all()),
        **statistics,
        "same seed, same trials": torch.equal(search(0), rows),
        "another seed, other trials": not torch.equal(search(1), rows),
    }


def box(*ends: tuple[float, float]) -> tuple[torch.Tensor, torch.Tensor]:
    """The low and the high ends as two tensors."""
    low, high = torch.tensor(ends, dtype=torch.float64).T
    return low.clone(), high.clone()


@exercise.cases
def cases():
    yield Case(Code("lambda p: (p[0].log() + 3) ** 2"), *box((1e-4, 1.0)), trials=3).named(
        "a learning rate between 1e-4 and 1, three trials"
    )
    yield Case(Code("lambda p: p[0] - p[1]"), *box((1e-4, 1.0), (1e-2, 10.0)), trials=1000).named(
        "a rate and a penalty, 1,000 trials; the objective may be negative"
    )
    yield Case(Code("lambda p: (p * p).sum()"), *box((0.5, 5.0), (1e-3, 1e-2), (2.0, 3.0)), trials=1200).named(
        "three dimensions, 1,200 trials"
    )


exercise.equivalent(
    "dtype= dropped from rand", "the places in the box are then multiples of 2^-24, which no search notices"
)
exercise.equivalent("float(...) dropped", "torch.tensor takes a list of numbers in tensors as well")


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
    points = torch.exp(
        low.log() + torch.rand(trials, len(low), generator=generator, dtype=low.dtype) * (high / low).log()
    )
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


exercise.edit(
    "two_kinds_of_logarithm",
    "low.log() + u * (high.log() - low.log())",
    "low.log10() + u * (high.log10() - low.log10())",
    "You mixed two bases: a logarithm to base 10 is undone by 10 ** ..., the natural one by exp.",
)
exercise.edit(
    "value_first",
    "torch.cat([points, values[:, None]], dim=1)",
    "torch.cat([values[:, None], points], dim=1)",
    "The value stands in the first column of your table. A row is the point and then its value, (D + 1,).",
)
exercise.edit(
    "logarithms_in_the_table",
    "torch.cat([points, values",
    "torch.cat([points.log(), values",
    "Your table holds the logarithms of the points. What was drawn on a logarithmic axis is still a point of the box: exp brings it back.",
)
exercise.edit(
    "values_alone",
    "return table[values.argsort()]",
    "return values.sort().values",
    "Your table holds the values alone. A row is the point and then its value: without the point the best value is of no use.",
)
exercise.edit(
    "the_best_alone",
    "return table[values.argsort()]",
    "return table[values.argsort()][:1]",
    "You return the best trial alone. Return all of them, one row each, sorted.",
)
exercise.edit(
    "normal_numbers",
    "torch.rand(",
    "torch.randn(",
    "Your points leave the box: torch.randn gives normal numbers, without bounds. torch.rand is uniform between 0 and 1.",
)


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
