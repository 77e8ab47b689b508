"""A recurrent cell over a whole sequence."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "Loop over the time axis. What does one step need from the step before?",
        "`x.unbind(1)` gives (N, D) for each step. Collect every new state in a list, and stack the list along the axis of time.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    one = torch.ones(1, 1, dtype=torch.float64)
    impulse = torch.tensor([[[1.0], [0.0], [0.0]]], dtype=torch.float64)
    yield Case(impulse, 0 * one, one, 0.5 * one, 0 * one[0]).named("the worked number: input 1, 0, 0")
    yield Case(waves(2, 4, 3), waves(2, 5, start=1), waves(5, 3), waves(5, 5, start=2), waves(5)).named(
        "two sequences of four steps"
    )
    yield Case(waves(3, 3, 3), waves(3, 3, start=1), waves(3, 3), waves(3, 3, start=2), waves(3)).named(
        "three of everything"
    )
    yield Case(waves(2, 1, 3), waves(2, 2), waves(2, 3), waves(2, 2), waves(2)).named("a sequence of one step")


exercise.edit(
    "starts_from_zero", "states = []", "h, states = torch.zeros_like(h), []",
    "You start from zeros. The state before the first step is given: it carries what came before this sequence.",
)  # fmt: skip
exercise.edit(
    "state_not_carried", ("        h = rnn_cell(x_t, h, w_x, w_h, b)\n        states.append(h)", "dim=1), h"), ("        states.append(rnn_cell(x_t, h, w_x, w_h, b))", "dim=1), states[-1]"),
    "Each step starts from the same first state, so the network forgets everything. The new state is the next step's old one.",
)  # fmt: skip
exercise.edit(
    "backwards", "x.unbind(1)", "x.flip(1).unbind(1)",
    "You run through time backwards.",
)  # fmt: skip


@exercise.mistake("You stacked along the wrong axis: states are (N, T, H), batch first.")
def time_first(x, h, w_x, w_h, b):
    states = []
    for x_t in x.unbind(1):
        h = rnn_cell(x_t, h, w_x, w_h, b)
        states.append(h)
    return torch.stack(states), h


@exercise.mistake(
    "Your first output is the state before the first step. Output t is the state after step t, so each is one step late."
)
def one_step_late(x, h, w_x, w_h, b):
    states = []
    for x_t in x.unbind(1):
        states.append(h)
        h = rnn_cell(x_t, h, w_x, w_h, b)
    return torch.stack(states, dim=1), h


exercise.edit(
    "first_state_returned", "dim=1), h", "dim=1), states[0]",
    "You return the state after the first step as the last one.",
)  # fmt: skip
exercise.edit(
    "given_state_returned", ("    states = []\n", "dim=1), h"), ("    states, given = [], h\n", "dim=1), given"),
    "The last state that you return is the one you were given. It is the state after the last step.",
)  # fmt: skip
exercise.edit(
    "last_with_a_layer_axis", "dim=1), h", "dim=1), h[None]",
    "Your last state is (1, N, H), as `nn.RNN` returns it. Here it is (N, H), without an axis for layers.",
)  # fmt: skip
exercise.edit(
    "joined_along_the_features", "torch.stack(states, dim=1)", "torch.cat(states, dim=1)",
    "`torch.cat` joins the states along an axis that they have, and gives (N, T * H). `torch.stack` makes the axis of time.",
)  # fmt: skip
exercise.edit(
    "reshaped", "torch.stack(states, dim=1)", "torch.stack(states).reshape(len(x), x.shape[1], -1)",
    "`reshape` does not exchange axes: it cuts the (T, N, H) numbers anew, and mixes sequences and steps. Stack along axis 1.",
)  # fmt: skip
exercise.edit(
    "cut_at_each_step", "states.append(h)", "states.append(h)\n        h = h.detach()",
    "The states are right, but you detach the state at each step: no gradient flows back through time.",
)  # fmt: skip


@exercise.alternative
def inputs_first(x, h, w_x, w_h, b):
    z = x @ w_x.T + b
    states = []
    for t in range(x.shape[1]):
        h = (z[:, t] + h @ w_h.T).tanh()
        states.append(h)
    return torch.stack(states, 1), h


@exercise.alternative
def concatenated(x, h, w_x, w_h, b):
    states = h[:, None]
    for t in range(x.shape[1]):
        new = torch.tanh(x[:, t] @ w_x.T + states[:, -1] @ w_h.T + b)
        states = torch.cat([states, new[:, None]], dim=1)
    return states[:, 1:], states[:, -1]
