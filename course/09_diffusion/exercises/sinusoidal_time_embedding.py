"""Waves of the time, of many frequencies."""

import math

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import row

exercise = Exercise(
    difficulty=1,
    minutes=6,
    core=True,
    hints=(
        "Half of the entries are sines. How many frequencies is that, and what is the first of them?",
        "10000 to the power of minus j / (dim / 2), j from 0. Times 1000 t as a column gives the angles (N, dim / 2).",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    yield Case(row(0, 0.001), 4).within(atol=1e-6).named("time 0, and one thousandth")
    # The frequencies are float32 (whole numbers divided), so an angle of 1000 is known to 1e-4.
    yield Case(row(0.5, 0.123, 1), 6).within(atol=2e-4).named("three times, six entries")
    yield Case(torch.tensor([0.25, 0.26]), 32).within(atol=2e-4).named("float32, 32 entries")


exercise.edit(
    "not_scaled", "1000 * t[:, None]", "t[:, None]",
    "The time is not scaled by 1000. In [0, 1] the slow waves hardly move, and the network cannot tell steps apart.",
)  # fmt: skip
exercise.edit(
    "cosines_first", "[angle.sin(), angle.cos()]", "[angle.cos(), angle.sin()]",
    "Your cosines come first. A network would not mind, but the text asks for the sines first.",
)  # fmt: skip
exercise.edit(
    "all_frequencies", "10000 ** (-torch.arange(dim // 2) / (dim // 2))", "10000 ** (-torch.arange(dim // 2) / dim)",
    "Your frequencies fall too slowly: the exponent is divided by the number of frequencies, dim / 2.",
)  # fmt: skip
exercise.edit(
    "frequencies_grow", "(-torch.arange", "(torch.arange",
    "Your frequencies grow from 1 to 10000. They fall: the exponent is negative.",
)  # fmt: skip


exercise.edit(
    "one_less", "/ (dim // 2))", "/ max(dim // 2 - 1, 1))",
    "Your exponents run to 1: you divided by d/2 - 1, as Ho and others' code does. The formula here divides by d/2.",
)  # fmt: skip
exercise.edit(
    "from_one", "torch.arange(dim // 2)", "torch.arange(1, dim // 2 + 1)",
    "Your frequencies start at the second one: j - 1 runs from 0, so the first frequency is 1.",
)  # fmt: skip
exercise.edit(
    "base_of_a_thousand", "10000 **", "1000 **",
    "The base is 1000. In the formula it is 10000; the 1000 multiplies t.",
)  # fmt: skip
exercise.edit(
    "turns", "1000 * t", "6.283185307179586 * 1000 * t",
    "You multiplied the angle by 2 pi. The formula has no 2 pi: its frequencies are in radians.",
)  # fmt: skip


exercise.equivalent("// -> /", "dim is even")


@exercise.mistake("Sines and cosines alternate in your rows. The text asks for all sines, then all cosines.")
def alternating(t, dim):
    angle = 1000 * t[:, None] * 10000 ** (-torch.arange(dim // 2) / (dim // 2))
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)


@exercise.alternative
def by_exponentials(t, dim):
    frequency = torch.exp(-math.log(10000) * torch.arange(dim // 2, dtype=torch.float64) / (dim // 2))
    angle = torch.outer(t.double(), 1000 * frequency)
    return torch.hstack([torch.sin(angle), torch.cos(angle)]).to(t.dtype)


@exercise.alternative
def as_one_sine(t, dim):
    frequency = 1000 * 10000 ** (-2 * torch.arange(dim // 2, dtype=torch.float64) / dim)
    angle = (t[:, None] * frequency).repeat(1, 2)
    angle[:, dim // 2 :] += math.pi / 2
    return angle.sin().to(t.dtype)
