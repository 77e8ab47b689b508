"""A step."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=4,
    hints=(
        "Three cases: below 0, at 0, above 0. Two comparisons tell them apart.",
        "A comparison, turned into numbers with `.to(x.dtype)`, is itself a step; what happens exactly at 0 is added with a second one.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(row(-1, 0, 2), 0.5).named("(-1, 0, 2), and 0.5 at zero")
    yield Case(noise(6), 0.25).named("six random numbers")
    yield Case(row(0, -0.0, 1e-300, -1e-300), 0.75).named("zeros, and what is nearly zero")
    yield Case(row(0, 3), -2.0).named("(0, 3), and -2 at zero")


@exercise.mistake("`heaviside` is the whole puzzle. Compare with 0, and make numbers of what comes out.")
def built_in(x, half):
    return torch.heaviside(x, x * 0 + half)


@exercise.mistake("At zero stands a 1: x >= 0 holds there. Use x > 0, and add half where x == 0.")
def one_at_zero(x, half):
    return (x >= 0).to(x.dtype)


@exercise.mistake("At zero stands a 0: add half where x == 0.")
def nothing_at_zero(x, half):
    return (x > 0).to(x.dtype)


@exercise.mistake("Below zero stands a -1: this is the sign. A step is 0 there.")
def sign(x, half):
    return (x > 0).to(x.dtype) - (x < 0).to(x.dtype) + half * (x == 0).to(x.dtype)


@exercise.mistake(
    "Above zero the numbers are kept, as by a ReLU. A step is 1 there, however large x is; it is the ReLU's *derivative*."
)
def relu(x, half):
    return torch.where(x == 0, half, torch.where(x > 0, x, 0))


@exercise.mistake(
    "The values are right, but their kind is float32: `.float()` makes it so, and a product of True and 0.5 takes the default. Give the comparisons the dtype of x."
)
def kind_of_number_lost(x, half):
    return (x > 0) + half * (x == 0)


@exercise.mistake("You added half everywhere. It stands at zero alone: half * (x == 0).")
def half_everywhere(x, half):
    return (x > 0).to(x.dtype) + half


@exercise.mistake("Below zero stands half too. It stands at zero alone; below is 0.")
def half_below(x, half):
    return torch.where(x > 0, 1, half).to(x.dtype)


@exercise.alternative
def two_choices(x, half):
    return torch.where(x == 0, half, torch.where(x > 0, 1, 0)).to(x.dtype)


@exercise.alternative
def mean_of_two_steps(x, half):
    above, not_below = (x > 0).to(x.dtype), (x >= 0).to(x.dtype)
    return above + half * (not_below - above)
