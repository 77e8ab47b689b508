"""Advantages and a loss with three planted bugs, told by the probes' reports."""

import torch

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import row, waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    hints=(
        "Take the symptoms in order. Which mask takes the next value away? Which sign makes a good action more likely? Where does one episode meet the next?",
        "One bug is in delta, one in goes_on, one in the loss. Compare the first two with the table of terminated and truncated.",
    ),
    probe=probes.call(grad=True),
)

exercise.bug(
    "truncation_masked", "gamma * following * ~terminated - value", "gamma * following * ~(terminated | truncated) - value",
    "One bug is left, the first symptom: a truncated step loses its next value, as if nothing more could have been earned.",
    left="values near the limit are too low",
)  # fmt: skip
exercise.bug(
    "chain_through_truncation", "goes_on = ~(terminated | truncated)", "goes_on = ~terminated",
    "One bug is left, the third symptom: the chain of advantages runs on through a truncation into the next episode.",
    left="the next episode disturbs this one",
)  # fmt: skip
exercise.bug(
    "sign_of_the_loss", "loss = -(log_prob", "loss = (log_prob",
    "One bug is left, the second symptom: minimising this loss makes good actions less likely.",
    left="the wrong action is learned",
)  # fmt: skip


@exercise.cases
def cases():
    none = torch.zeros(2, 1, dtype=torch.bool)
    last = torch.tensor([[False], [True]])
    ones = row(1, 1)[:, None]
    yield Case(-ones, ones, 0 * ones, 2 * ones, none, last, 1.0, 0.5).named("two steps, truncated at the second")
    yield Case(-ones, ones, 0 * ones, 2 * ones, last.flip(0), none, 1.0, 0.5).named(
        "two steps, terminated at the first"
    )
    yield Case(-ones[:1], ones[:1], 0 * ones[:1], ones[:1], none[:1], none[:1], 0.9, 0.5).named("a single step")
    ends, stops = torch.zeros(6, 3, dtype=torch.bool), torch.zeros(6, 3, dtype=torch.bool)
    ends[1, 0] = ends[4, 2] = stops[2, 1] = stops[3, 0] = True
    yield Case(-waves(6, 3).abs(), waves(6, 3), waves(6, 3, start=1), waves(6, 3, start=2), ends, stops, 0.9, 0.8).named("three copies of six steps, all kinds of end")  # fmt: skip


exercise.edit(
    "advantage_not_detached", "advantage.detach()", "advantage",
    "You took the detach away, and now a gradient flows into the advantages. It was right before.",
)  # fmt: skip


@exercise.alternative
def with_numbers(log_prob, reward, value, following, terminated, truncated, gamma, lam):
    on, chain = 1.0 - terminated.to(value.dtype), 1.0 - (terminated | truncated).to(value.dtype)
    delta = reward + gamma * following * on - value
    rows, running = [], torch.zeros_like(reward[0])
    for t in range(len(reward) - 1, -1, -1):
        running = delta[t] + gamma * lam * chain[t] * running
        rows.append(running)
    advantage = torch.stack(rows[::-1])
    return advantage, -torch.mean(log_prob * advantage.detach())


@exercise.alternative
def with_where(log_prob, reward, value, following, terminated, truncated, gamma, lam):
    error = torch.where(terminated, reward, reward + gamma * following) - value
    advantage = [error[-1]]
    for t in reversed(range(len(reward) - 1)):
        more = torch.where(terminated[t] | truncated[t], 0.0, gamma * lam * advantage[0])
        advantage.insert(0, error[t] + more)
    advantage = torch.stack(advantage)
    return advantage, (-log_prob * advantage.detach()).mean()
