"""Backups until nothing moves, and the best action in each state."""

import torch

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise, waves

exercise = Exercise(
    difficulty=2,
    minutes=7,
    core=True,
    hints=(
        "One sweep gives Q from V, and a new V from Q. What do you compare before you decide to go on?",
        "Loop for ever; leave when the largest absolute change is within the tolerance. The values are a maximum over actions, the actions its place.",
    ),
)


@exercise.cases
def cases():
    # Two states and the end: waiting in the first pays 1 a step, going on pays 0 and then 5.
    p = torch.zeros(3, 2, 3, dtype=torch.float64)
    p[0, 0, 0], p[0, 1, 1], p[1, :, 2], p[2, :, 2] = 1, 1, 1, 1
    r = torch.tensor([[1.0, 0], [5, 5], [0, 0]], dtype=torch.float64)
    yield Case(p, r, 0.5).named("wait for 1 a step, or go on to 5").within(atol=1e-5)
    yield Case(p, r, 0.9).named("the same, and the future counts more").within(atol=1e-4)
    yield Case(noise(5, 3, 5).softmax(-1), waves(5, 3), 0.8).named("five states, three actions").within(atol=1e-4)
    yield (
        Case(noise(4, 2, 4, seed=2).softmax(-1), -1 - waves(4, 2).abs(), 0.7)
        .named("only costs: all values are negative")
        .within(atol=1e-4)
    )
    yield Case(p, r, 0.9, 1.0).named("a coarse tolerance of 1").within(atol=1e-6)
    yield Case(p, r, 0.9, 0.5).named("a tolerance of 0.5, where one value still moves").within(atol=1e-6)
    yield Case(p, r, 0.5, 0.0).named("a tolerance of 0, where the values become exact")


exercise.edit(
    "stops_after_one_sweep", "if (new - value).abs().max() <= tolerance:", "if True:",
    "You stopped after one sweep: only the next reward is known so far. Go on until nothing moves.",
)  # fmt: skip
exercise.edit(
    "mean_over_actions", "q.amax(1)", "q.mean(1)",
    "You averaged over the actions: that is the value of a random policy. The best policy takes the maximum.",
)  # fmt: skip
exercise.edit(
    "worst_action", "q.argmax(1)", "q.argmin(1)",
    "Your values are right and your actions are the worst: take the action with the largest Q.",
)  # fmt: skip
exercise.edit(
    "signed_change", "(new - value).abs().max() <= tolerance", "(new - value).max() <= tolerance",
    "You test the signed change. Where all values fall it is negative at once, and you stop too early: take its absolute value.",
)  # fmt: skip


exercise.edit(
    "actions_of_the_next_reward", "q.argmax(1)", "r.argmax(1)",
    "Your actions look at the next reward only. The best action has the largest Q: reward now plus what follows.",
)  # fmt: skip
exercise.edit(
    "change_averaged", ".abs().max() <= tolerance", ".abs().mean() <= tolerance",
    "You stop when the values change little on average. No value may change by more than `tolerance`: take the largest change.",
)  # fmt: skip
exercise.edit(
    "one_value_is_enough", "if (new - value).abs().max() <= tolerance:", "if ((new - value).abs() <= tolerance).any():",
    "You stop as soon as one value stands still. All of them must.",
)  # fmt: skip
exercise.edit(
    "tolerance_ignored", "<= tolerance", "<= 0.01",
    "`tolerance` has no effect: you stop at a bound of your own.",
)  # fmt: skip
exercise.edit(
    "last_of_several", "q.argmax(1)", "r.shape[1] - 1 - q.flip(1).argmax(1)",
    "Of several equally good actions you take the last. The first is asked.",
)  # fmt: skip
exercise.edit(
    "smallest_value", "q.amax(1)", "q.amin(1)",
    "Your values are those of the worst actions. The best action has the largest Q.",
)  # fmt: skip
exercise.edit(
    "table_returned", "return new, q.argmax(1)", "return q, q.argmax(1)",
    "You return Q, a number for each action. The value of a state is its largest.",
)  # fmt: skip
exercise.edit(
    "a_few_sweeps", "    value = torch.zeros(len(r), dtype=r.dtype)\n    while True:\n", "    value = torch.zeros(len(r), dtype=r.dtype)\n    for sweep in range(5):\n        if sweep == 4:\n            tolerance = float(\"inf\")\n",
    "You stop after a few sweeps, wherever the values are. Go on until none changes by more than `tolerance`.",
)  # fmt: skip


@exercise.alternative
def with_the_last_change(p, r, gamma, tolerance=1e-6):
    value, change = torch.zeros(len(r), dtype=r.dtype), float("inf")
    while change > tolerance:
        q = r + gamma * (p @ value)
        change = (q.max(1).values - value).abs().max().item()
        value = q.max(1).values
    return value, q.argmax(1)


@exercise.alternative
def by_einsum(p, r, gamma, tolerance=1e-6):
    value = r.new_zeros(r.shape[0])
    for _ in range(100_000):
        q = r + gamma * torch.einsum("sat,t->sa", p, value)
        best = q.max(dim=1)
        done = torch.all(torch.abs(best.values - value) <= tolerance)
        value = best.values
        if done:
            break
    return value, best.indices


exercise.equivalent(
    "dtype= dropped from zeros", "zeros are exact in either precision, and the first backup has the dtype of r"
)
exercise.equivalent("first two arguments of bellman_backup swapped", "it multiplies the two element by element")
exercise.equivalent("operands of - swapped", "the absolute value is taken")
