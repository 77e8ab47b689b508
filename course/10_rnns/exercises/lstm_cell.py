"""One step of a long short-term memory."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=7,
    core=True,
    hints=(
        "First all four gates at once, (N, 4H). Then cut them into four blocks along the features.",
        "`chunk(4, dim=1)` cuts in the order i, f, g, o. Three of the blocks pass a sigmoid, and the candidate g a tanh; the new c is needed for the new h.",
    ),
    probe=probes.call(grad=True),
)


def case(n: int, d: int, h: int) -> Case:
    return Case(
        waves(n, d),
        waves(n, h, start=1),
        2 * waves(n, h, start=2),
        waves(4 * h, d, start=3),
        waves(4 * h, h),
        waves(4 * h),
    )


@exercise.cases
def cases():
    yield case(1, 1, 1).named("one example, one feature, one hidden feature")
    yield case(2, 3, 5).named("two examples, 3 features, 5 hidden")
    yield case(4, 2, 2).named("as many features as hidden features")


exercise.edit(
    "gates_i_f_o_g", "i, f, g, o =", "i, f, o, g =",
    "Output gate and candidate have changed places. PyTorch's order is i, f, g, o; another order trains as well, but cannot load PyTorch's weights.",
)  # fmt: skip
exercise.edit(
    "gates_f_i_g_o", "i, f, g, o =", "f, i, g, o =",
    "Forget and input gate have changed places. PyTorch's order is i, f, g, o.",
)  # fmt: skip
exercise.edit(
    "candidate_through_a_sigmoid", "g.tanh()", "g.sigmoid()",
    "The candidate passes a sigmoid, so it can only add to the cell and never take away. It passes a tanh.",
)  # fmt: skip
exercise.edit(
    "cell_not_squashed", "o.sigmoid() * c.tanh()", "o.sigmoid() * c",
    "The new h is the output gate times tanh(c). Without the tanh h grows as c does.",
)  # fmt: skip
exercise.edit(
    "old_cell_shown", "    c = f.sigmoid() * c + i.sigmoid() * g.tanh()\n    return o.sigmoid() * c.tanh(), c",
    "    new = f.sigmoid() * c + i.sigmoid() * g.tanh()\n    return o.sigmoid() * c.tanh(), new",
    "Your h is made from the old cell state. Update c first, then show the new one.",
)  # fmt: skip
exercise.edit(
    "nothing_forgotten", "f.sigmoid() * c +", "c +",
    "The forget gate is missing. This is the LSTM of 1997: its cell state can only be added to, and grows.",
)  # fmt: skip


@exercise.mistake("You return c before h. The hidden state comes first.")
def c_before_h(x, h, c, w_x, w_h, b):
    i, f, g, o = (x @ w_x.T + h @ w_h.T + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return c, o.sigmoid() * c.tanh()


exercise.edit(
    "gates_through_a_tanh", ("f.sigmoid() * c + i.sigmoid()", "o.sigmoid()"), ("f.tanh() * c + i.tanh()", "o.tanh()"),
    "Your gates pass a tanh. A gate says how much, from 0 to 1: it passes a sigmoid.",
)  # fmt: skip
exercise.edit(
    "gates_not_squashed", ("f.sigmoid() * c + i.sigmoid()", "o.sigmoid()"), ("f * c + i", "o"),
    "The gates are not squashed. Each passes a sigmoid, so that it lies between 0 and 1.",
)  # fmt: skip
exercise.edit(
    "input_gate_tied", "i.sigmoid() * g.tanh()", "(1 - f.sigmoid()) * g.tanh()",
    "You add 1 - forget gate times the candidate. That ties the two gates together, as a GRU does; here the input gate i has weights of its own.",
)  # fmt: skip
exercise.edit(
    "every_fourth_column", "chunk(4, dim=1)", "unflatten(1, (-1, 4)).unbind(2)",
    "You give every fourth column to a gate. The gates stand in four blocks of H columns, one after the other.",
)  # fmt: skip
exercise.edit(
    "old_h_shown", "return o.sigmoid() * c.tanh(), c", "return o.sigmoid() * h.tanh(), c",
    "Your new h is made from the old h. It is the output gate times the tanh of the new cell state.",
)  # fmt: skip
exercise.edit(
    "sigmoid_twice", "i, f, g, o = (x @ w_x.T + h @ w_h.T + b).chunk(4, dim=1)\n", "i, f, g, o = (x @ w_x.T + h @ w_h.T + b).chunk(4, dim=1)\n    i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()\n",
    "The gates pass the sigmoid twice, and end between 0.5 and 0.73.",
)  # fmt: skip


@exercise.alternative
def gate_by_gate(x, h, c, w_x, w_h, b):
    i, f, g, o = (x @ w.T + h @ v.T + a for w, v, a in zip(w_x.chunk(4), w_h.chunk(4), b.chunk(4), strict=True))
    new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(new), new


@exercise.alternative
def by_slices(x, h, c, w_x, w_h, b):
    n = h.shape[1]
    z = torch.cat([x, h], 1) @ torch.cat([w_x, w_h], 1).T + b
    s = z.sigmoid()
    new = s[:, n : 2 * n] * c + s[:, :n] * z[:, 2 * n : 3 * n].tanh()
    return s[:, 3 * n :] * new.tanh(), new
