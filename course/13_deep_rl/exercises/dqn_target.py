"""The double-DQN target: one network chooses, the other judges, and no gradient flows."""

import torch

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import row, waves

exercise = Exercise(
    difficulty=3,
    minutes=8,
    core=True,
    hints=(
        "Which network says which action, and which says what it is worth? What is left after a termination?",
        "argmax of the online values with keepdim, gather from the target's, multiply by the flag turned round; detach the whole.",
    ),
)


@exercise.probe
def probe(candidate, case):
    reward, terminated, online, target, gamma = case.args
    online, target = online.clone().requires_grad_(), target.clone().requires_grad_()
    y = candidate(reward, terminated, online, target, gamma)
    return {"target": y.detach(), "a gradient flows": y.requires_grad}


@exercise.cases
def cases():
    no, both = torch.tensor([False]), torch.tensor([False, True])
    yield Case(row(1), no, row(3, 2)[None], row(10, 20)[None], 0.5).named(
        "one step: the online network prefers action 0, the target network action 1"
    )
    yield Case(row(1, 1), both, waves(2, 2), 5 + waves(2, 2), 0.9).named("two steps, the second terminated")
    flags = torch.tensor([False, True, False, False, True])
    yield Case(waves(5), flags, 3 * waves(5, 3, start=1), 2 * waves(5, 3, start=4), 0.99).named(
        "five steps, three actions"
    )
    yield Case(waves(3), torch.tensor([False] * 3), waves(3, 3), -2 - waves(3, 3, start=2), 1.0).named(
        "as many actions as steps"
    )


exercise.edit(
    "not_double", "q_target.gather(1, best).squeeze(1)", "q_target.amax(1)",
    "The target network both chooses and judges: that is plain DQN, whose maximum is too high. Let the online network choose.",
)  # fmt: skip
exercise.edit(
    "roles_swapped", "    best = q_online.argmax(1, keepdim=True)\n    following = q_target.gather(1, best).squeeze(1)",
    "    best = q_target.argmax(1, keepdim=True)\n    following = q_online.gather(1, best).squeeze(1)",
    "The networks have changed places: the online network chooses, the target network judges.",
)  # fmt: skip
exercise.edit(
    "bootstraps_after_the_end", " * ~terminated", "",
    "Steps that terminated still get a next value. After a fall nothing can be earned.",
)  # fmt: skip
exercise.edit(
    "flag_inverted", "* ~terminated", "* terminated",
    "The flag is the wrong way round: only terminated steps get a next value in your target.",
)  # fmt: skip
exercise.edit(
    "gradient_flows", ".detach()", "",
    "A gradient flows through your target: the network would pull its own target towards itself. Detach it.",
)  # fmt: skip
exercise.edit(
    "shape_not_squeezed", "q_target.gather(1, best).squeeze(1)", "q_target.gather(1, best)",
    "Your next values are (N, 1), the rewards (N,): the sum broadcasts to (N, N). Take the axis of length 1 away.",
)  # fmt: skip
exercise.edit(
    "reward_discounted_too", "(reward + gamma * following * ~terminated)", "(gamma * (reward + following * ~terminated))",
    "The reward of this step is not discounted, only what follows.",
)  # fmt: skip


exercise.edit(
    "next_value_not_discounted", "gamma * following", "following",
    "The next value is not discounted by gamma.",
)  # fmt: skip
exercise.edit(
    "online_network_judges", "q_target.gather(1, best)", "q_online.gather(1, best)",
    "The online network both chooses and judges. The target network judges: take its value of the chosen action.",
)  # fmt: skip
exercise.edit(
    "worst_action_chosen", "q_online.argmax(", "q_online.argmin(",
    "You choose the action with the smallest value. The best has the largest.",
)  # fmt: skip
exercise.edit(
    "reward_lost_at_the_end", "reward + gamma * following * ~terminated", "(reward + gamma * following) * ~terminated",
    "A step that terminated loses its reward as well. Only the next value falls away.",
)  # fmt: skip
exercise.edit(
    "smaller_of_two_maxima", "q_target.gather(1, best).squeeze(1)", "q_target.amax(1).minimum(q_online.amax(1))",
    "You take the smaller of the two maxima. Double DQN lets one network choose an action and the other judge that very action.",
)  # fmt: skip
exercise.edit(
    "first_choice_for_all", "best = q_online.argmax(1, keepdim=True)", "best = q_online.argmax(1, keepdim=True)[:1].expand(len(reward), 1)",
    "Every step takes the action that is best for the first one. Each row has a choice of its own.",
)  # fmt: skip


@exercise.alternative
@torch.no_grad()
def by_indexing(reward, terminated, q_online, q_target, gamma):
    chosen = q_target[torch.arange(len(reward)), q_online.argmax(dim=1)]
    return torch.where(terminated, reward, reward + gamma * chosen)


@exercise.alternative
def by_one_hot(reward, terminated, q_online, q_target, gamma):
    choice = torch.nn.functional.one_hot(q_online.detach().max(1).indices, q_online.shape[1])
    return reward + gamma * (1 - terminated.to(reward.dtype)) * (choice * q_target.detach()).sum(1)
