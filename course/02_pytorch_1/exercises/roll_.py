"""A trace moved in time, round and round."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=4,
    hints=(
        "Do not ask where a sample goes; ask where the entry at place t comes from.",
        "What stands at t stood at t - shift before. Beyond the ends the trace goes round: modulo its length.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(row(1, 2, 3, 4), 1).named("(1, 2, 3, 4), later by 1")
    yield Case(row(1, 2, 3, 4), -1).named("(1, 2, 3, 4), earlier by 1")
    yield Case(noise(5), 2).named("five samples, later by 2")
    yield Case(noise(5, seed=1), 12).named("five samples, later by 12")
    yield Case(noise(3), -8).named("three samples, earlier by 8")
    yield Case(noise(4, 3, seed=7), 1).named("a table of four rows, later by 1")


@exercise.mistake("`torch.roll` is the whole puzzle. Index x with the place that each entry comes from.")
def built_in(x, shift):
    return torch.roll(x, shift, 0)


@exercise.mistake(
    "It moves the other way. The entry at t comes from t *minus* the shift: for a shift of 1, place 1 receives what was at 0."
)
def other_way(x, shift):
    return x[(torch.arange(len(x)) + shift) % len(x)]


@exercise.mistake(
    "What leaves at the end is replaced by zeros; here it comes back at the other end. Keep the modulo, drop the choice."
)
def falls_off(x, shift):
    t = torch.arange(len(x)) - shift
    there = ((t >= 0) & (t < len(x))).reshape(-1, *[1] * (x.dim() - 1))
    return torch.where(there, x[t % len(x)], 0)


@exercise.mistake(
    "A small shift to later works, since index -1 is the last sample; a shift to earlier, or by more than the length, leaves the trace. Take the index modulo the length."
)
def no_modulo(x, shift):
    return x[torch.arange(len(x)) - shift]


@exercise.mistake("It moves one sample too far: with a shift of 0 nothing may move.")
def one_too_far(x, shift):
    return x[(torch.arange(len(x)) - shift - 1) % len(x)]


@exercise.mistake("`cat` lays two pieces together. Say instead, for every place at once, where its entry comes from.")
def two_pieces(x, shift):
    cut = -shift % len(x)
    return torch.cat([x[cut:], x[:cut]])


@exercise.mistake("You moved the last axis. Of a table the rows move, along axis 0, and each row stays as it is.")
def along_the_last_axis(x, shift):
    return x[..., (torch.arange(x.shape[-1]) - shift) % x.shape[-1]]


@exercise.mistake("The modulo is one too small: T places have the numbers 0 to T - 1, so it is % T.")
def modulo_one_less(x, shift):
    return x[(torch.arange(len(x)) - shift) % (len(x) - 1)]


@exercise.alternative
def negative_places_wrap(x, shift):
    return x[torch.arange(len(x)) - shift % len(x)]


@exercise.alternative
def by_a_matrix(x, shift):
    t = torch.arange(len(x))
    return ((t[:, None] - shift) % len(x) == t).to(x.dtype) @ x
