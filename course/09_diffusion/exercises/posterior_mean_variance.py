"""Where x was one step before, if both ends are known."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=3,
    minutes=10,
    core=True,
    hints=(
        "Name three numbers first: alpha-bar of this step, of the step before, and their ratio. Beta is one minus the ratio.",
        "Both terms of the mean are divided by 1 - alpha-bar of this step. Test yourself with t = 1: the mean must be x_0, the variance 0.",
    ),
    probe=probes.call(),
)
HALVES = row(1, 0.5, 0.25)
ALPHA_BAR = row(1, 0.9, 0.6, 0.2, 0.01)


@exercise.cases
def cases():
    yield Case(row(1)[:, None], row(0)[:, None], 2, HALVES).named("the worked number")
    yield Case(row(1, 2)[:, None], row(3, -1)[:, None], 1, HALVES).named("the last step")
    yield Case(waves(2, 3), noise(2, 3), 3, ALPHA_BAR).named("two points in three dimensions")
    yield Case(waves(2, 1, 2, 3), noise(2, 1, 2, 3), 4, ALPHA_BAR).named("two images")


exercise.edit(
    "variance_is_beta", "(1 - before) / (1 - a) * (1 - alpha)", "1 - alpha",
    "Your variance is beta, that of the forward step. Knowing x_0 makes it smaller, by (1 - alpha-bar before) / (1 - alpha-bar).",
)  # fmt: skip
exercise.edit(
    "std_for_variance", "return mean, (1 - before) / (1 - a) * (1 - alpha)", "return mean, ((1 - before) / (1 - a) * (1 - alpha)).sqrt()",
    "You return the standard deviation. A variance is asked.",
)  # fmt: skip
exercise.edit(
    "exchanged", "before.sqrt() * (1 - alpha) * x0 + alpha.sqrt() * (1 - before) * x)", "before.sqrt() * (1 - alpha) * x + alpha.sqrt() * (1 - before) * x0)",
    "x_0 and x_t have changed places. In the last step the mean must be x_0.",
)  # fmt: skip
exercise.edit(
    "alpha_bar_for_alpha", "alpha = a / before", "alpha = a",
    "You used alpha-bar for alpha. A single step keeps alpha = alpha_bar[t] / alpha_bar[t - 1].",
)  # fmt: skip
exercise.edit(
    "next_step_for_the_one_before", "alpha_bar[t], alpha_bar[t - 1]", "alpha_bar[t - 1], alpha_bar[t]",
    "Your two steps have changed places: alpha_bar[t] is this step, alpha_bar[t - 1] the one before, with less noise.",
)  # fmt: skip
exercise.edit(
    "mean_not_divided", " * x) / (1 - a)", " * x)",
    "The mean is not divided by 1 - alpha-bar: its two weights come from adding precisions.",
)  # fmt: skip


exercise.edit(
    "root_of_this_step", "before.sqrt() * (1 - alpha)", "a.sqrt() * (1 - alpha)",
    "The factor of x_0 takes alpha-bar at the wrong step: its root is that of alpha_bar[t - 1].",
)  # fmt: skip


@exercise.alternative
def by_precisions(x0, x, t, alpha_bar):
    alpha = alpha_bar[t] / alpha_bar[t - 1]
    prior = torch.clamp(1 - alpha_bar[t - 1], min=1e-300)
    variance = 1 / (alpha / (1 - alpha) + 1 / prior)
    return variance * (alpha.sqrt() / (1 - alpha) * x + alpha_bar[t - 1].sqrt() / prior * x0), variance


@exercise.alternative
def by_regression(x0, x, t, alpha_bar):
    a, before = alpha_bar[t], alpha_bar[t - 1]
    kept = torch.sqrt(a / before)
    gain = kept * (1 - before) / (1 - a)  # covariance over variance of x_t, given x_0
    return before.sqrt() * x0 + gain * (x - a.sqrt() * x0), (1 - before) - gain * kept * (1 - before)
