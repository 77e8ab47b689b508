"""The sum of all samples so far."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=4,
    core=True,
    hints=(
        "y_t is the sum of x_s over all s <= t: a sum over s of x_s times something that is 1 or 0. What is that something?",
        "x @ A has the entries sum over s of x_s A_st. A must be 1 where s <= t, and of the same dtype as x: `.to(x.dtype)`.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(row(1, 2, 3, 4)).named("(1, 2, 3, 4)")
    yield Case(noise(7)).named("seven random samples")
    yield Case(torch.tensor([2, -1, 5])).named("three whole numbers")
    yield Case(row(-3)).named("a single sample")


@exercise.mistake(
    "`cumsum` is the whole puzzle. y_t adds up the x_s with s <= t: a matrix product with a table of ones and zeros, which you have just built."
)
def built_in(x):
    return x.cumsum(0)


@exercise.mistake(
    "The triangle holds whole numbers, and a matrix product, unlike + and *, does not mix kinds of number. Give it the dtype of x: `.to(x.dtype)`."
)
def kinds_of_number_mixed(x):
    return x @ triu_(len(x))


@exercise.mistake(
    "You added up from each sample to the end. In triu_ @ x the row of a sample holds the ones *after* it; from the left, x @ triu_, each column holds the ones before."
)
def what_is_to_come(x):
    return triu_(len(x)).to(x.dtype) @ x


@exercise.mistake("Each sum misses its own sample: y_0 should be x_0, not 0. The triangle needs its diagonal.")
def own_sample_missing(x):
    return x @ triu_(len(x)).to(x.dtype) - x


@exercise.mistake(
    "Every entry is the sum of the whole trace. Sample t may only see the samples up to t: use the triangle, not a full table of ones."
)
def the_whole_sum(x):
    return x @ torch.ones(len(x), len(x), dtype=x.dtype)


@exercise.mistake("You averaged the samples so far; the puzzle asks for their sum.")
def running_mean(x):
    return x @ triu_(len(x)).to(x.dtype) / (torch.arange(len(x)) + 1)


@exercise.mistake(
    "A loop carries the sum along from sample to sample. Here all sums are computed at once, as one matrix product."
)
def carried_along(x):
    y = []
    for sample in x:
        y.append(sample + y[-1] if y else sample)
    return torch.stack(y)


@exercise.mistake(
    "Each entry is the sum of two neighbours. Sample t sees *all* samples up to t: a product with the triangle."
)
def two_at_a_time(x):
    return x + x[torch.arange(len(x)) - 1]


@exercise.alternative
def with_its_own_triangle(x):
    t = torch.arange(len(x))
    return x @ (t[:, None] <= t).to(x.dtype)


@exercise.alternative
def rows_times_ones(x):
    t = torch.arange(len(x))
    return torch.where(t[:, None] >= t, x, 0) @ torch.ones(len(x), dtype=x.dtype)
