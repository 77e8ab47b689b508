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
    yield Case(torch.tensor([[-2000.0, 2000.0, 1999.0], [0.0, 1.0, 0.0]], dtype=torch.float64)).named(
        "logits from -2000 to 2000 in one row"
    )
    yield Case(torch.tensor([[-1000.0, 0.0, 1.0, 0.0]], dtype=torch.float64)).named("one logit far below the others")
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


exercise.edit(
    "each_on_its_own",
    "e / e.sum(-1, keepdim=True)",
    "1 / (1 + (-z).exp())",
    "That is the sigmoid of each logit. The probabilities of a row share one sum, so that they add up to 1.",
)
exercise.edit(
    "winner_takes_all",
    "e / e.sum(-1, keepdim=True)",
    "(z == z.amax(-1, keepdim=True)).to(z.dtype)",
    "The largest logit gets everything. Softmax is softer: the others keep a share, e to the power of how far they are behind.",
)
exercise.edit(
    "base_two",
    "e / e.sum(-1, keepdim=True)",
    "2 ** (z - z.amax(-1, keepdim=True)) / (2 ** (z - z.amax(-1, keepdim=True))).sum(-1, keepdim=True)",
    "You took powers of 2. Softmax takes powers of e.",
)
exercise.edit(
    "mean_taken_away",
    "z.amax(-1, keepdim=True)",
    "z.mean(-1, keepdim=True)",
    "You subtract the mean of each row. A logit far above the mean still overflows: subtract the largest, then no exponent is above 0.",
)
exercise.edit(
    "smallest_taken_away",
    "z.amax(-1, keepdim=True)",
    "z.amin(-1, keepdim=True)",
    "You subtract the smallest logit of each row, so the exponents are positive and may overflow. Subtract the largest, then none is above 0.",
)
exercise.edit(
    "falling",
    "(z - z.amax(-1, keepdim=True)).exp()",
    "(z.amin(-1, keepdim=True) - z).exp()",
    "The sign in the exponent is wrong: with you the smallest logit is the most probable.",
)


@exercise.mistake(
    "A small number is added that the formula does not have: the probabilities of a row must sum to exactly 1. After the largest logit is subtracted the sum is at least 1, so nothing needs protection."
)
def a_little_added(z):
    e = (z - z.amax(-1, keepdim=True)).exp()
    return e / (e.sum(-1, keepdim=True) + 1e-4)


@exercise.alternative
def through_logsumexp(z):
    return (z - z.logsumexp(-1, keepdim=True)).exp()


@exercise.alternative
def with_empty_axes(z):
    z = z - z.max(dim=-1).values[..., None]
    e = torch.exp(z)
    return e / torch.sum(e, dim=-1)[..., None]
