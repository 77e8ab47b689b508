"""tanh, right on paper and on a computer."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=5,
    hints=(
        "The formula as it stands overflows for large z. The text above gives tanh in terms of a function that you have already made safe.",
        "tanh z = 2 σ(2z) - 1. Count the twos: one stretches the curve vertically, the other one horizontally.",
    ),
    forbidden={name: "it is what you write here, from its definition." for name in ("tanh", "tan")},
)


@exercise.cases
def cases():
    yield Case(torch.tensor([0.0, 1.0, -0.5], dtype=torch.float64)).named("0, 1 and -0.5")
    yield Case(torch.linspace(-3, 4, 10, dtype=torch.float64).reshape(5, 2)).named("a 5x2 table")
    yield Case(torch.tensor([6.0, -9.0, 12.0], dtype=torch.float64)).named("6, -9 and 12").within(atol=1e-13)
    yield Case(torch.tensor([1000.0], dtype=torch.float64)).named("1000")
    yield Case(torch.tensor([-1000.0], dtype=torch.float64)).named("-1000")


@exercise.mistake(
    "For z = 1000 both exponentials of the definition overflow, or one does: infinity over infinity is nan. Go through your sigmoid."
)
def as_it_stands(z):
    return (z.exp() - (-z).exp()) / (z.exp() + (-z).exp())


@exercise.mistake("The 2 inside is missing: 2 σ(z) - 1 is tanh(z/2), only half as steep at zero.")
def half_as_steep(z):
    return 2 / (1 + (-z).exp()) - 1


@exercise.mistake("You stretched the sigmoid but did not lower it: tanh runs from -1 to 1, so subtract 1.")
def not_lowered(z):
    return 2 / (1 + (-2 * z).exp())


@exercise.mistake("You return σ(2z), which runs from 0 to 1. Double it and subtract 1.")
def only_sigmoid(z):
    return 1 / (1 + (-2 * z).exp())


@exercise.mistake("The sign is wrong: tanh rises, so tanh(1) is +0.76.")
def falling(z):
    return 1 - 2 / (1 + (-2 * z).exp())


@exercise.mistake(
    "Safe for z = 1000, but for z = -1000 the power e^(-2z) overflows above and below: infinity over infinity. Only one exponential, in "
    "the denominator, is safe on both sides."
)
def safe_on_one_side(z):
    return (1 - (-2 * z).exp()) / (1 + (-2 * z).exp())


exercise.edit(
    "nothing_for_nan",
    "2 * sigmoid(2 * z) - 1",
    "((z.exp() - (-z).exp()) / (z.exp() + (-z).exp())).nan_to_num(0)",
    "You replaced nan by 0. Far out tanh is 1 or -1: go by the sigmoid, which survives there.",
)
exercise.edit(
    "one_for_nan",
    "2 * sigmoid(2 * z) - 1",
    "((z.exp() - (-z).exp()) / (z.exp() + (-z).exp())).nan_to_num(1)",
    "You replaced nan by 1. Far out on the left tanh is -1: go by the sigmoid, which survives on both sides.",
)
exercise.edit(
    "half_as_high",
    "2 * sigmoid(2 * z) - 1",
    "sigmoid(2 * z) - 1",
    "The 2 in front is missing: yours runs from -1 to 0.",
)
exercise.edit(
    "upside_down",
    "2 * sigmoid(2 * z) - 1",
    "(z.exp() + (-z).exp()) / (z.exp() - (-z).exp())",
    "Numerator and denominator are exchanged: that is the hyperbolic cotangent.",
)


@exercise.mistake(
    "You limit z before the exponentials. That avoids the overflow, but beyond the limit tanh still rises a little, and its slope becomes 0 at once. Go through your sigmoid, which needs no limit."
)
def limited(z):
    z = z.clamp(-5, 5)
    return (z.exp() - (-z).exp()) / (z.exp() + (-z).exp())


@exercise.alternative
def by_size_and_sign(z):
    small = (-2 * z.abs()).exp()
    return z.sign() * (1 - small) / (1 + small)


@exercise.alternative
def one_exponential(z):
    return 1 - 2 / ((2 * z).exp() + 1)
