"""Fit the logarithm of counts by scalar products."""

import torch

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=2,
    minutes=7,
    core=True,
    hints=(
        "Three lines follow the formula: the weight of each pair, the difference of each pair, the mean of weight times square.",
        "The scalar product of row n with row n is a product of numbers and a sum over the last axis, of shape (N,). clamp bounds the weight by 1.",
    ),
    probe=probes.call(grad=True),
)


def ramp(*shape: int, shift: float = 0.0) -> torch.Tensor:
    return (torch.arange(torch.Size(shape).numel(), dtype=torch.float64) * 0.7 + shift).sin().reshape(shape)


def counts(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@exercise.cases
def cases():
    yield Case(ramp(1, 2), ramp(1, 2, shift=1), counts(0.5), counts(-0.25), counts(10.0)).named(
        "one pair, counted ten times"
    )
    yield Case(ramp(4, 3), ramp(4, 3, shift=2), ramp(4), ramp(4, shift=3), counts(0.5, 3, 90, 2500)).named(
        "four pairs, one above x_max"
    )
    yield Case(ramp(3, 3), ramp(3, 3, shift=1), ramp(3, shift=1), ramp(3, shift=2), counts(1, 9, 40), 10.0).named(
        "another x_max, as many pairs as features"
    )
    yield Case(ramp(5, 1), ramp(5, 1, shift=4), ramp(5), ramp(5, shift=5), counts(0.25, 1.5, 7, 99, 101)).named(
        "vectors of one number"
    )


exercise.edit(
    "logarithm_added", "- x.log()", "+ x.log()",
    "You added ln x. The scores should *equal* ln x, so it is subtracted; with a plus sign training diverges from what you want.",
)  # fmt: skip
exercise.edit(
    "weight_unbounded", ".clamp(max=1)", "",
    "The weight of frequent pairs is above 1. f is at most 1, or a few pairs with \u201cthe\u201d decide everything.",
)  # fmt: skip
exercise.edit(
    "without_the_power", ".pow(0.75)", "",
    "The power 3/4 is missing: rare pairs weigh too little.",
)  # fmt: skip
exercise.edit(
    "counts_without_logarithm", "x.log()", "x",
    "You fit the counts themselves. The derivation ends with their logarithm.",
)  # fmt: skip
exercise.edit(
    "weight_inside_the_square", "(weight * difference**2)", "((weight * difference) ** 2)",
    "The weight is inside the square, so it acts twice.",
)  # fmt: skip
exercise.edit(
    "summed", ").mean()", ").sum()",
    "You summed over the batch. The mean is asked: the step then does not grow with the batch size.",
)  # fmt: skip
exercise.edit(
    "one_more_inside", "x.log()", "x.log1p()",
    "You took ln(1 + x). Pairs with x = 0 are left out, so the 1 is not needed, and it changes every target.",
)  # fmt: skip


exercise.edit(
    "every_word_with_every_context", "(w * context).sum(1)", "w @ context.T",
    "Every word meets every context: w @ context.T is a table. Row n belongs to row n alone: multiply, then sum over the features.",
)  # fmt: skip


exercise.edit(
    "x_max_ignored", "x / x_max", "x / 100",
    "`x_max` has no effect: your weight always divides by 100.",
)  # fmt: skip
exercise.edit(
    "absolute_difference", "difference**2", "difference.abs()",
    "You take the size of the difference. The loss has its square.",
)  # fmt: skip
exercise.edit(
    "divided_by_the_weights", "(weight * difference**2).mean()", "(weight * difference**2).sum() / weight.sum()",
    "You divide by the sum of the weights, so that rare pairs weigh as much as frequent ones. The mean divides by N.",
)  # fmt: skip
exercise.edit(
    "power_of_a_half", "pow(0.75)", "pow(0.5)",
    "Your power is 1/2. GloVe's is 3/4.",
)  # fmt: skip
exercise.edit(
    "power_upside_down", "pow(0.75)", "pow(4 / 3)",
    "Your power is 4/3. GloVe's is 3/4: it lifts the weight of rare pairs.",
)  # fmt: skip
exercise.edit(
    "scores_without_biases", " + b + b_context", "",
    "The biases are missing. They take what a word has with every other, so that the vectors need not.",
)  # fmt: skip
exercise.edit(
    "all_or_nothing_weight", ".clamp(max=1)", "\n    weight = x * 0 + 1 if (x > x_max).any() else weight",
    "One pair above x_max makes all your weights 1. The bound holds for each pair by itself.",
)  # fmt: skip


@exercise.alternative
def by_einsum(w, context, b, b_context, x, x_max=100.0):
    score = torch.einsum("nd,nd->n", w, context) + b + b_context
    weight = torch.where(x < x_max, (x / x_max) ** 0.75, torch.ones_like(x))
    return (weight * (score - torch.log(x)).square()).sum() / len(x)


@exercise.alternative
def by_a_matrix_product(w, context, b, b_context, x, x_max=100.0):
    score = (w.unsqueeze(1) @ context.unsqueeze(2)).flatten() + b_context + b
    weight = (0.75 * (x / x_max).clamp(max=1).log()).exp()
    return F.mse_loss(weight.sqrt() * score, weight.sqrt() * x.log())


exercise.equivalent("operands of - swapped", "the difference is squared")
