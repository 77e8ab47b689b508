"""Traces of different lengths in one table."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=4,
    core=True,
    hints=(
        "Sample t of trace n is kept where t is smaller than the length of trace n. On which axis does t lie, and on which n?",
        "lengths[:, None] is a column, (N, 1). What is beyond the length may be nan, and nan times 0 is nan: choose, do not multiply.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    ramp = torch.arange(1, 9, dtype=torch.float64).reshape(2, 4)
    yield Case(ramp, torch.tensor([3, 1])).named("two traces of 4 samples, of which 3 and 1 count")
    yield Case(noise(3, 3), torch.tensor([1, 3, 2])).named("three traces of 3 samples")
    yield Case(noise(4, 6, seed=1), torch.tensor([6, 0, 2, 5])).named("four traces of 6 samples, one of them empty")
    broken = noise(2, 5, seed=2)
    broken[0, 3:] = torch.nan
    yield Case(broken, torch.tensor([3, 5])).named("a recorder that wrote nan after it failed")


@exercise.mistake(
    "`masked_fill` is the whole puzzle. Compare the number of each sample with the length of its trace, and choose."
)
def built_in(x, lengths):
    return x.masked_fill(torch.arange(x.shape[1]) >= lengths[:, None], 0)


@exercise.mistake(
    "Multiplying by a mask of ones and zeros does not remove everything: nan times 0 is nan, and so is infinity times 0. torch.where chooses and never looks at what it leaves out."
)
def multiplied(x, lengths):
    return x * (torch.arange(x.shape[1]) < lengths[:, None])


@exercise.mistake("One sample too many: a trace of length 3 has the samples 0, 1 and 2, so t < length.")
def fence_post(x, lengths):
    return torch.where(torch.arange(x.shape[1]) <= lengths[:, None], x, 0)


@exercise.mistake("You kept what is beyond the length and removed the trace.")
def the_rest(x, lengths):
    return torch.where(torch.arange(x.shape[1]) < lengths[:, None], 0, x)


@exercise.mistake(
    "The lengths lie on the axis of time: sample t is compared with the length of trace t. They need a `None`: lengths[:, None]."
)
def lengths_along_time(x, lengths):
    return torch.where(torch.arange(x.shape[1]) < lengths, x, 0)


@exercise.mistake("This is the mask itself, True and False. The samples are asked, with zeros where the mask is False.")
def mask_only(x, lengths):
    return torch.arange(x.shape[1]) < lengths[:, None]


@exercise.mistake(
    "You kept the *last* samples of each trace. A trace begins at the front; what is behind its end goes."
)
def kept_at_the_back(x, lengths):
    return torch.where(torch.arange(x.shape[1]) >= x.shape[1] - lengths[:, None], x, 0)


@exercise.mistake("Every row is cut at the length of the first trace. Each has its own: lengths[:, None].")
def first_length_for_all(x, lengths):
    return torch.where(torch.arange(x.shape[1]) < lengths[0], x, 0)


@exercise.mistake(
    "You compare the number of the *row* with the lengths. It is the sample's number that counts, along the last axis."
)
def rows_compared(x, lengths):
    return torch.where(torch.arange(len(x))[:, None] < lengths[:, None], x, 0)


@exercise.alternative
def the_other_branch(x, lengths):
    return torch.where(torch.arange(x.shape[1])[None] >= lengths[:, None], 0, x)


@exercise.alternative
def samples_left(x, lengths):
    left = lengths[:, None] - torch.arange(x.shape[1])
    return torch.where(left > 0, x, 0)
