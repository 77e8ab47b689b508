"""The LSTM layer: PyTorch's parameter names and numbers, one product for the inputs and one a step."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Write the loop of the recurrent network again, with lstm_cell's three lines inside. What can you compute for all steps before the loop?",
        "`F.linear(x, weight_ih, both biases)` works on (N, T, D) at once; unbind it along time. h and c lose the axis of layers at the start and get it back at the end.",
    ),
)


@exercise.probe
def probe(candidate, case):
    x, hidden, given = case.args
    torch.manual_seed(1)
    reference = nn.LSTM(x.shape[2], hidden, batch_first=True).to(x.dtype)
    layer = candidate(x.shape[2], hidden).to(x.dtype)
    layer.load_state_dict(reference.state_dict())
    # Numbers of their own for every sequence and feature; and a call before, of which nothing may be left.
    state = tuple(torch.sin(k + torch.arange(len(x) * hidden)).reshape(1, len(x), hidden).to(x.dtype) for k in (1, 2))
    with torch.no_grad():
        layer(x)
    output, (h, c) = layer(x, state) if given else layer(x)
    (output.square().sum() + c.sum()).backward()
    return {
        "output": output.detach(),
        "h": h.detach(),
        "c": c.detach(),
        "gradients": {name: p.grad for name, p in layer.named_parameters()},
        "parameters": sorted(name for name, _ in layer.named_parameters()),
    }


@exercise.cases
def cases():
    yield Case(waves(1, 2, 1), 1, False).named("one sequence of two steps, one feature")
    yield Case(waves(2, 6, 3), 5, False).named("two sequences of six steps")
    yield Case(waves(3, 4, 2), 3, True).named("a given state")
    yield Case(waves(3, 3, 3), 3, True).named("three of everything")
    yield Case(waves(2, 3, 2).float(), 5, False).named("float32")


exercise.edit(
    "gates_i_f_o_g", "i, f, g, o =", "i, f, o, g =",
    "Output gate and candidate have changed places: PyTorch's rows are i, f, g, o. The shapes are right, and every number is wrong.",
)  # fmt: skip
exercise.edit(
    "one_bias", "self.bias_ih_l0 + self.bias_hh_l0", "self.bias_ih_l0",
    "bias_hh_l0 is not used. One bias would be enough, but PyTorch has two and adds them.",
)  # fmt: skip
exercise.edit(
    "given_state_ignored", "if state is None", "if True",
    "The given state is ignored: you always start from zeros. The state is how a long sequence is read in pieces.",
)  # fmt: skip
exercise.edit(
    "without_the_layer_axis", "(h[None], c[None])", "(h, c)",
    "The returned states are (N, H). PyTorch's are (1, N, H): the first axis counts layers, also with batch_first.",
)  # fmt: skip
exercise.edit(
    "time_first", "from_input.unbind(1)", "from_input.unbind(0)",
    "You loop over the batch instead of the time: x is (N, T, D), and time is axis 1.",
)  # fmt: skip
exercise.edit(
    "cell_not_squashed", "o.sigmoid() * c.tanh()", "o.sigmoid() * c",
    "h is the output gate times tanh(c); the tanh is missing.",
)  # fmt: skip
exercise.edit(
    "h_and_c_swapped", "h, c = (zeros", "c, h = (zeros",
    "The state is (h, c), in this order; yours is read as (c, h).",
)  # fmt: skip


class Base(nn.Module):
    """The parameters, for the alternatives."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        for name, shape in (("weight_ih_l0", (4 * hidden_size, input_size)), ("weight_hh_l0", (4 * hidden_size, hidden_size)), ("bias_ih_l0", (4 * hidden_size,)), ("bias_hh_l0", (4 * hidden_size,))):  # fmt: skip
            setattr(self, name, nn.Parameter(torch.randn(shape)))
        self.size = hidden_size

    def start(self, x, state):
        zeros = torch.zeros(len(x), self.size, dtype=x.dtype)
        return (zeros, zeros) if state is None else (state[0].squeeze(0), state[1].squeeze(0))


exercise.edit(
    "first_state_for_all", "(state[0][0], state[1][0])", "(state[0][:, 0].expand_as(zeros), state[1][:, 0].expand_as(zeros))",
    "Every sequence begins with the state of the first one. The state is (1, N, H): axis 0 counts layers, axis 1 the sequences.",
)  # fmt: skip
exercise.edit(
    "state_kept", ("if state is None else", "        return torch.stack"), ("if (state := state or getattr(self, 'kept', None)) is None else", "        self.kept = (h[None].detach(), c[None].detach())\n        return torch.stack"),
    "The layer keeps its last state and begins the next call with it. Without a state it begins from zeros, every time.",
)  # fmt: skip
exercise.edit(
    "cells_shown", "states.append(h)", "states.append(c)",
    "Your outputs are the cell states. What the layer shows of each step is h.",
)  # fmt: skip
exercise.edit(
    "c_before_h", "(h[None], c[None])", "(c[None], h[None])",
    "The last state that you return is (c, h). PyTorch's is (h, c).",
)  # fmt: skip
exercise.edit(
    "cut_at_each_step", "states.append(h)", "states.append(h)\n            h = h.detach()",
    "The outputs are right, but you detach h at each step: less gradient flows back through time than in PyTorch's layer.",
)  # fmt: skip


@exercise.alternative
class ByTheCell(Base):
    def forward(self, x, state=None):
        h, c = self.start(x, state)
        states = []
        for t in range(x.shape[1]):
            h, c = lstm_cell(x[:, t], h, c, self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0 + self.bias_hh_l0)
            states.append(h)
        return torch.stack(states, 1), (h.unsqueeze(0), c.unsqueeze(0))


@exercise.alternative
class PerGate(Base):
    def forward(self, x, state=None):
        h, c = self.start(x, state)
        parts = [p.chunk(4) for p in (self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0)]
        states = []
        for x_t in x.unbind(1):
            i, f, g, o = (F.linear(x_t, w, a) + F.linear(h, v, b) for w, v, a, b in zip(*parts, strict=True))
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            states.append(h[:, None])
        return torch.cat(states, 1), (h[None], c[None])
