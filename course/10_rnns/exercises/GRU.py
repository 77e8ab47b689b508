"""The gated recurrent unit, equal to PyTorch's."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    hints=(
        "Begin from your LSTM. There is one state and there are three blocks; which of them must be kept apart into a part from x and a part from h?",
        "The reset gate multiplies the state's part of the candidate, with its bias, after the matrix product. So the two biases cannot be added beforehand.",
    ),
)


@exercise.probe
def probe(candidate, case):
    x, hidden, given = case.args
    torch.manual_seed(1)
    reference = nn.GRU(x.shape[2], hidden, batch_first=True).to(x.dtype)
    layer = candidate(x.shape[2], hidden).to(x.dtype)
    layer.load_state_dict(reference.state_dict())
    # Numbers of their own for every sequence and feature; and a call before, of which nothing may be left.
    state = torch.sin(1 + torch.arange(len(x) * hidden)).reshape(1, len(x), hidden).to(x.dtype)
    with torch.no_grad():
        layer(x)
    output, h = layer(x, state) if given else layer(x)
    (output.square().sum() + h.sum()).backward()
    return {
        "output": output.detach(),
        "h": h.detach(),
        "gradients": {name: p.grad for name, p in layer.named_parameters()},
        "parameters": sorted(name for name, _ in layer.named_parameters()),
    }


@exercise.cases
def cases():
    yield Case(waves(1, 2, 1), 1, False).named("one sequence of two steps, one feature")
    yield Case(waves(2, 6, 3), 4, False).named("two sequences of six steps")
    yield Case(waves(3, 4, 2), 3, True).named("a given state")
    yield Case(waves(3, 3, 3), 3, True).named("three of everything")


exercise.edit(
    "update_gate_inverted", "(1 - z) * n + z * h", "z * n + (1 - z) * h",
    "z and 1 - z have changed places. Both are GRUs, and papers differ; PyTorch's z keeps the old state.",
)  # fmt: skip
exercise.edit(
    "reset_and_update_swapped", "h_r, h_z, h_n =", "h_z, h_r, h_n =",
    "The blocks of W_h are read in another order than those of W_x. Both are r, z, n.",
)  # fmt: skip
exercise.edit(
    "candidate_without_reset", "(x_r + h_r).sigmoid() * h_n", "h_n",
    "The reset gate is missing: it multiplies the state's part of the candidate.",
)  # fmt: skip
exercise.edit(
    "given_state_ignored", "x.new_zeros(len(x), self.hidden_size) if state is None else state[0]", "x.new_zeros(len(x), self.hidden_size)",
    "The given state is ignored: you always start from zeros.",
)  # fmt: skip
exercise.edit(
    "without_the_layer_axis", "h[None]", "h",
    "The returned state is (N, H). PyTorch's is (1, N, H): the first axis counts layers.",
)  # fmt: skip

exercise.edit(
    "update_before_reset", ("x_r, x_z, x_n =", "h_r, h_z, h_n ="), ("x_z, x_r, x_n =", "h_z, h_r, h_n ="),
    "You read the first block as the update gate. PyTorch stacks the blocks as r, z, n.",
)  # fmt: skip
exercise.edit(
    "reset_of_the_whole_candidate", "(x_n + (x_r + h_r).sigmoid() * h_n)", "((x_r + h_r).sigmoid() * (x_n + h_n))",
    "The reset gate multiplies the whole candidate. It acts on the state's part only; the input's part is always kept.",
)  # fmt: skip
exercise.edit(
    "reset_gate_forgets", "(1 - z) * n + z * h", "z * n + (x_r + h_r).sigmoid() * h",
    "The old state is multiplied by the reset gate, as if this were an LSTM. One gate divides the new state: z of the old one, 1 - z of the candidate.",
)  # fmt: skip
exercise.edit(
    "first_state_for_all", "state[0]", "state[:, 0].expand(len(x), -1)",
    "Every sequence begins with the state of the first one. The state is (1, N, H): axis 0 counts layers, axis 1 the sequences.",
)  # fmt: skip
exercise.edit(
    "state_kept", ("if state is None else", "        return torch.stack"), ("if (state := getattr(self, 'kept', None) if state is None else state) is None else", "        self.kept = h[None].detach()\n        return torch.stack"),
    "The layer keeps its last state and begins the next call with it. Without a state it begins from zeros, every time.",
)  # fmt: skip
exercise.edit(
    "cut_at_each_step", "states.append(h)", "states.append(h)\n            h = h.detach()",
    "The states are right, but you detach the state at each step: no gradient flows back through time.",
)  # fmt: skip


class Base(nn.Module):
    """The parameters, for the candidates below."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        for name, shape in (("weight_ih_l0", (3 * hidden_size, input_size)), ("weight_hh_l0", (3 * hidden_size, hidden_size)), ("bias_ih_l0", (3 * hidden_size,)), ("bias_hh_l0", (3 * hidden_size,))):  # fmt: skip
            setattr(self, name, nn.Parameter(torch.randn(shape)))
        self.size = hidden_size

    def forward(self, x, state=None):
        h = torch.zeros(len(x), self.size, dtype=x.dtype) if state is None else state.squeeze(0)
        states = []
        for t in range(x.shape[1]):
            h = self.step(x[:, t], h)
            states.append(h)
        return torch.stack(states, 1), h.unsqueeze(0)


@exercise.mistake(
    "You reset before the matrix product, as in the first version of the paper. PyTorch resets after it, bias included; the results are close, and never equal."
)
class ResetBefore(Base):
    def step(self, x, h):
        w_r, w_z, w_n = self.weight_hh_l0.chunk(3)
        b_r, b_z, b_n = self.bias_hh_l0.chunk(3)
        x_r, x_z, x_n = F.linear(x, self.weight_ih_l0, self.bias_ih_l0).chunk(3, 1)
        r, z = (x_r + F.linear(h, w_r, b_r)).sigmoid(), (x_z + F.linear(h, w_z, b_z)).sigmoid()
        return (1 - z) * (x_n + F.linear(r * h, w_n, b_n)).tanh() + z * h


@exercise.mistake(
    "The bias of the state's candidate is added outside the reset gate. PyTorch puts b_hn inside: the gate multiplies W h + b."
)
class BiasOutside(Base):
    def step(self, x, h):
        b_r, b_z, b_n = self.bias_hh_l0.chunk(3)
        x_r, x_z, x_n = F.linear(x, self.weight_ih_l0, self.bias_ih_l0).chunk(3, 1)
        h_r, h_z, h_n = F.linear(h, self.weight_hh_l0).chunk(3, 1)
        z = (x_z + h_z + b_z).sigmoid()
        return (1 - z) * (x_n + b_n + (x_r + h_r + b_r).sigmoid() * h_n).tanh() + z * h


@exercise.alternative
class GateByGate(Base):
    def step(self, x, h):
        parts = zip(
            self.weight_ih_l0.chunk(3),
            self.weight_hh_l0.chunk(3),
            self.bias_ih_l0.chunk(3),
            self.bias_hh_l0.chunk(3),
            strict=True,
        )
        (x_r, h_r), (x_z, h_z), (x_n, h_n) = [(x @ w.T + a, h @ v.T + b) for w, v, a, b in parts]
        z = torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + torch.sigmoid(x_r + h_r) * h_n)
        return n + z * (h - n)


@exercise.alternative
class ByLerp(Base):
    def step(self, x, h):
        from_x, from_h = (
            F.linear(x, self.weight_ih_l0, self.bias_ih_l0),
            F.linear(h, self.weight_hh_l0, self.bias_hh_l0),
        )
        k = 2 * self.size
        r, z = (from_x[:, :k] + from_h[:, :k]).sigmoid().chunk(2, 1)
        return torch.lerp((from_x[:, k:] + r * from_h[:, k:]).tanh(), h, z)
