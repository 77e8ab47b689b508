"""One step of a recurrent network."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=1,
    minutes=4,
    core=True,
    hints=(
        "Write the shapes under the formula. Rows are examples, so the weights stand on the right and are transposed.",
        "Three terms of shape (N, H): one from x, one from h, and the bias, which broadcasts. Then one function over the sum.",
    ),
    probe=probes.call(grad=True),
)


def row(*values: float) -> torch.Tensor:
    return torch.tensor([values], dtype=torch.float64)


@exercise.cases
def cases():
    yield Case(row(1.0), row(0.5), row(1.0), row(0.5), row(0.25)[0]).named("one feature, one hidden feature")
    yield Case(waves(2, 3), waves(2, 4, start=1), waves(4, 3), waves(4, 4, start=2), waves(4)).named(
        "two examples, 3 features, 4 hidden"
    )
    yield Case(waves(3, 2), waves(3, 2, start=1), waves(2, 2, start=3), waves(2, 2), waves(2)).named(
        "as many features as hidden features"
    )


exercise.edit(
    "linear", "torch.tanh(from_input + from_state)", "from_input + from_state",
    "The tanh is missing. Without it the network is linear in its past, and a state with large weights grows without bound.",
)  # fmt: skip
exercise.edit(
    "input_outside", "torch.tanh(from_input + from_state)", "from_input + torch.tanh(from_state)",
    "Only a part of the sum goes through the tanh. The input, the old state and the bias are added first.",
)  # fmt: skip
exercise.edit(
    "state_weights_not_transposed", "F.linear(h, w_h, b)", "h @ w_h + b",
    "W_h is not transposed. It is square, so no error tells you; its rows belong to the new state, its columns to the old one.",
)  # fmt: skip
exercise.edit(
    "without_bias", "F.linear(h, w_h, b)", "F.linear(h, w_h)",
    "The bias is missing.",
)  # fmt: skip
exercise.edit(
    "sigmoid", "torch.tanh(", "torch.sigmoid(",
    "You used a sigmoid: this state can never be negative. The formula has a tanh.",
)  # fmt: skip


exercise.edit(
    "tanh_of_each", "torch.tanh(from_input + from_state)", "torch.tanh(from_input) + torch.tanh(from_state)",
    "The tanh is taken of each product by itself. Add first: one tanh of the whole sum, so that the state stays between -1 and 1.",
)  # fmt: skip


exercise.edit(
    "bias_outside", "F.linear(h, w_h, b)\n    return torch.tanh(from_input + from_state)", "F.linear(h, w_h)\n    return torch.tanh(from_input + from_state) + b",
    "The bias is added after the tanh. It belongs inside: the state would leave the range from -1 to 1.",
)  # fmt: skip
exercise.edit(
    "bias_twice", "F.linear(x, w_x)", "F.linear(x, w_x, b)",
    "The bias is added twice, once with each product.",
)  # fmt: skip
exercise.edit(
    "old_state_added", "return torch.tanh(from_input + from_state)", "return h + torch.tanh(from_input + from_state)",
    "You add the old state to the new one. Here the tanh alone is the new state; adding comes with the LSTM.",
)  # fmt: skip


@exercise.alternative
def one_product(x, h, w_x, w_h, b):
    return (torch.cat([x, h], dim=1) @ torch.cat([w_x, w_h], dim=1).T + b).tanh()


@exercise.alternative
def by_einsum(x, h, w_x, w_h, b):
    a = torch.einsum("nd,hd->nh", x, w_x) + torch.einsum("ng,hg->nh", h, w_h) + b
    return 1 - 2 / (1 + (2 * a).exp())
