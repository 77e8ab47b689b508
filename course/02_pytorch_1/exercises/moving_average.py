"""Average each run of neighbours along one axis of a volume."""

import torch
import torch.nn.functional as F

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    move_on=18,
    hints=(
        "Windows first, then a reduction. Which axis of the windows holds the samples of one window?",
        "x.unfold(dim, width, 1) leaves the starts at axis `dim` and puts the samples of each window into a new *last* axis.",
    ),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([1.0, 3.0, 8.0, 4.0], dtype=torch.float64), 2).named("four samples, runs of 2")
    yield Case(noise(5, 3), 3).named("a 5x3 section, along the traces")
    yield Case(noise(4, 5, seed=1), 2, dim=1).named("a 4x5 section, across the traces")
    yield Case(noise(5, 3, 4, seed=2), 3, dim=1).named("a 5x3x4 volume, along its middle axis")
    yield Case(noise(4, 4, seed=3), 4).named("one run as long as the axis")


@exercise.mistake("You summed each run; an average also divides by its width.")
def sum_of_each_run(x, width, dim=0):
    return x.unfold(dim, width, 1).sum(-1)


@exercise.mistake("Your runs do not overlap: move on by one sample each time, not by a whole width.")
def runs_side_by_side(x, width, dim=0):
    return x.unfold(dim, width, width).mean(-1)


@exercise.mistake("You always average along axis 0, whatever `dim` says.")
def first_axis_only(x, width, dim=0):
    return x.unfold(0, width, 1).mean(-1)


@exercise.mistake(
    "You averaged over the windows, not within each. After unfold the samples of a window are the *last* axis."
)
def mean_over_windows(x, width, dim=0):
    return x.unfold(dim, width, 1).mean(dim)


@exercise.mistake(
    "Your first run is lost: the cumulative sum needs a leading zero, because a run that starts at 0 has nothing before it to subtract."
)
def no_leading_zero(x, width, dim=0):
    total = x.cumsum(dim)
    n = x.shape[dim]
    return (total.narrow(dim, width, n - width) - total.narrow(dim, 0, n - width)) / width


@exercise.mistake(
    "You took the middle value of each run, the median; an average adds all of them and divides by their number."
)
def median_of_each_run(x, width, dim=0):
    return x.unfold(dim, width, 1).median(-1).values


@exercise.mistake("You took the largest of each run; an average adds all of them and divides by their number.")
def largest_of_each_run(x, width, dim=0):
    return x.unfold(dim, width, 1).amax(-1)


@exercise.alternative
def by_cumulative_sum(x, width, dim=0):
    total = torch.cat([torch.zeros_like(x.narrow(dim, 0, 1)), x.cumsum(dim)], dim)
    n = x.shape[dim] - width + 1
    return (total.narrow(dim, width, n) - total.narrow(dim, 0, n)) / width


@exercise.alternative
def by_shifted_copies(x, width, dim=0):
    n = x.shape[dim] - width + 1
    return sum(x.narrow(dim, start, n) for start in range(width)) / width


@exercise.alternative
def by_convolution(x, width, dim=0):
    rows = x.movedim(dim, -1)
    out = F.conv1d(rows.reshape(-1, 1, rows.shape[-1]), x.new_ones(1, 1, width) / width)
    return out.reshape(*rows.shape[:-1], -1).movedim(-1, dim)
