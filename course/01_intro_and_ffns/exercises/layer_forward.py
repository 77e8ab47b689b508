"""A batch through one linear layer: one matrix product and a bias."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=1,
    minutes=5,
    move_on=12,
    core=True,
    hints=(
        "Write the shapes beside the formula: (N, D) times what gives (N, H)? W is (H, D).",
        "W.T is (D, H). The bias (H,) is repeated for every example by broadcasting, without your doing anything.",
    ),
)


@exercise.cases
def cases():
    W = torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]], dtype=torch.float64)
    b = torch.tensor([0.0, 10.0, -5.0], dtype=torch.float64)
    yield Case(torch.tensor([[1.0, 2.0]], dtype=torch.float64), W, b).named("one example, two features, three neurons")
    yield Case(noise(3, 3, seed=0), noise(3, 3, seed=1), noise(3, seed=2)).named("everything 3")
    yield Case(noise(4, 5, seed=3), noise(2, 5, seed=4), noise(2, seed=5)).named(
        "four examples, five features, two neurons"
    )


@exercise.mistake(
    "You multiplied by W as it stands. Its rows are neurons, its columns features, so x (N, D) has to meet W.T (D, H); only a square W "
    "lets the other pass, and then it is wrong."
)
def not_transposed(x, W, b):
    return x @ W + b


@exercise.mistake("The bias is missing: add b, one number per neuron.")
def no_bias(x, W, b):
    return x @ W.T


@exercise.mistake("Your result is on its side, (H, N). Rows are examples, here and everywhere: (N, H).")
def on_its_side(x, W, b):
    return W @ x.T + b[:, None]


@exercise.mistake("You subtract the bias where the definition adds it.")
def bias_subtracted(x, W, b):
    return x @ W.T - b


@exercise.mistake(
    "You passed the sum through a ReLU. This is the linear part alone; the activation comes in the next exercise."
)
def activated(x, W, b):
    return (x @ W.T + b).clamp(min=0)


exercise.edit(
    "bias_down_the_rows",
    " + b",
    " + b[:, None]",
    "Your biases run down the examples. There is one for each neuron, a column of the result: b as it is lies along the last axis.",
)
exercise.edit(
    "biases_summed",
    " + b",
    " + b.sum()",
    "You add the sum of all biases to every neuron. Each has its own: add b as it is.",
)
exercise.edit(
    "first_bias_for_all",
    " + b",
    " + b[0]",
    "Every neuron gets the first one's bias. Each has its own: add b as it is.",
)
exercise.edit(
    "divided_by_the_features",
    "x @ W.transpose(0, 1)",
    "x @ W.transpose(0, 1) / x.shape[1]",
    "You divided by the number of features. A neuron sums its products.",
)
exercise.edit(
    "first_example_only",
    "x @ W",
    "x[0] @ W",
    "Only the first example is there. Every row of x has its row in the result.",
)


@exercise.alternative
def einsum(x, W, b):
    return torch.einsum("nd,hd->nh", x, W) + b


@exercise.alternative
def one_example_at_a_time(x, W, b):
    return torch.stack([W @ one + b for one in x])


@exercise.alternative
def broadcast(x, W, b):
    return (x[:, None, :] * W).sum(2) + b


exercise.equivalent("first two arguments of transpose swapped", "exchanging axes 0 and 1 is exchanging 1 and 0")
