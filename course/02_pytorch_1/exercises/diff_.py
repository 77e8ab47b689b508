"""The step from each sample to the next."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=4,
    core=True,
    hints=(
        "y_t = x_t - x_(t-1). Which tensor has x_(t-1) at place t? And what does index -1 mean in Python?",
        "x[t - 1] is the trace one sample later. At t = 0 it wraps round to the last sample; put a 0 there with torch.where.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(row(1, 3, 6, 10)).named("(1, 3, 6, 10)")
    yield Case(noise(7)).named("seven random samples")
    yield Case(torch.tensor([2, -1, 5])).named("three whole numbers")
    yield Case(row(-3)).named("a single sample")


@exercise.mistake("`torch.diff` is the whole puzzle. Subtract from the trace the same trace, one sample later.")
def built_in(x):
    return torch.diff(x, prepend=x[:1] * 0)


@exercise.mistake(
    "Your first entry is x_0 minus the *last* sample: at t = 0 the index t - 1 is -1, which Python and PyTorch read as the end. Choose 0 there."
)
def wraps_round(x):
    return x - x[torch.arange(len(x)) - 1]


@exercise.mistake("The sign is turned: y_t is the newer sample minus the older one.")
def sign_turned(x):
    t = torch.arange(len(x))
    return torch.where(t > 0, x[t - 1], 0) - x


@exercise.mistake(
    "The differences are right, but there is one too few: y_0 = x_0 is kept, so that a running sum undoes the puzzle."
)
def one_too_few(x):
    return x[1:] - x[:-1]


@exercise.mistake(
    "Your first entry is 0. It should be x_0, so that a running sum gives the trace back; with a 0 its level would be lost."
)
def level_lost(x):
    t = torch.arange(len(x))
    return torch.where(t > 0, x - x[t - 1], 0)


@exercise.mistake("You took the step to the *next* sample; y_t is the step from the one before.")
def forwards(x):
    t = torch.arange(len(x))
    return torch.where(t < len(x) - 1, x[(t + 1) % len(x)] - x, x)


@exercise.mistake(
    "You took the step to the *next* sample, round and round; y_t is the step from the one before, and y_0 = x_0."
)
def to_the_next(x):
    return x[(torch.arange(len(x)) + 1) % len(x)] - x


@exercise.mistake("You subtracted the sample two places before. The step is from the one right before.")
def two_before(x):
    t = torch.arange(len(x))
    return torch.where(t > 1, x - x[t - 2], x)


@exercise.mistake("You subtracted the *first* sample from all. Each is compared with the one right before it.")
def from_the_first(x):
    return x - x[0]


@exercise.mistake("The first entry is right, and all others have the wrong sign: y_t is x_t minus the sample before.")
def later_steps_turned(x):
    t = torch.arange(len(x))
    return torch.where(t > 0, x[t - 1] - x, x)


@exercise.alternative
def two_branches(x):
    t = torch.arange(len(x))
    return torch.where(t == 0, x, x - x[t - 1])


@exercise.alternative
def by_a_matrix(x):
    t = torch.arange(len(x))
    return x @ ((t[:, None] == t).to(x.dtype) - (t[:, None] + 1 == t).to(x.dtype))
