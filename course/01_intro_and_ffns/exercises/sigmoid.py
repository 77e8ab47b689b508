"""Squeeze any number into (0, 1)."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=3,
    move_on=8,
    hints=(
        "Check three values on paper: z = 0 gives 1/2; a large z gives 1; a very negative z gives 0.",
        "e to the power of a tensor is tensor.exp(). Mind the sign in the exponent, and what the 1 + belongs to.",
    ),
    forbidden={
        name: "it is what you write here, from its definition."
        for name in ("sigmoid", "logsigmoid", "expit", "special_expit")
    },
)


@exercise.cases
def cases():
    yield Case(torch.tensor([0.0, 1.0, -2.0], dtype=torch.float64)).named("0, 1 and -2")
    yield Case(torch.linspace(-4, 5, 12, dtype=torch.float64).reshape(2, 6)).named("a 2x6 table")
    yield Case(torch.tensor([-1000.0, 1000.0], dtype=torch.float64)).named("-1000 and 1000")


@exercise.mistake(
    "The sign in the exponent is wrong: your curve falls where the sigmoid rises. It is e to the power -z."
)
def falling(z):
    return 1 / (1 + z.exp())


@exercise.mistake(
    "Written as e^z / (1 + e^z) it is the same on paper, but for z = 1000 it is infinity over infinity, nan. With e^-z the worst "
    "case is 1 / infinity, which is 0 as it should be."
)
def overflows(z):
    return z.exp() / (1 + z.exp())


@exercise.mistake(
    "A bracket is missing: 1 / 1 + e^-z divides before it adds. The whole sum 1 + e^-z is the denominator."
)
def no_bracket(z):
    return 1 / 1 + (-z).exp()


@exercise.mistake("You return the slope, sigma (1 - sigma). The value was asked for.")
def slope(z):
    s = z.sigmoid()
    return s * (1 - s)


@exercise.mistake("You computed tanh, which runs from -1 to 1. The sigmoid runs from 0 to 1.")
def hyperbolic(z):
    return z.tanh()


exercise.edit(
    "stretched",
    "1 / (1 + (-z).exp())",
    "2 / (1 + (-z).exp()) - 1",
    "Yours runs from -1 to 1, as tanh does. The sigmoid runs from 0 to 1.",
)
exercise.edit(
    "minus_below",
    "(1 + (-z)",
    "(1 - (-z)",
    "The denominator is 1 *plus* e to the power -z. With a minus it is zero at z = 0.",
)
exercise.edit(
    "of_the_whole_tensor",
    "1 / (1 + (-z).exp())",
    "z.exp() / z.exp().sum()",
    "You divided by the sum over the whole tensor, as a softmax does. The sigmoid takes each entry on its own.",
)
exercise.edit(
    "the_other_side",
    "1 / (1 + (-z).exp())",
    "(-z).exp() / (1 + (-z).exp())",
    "That is 1 minus the sigmoid: your curve falls where the sigmoid rises, and for -1000 it is infinity over infinity. The numerator is 1.",
)
exercise.edit(
    "held_within_ten",
    "(-z)",
    "(-z.clamp(-10, 10))",
    "You held z within bounds, so that far out your curve stops short of 0 and 1. It is not needed: 1 / inf is 0.",
)


@exercise.alternative
def by_tanh(z):
    return (1 + (z / 2).tanh()) / 2


@exercise.alternative
def by_sign(z):
    small = (-z.abs()).exp()
    return torch.where(z >= 0, 1 / (1 + small), small / (1 + small))
