"""First weights that make up for what a ReLU takes away."""

import torch
from torch import Tensor

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise

DRAWS = 4000

exercise = Exercise(
    title="He's first weights",
    difficulty=1,
    minutes=6,
    move_on=12,
    hints=(
        "You need random numbers of mean 0 and a given variance. Both torch.randn and torch.rand take generator=.",
        "A uniform number on [-b, b] has the variance b squared over 3; a normal one of standard deviation d has d squared. Choose b or d.",
    ),
    part="afternoon",
    probe=probes.sample(
        {
            "mean": "x.double().mean(0)",
            "variance": "x.double().square().mean(0)",
            "corner with corner": "(x[:, 0, 0] * x[:, -1, -1]).double().mean(0)",
        },
        draws=DRAWS,
    ),
)


def closed_form(inputs: int, outputs: int) -> Case:
    """Mean 0 and variance v; the standard errors of normal numbers, which those of uniform ones do not exceed."""
    v = 2 / inputs
    flat = torch.ones(outputs, inputs, dtype=torch.float64)
    alone = inputs * outputs == 1
    one = torch.tensor(1.0, dtype=torch.float64)
    return Case(inputs, outputs).expecting(
        {"mean": 0 * flat, "variance": v * flat, "corner with corner": one * (v if alone else 0.0)},
        within={
            "mean": flat * (v / DRAWS) ** 0.5,
            "variance": flat * v * (2 / DRAWS) ** 0.5,
            "corner with corner": one * v * ((2 if alone else 1) / DRAWS) ** 0.5,
        },
    )


@exercise.cases
def cases():
    yield closed_form(1, 1).named("one input, one output")
    yield closed_form(3, 2).named("three inputs, two outputs")
    yield closed_form(2, 12).seeded(1).named("two inputs, twelve outputs")
    yield closed_form(9, 1).seeded(2).named("nine inputs, one output")


@exercise.mistake(
    "The matrix is (inputs, outputs). nn.Linear keeps one row per output, (outputs, inputs), so that W @ x works."
)
def lies_on_its_side(inputs, outputs, *, generator):
    return (2 / inputs) ** 0.5 * torch.randn(inputs, outputs, generator=generator)


@exercise.mistake("Your standard deviation is 2 / inputs; that should be the variance. Take the root.")
def variance_for_deviation(inputs, outputs, *, generator):
    return 2 / inputs * torch.randn(outputs, inputs, generator=generator)


@exercise.mistake(
    "You divided by the number of outputs. What sums up in a neuron are its inputs; the outputs count on the way back, and there He's choice "
    "is harmless, as the text shows."
)
def divided_by_outputs(inputs, outputs, *, generator):
    return (2 / outputs) ** 0.5 * torch.randn(outputs, inputs, generator=generator)


@exercise.mistake(
    "Your variance is 1 / inputs: right without an activation, but a ReLU throws half of the mean square away, and the 2 makes up for it."
)
def without_the_two(inputs, outputs, *, generator):
    return (1 / inputs) ** 0.5 * torch.randn(outputs, inputs, generator=generator)


@exercise.mistake("This is Xavier's variance, 2 / (inputs + outputs). He's is 2 / inputs.")
def xavier_instead(inputs, outputs, *, generator):
    return (2 / (inputs + outputs)) ** 0.5 * torch.randn(outputs, inputs, generator=generator)


@exercise.mistake(
    "Your numbers are never negative: torch.rand is uniform on [0, 1]. Use torch.randn, or stretch the interval to both sides of zero."
)
def never_negative(inputs, outputs, *, generator):
    return (6 / inputs) ** 0.5 * torch.rand(outputs, inputs, generator=generator)


@exercise.alternative
def uniform(inputs, outputs, *, generator):
    bound = (6 / inputs) ** 0.5
    return torch.empty(outputs, inputs).uniform_(-bound, bound, generator=generator)


@exercise.alternative
def by_torch(inputs, outputs, *, generator):
    return torch.nn.init.kaiming_normal_(torch.empty(outputs, inputs), nonlinearity="relu", generator=generator)
