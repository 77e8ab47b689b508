"""Cut a series into pairs of a history and its future."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=5,
    core=True,
    hints=(
        "A window holds the input and the target side by side. How long is it, and by how much does it move on?",
        "`Tensor.unfold` along the time axis gives all windows as rows; the input is their first columns, the target the others.",
    ),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]), 2, 1).named("five values, two in and one out")
    yield Case((torch.arange(11, dtype=torch.float64) * 0.7).sin(), 3, 4).named("eleven values, three in and four out")
    yield Case(torch.tensor([2.0, -1.0, 4.0]), 2, 1).named("a record that is just one window long")


exercise.edit(
    "last_window_lost",
    "return windows[:, :inputs], windows[:, inputs:]",
    "return windows[:-1, :inputs], windows[:-1, inputs:]",
    "Your last window is missing. T values hold T - inputs - horizon + 1 windows: the + 1 is for the window that ends with the record.",
)
exercise.edit(
    "target_inside_the_input",
    "windows[:, inputs:]",
    "windows[:, inputs - 1 : -1]",
    "Your target begins one month early: it contains the last month of the input, so a model can copy it and looks far too good.",
)
exercise.edit(
    "one_month_too_late",
    "values.unfold(0, inputs + horizon, 1)",
    "values.roll(-1).unfold(0, inputs + horizon, 1)",
    "Your windows begin one month late. The oldest begins with the first value of the record.",
)


@exercise.mistake(
    "Your windows do not overlap. They move on by one month each time, so that every month is an origin once."
)
def side_by_side(values, inputs, horizon):
    windows = values.unfold(0, inputs + horizon, inputs + horizon)
    return windows[:, :inputs], windows[:, inputs:]


@exercise.mistake("Input and target have changed places: the past is the input, the future the target.")
def future_first(values, inputs, horizon):
    windows = values.unfold(0, inputs + horizon, 1)
    return windows[:, inputs:], windows[:, :inputs]


exercise.edit(
    "moved_on_by_the_target", "values.unfold(0, inputs + horizon, 1)", "values.unfold(0, inputs + horizon, horizon)",
    "Your windows move on by a whole target each time. They move on by one month, whatever the horizon.",
)  # fmt: skip
exercise.edit(
    "moved_on_by_the_input", "values.unfold(0, inputs + horizon, 1)", "values.unfold(0, inputs + horizon, inputs)",
    "Your windows move on by a whole input each time. They move on by one month, so that neighbouring windows overlap.",
)  # fmt: skip
exercise.edit(
    "newest_first", "return windows[:, :inputs], windows[:, inputs:]", "return windows.flip(0)[:, :inputs], windows.flip(0)[:, inputs:]",
    "Your windows are newest first. The oldest comes first.",
)  # fmt: skip


@exercise.mistake(
    "Your loop stops one window early, and a record of one window gives none: it runs T - inputs - horizon times, and the + 1 is missing."
)
def loop_stops_early(values, inputs, horizon):
    starts = range(len(values) - inputs - horizon)
    x = torch.stack([values[start : start + inputs] for start in starts])
    return x, torch.stack([values[start + inputs : start + inputs + horizon] for start in starts])


@exercise.alternative
def by_index(values, inputs, horizon):
    start = torch.arange(len(values) - inputs - horizon + 1)[:, None]
    return values[start + torch.arange(inputs)], values[start + inputs + torch.arange(horizon)]


@exercise.alternative
def by_a_loop(values, inputs, horizon):
    origins = range(inputs, len(values) - horizon + 1)
    x = torch.stack([values[origin - inputs : origin] for origin in origins])
    return x, torch.stack([values[origin : origin + horizon] for origin in origins])
