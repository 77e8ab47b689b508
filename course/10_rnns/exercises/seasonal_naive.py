"""The forecast that a model has to beat: next season like the last."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=4,
    core=True,
    hints=(
        "Which value of the history belongs to the first month ahead? It is one period before that month.",
        "Number the months ahead 0, 1, 2, ... and take the remainder by the period: this is the place inside the last season.",
    ),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([8.0, 4.0, 9.0, 1.0, 2.0, 3.0]), 2, 3).named("six values, a period of three, two ahead")
    yield Case((torch.arange(14, dtype=torch.float64) * 0.7).sin().reshape(2, 7), 9, 4).named(
        "two histories, a horizon of more than two periods"
    )
    yield Case((torch.arange(24, dtype=torch.float64) * 1.1).cos().reshape(2, 3, 4), 4, 4).named(
        "a history of one period, three axes"
    )
    yield Case(torch.tensor([[5.0, 6.0, 7.0]]), 3, 1).named("a period of one: persistence")


exercise.edit(
    "last_value_repeated",
    "history[..., history.shape[-1] - period + step]",
    "history[..., history.shape[-1] - 1 + 0 * step]",
    "You repeat the last value. That is persistence, the naive forecast without a season.",
)
exercise.edit(
    "first_season",
    "history.shape[-1] - period + step",
    "step",
    "You repeat the first season of the history. The last one is nearer to what comes.",
)
exercise.edit(
    "one_month_late",
    "history.shape[-1] - period + step",
    "history.shape[-1] - period + (step + 1) % period",
    "Your season is shifted by one month: the first month ahead is like the month exactly one period before it.",
)
exercise.edit(
    "backwards",
    "history.shape[-1] - period + step",
    "history.shape[-1] - 1 - step",
    "You run through the last season backwards: index -period is its first month, -1 its last.",
)


exercise.edit(
    "one_season_only", "    step = torch.arange(horizon) % period\n    return history[..., history.shape[-1] - period + step]", "    return history[..., history.shape[-1] - period :][..., :horizon]",
    "Your forecast stops after one season. Where the horizon is longer than the period, the season is repeated.",
)  # fmt: skip


exercise.edit(
    "one_month_early", "history.shape[-1] - period + step", "history.shape[-1] - period - 1 + step",
    "Your season ends one month before the record does: the last value of the history never comes back.",
)  # fmt: skip
exercise.edit(
    "each_month_repeated", "torch.arange(horizon) % period", "torch.arange(horizon) // -(-horizon // period)",
    "You repeat each month several times before the next one comes. The season is repeated as a whole.",
)  # fmt: skip
exercise.edit(
    "mean_of_the_season", "return history[..., history.shape[-1] - period + step]", "return history[..., -period:].mean(-1, keepdim=True).expand(*history.shape[:-1], horizon)",
    "You forecast the mean of the last season for every month. Each month is like the same month of that season.",
)  # fmt: skip
exercise.edit(
    "as_many_as_the_horizon", "history.shape[-1] - period + step", "(history.shape[-1] - horizon + torch.arange(horizon)) % history.shape[-1]",
    "You take the last `horizon` values. The season that is repeated has `period` values, whatever the horizon.",
)  # fmt: skip


@exercise.alternative
def repeated(history, horizon, period):
    season = history[..., -period:]
    return torch.cat([season] * -(-horizon // period), dim=-1)[..., :horizon]


@exercise.alternative
def grown_month_by_month(history, horizon, period):
    for _ in range(horizon):
        history = torch.cat([history, history[..., -period].unsqueeze(-1)], dim=-1)
    return history[..., -horizon:]
