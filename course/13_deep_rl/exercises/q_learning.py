"""One experience moves one entry of the table."""

import torch

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "Which entry moves, and which row of the table tells what may follow?",
        "Clone the table, compute the target with or without the next values, and add alpha times the difference to one entry.",
    ),
)


@exercise.cases
def cases():
    table = torch.tensor([[2.0, 0.0], [4.0, 3.0]], dtype=torch.float64)
    yield Case(table, 0, 0, 1.0, 1, False, alpha=0.1, gamma=0.5).named("the worked number")
    yield Case(table, 0, 0, 1.0, 1, True, alpha=0.1, gamma=0.5).named("the same, and the episode terminated")
    yield Case(3 * waves(4, 3), 2, 1, -1.5, 0, False, alpha=0.3, gamma=0.9).named("four states, three actions")
    yield Case(3 * waves(4, 3), 1, 2, 0.5, 1, False, alpha=1.0, gamma=1.0).named("back to the same state, full step")


exercise.edit(
    "bootstraps_after_the_end", "reward if terminated else reward + gamma * q[s_next].max()", "reward + gamma * q[s_next].max()",
    "The episode terminated, and you still added a next value. Nothing can be earned after the end.",
)  # fmt: skip
exercise.edit(
    "maximum_over_the_table", "q[s_next].max()", "q.max()",
    "You took the maximum of the whole table. Only the actions of the next state can follow.",
)  # fmt: skip
exercise.edit(
    "wrong_sign", "+= alpha * (target - q[s, a])", "-= alpha * (target - q[s, a])",
    "The sign is wrong: your entry moves away from its target.",
)  # fmt: skip
exercise.edit(
    "replaced_instead_of_moved", "new[s, a] += alpha * (target - q[s, a])", "new[s, a] = target",
    "You replaced the entry by one noisy sample. Move it by the fraction alpha of the way.",
)  # fmt: skip
exercise.edit(
    "old_table_changed", "q.clone()", "q",
    "The table that was given has changed. Return a new one and leave the old as it is.",
)  # fmt: skip
exercise.edit(
    "same_action_next", "q[s_next].max()", "q[s_next, a]",
    "You supposed that the same action is taken again. Q-learning takes the best action of the next state.",
)  # fmt: skip


exercise.edit(
    "value_replaced", "new[s, a] += alpha * (target - q[s, a])", "new[s, a] = alpha * (target - q[s, a])",
    "The old value is lost: the correction replaces it. It is added to it.",
)  # fmt: skip
exercise.edit(
    "maximum_of_this_state", "q[s_next].max()", "q[s].max()",
    "You take the best value of the state that was left. The target looks ahead: the best of q[s_next].",
)  # fmt: skip


exercise.edit(
    "weights_exchanged", "new[s, a] += alpha * (target - q[s, a])", "new[s, a] = alpha * q[s, a] + (1 - alpha) * target",
    "alpha and 1 - alpha have changed places: the target gets the weight alpha.",
)  # fmt: skip
exercise.edit(
    "next_value_not_discounted", "gamma * q[s_next]", "q[s_next]",
    "The next value is not discounted by gamma.",
)  # fmt: skip
exercise.edit(
    "mean_of_the_next_actions", "q[s_next].max()", "q[s_next].mean()",
    "You average over the next actions. Q-learning takes the best of them.",
)  # fmt: skip
exercise.edit(
    "nothing_learned_at_the_end", "    new = q.clone()\n", "    new = q.clone()\n    if terminated:\n        return new\n",
    "Nothing is learned from the last step. Its target is the reward alone, and the entry moves towards it.",
)  # fmt: skip
exercise.edit(
    "reward_lost_at_the_end", "target = reward if terminated", "target = 0.0 if terminated",
    "The last reward is lost: your target at the end is 0. It is the reward alone.",
)  # fmt: skip
exercise.edit(
    "whole_row_moved", "new[s, a] += alpha * (target - q[s, a])", "new[s] += alpha * (target - q[s])",
    "You move all actions of the state. Only the action that was taken has learned something.",
)  # fmt: skip
exercise.edit(
    "old_value_not_subtracted", "alpha * (target - q[s, a])", "alpha * target",
    "You add a part of the target itself. The entry moves by a part of the *difference*, target minus old value.",
)  # fmt: skip
exercise.edit(
    "flag_inverted", "reward if terminated else", "reward if not terminated else",
    "The flag is the wrong way round: the next value counts only where the episode terminated.",
)  # fmt: skip
exercise.edit(
    "number_of_the_action", "q[s_next].max()", "q[s_next].argmax()",
    "You take the number of the best action. Its value is asked: `max`, not `argmax`.",
)  # fmt: skip


exercise.edit(
    "replaced_by_a_part_of_the_target", "new[s, a] += alpha * (target - q[s, a])", "new[s, a] = alpha * target",
    "The old value is lost: it keeps the weight 1 - alpha beside alpha times the target.",
)  # fmt: skip


@exercise.alternative
def as_a_weighted_mean(q, s, a, reward, s_next, terminated, *, alpha, gamma):
    new = q.clone()
    target = reward + gamma * q[s_next].amax() * (not terminated)
    new[s, a] = (1 - alpha) * q[s, a] + alpha * target
    return new


@exercise.alternative
def by_a_mask(q, s, a, reward, s_next, terminated, *, alpha, gamma):
    error = torch.zeros_like(q)
    error[s, a] = reward + (0.0 if terminated else gamma * max(q[s_next].tolist())) - q[s, a]
    return q + alpha * error
