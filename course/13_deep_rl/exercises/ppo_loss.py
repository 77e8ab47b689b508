"""PPO's clipped loss."""

import torch

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import row, waves

exercise = Exercise(
    difficulty=3,
    minutes=10,
    core=True,
    hints=(
        "Two products of a ratio with the advantage are compared. Which of them is clipped, and which of the two does the loss take?",
        "The exponential of a difference of log probabilities is the ratio. clamp it, take torch.min of both products, the mean, and the sign.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    half = row(1.5).log()
    yield Case(half, row(0), row(2)).named("a ratio of 1.5 and a good action, advantage 2")
    yield Case(half, row(0), row(-2)).named("a ratio of 1.5 and a bad action, advantage -2")
    yield Case(-half, row(0), row(-1)).named("a ratio of 2/3 and a bad action")
    yield Case(-half, row(0), row(1)).named("a ratio of 2/3 and a good action")
    yield Case(waves(9) - 1, waves(9, start=0.3) - 1, 2 * waves(9, start=2)).named("nine steps")
    yield Case(row(1.5, 1.5).log(), row(0, 0), row(2, -2)).named("one step that is clipped, and one that is not")
    yield Case(row(-800.1, -1), row(-800, -1.2), row(1, -2)).named("an action that was very unlikely")
    yield Case(waves(9) - 1, waves(9, start=0.3) - 1, -2 * waves(9, start=2), 0.05).named("other advantages, clip 0.05")


exercise.edit(
    "wrong_sign",
    "return -torch.min",
    "return torch.min",
    "The sign is wrong: minimising your loss makes good actions less likely.",
)
exercise.edit(
    "maximum_instead_of_minimum", "torch.min(", "torch.max(",
    "You took the larger of the two. The objective takes the smaller one: it is pessimistic.",
)  # fmt: skip
exercise.edit(
    "always_clipped", "torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)", "(ratio.clamp(1 - clip, 1 + clip) * advantage)",
    "You clip always. A policy that has moved the wrong way then gets no gradient to come back; that is what the minimum is for.",
)  # fmt: skip
exercise.edit(
    "never_clipped", "ratio.clamp(1 - clip, 1 + clip) * advantage", "ratio * advantage",
    "Nothing is clipped: a second pass over the same data may move the policy without bound.",
)  # fmt: skip
exercise.edit(
    "difference_instead_of_ratio", "(log_prob - old_log_prob.detach()).exp()", "1 + log_prob - old_log_prob.detach()",
    "Your ratio is a difference of log probabilities. Take its exponential.",
)  # fmt: skip
exercise.edit(
    "ratio_upside_down", "(log_prob - old_log_prob.detach()).exp()", "(old_log_prob.detach() - log_prob).exp()",
    "The ratio is upside down: new over old.",
)  # fmt: skip
exercise.edit(
    "advantage_not_detached", "advantage = advantage.detach()", "advantage = advantage * 1",
    "A gradient flows into the advantage. It is a weight, a plain number: detach it.",
)  # fmt: skip
exercise.edit(
    "old_not_detached", "old_log_prob.detach()", "old_log_prob",
    "A gradient flows into the old log probabilities. They belong to a policy that is gone: detach them.",
)  # fmt: skip
exercise.edit("sum_instead_of_mean", ".mean()", ".sum()", "You summed over the steps; the expectation is a mean.")


exercise.edit(
    "clip_ignored", "1 - clip, 1 + clip", "0.8, 1.2",
    "The argument clip has no effect: the ratio is always held between 0.8 and 1.2.",
)  # fmt: skip


exercise.edit(
    "product_clipped", "ratio.clamp(1 - clip, 1 + clip) * advantage", "(ratio * advantage).clamp(1 - clip, 1 + clip)",
    "You clip the product of ratio and advantage. Clip the ratio, and then multiply: an advantage may have any size.",
)  # fmt: skip
exercise.edit(
    "clipped_above_only", "ratio.clamp(1 - clip, 1 + clip)", "ratio.clamp(max=1 + clip)",
    "You clip above only. A bad action that is already less likely than 1 - clip would be pushed further down.",
)  # fmt: skip
exercise.edit(
    "clipped_below_only", "ratio.clamp(1 - clip, 1 + clip)", "ratio.clamp(min=1 - clip)",
    "You clip below only. A good action that is already more likely than 1 + clip would be pushed further up.",
)  # fmt: skip
exercise.edit(
    "clipped_about_zero", "ratio.clamp(1 - clip, 1 + clip)", "ratio.clamp(-clip, clip)",
    "You clip the ratio about 0. A policy that has not moved has the ratio 1: clip between 1 - clip and 1 + clip.",
)  # fmt: skip
exercise.edit(
    "minimum_of_the_ratios", "torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)", "(torch.min(ratio, ratio.clamp(1 - clip, 1 + clip)) * advantage)",
    "You take the smaller ratio and then multiply. For a negative advantage the smaller product has the larger ratio: multiply first.",
)  # fmt: skip
exercise.edit(
    "advantages_standardised", "advantage = advantage.detach()", "advantage = advantage.detach()\n    advantage = (advantage - advantage.mean()) / (advantage.std(correction=0) + 1e-8)",
    "You bring the advantages to mean 0 and standard deviation 1. The training does so, before it calls this loss.",
)  # fmt: skip
exercise.edit(
    "logarithm_clipped", "ratio.clamp(1 - clip, 1 + clip)", "(log_prob - old_log_prob.detach()).clamp(-clip, clip).exp()",
    "You clip the logarithm of the ratio. The bounds are those of the ratio itself, 1 - clip and 1 + clip.",
)  # fmt: skip
exercise.edit(
    "minimum_of_two_means", "torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()", "torch.min((ratio * advantage).mean(), (ratio.clamp(1 - clip, 1 + clip) * advantage).mean())",
    "You take the smaller of two means. The minimum is taken for each step, and then the mean.",
)  # fmt: skip
exercise.edit(
    "policy_gradient_only", "torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)", "(log_prob * advantage)",
    "This is the loss of REINFORCE. Data that is used several times needs the ratio, and the clip.",
)  # fmt: skip
exercise.edit(
    "not_averaged", ".mean()", "",
    "You return a number for each step. A loss is one number: take the mean.",
)  # fmt: skip
exercise.edit(
    "quotient_of_logarithms", "(log_prob - old_log_prob.detach()).exp()", "log_prob / (old_log_prob.detach() + 1e-12)",
    "You divide log probabilities. The ratio is the exponential of their *difference*.",
)  # fmt: skip


exercise.edit(
    "quotient_of_probabilities", "(log_prob - old_log_prob.detach()).exp()", "log_prob.exp() / old_log_prob.detach().exp()",
    "You divide probabilities. That of an unlikely action rounds to 0, and 0 / 0 is NaN. Take the exponential of the difference.",
)  # fmt: skip


@exercise.alternative
def by_cases(log_prob, old_log_prob, advantage, clip=0.2):
    ratio = torch.exp(log_prob - old_log_prob.detach())
    a = advantage.detach()
    bound = torch.where(a > 0, 1 + clip, 1 - clip).to(a.dtype)
    flat = ((a > 0) & (ratio > 1 + clip)) | ((a < 0) & (ratio < 1 - clip))
    return -(torch.where(flat, bound, ratio) * a).mean()


@exercise.alternative
def by_losses(log_prob, old_log_prob, advantage, clip=0.2):
    with torch.no_grad():
        old, weight = old_log_prob.clone(), -advantage
    ratio = torch.exp(log_prob - old)
    return torch.maximum(weight * ratio, weight * torch.clamp(ratio, 1 - clip, 1 + clip)).mean()
