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
    yield Case(column(1, 1), column(0, 0), column(0, 9), flags(2, 1, (1, 0)), flags(2, 1), 1.0, 0.5).named(
        "two steps, terminated at the second"
    )
    yield Case(column(1, 1), column(0, 0), column(0, 9), flags(2, 1), flags(2, 1, (1, 0)), 1.0, 0.5).named(
        "two steps, truncated at the second"
    )
    yield Case(waves(6, 2), waves(6, 2, start=1), waves(6, 2, start=2), flags(6, 2, (2, 0)), flags(6, 2, (3, 1)), 0.9, 0.8).named("two copies, one terminated and one truncated on the way")  # fmt: skip
    yield Case(
        row(1, 2)[None], row(0, 1)[None], row(3, 3)[None], flags(1, 2, (0, 0)), flags(1, 2, (0, 1)), 0.9, 0.5
    ).named("a single step of two copies")
    yield Case(waves(5, 3), waves(5, 3, start=1), waves(5, 3, start=2), flags(5, 3), flags(5, 3), 0.95, 0.0).named(
        "lambda 0: one step"
    )
    yield Case(waves(4, 4), waves(4, 4, start=3), waves(4, 4, start=4), flags(4, 4, (0, 1), (3, 2)), flags(4, 4, (1, 1), (2, 3)), 0.99, 1.0).named("lambda 1, several ends")  # fmt: skip


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
