"""First weights whose variance is a compromise between the way forward and the way back."""

import torch
from torch import Tensor

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise

DRAWS = 4000

exercise = Exercise(
    title="Xavier's first weights",
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
    v = 2 / (inputs + outputs)
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


exercise.equivalent("operands of - swapped", "a distribution that is symmetric about zero is the same with its sign changed")


@exercise.mistake(
    "The matrix is (inputs, outputs). nn.Linear keeps one row per output, (outputs, inputs), so that W @ x works."
)
def lies_on_its_side(inputs, outputs, *, generator):
    return (2 / (inputs + outputs)) ** 0.5 * torch.randn(inputs, outputs, generator=generator)


@exercise.mistake(
    "Your standard deviation is 2 / (inputs + outputs); that should be the variance. Take the root."
)
def variance_for_deviation(inputs, outputs, *, generator):
    return 2 / (inputs + outputs) * torch.randn(outputs, inputs, generator=generator)


@exercise.mistake(
    "This is He's variance, 2 / inputs, which makes up for a ReLU. Xavier's is 2 / (inputs + outputs)."
)
def he_instead(inputs, outputs, *, generator):
    return (2 / inputs) ** 0.5 * torch.randn(outputs, inputs, generator=generator)


@exercise.mistake(
    "Your numbers lie in [0, b]: torch.rand is never negative, so all weights push the same way. Stretch it to [-b, b]."
)
def never_negative(inputs, outputs, *, generator):
    return (6 / (inputs + outputs)) ** 0.5 * torch.rand(outputs, inputs, generator=generator)


@exercise.mistake(
    "The bound of your uniform numbers is the standard deviation. A uniform number on [-b, b] has only the variance b squared over 3, "
    "so b has to be the root of three times the variance."
)
def deviation_for_bound(inputs, outputs, *, generator):
    return (2 / (inputs + outputs)) ** 0.5 * (2 * torch.rand(outputs, inputs, generator=generator) - 1)


@exercise.mistake("The generator is not used, so the same seed gives other weights: pass generator=generator to the random function.")
def own_randomness(inputs, outputs, *, generator):
    return (2 / (inputs + outputs)) ** 0.5 * torch.randn(outputs, inputs)


@exercise.alternative
def normal(inputs, outputs, *, generator):
    return torch.randn(outputs, inputs, generator=generator) * (2 / (inputs + outputs)) ** 0.5


@exercise.alternative
def by_torch(inputs, outputs, *, generator):
    return torch.nn.init.xavier_uniform_(torch.empty(outputs, inputs), generator=generator)
