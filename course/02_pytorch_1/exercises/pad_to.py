"""A trace cut or filled up to a length."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=4,
    hints=(
        "The entry at place t is x_t as long as there is one, and 0 beyond. How many places are there?",
        "torch.where computes *both* branches everywhere, so x[t] must exist for every t, even where it is not chosen. An index modulo len(x) always exists.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(row(1, 2, 3), 5).named("(1, 2, 3) and a length of 5")
    yield Case(row(1, 2, 3), 2).named("(1, 2, 3) and a length of 2")
    yield Case(noise(4), 11).named("four samples and a length of 11")
    yield Case(noise(4), 4).named("four samples and a length of 4")
    yield Case(torch.tensor([7]), 3).named("one whole number and a length of 3")


@exercise.mistake(
    "`pad` is the whole puzzle (with a negative amount it cuts). Choose, for each place, between x and 0."
)
def built_in(x, length):
    return torch.nn.functional.pad(x, (0, length - len(x)))


@exercise.mistake(
    "torch.where computes both of its branches for every place and only then chooses, so x[t] is asked for beyond the end as well. Make the index harmless there: t % len(x)."
)
def asked_beyond_the_end(x, length):
    t = torch.arange(length)
    return torch.where(t < len(x), x[t], 0)


@exercise.mistake(
    "Beyond its end the trace begins again. The modulo only keeps the index harmless; zeros are chosen there."
)
def begins_again(x, length):
    return x[torch.arange(length) % len(x)]


@exercise.mistake("It cuts, but it does not fill up: a slice ends where the trace ends.")
def only_cut(x, length):
    return x[:length]


@exercise.mistake("The zeros stand in front; the trace stays where it is, and the zeros follow it.")
def zeros_in_front(x, length):
    t = torch.arange(length) - (length - len(x))
    return torch.where(t >= 0, x[t % len(x)], 0)


@exercise.mistake(
    "You repeat the last sample beyond the end. That is often wise before filtering; this puzzle asks for zeros."
)
def last_one_repeated(x, length):
    t = torch.arange(length)
    return x[torch.where(t < len(x), t, len(x) - 1)]


@exercise.alternative
def by_a_matrix(x, length):
    return x @ (torch.arange(len(x))[:, None] == torch.arange(length)).to(x.dtype)


@exercise.alternative
def times_a_mask(x, length):
    t = torch.arange(length)
    return x[t % len(x)] * (t < len(x))
