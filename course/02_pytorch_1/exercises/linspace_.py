"""Evenly spaced numbers between two ends."""

import torch

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=2,
    minutes=4,
    hints=(
        "The i-th of n numbers has gone a share of the way from start to stop. Which share? It is 0 for the first and 1 for the last.",
        "Between n fence posts there are n - 1 gaps. For n = 1 that is none, and 0/0 is nan: divide by max(n - 1, 1).",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(0.0, 1.0, 5).named("five numbers from 0 to 1")
    yield Case(2.0, -4.0, 4).named("four numbers from 2 down to -4")
    yield Case(3.0, 9.0, 1).named("a single number")
    yield Case(-1.5, 0.5, 2).named("two numbers")
    yield Case(1.0, 3.0, 12).named("twelve numbers from 1 to 3")


@exercise.mistake("`linspace` is the whole puzzle. Count with arange, and stretch what it counts.")
def built_in(start, stop, n):
    return torch.linspace(start, stop, n)


@exercise.mistake("The last number does not reach stop: n numbers have n - 1 gaps between them.")
def fence_post(start, stop, n):
    return start + (stop - start) * torch.arange(n) / n


@exercise.mistake("For a single number you divide 0 by 0, which is nan. Divide by max(n - 1, 1): then it is start.")
def a_single_number(start, stop, n):
    return start + (stop - start) * torch.arange(n) / (n - 1)


@exercise.mistake("The way is stop - start long; you went the whole of stop from start on.")
def too_long_a_way(start, stop, n):
    return start + stop * torch.arange(n) / max(n - 1, 1)


@exercise.mistake("It begins at 0: add start.")
def from_zero(start, stop, n):
    return (stop - start) * torch.arange(n) / max(n - 1, 1)


@exercise.mistake("Each step is the whole way from start to stop: divide by the number of gaps.")
def giant_steps(start, stop, n):
    return start + (stop - start) * (torch.arange(n) / 1)


@exercise.mistake("It does not begin at start: count from 0, not from 1.")
def counted_from_one(start, stop, n):
    return start + (stop - start) * (torch.arange(n) + 1) / n


@exercise.mistake("These are the middles of n pieces. Both ends are included here: share k / (n - 1).")
def middles(start, stop, n):
    return start + (stop - start) * (torch.arange(n) + 0.5) / n


@exercise.mistake("A single number should be start; yours is stop.")
def single_one_is_stop(start, stop, n):
    t = torch.arange(n)
    return torch.where(t == n - 1, stop, start + (stop - start) * t / max(n - 1, 1))


@exercise.alternative
def a_mean_of_the_ends(start, stop, n):
    share = torch.arange(n) / max(n - 1, 1)
    return start * (1 - share) + stop * share


@exercise.alternative
def gaps_from_both_sides(start, stop, n):
    gaps = max(n - 1, 1)
    return (start * (gaps - torch.arange(n)) + stop * torch.arange(n)) / gaps
