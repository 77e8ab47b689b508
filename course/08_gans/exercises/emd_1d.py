"""The earth mover's distance of two samples on a line."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=10,
    core=True,
    hints=(
        "Between two neighbouring points of both samples together, how much of each sample lies to the left?",
        "Sort all points into one tensor. searchsorted, divided by the sample's size, is its cumulative distribution; diff gives the widths.",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    yield Case(row(3, 0, 1), row(5, 8, 6)).named("the first worked number, not in order")
    yield Case(row(0, 4), row(1)).named("the second worked number: two values and one")
    yield Case(row(1, 1, 2), row(2, 1, 1, 1)).named("values that occur several times")
    yield Case(noise(9), 2 * noise(14, seed=1) - 1).named("nine random values and fourteen")
    yield Case(row(5), row(5)).named("two equal values")


exercise.edit(
    "signed", "(below_a - below_b).abs()", "(below_a - below_b)",
    "You let movements to the left cancel movements to the right. Earth that moves costs in both directions: take the size.",
)  # fmt: skip
exercise.edit(
    "not_sorted", "a.sort().values, points", "a, points",
    "searchsorted needs sorted values: sort both samples first.",
)  # fmt: skip
exercise.edit(
    "counts_not_shares", " / len(a)", "",
    "You compare counts with shares. Each sample is a heap of volume 1: divide by its size.",
)  # fmt: skip
exercise.edit(
    "squared", ".abs() * points", ".square() * points",
    "You squared the difference of the cumulative distributions; the earth mover's distance takes its size.",
)  # fmt: skip
exercise.edit(
    "nothing_moves_far", "* points.diff()).sum()", ").sum()",
    "You added differences without their widths: how far the earth moves has no effect.",
)  # fmt: skip
exercise.edit(
    "strictly_below", "right=True", "right=False",
    "A value is counted one point too late. Between two points, those that are equal to the left one lie to the left: right=True.", count=2,
)  # fmt: skip


exercise.edit(
    "both_as_counts", ("/ len(a)", "/ len(b)"), ("", ""),
    "You compare how many values lie to the left. Each sample is a heap of volume 1: divide by its size.",
)  # fmt: skip
exercise.edit(
    "one_size_for_both", " / len(b)", " / len(a)",
    "Both counts are divided by the size of a. Each sample is divided by its own.",
)  # fmt: skip
exercise.edit(
    "points_unsorted", "torch.cat([a, b]).sort().values", "torch.cat([a, b])",
    "The points are not sorted, so their differences are no widths. Sort both samples together.",
)  # fmt: skip
exercise.edit(
    "one_point_late", "points[:-1]", "points[1:]",
    "You count at the right end of each interval. Between two neighbours, what matters is how many values lie at or below the left one: points[:-1].", count=2,
)  # fmt: skip


@exercise.mistake(
    "You paired the sorted values and left over what the longer sample has more. The samples may differ in size: compare the cumulative distributions."
)
def shorter_sample_only(a, b):
    n = min(len(a), len(b))
    return (a.sort().values[:n] - b.sort().values[:n]).abs().mean()


@exercise.mistake(
    "This is the distance with squared ways, W2. Here each piece of earth costs the way itself, not its square."
)
def squared_ways(a, b):
    long_a = a.repeat_interleave(len(b)).sort().values
    long_b = b.repeat_interleave(len(a)).sort().values
    return (long_a - long_b).square().mean().sqrt()


@exercise.mistake(
    "This is the largest gap of the cumulative distributions (the Kolmogorov-Smirnov statistic). Widths have no effect on it: it does not grow with the distance."
)
def largest_gap(a, b):
    points = torch.cat([a, b]).sort().values
    below_a = torch.searchsorted(a.sort().values, points, right=True) / len(a)
    below_b = torch.searchsorted(b.sort().values, points, right=True) / len(b)
    return (below_a - below_b).abs().max().to(a.dtype)


exercise.equivalent("operands of - swapped", "only the size of the difference counts")


@exercise.mistake(
    "This is the difference of the two means. Earth that moves to the left and earth that moves to the right must not cancel: two samples with one mean may be far apart."
)
def difference_of_means(a, b):
    return (a.mean() - b.mean()).abs()


@exercise.alternative
def by_quantiles(a, b):
    n, m = len(a), len(b)
    edges = torch.cat([torch.arange(n + 1) * m, torch.arange(m + 1) * n]).unique()  # in units of 1 / (n m)
    middle = (edges[1:] + edges[:-1]).double() / 2
    left = a.sort().values[(middle / m).long()]
    right = b.sort().values[(middle / n).long()]
    return ((left - right).abs() * edges.diff()).sum() / (n * m)


@exercise.alternative
def by_repeating(a, b):
    long_a = a.repeat_interleave(len(b)).sort().values
    long_b = b.repeat_interleave(len(a)).sort().values
    return (long_a - long_b).abs().mean()


exercise.edit(
    "every_pair", "    points = torch.cat([a, b]).sort().values\n", "    return (a[:, None] - b).abs().mean()\n    points = torch.cat([a, b]).sort().values\n",
    "You averaged the distance over all pairs. That is not 0 for two equal samples: each piece of earth goes to one place, the nearest plan overall.",
)  # fmt: skip
exercise.edit(
    "counted_at_the_next_point", "below_a = torch.searchsorted(a.sort().values, points[:-1]", "below_a = torch.searchsorted(a.sort().values, points[1:]",
    "The two counts are taken at different points. Between two points both samples are counted at the left one: points[:-1].",
)  # fmt: skip
