"""A number whose gradient is minus the policy gradient."""

import torch

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import row, waves

exercise = Exercise(
    difficulty=2,
    minutes=5,
    core=True,
    hints=(
        "You minimise, and want good actions to become more likely. Which sign does that ask for?",
        "Weight each log probability by the detached advantage, take the mean over steps, and put the sign in front.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    yield Case(row(-1, -2), row(3, 1), row(1, 1)).named("two steps: advantages 2 and 0")
    yield Case(-waves(6).abs() - 0.1, 4 * waves(6, start=1), waves(6, start=2)).named("six steps")
    yield Case(row(-0.5), row(-2), row(1)).named("one step that went badly")


exercise.edit(
    "wrong_sign",
    "return -weighted",
    "return weighted",
    "The sign is wrong: minimising your loss makes good actions less likely.",
)
exercise.edit(
    "advantage_not_detached", "(returns - baseline).detach()", "(returns - baseline)",
    "A gradient flows into the baseline. The advantage is a weight, a plain number: detach it.",
)  # fmt: skip
exercise.edit(
    "baseline_ignored",
    "(returns - baseline)",
    "(returns + 0 * baseline)",
    "The baseline is not subtracted from the returns.",
)
exercise.edit(
    "sum_instead_of_mean",
    " / len(weighted)",
    "",
    "You summed over the steps; the text asks for the mean, so that long episodes do not take larger steps.",
)
exercise.edit(
    "probability_instead_of_log", "log_prob *", "log_prob.exp() *",
    "You weighted probabilities. The gradient of the log probability is needed: an action that is rarely drawn must count more when it is.",
)  # fmt: skip
exercise.edit(
    "baseline_added",
    "returns - baseline",
    "returns + baseline",
    "You added the baseline. The advantage is the return minus what was expected.",
)


exercise.edit(
    "log_prob_detached", "log_prob * advantage", "log_prob.detach() * advantage + 0 * log_prob",
    "You detach the log probabilities. The gradient flows through them; the advantage is what is detached.",
)  # fmt: skip
exercise.edit(
    "means_multiplied", "log_prob * advantage", "log_prob.mean() * advantage.mean() + 0 * log_prob",
    "Yours is the product of two means, which also comes out where a column meets a row and each step meets every other. Each step's log probability goes with its own advantage.",
)  # fmt: skip
exercise.edit(
    "advantages_standardised", "    weighted = ", "    advantage = (advantage - advantage.mean()) / (advantage.std(correction=0) + 1e-8)\n    weighted = ",
    "You bring the advantages to mean 0 and standard deviation 1. PPO does so later; here they are the returns minus the baseline.",
)  # fmt: skip
exercise.edit(
    "advantage_squared", "log_prob * advantage", "log_prob * advantage**2",
    "You square the advantage: a bad action is then made more likely, as a good one.",
)  # fmt: skip
exercise.edit(
    "critic_added", "return -weighted.sum() / len(weighted)", "return -weighted.sum() / len(weighted) + (returns - baseline).square().mean()",
    "You add a loss for the critic. Here the baseline is a number; only the policy learns.",
)  # fmt: skip
exercise.edit(
    "whole_return_for_all", "returns - baseline", "returns[0] - baseline",
    "You weigh each step by the return of the whole episode. An action cannot change the past: take the return from its own step on.",
)  # fmt: skip
exercise.edit(
    "only_good_actions", "log_prob * advantage", "log_prob * advantage.clamp(min=0)",
    "You leave out negative advantages. A bad action is made less likely; that is half of what there is to learn.",
)  # fmt: skip
exercise.edit(
    "one_baseline_for_all", "returns - baseline", "returns - baseline.mean()",
    "You subtract the mean of the baseline. Each step has a baseline of its own.",
)  # fmt: skip
exercise.edit(
    "not_averaged", "return -weighted.sum() / len(weighted)", "return -weighted",
    "You return a number for each step. A loss is one number: take the mean.",
)  # fmt: skip


@exercise.alternative
def with_no_grad(log_prob, returns, baseline):
    with torch.no_grad():
        advantage = returns - baseline
    return (-log_prob * advantage).mean()


@exercise.alternative
def by_dot(log_prob, returns, baseline):
    return torch.dot(log_prob, (baseline - returns).detach()) / len(log_prob)
