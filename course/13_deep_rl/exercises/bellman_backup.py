"""One application of Bellman's equation to all states and actions."""

import torch

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=2,
    minutes=5,
    core=True,
    hints=(
        "For each state and action you need the mean of the next values, weighted by p. Which axis of p does the next state stand on?",
        "Multiply p by the values, which stand along its last axis, and sum over that axis. What is added, and what multiplies the sum?",
    ),
)


def chances(*shape: int) -> torch.Tensor:
    """Probabilities along the last axis."""
    return noise(*shape, seed=1).softmax(-1)


@exercise.cases
def cases():
    p = torch.zeros(3, 1, 3, dtype=torch.float64)
    p[0, 0, 1:], p[1, 0, 0], p[2, 0, 2] = 0.5, 1, 1
    yield Case(row(0, 4, 8), p, row(1, 0, 0)[:, None], 0.5).named(
        "the worked number: one action, two next states of value 4 and 8"
    )
    yield Case(waves(4), chances(4, 2, 4), waves(4, 2, start=1), 0.9).named("four states, two actions")
    yield Case(3 * waves(3), chances(3, 3, 3), waves(3, 3, start=2), 1.0).named(
        "as many actions as states, no discount"
    )


exercise.edit(
    "transition_transposed", "(p * value)", "(p.transpose(0, 2) * value)",
    "You average over the state that was left. The sum runs over the next state, the last axis of p.",
)  # fmt: skip
exercise.edit("not_discounted", "gamma * following", "following", "The next values are not discounted by gamma.")
exercise.edit(
    "reward_discounted_too", "r + gamma * following", "gamma * (r + following)",
    "The reward comes now: only what follows is discounted.",
)  # fmt: skip
exercise.edit(
    "reward_missing",
    "r + gamma",
    "0 * r + gamma",
    "The reward of the step is missing: Q is the reward now plus what follows.",
)


@exercise.mistake("You returned values, the maximum over actions. Q keeps a number for each action.")
def already_maximised(value, p, r, gamma):
    return (r + gamma * p @ value).amax(1)


@exercise.mistake(
    "You put the largest next value in place of the mean: chance decides where you land, so weight the values by p."
)
def best_next_state(value, p, r, gamma):
    return r + gamma * (p * value).amax(-1)


exercise.edit(
    "value_of_the_same_state", "(p * value).sum(-1)", "value[:, None].expand_as(r)",
    "You take the value of the state that is left. What counts is where you land: weight the next values by p.",
)  # fmt: skip
exercise.edit(
    "likeliest_state_only", "(p * value).sum(-1)", "value[p.argmax(-1)]",
    "You take the value of the likeliest next state. Chance decides where you land: weight all of them by p.",
)  # fmt: skip
exercise.edit(
    "divided_by_the_states", "(p * value).sum(-1)", "(p * value).mean(-1)",
    "You divide by the number of states. The probabilities of a row sum to one already: sum.",
)  # fmt: skip
exercise.edit(
    "loss_in_place_of_gain", "r + gamma * following", "r - gamma * following",
    "You subtract what follows. It is earned as well: add it.",
)  # fmt: skip


@exercise.alternative
def by_einsum(value, p, r, gamma):
    return r + gamma * torch.einsum("sat,t->sa", p, value)


@exercise.alternative
def by_a_matrix_product(value, p, r, gamma):
    return p @ (gamma * value) + r
