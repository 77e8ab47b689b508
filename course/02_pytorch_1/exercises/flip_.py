"""A trace read backwards."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=1,
    minutes=3,
    hints=(
        "Where does the entry at place 0 come from, and where that at place t?",
        "The last sample has the index len(x) - 1, and from there it goes down by one for each t.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(row(1, 2, 3, 4)).named("(1, 2, 3, 4)")
    yield Case(noise(7)).named("seven random samples")
    yield Case(row(5)).named("a single sample")
    yield Case(noise(4, 3, seed=7)).named("a table of four rows")


@exercise.mistake("`flip` is the whole puzzle. Index x with the place that each entry comes from.")
def built_in(x):
    return x.flip(0)


@exercise.mistake(
    "NumPy reads x[::-1] backwards; PyTorch has no negative steps, since a stride may not be negative. Use an index tensor."
)
def negative_step(x):
    return x[::-1]


@exercise.mistake("At t = 0 you ask for x[len(x)], one beyond the end: the last sample has the index len(x) - 1.")
def fence_post(x):
    return x[len(x) - torch.arange(len(x))]


@exercise.mistake(
    "Your first entry is x_0: minus zero is zero, so -t counts 0, -1, -2, ... and begins at the front. Start at -1."
)
def minus_zero(x):
    return x[-torch.arange(len(x))]


@exercise.mistake("You turned the polarity, -x. Time runs backwards if the *index* does.")
def polarity(x):
    return -x


@exercise.mistake("You turned the last axis round. Of a table the rows are read backwards, along axis 0.")
def along_the_last_axis(x):
    return x[..., x.shape[-1] - 1 - torch.arange(x.shape[-1])]


@exercise.alternative
def from_the_end(x):
    return x[-1 - torch.arange(len(x))]


@exercise.alternative
def by_a_matrix(x):
    t = torch.arange(len(x))
    return (t[:, None] + t == len(x) - 1).to(x.dtype) @ x
