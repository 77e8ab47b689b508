"""Trace balancing whose gain autograd takes for a constant."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    move_on=18,
    core=True,
    hints=(
        "The forward pass is a division. Which of the two, the trace or its gain, must look like a plain number to the backward pass?",
        "rms.detach() has the numbers of rms and no past. Keep the reduced axis, so that (N, 1) divides (N, T).",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([[3.0, 4.0]], dtype=torch.float64)).named("one trace: 3, 4")
    yield Case(5 * noise(3, 5)).named("three traces of five samples")
    yield Case(noise(4, 4, seed=1) + 1).named("four traces of four samples")
    yield Case(noise(2, 1, seed=2)).named("two traces of one sample")


@exercise.mistake("The values are right and the gradient is not: your gain is still in the graph. Call detach() on it.")
def gain_in_the_graph(x):
    return x / x.square().mean(-1, keepdim=True).sqrt()


@exercise.mistake(
    "You detached the trace and kept the gain: the gradient now goes only through what was to be held fixed."
)
def wrong_one_detached(x):
    return x.detach() / x.square().mean(-1, keepdim=True).sqrt()


@exercise.mistake(
    "You detached everything, or switched recording off, so no gradient reaches x at all. Only the gain is to be a constant."
)
def everything_detached(x):
    return (x / x.square().mean(-1, keepdim=True).sqrt()).detach()


@exercise.mistake("You divided by the mean square: the root is missing.")
def mean_square(x):
    return x / x.square().mean(-1, keepdim=True).detach()


@exercise.mistake("You took one gain for all traces. Each trace has its own: reduce along the last axis and keep it.")
def one_gain_for_all(x):
    return x / x.square().mean().sqrt().detach()


@exercise.mistake(
    "You divided by the length of the trace as a vector, the root of the *sum* of squares. The rms takes the mean, so that it does not grow with T."
)
def vector_norm(x):
    return x / x.norm(dim=-1, keepdim=True).detach()


@exercise.mistake(
    "You divided by the standard deviation, which takes the mean away first. The root mean square does not: sqrt(mean(x²))."
)
def standard_deviation(x):
    return x / x.std(-1, keepdim=True, correction=0).detach()


@exercise.mistake("You took the mean away as well. Trace balancing only divides.")
def centred_too(x):
    return (x - x.mean(-1, keepdim=True)) / x.square().mean(-1, keepdim=True).sqrt().detach()


@exercise.mistake(
    "You divided by the mean absolute value. The root mean square squares first, then takes the mean, then the root."
)
def mean_absolute_value(x):
    return x / x.abs().mean(-1, keepdim=True).detach()


@exercise.alternative
def without_recording(x):
    with torch.no_grad():
        gain = 1 / (x**2).mean(1).sqrt()
    return x * gain[:, None]


@exercise.alternative
def by_copy(x):
    fixed = x.detach()
    return x / (fixed.norm(dim=1, keepdim=True) / x.shape[1] ** 0.5)
