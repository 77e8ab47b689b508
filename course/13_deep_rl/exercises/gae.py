"""Generalised advantage estimation, with both kinds of end."""

import torch

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import row, waves

exercise = Exercise(
    difficulty=4,
    minutes=12,
    core=True,
    hints=(
        "Write down the two masks of the table: one for the next value in delta, one for the chain. Which flag belongs to which?",
        "Compute delta for all steps at once. Then one backward loop with a running row (N,), multiplied by gamma, lambda and the mask of this step.",
    ),
)


def flags(steps: int, copies: int, *places: tuple[int, int]) -> torch.Tensor:
    """Bool (T, N), true at the places."""
    f = torch.zeros(steps, copies, dtype=torch.bool)
    for t, n in places:
        f[t, n] = True
    return f


def column(*values: float) -> torch.Tensor:
    return row(*values)[:, None]


@exercise.cases
def cases():
    # gamma times lambda is exact in float32: a number times a flag is rounded to it, and mistakes would lie a rounding apart.
    yield Case(column(1, 1), column(0, 0), column(0, 9), flags(2, 1, (1, 0)), flags(2, 1), 1.0, 0.5).named(
        "two steps, terminated at the second"
    )
    yield Case(column(1, 1), column(0, 0), column(0, 9), flags(2, 1), flags(2, 1, (1, 0)), 1.0, 0.5).named(
        "two steps, truncated at the second"
    )
    yield Case(waves(6, 2), waves(6, 2, start=1), waves(6, 2, start=2), flags(6, 2, (2, 0)), flags(6, 2, (3, 1)), 0.875, 0.75).named("two copies, one terminated and one truncated on the way")  # fmt: skip
    yield Case(
        row(1, 2)[None], row(0, 1)[None], row(3, 3)[None], flags(1, 2, (0, 0)), flags(1, 2, (0, 1)), 0.875, 0.5
    ).named("a single step of two copies")
    yield Case(waves(5, 3), waves(5, 3, start=1), waves(5, 3, start=2), flags(5, 3), flags(5, 3), 0.95, 0.0).named(
        "lambda 0: one step"
    )
    yield Case(waves(4, 4), waves(4, 4, start=3), waves(4, 4, start=4), flags(4, 4, (0, 1), (3, 2)), flags(4, 4, (1, 1), (2, 3)), 0.9375, 1.0).named("lambda 1, several ends")  # fmt: skip


exercise.edit(
    "truncation_taken_for_termination", "gamma * following * ~terminated", "gamma * following * ~(terminated | truncated)",
    "You took a truncated episode for a terminated one: the clock ran out, and more could have been earned. Its next value counts.",
)  # fmt: skip
exercise.edit(
    "bootstraps_after_the_end", " * ~terminated - value", " - value",
    "A terminated step still gets a next value. After the end nothing can be earned.",
)  # fmt: skip
exercise.edit(
    "chain_runs_through_truncation", "~(terminated | truncated)", "~terminated",
    "Your chain runs on through a truncation into the next episode. Both kinds of end cut it.",
)  # fmt: skip
exercise.edit(
    "chain_never_cut", " * goes_on[t] * running", " * running",
    "Your chain is never cut: advantages leak from the next episode into this one.",
)  # fmt: skip
exercise.edit(
    "lambda_missing",
    "gamma * lam * goes_on",
    "gamma * goes_on",
    "Lambda is missing in the chain: you always look to the end.",
)
exercise.edit(
    "value_not_subtracted",
    " * ~terminated - value",
    " * ~terminated",
    "The value is not subtracted: delta compares with what was expected.",
)
exercise.edit(
    "flag_of_the_next_step", "goes_on[t]", "goes_on[min(t + 1, len(reward) - 1)]",
    "You use the flag of the next step. The flag of step t says whether step t + 1 belongs to the same episode.",
)  # fmt: skip


exercise.edit(
    "one_step_late", "        running = delta[t] + gamma * lam * goes_on[t] * running\n        advantage[t] = running\n", "        advantage[t] = running\n        running = delta[t] + gamma * lam * goes_on[t] * running\n",
    "Your advantages are shifted by one step: row t holds that of step t + 1. Update first, then write the row.",
)  # fmt: skip
exercise.edit(
    "flag_of_the_step_before", "goes_on[t]", "goes_on[t - 1]",
    "You use the flag of the step before. The flag of step t says whether step t + 1 belongs to the same episode.",
)  # fmt: skip
exercise.edit(
    "next_row_in_place_of_following", "gamma * following * ~terminated", "gamma * torch.cat([value[1:], following[-1:]]) * ~terminated",
    "You take the value of the next row as the next value. After a truncation that row is another episode's: `following` holds the value of what each step reached.",
)  # fmt: skip
exercise.edit(
    "next_row_then_nothing", "gamma * following * ~terminated", "gamma * torch.cat([value[1:], torch.zeros_like(value[:1])]) * ~terminated",
    "You take the next row's value, and zero after the last. `following` holds the value of what each step reached, for the last row too.",
)  # fmt: skip
exercise.edit(
    "delta_not_discounted", "reward + gamma * following", "reward + following",
    "The next value in delta is not discounted by gamma.",
)  # fmt: skip
exercise.edit(
    "chain_not_discounted", "gamma * lam * goes_on", "lam * goes_on",
    "Gamma is missing in the chain: each later error counts gamma times lambda.",
)  # fmt: skip
exercise.edit(
    "standardised", "    return advantage", "    return (advantage - advantage.mean()) / (advantage.std() + 1e-8)",
    "You bring the advantages to mean 0 and standard deviation 1. That is done later, for each mini-batch.",
)  # fmt: skip
exercise.edit(
    "targets_returned", "    return advantage", "    return advantage + value",
    "You return advantages plus values: those are the critic's targets. The advantages are asked.",
)  # fmt: skip
exercise.edit(
    "one_step_errors", "    return advantage", "    return delta",
    "You return the one-step errors, delta. The advantage adds up the later ones, each weighed by gamma times lambda.",
)  # fmt: skip
exercise.edit(
    "flags_exchanged", ("* ~terminated - value",), ("* ~truncated - value",),
    "The flags have changed places: *terminated* removes the next value, truncated keeps it.",
)  # fmt: skip
exercise.edit(
    "chain_begins_with_a_value", "torch.zeros_like(reward[0])", "following[-1]",
    "Your chain begins with the last next value, which delta holds already. Beyond the last row nothing is known: begin with zero.",
)  # fmt: skip
exercise.edit(
    "one_end_ends_all", "goes_on[t] * running", "goes_on[t].all() * running",
    "The end of one copy cuts the chains of all. Each column has episodes of its own.",
)  # fmt: skip
exercise.edit(
    "end_loses_its_error", "delta[t] + gamma * lam * goes_on[t] * running", "goes_on[t] * (delta[t] + gamma * lam * running)",
    "The last step of an episode gets advantage 0. Its own delta stays; only what comes after is cut.",
)  # fmt: skip
exercise.edit(
    "first_to_last", "reversed(range(len(reward)))", "range(len(reward))",
    "You run from the first step to the last, and add up errors of the past. Begin at the last step.",
)  # fmt: skip
exercise.edit(
    "lambda_twice", "delta[t] + gamma * lam", "lam * delta[t] + gamma * lam",
    "You weigh each step's own error by lambda. It counts in full; only later ones are weighed.",
)  # fmt: skip
exercise.edit(
    "reward_lost_at_the_end", "reward + gamma * following * ~terminated - value", "(reward + gamma * following - value) * ~terminated",
    "A step that terminated has delta 0. Only the next value falls away; reward and value stay.",
)  # fmt: skip


exercise.edit(
    "chain_runs_through_termination", "~(terminated | truncated)", "~truncated",
    "Your chain runs on through a termination into the next episode. Both kinds of end cut it.",
)  # fmt: skip


@exercise.alternative
def by_where(reward, value, following, terminated, truncated, gamma, lam):
    delta = torch.where(terminated, reward, reward + gamma * following) - value
    rows, last = [], torch.zeros_like(reward[0])
    for d, end in zip(delta.flip(0), (terminated | truncated).flip(0), strict=True):
        last = torch.where(end, d, d + gamma * lam * last)
        rows.insert(0, last)
    return torch.stack(rows)


@exercise.alternative
def by_the_sum(reward, value, following, terminated, truncated, gamma, lam):
    going = (~terminated).to(reward.dtype)
    delta = reward + gamma * going * following - value
    out = torch.zeros_like(delta)
    for t in range(len(reward)):
        weight = torch.ones_like(reward[0])
        for k in range(t, len(reward)):
            out[t] += weight * delta[k]
            weight = weight * gamma * lam * (~terminated[k] & ~truncated[k])
    return out
