"""Zero for negative numbers, the number itself otherwise."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=3,
    move_on=8,
    core=True,
    hints=(
        "Whatever is below a limit becomes the limit; the rest stays. Which limit?",
        "Tensors have .clamp(min=...); torch.where(condition, this, that) or a product with (z > 0) do as well.",
    ),
    forbidden={name: "its definition, max(0, z), is what you write here." for name in ("relu", "relu6", "leaky_relu")},
)


@exercise.cases
def cases():
    yield Case(torch.tensor([-2.0, 0.0, 3.0], dtype=torch.float64)).named("-2, 0 and 3")
    yield Case(torch.linspace(-2.5, 2.6, 15, dtype=torch.float64).reshape(3, 5)).named("a 3x5 table")
    yield Case(torch.tensor([[[-0.25, 0.25, 0.75]]])).named("three axes, float32")


@exercise.mistake("You took the absolute value: negative numbers must become 0, not positive.")
def absolute(z):
    return z.abs()


@exercise.mistake("You kept the negative half and dropped the positive one: that is min(0, z).")
def minimum(z):
    return z.clamp(max=0)


@exercise.mistake("You return 1 where z is positive. That is the slope of ReLU, a step; its value there is z itself.")
def step(z):
    return (z > 0).to(z.dtype)


@exercise.mistake("You took the largest entry of the whole tensor. ReLU compares each entry with 0, on its own.")
def largest(z):
    return z.amax().clamp(min=0)


@exercise.mistake("Negative numbers keep a small slope: that is the leaky ReLU. Here they become exactly 0.")
def leaky(z):
    return torch.where(z > 0, z, 0.01 * z)


@exercise.mistake("You cut off above 1 as well. ReLU has no upper limit: that is what keeps it from saturating.")
def cut_at_one(z):
    return z.clamp(0, 1)


exercise.edit(
    "softened",
    "torch.where(z > 0, 1.0, 0.0) * z",
    "torch.log1p(torch.exp(z))",
    "That is the softplus, a smooth relative. ReLU is exactly 0 below 0 and exactly z above.",
)
exercise.edit(
    "positive_only",
    "torch.where(z > 0, 1.0, 0.0) * z",
    "z[z > 0]",
    "You picked out the positive entries, and the others are gone. They become 0 and keep their places: the same shape out.",
)
exercise.edit(
    "above_one_only",
    "z > 0",
    "z > 1",
    "Numbers between 0 and 1 become 0 with you. The border is 0.",
)


@exercise.alternative
def chosen(z):
    return torch.where(z > 0, z, torch.zeros_like(z))


@exercise.alternative
def clamped(z):
    return z.clamp(min=0)


@exercise.alternative
def half_of_two(z):
    return (z + z.abs()) / 2


exercise.equivalent("Gt -> GtE", "at z = 0 both give 0")
exercise.equivalent("torch.where(...) dropped", "True and False multiply as 1 and 0")
