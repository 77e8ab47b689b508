"""Probabilities from logits, whatever their size."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    core=True,
    hints=(
        "Three steps: subtract, exponentiate, divide. The first and the last need one number per row; how is its axis kept?",
        "z.amax(-1, keepdim=True) has shape (..., 1), so that it broadcasts against z; the sum needs the same.",
    ),
    forbidden={
        name: "it is what you write here: exponentials, divided by their sum." for name in ("softmax", "log_softmax")
    },
)


@exercise.cases
def cases():
    yield Case(torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)).named("the logits 1, 2, 3")
    yield Case(torch.tensor([[0.0, 1.0, -1.0], [2.0, 0.5, 0.5]], dtype=torch.float64)).named("two rows of three logits")
    yield Case(torch.tensor([[1000.0, 1001.0], [-1000.0, -1002.0]], dtype=torch.float64)).named(
        "logits about 1000 and about -1000"
    )
    wave = (torch.arange(24, dtype=torch.float64) * 0.7).sin().reshape(2, 3, 4)
    yield Case(3 * wave).named("three axes")


@exercise.mistake(
    "Right for small logits, nan for large ones: e^1000 overflows. Subtract the largest logit of each row first; it changes nothing on paper."
)
def overflows(z):
    return z.exp() / z.exp().sum(-1, keepdim=True)


@exercise.mistake(
    "You subtract one maximum for the whole tensor. A row far below it underflows to all zeros, and zero over zero is nan: each row needs "
    "its own."
)
def one_maximum_for_all(z):
    e = (z - z.max()).exp()
    return e / e.sum(-1, keepdim=True)


@exercise.mistake(
    "You normalise over everything. Each row, along the last axis, is a distribution of its own and sums to 1."
)
def over_everything(z):
    e = (z - z.amax(-1, keepdim=True)).exp()
    return e / e.sum()


@exercise.mistake(
    "You normalise along the first axis, across the examples. The classes lie along the last axis: use -1."
)
def along_the_first_axis(z):
    return z.softmax(0)


@exercise.mistake(
    "You return logarithms of probabilities. Exponentiate, or do not take the logarithm in the first place."
)
def logarithms(z):
    return z.log_softmax(-1)


@exercise.mistake(
    "You divide the logits by their sum without the exponential. Logits may be negative; then so would your probabilities be."
)
def no_exponential(z):
    return z / z.sum(-1, keepdim=True)


@exercise.mistake("You return the exponentials without dividing by their sum, so they do not sum to 1.")
def not_divided(z):
    return (z - z.amax(-1, keepdim=True)).exp()


@exercise.alternative
def through_logsumexp(z):
    return (z - z.logsumexp(-1, keepdim=True)).exp()


@exercise.alternative
def with_empty_axes(z):
    z = z - z.max(dim=-1).values[..., None]
    e = torch.exp(z)
    return e / torch.sum(e, dim=-1)[..., None]
