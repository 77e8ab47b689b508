"""A weighted sum, a bias, an activation."""

import torch

from dlmodule.checking import Case, Code, Exercise
from dlmodule.checking.inputs import row

exercise = Exercise(
    difficulty=1,
    minutes=5,
    core=True,
    hints=(
        "Do the worked number on paper, and note the order: products, their sum, the bias, and last the activation.",
        "The products, entry by entry, are w * x, and .sum(-1) adds them along the last axis, one sum per example. `activation` is a function: call it on the whole of it.",
    ),
)


@exercise.cases
def cases():
    tanh = Code("torch.tanh")
    yield Case(row(1, 2), row(3, -1), 0.5, tanh).named("two features")
    yield Case(row(0.3, -0.2, 0.5), row(-1, 2, 0.4), -0.7, tanh).named("three features and a negative bias")
    yield Case(row(1, -2, 3, 1, 2), row(2, 1, -1, 0.5, 1), 0.25, Code("lambda z: z.square()")).named(
        "five features and a square as activation"
    )
    yield Case(row(2), row(1.5), 1, Code("lambda z: z")).named("one feature and no bend at all")
    batch = torch.tensor([[1.0, 2.0], [0.5, -1.0], [0.0, 0.3]], dtype=torch.float64)
    yield Case(batch, row(0.4, -0.6), 0.1, tanh).named("a batch of three examples")


@exercise.mistake("The bias is missing. Without it every neuron's bend would go through the origin, whatever the data.")
def no_bias(x, w, b, activation):
    return activation(x @ w)


@exercise.mistake(
    "You add the bias after the activation. It belongs inside: g(w · x + b) moves the bend, g(w · x) + b lifts the output."
)
def bias_outside(x, w, b, activation):
    return activation(x @ w) + b


@exercise.mistake("The activation is never called, so your neuron is a line. Return activation(...) of the sum.")
def no_activation(x, w, b, activation):
    return x @ w + b


@exercise.mistake("You return one number per feature: the products are not summed. A neuron has a single output.")
def not_summed(x, w, b, activation):
    return activation(w * x + b)


@exercise.mistake(
    "You add the bias to every product before you sum, so it counts once per feature. It is added once, to the sum."
)
def bias_per_feature(x, w, b, activation):
    return activation((w * x + b).sum(-1))


@exercise.mistake(
    "Right for one example, but a batch comes out as a single number: you sum over the examples too. Sum along the last axis only."
)
def summed_over_examples(x, w, b, activation):
    return activation((w * x).sum() + b)


exercise.edit(
    "axis_kept",
    "(w * x).sum(dim=-1)",
    "(w * x).sum(dim=-1, keepdim=True)",
    "The axis of the features is still there, with length 1: your sum keeps it (keepdim=True). A neuron's output has the shape (...) without it.",
)
exercise.edit(
    "activation_on_the_input",
    "activation((w * x).sum(dim=-1) + b)",
    "(w * activation(x)).sum(dim=-1) + b",
    "You pass the input through the activation. It stands around the whole sum: activation(w · x + b).",
)
exercise.edit(
    "activation_of_its_own",
    "activation((w * x).sum(dim=-1) + b)",
    "((w * x).sum(dim=-1) + b).clamp(min=0)",
    "You always use a ReLU. The activation is an argument: call the function you are given.",
)
exercise.edit(
    "times_the_bias",
    ".sum(dim=-1) + b",
    ".sum(dim=-1) * b",
    "You multiply by the bias where it is added.",
)
exercise.edit(
    "minus_the_bias",
    ".sum(dim=-1) + b",
    ".sum(dim=-1) - b",
    "You subtract the bias where the definition adds it.",
)
exercise.edit(
    "mean_of_the_products",
    ".sum(dim=-1)",
    ".mean(dim=-1)",
    "You took the mean of the products. w · x is their sum.",
)


@exercise.alternative
def dot(x, w, b, activation):
    return activation(x @ w + b)


@exercise.alternative
def loop(x, w, b, activation):
    total = torch.tensor(float(b), dtype=x.dtype)
    for d in range(len(w)):
        total = total + x[..., d] * w[d]
    return activation(total)
