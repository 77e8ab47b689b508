"""Positions as the hands of many clocks."""

import math

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    hints=(
        "One column vector of positions, one row of frequencies: their product is the table of angles, by broadcasting.",
        "torch.arange(0, dim, 2) holds the numbers 2i already; do not double them again. table[:, 0::2] are the even columns.",
    ),
)


@exercise.cases
def cases():
    yield Case(2, 4).named("the worked number: two positions, four features")
    yield Case(7, 6).named("seven positions, six features")
    yield Case(5, 5).named("an odd width")
    yield Case(40, 16).named("forty positions")
    yield Case(3, 1).named("one feature")


exercise.edit(
    "frequencies_squared", "torch.arange(0, dim, 2) / dim", "2 * torch.arange(0, dim, 2) / dim",
    "Your frequencies are the squares of the right ones: torch.arange(0, dim, 2) holds 2i already.",
)  # fmt: skip
exercise.edit(
    "sines_and_cosines_swapped", ("angle.sin()", "angle.cos()[:, : dim // 2]"), ("angle.cos()", "angle.sin()[:, : dim // 2]"),
    "Sines and cosines have changed places: the even columns, from 0 on, are sines.",
)  # fmt: skip
exercise.edit(
    "counted_from_one", "torch.arange(length)[:, None]", "torch.arange(1, length + 1)[:, None]",
    "Your positions begin at 1. The first row is position 0: zeros and ones in turn.",
)  # fmt: skip
exercise.edit(
    "faster_and_faster", "10000 ** (-torch", "10000 ** (torch",
    "Your waves become faster from left to right: the exponent is negative. The last clock should hardly move.",
)  # fmt: skip


@exercise.mistake(
    "Sines fill the left half and cosines the right half. The formula lays them out in turn, sine and cosine of one frequency side by side."
)
def in_halves(length, dim):
    angle = torch.arange(length)[:, None] * 10000 ** (-torch.arange(0, dim, 2) / dim)
    return torch.cat([angle.sin(), angle.cos()], 1)[:, :dim]


@exercise.mistake(
    "Each column has a frequency of its own. A sine and its cosine share one: without it, moving on is no rotation."
)
def a_frequency_a_column(length, dim):
    angle = torch.arange(length)[:, None] * 10000 ** (-torch.arange(dim) / dim)
    return torch.where(torch.arange(dim) % 2 == 0, angle.sin(), angle.cos())


exercise.edit(
    "exponent_halved", "torch.arange(0, dim, 2) / dim", "torch.arange((dim + 1) // 2) / dim",
    "Your frequencies fall off too slowly: the exponent is 2i/D, not i/D.",
)  # fmt: skip
exercise.edit(
    "base_of_a_thousand", "10000 **", "1000 **",
    "The base is 1000; it is 10000.",
)  # fmt: skip


@exercise.alternative
def by_loops(length, dim):
    return torch.tensor([
        [(math.cos if c % 2 else math.sin)(t / 10000 ** ((c - c % 2) / dim)) for c in range(dim)] for t in range(length)
    ])  # fmt: skip


@exercise.alternative
def by_shifted_sines(length, dim):
    column = torch.arange(dim)
    angle = torch.outer(torch.arange(length).double(), torch.exp(-math.log(10000) * (column // 2 * 2) / dim).double())
    return (angle + math.pi / 2 * (column % 2)).sin().float()
