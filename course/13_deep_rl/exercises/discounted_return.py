"""The discounted sum of all rewards to come, from every step on."""

import torch

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import row, waves

exercise = Exercise(
    difficulty=1,
    minutes=5,
    core=True,
    hints=(
        "The second form of the definition needs the return of the next step. In which order do you therefore visit the steps?",
        "Keep one running number. At each step, from the last to the first, multiply it by gamma and add the reward; write it down.",
    ),
)


@exercise.cases
def cases():
    yield Case(row(0, 0, 8), 0.5).named("rewards 0, 0, 8 and a discount of 0.5")
    yield Case(row(3), 0.9).named("a single step")
    yield Case(waves(12), 0.97).named("twelve steps")
    yield Case(row(1, -2, 4, 1), 1.0).named("no discount")
    yield Case(waves(4, 3), 0.8).named("three episodes side by side, one a column")


exercise.edit(
    "forward_in_time", "reversed(range(len(reward)))", "range(len(reward))",
    "You add up the past: the return at a step is made of the rewards from that step on. Begin at the last step.",
)  # fmt: skip
exercise.edit(
    "reward_discounted_too", "reward[t] + gamma * running", "gamma * (reward[t] + running)",
    "Your exponent is one too high: the reward of the step itself is not discounted.",
)  # fmt: skip
exercise.edit(
    "not_discounted", "reward[t] + gamma * running", "reward[t] + running",
    "The discount is missing: you returned plain sums of the rewards to come.",
)  # fmt: skip


@exercise.mistake("You discount by the time since the start of the episode. Each step counts the delay from itself on.")
def discounted_from_the_start(reward, gamma):
    power = gamma ** torch.arange(len(reward), dtype=reward.dtype)
    return (reward.T * power).T.flip(0).cumsum(0).flip(0)


@exercise.mistake("You left the reward of the step itself out. The return at a step begins with it.")
def without_its_own_reward(reward, gamma):
    returns, running = torch.empty_like(reward), torch.zeros_like(reward[0])
    for t in reversed(range(len(reward))):
        returns[t] = running
        running = gamma * (running + reward[t])
    return returns


exercise.edit(
    "next_reward_first", "        running = reward[t] + gamma * running\n        returns[t] = running\n", "        returns[t] = running\n        running = reward[t] + gamma * running\n",
    "The return begins with the reward of the next step. It begins with that of the step itself.",
)  # fmt: skip


@exercise.mistake(
    "Each reward is discounted by its own place in the episode. The return at a step counts the delay from that step on: its own reward is not discounted."
)
def rewards_discounted_once(reward, gamma):
    power = gamma ** torch.arange(len(reward), dtype=reward.dtype)
    return (reward.T * power).T


exercise.edit(
    "first_return_only", "    return returns", "    return returns[0]",
    "You return the return of the whole episode alone. It is asked from every step on.",
)  # fmt: skip
exercise.edit(
    "last_step_first", "    return returns", "    return returns.flip(0)",
    "Your returns run backwards: the one of the last step comes first.",
)  # fmt: skip
exercise.edit(
    "standardised", "    return returns", "    return (returns - returns.mean(0)) / (returns.std(0, correction=0) + 1e-8)",
    "You bring the returns to mean 0 and standard deviation 1. That may help a training; here the returns themselves are asked.",
)  # fmt: skip
exercise.edit(
    "last_reward_goes_on", "torch.zeros_like(reward[0])", "reward[-1]",
    "You begin with the last reward, and it counts twice. After the last step nothing comes: begin with zero.",
)  # fmt: skip
exercise.edit(
    "one_step_ahead_only", "        returns[t] = running\n", "        returns[t] = reward[t] + (gamma * reward[t + 1] if t + 1 < len(reward) else 0)\n",
    "You look one step ahead only. The return goes on to the end of the episode.",
)  # fmt: skip
exercise.edit(
    "smoothed", "reward[t] + gamma * running", "(1 - gamma) * reward[t] + gamma * running",
    "You take a moving average. The reward of a step counts in full.",
)  # fmt: skip


@exercise.alternative
def by_a_triangular_matrix(reward, gamma):
    t = torch.arange(len(reward))
    lag = t[None] - t[:, None]
    weight = torch.where(lag >= 0, torch.tensor(float(gamma), dtype=reward.dtype) ** lag.clamp(min=0), 0.0)
    return torch.tensordot(weight, reward, dims=([1], [0]))


@exercise.alternative
def by_the_definition(reward, gamma):
    return torch.stack([sum(gamma**k * r for k, r in enumerate(reward[t:])) for t in range(len(reward))])
