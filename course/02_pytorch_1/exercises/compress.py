"""The chosen samples moved to the front."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=3,
    minutes=6,
    hints=(
        "To which place does a kept sample go? Count the kept samples before it; you have a function that counts along.",
        "A table with a row per old place and a column per new one: 1 where the sample is kept *and* its new place is this column. x @ table moves them.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(row(1, 2, 3, 4), torch.tensor([True, False, True, False])).named("(1, 2, 3, 4), keeping the 1 and the 3")
    yield Case(noise(7), torch.tensor([False, True, True, False, False, True, False])).named(
        "seven samples, keeping three"
    )
    yield Case(noise(3), torch.tensor([False, False, False])).named("three samples, keeping none")
    yield Case(noise(4), torch.tensor([True, True, True, True])).named("four samples, keeping all")
    yield Case(torch.tensor([5, -6, 7]), torch.tensor([False, False, True])).named(
        "three whole numbers, keeping the last"
    )


@exercise.mistake(
    "`pad` lays zeros behind what is left. Here every entry is sent to its new place by one matrix product: which place is that?"
)
def built_in(x, keep):
    return torch.nn.functional.pad(x[keep], (0, len(x) - len(x[keep])))


@exercise.mistake(
    "Sorting the mask finds the order by itself. Count instead: a kept sample goes to the place that is the number of kept samples before it."
)
def by_sorting(x, keep):
    return torch.where(keep, x, 0)[(~keep).long().argsort(stable=True)]


@exercise.mistake(
    "x[keep] picks the right samples, but the result is shorter than x. Zeros follow, so that every trace keeps its length and a batch stays a table."
)
def too_short(x, keep):
    return x[keep]


@exercise.mistake(
    "The other samples are zero, but the kept ones have not moved: this is a mask. They go to the front, without gaps."
)
def left_in_place(x, keep):
    return torch.where(keep, x, 0)


@exercise.mistake(
    "All is one place too far right, and the last kept sample may fall out: the first kept sample has counted itself already. Subtract 1."
)
def counted_itself(x, keep):
    place = cumsum_(keep.long())
    return x @ (keep[:, None] & (place[:, None] == torch.arange(len(x)))).to(x.dtype)


@exercise.mistake(
    "The samples that were *not* kept ride along: their count is that of the last kept one, and they are added to it. A row of the table must be zero unless its sample is kept: & keep[:, None]."
)
def others_ride_along(x, keep):
    place = cumsum_(keep.long()) - 1
    return x @ (place[:, None] == torch.arange(len(x))).to(x.dtype)


@exercise.alternative
def picked_then_placed(x, keep):
    kept = x[keep]
    return kept @ (torch.arange(len(kept))[:, None] == torch.arange(len(x))).to(x.dtype)


@exercise.alternative
def chosen_and_added(x, keep):
    t = torch.arange(len(x))
    place = keep.long() @ triu_(len(x)) - 1
    return torch.ones(len(x), dtype=x.dtype) @ torch.where(keep[:, None] & (place[:, None] == t), x[:, None], 0)
