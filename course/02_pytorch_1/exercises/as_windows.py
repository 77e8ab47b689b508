"""Overlapping windows of a trace, without copying a sample."""

import torch
from torch import Tensor

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=25,
    hints=(
        "On paper: x has 6 samples, width 3, step 2. Which samples are in each window? How far in memory from a window's start to the next one's, and from one sample of a window to the next?",
        "x.as_strided(size, stride) lays any shape and strides over the memory of x. One step along x itself is x.stride(0) entries: usually 1, but not if x is a column.",
    ),
)


@exercise.probe
def probe(candidate, case):
    # A key holds contiguous tensors, so a trace is cut from its section here: then its samples lie `crosslines` apart.
    section, trace, *arguments = case.args
    x = section[:, trace]
    windows = candidate(x, *arguments, **case.kwargs)
    if not isinstance(windows, Tensor):
        return {"windows": type(windows).__name__, "shares the memory of x": False}
    return {"windows": windows.clone(), "shares the memory of x": windows.data_ptr() == x.data_ptr()}


@exercise.cases
def cases():
    ramp = torch.arange(5, dtype=torch.float64)[:, None]
    yield Case(ramp, 0, 3).named("0, 1, 2, 3, 4 and windows of 3")
    yield Case(torch.arange(6, dtype=torch.float64)[:, None], 0, 3, 2).named("six samples, windows of 3, a step of 2")
    yield Case(noise(7, 3), 1, 2).named("the middle column of a 7x3 section, windows of 2")
    yield Case(noise(11, 2, seed=1), 1, 4, step=3).named("a column of an 11x2 section, windows of 4, a step of 3")
    yield Case(noise(5, 1, seed=2), 0, 5).named("one window as long as the trace")


@exercise.mistake(
    "The numbers are right, but they are copies: an index tensor, `stack` and `clone` write into new memory. Describe the windows by a shape and strides, with as_strided."
)
def gathered(x, width, step=1):
    starts = torch.arange(0, len(x) - width + 1, step)
    return x[starts[:, None] + torch.arange(width)]


@exercise.mistake(
    "Right for a trace that lies in one piece, wrong for a column of a section: its samples are x.stride(0) entries apart, and you assumed 1."
)
def stride_of_one(x, width, step=1):
    return x.as_strided(((len(x) - width) // step + 1, width), (step, 1))


@exercise.mistake("Your windows ignore `step`: each starts one sample after the last.")
def step_ignored(x, width, step=1):
    return x.unfold(0, width, 1)


@exercise.mistake(
    "The last window is missing. The starts are 0, step, 2 step, ... up to T - width, and the first one counts too: + 1."
)
def fence_post(x, width, step=1):
    return x.unfold(0, width, step)[:-1]


@exercise.mistake("Windows and samples are exchanged: a window should be a row, and yours is a column.")
def transposed(x, width, step=1):
    return x.unfold(0, width, step).T


@exercise.mistake("Your windows lie side by side. They overlap: the next one starts `step` samples later, not `width`.")
def side_by_side(x, width, step=1):
    return x.unfold(0, width, width)


@exercise.alternative
def unfold(x, width, step=1):
    return x.unfold(0, width, step)


@exercise.alternative
def as_strided_by_module(x, width, step=1):
    (s,) = x.stride()
    count = 1 + (x.shape[0] - width) // step
    return torch.as_strided(x, size=(count, width), stride=(s * step, s), storage_offset=x.storage_offset())
