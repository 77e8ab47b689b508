"""From predicted noise to predicted data."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=1,
    minutes=4,
    core=True,
    hints=(
        "Write the closed form of x_t and solve it for x_0.",
        "Subtract the noise with its size, then divide by the root of alpha-bar.",
    ),
    probe=probes.call(),
)
ALPHA_BAR = row(1, 0.81, 0.25, 0.04)


@exercise.cases
def cases():
    yield Case(row(2)[:, None], 2, row(1)[:, None], ALPHA_BAR).named("one number, alpha-bar 0.25")
    yield Case(waves(2, 3), 0, noise(2, 3), ALPHA_BAR).named("step 0: no noise")
    yield Case(waves(2, 1, 2, 3), 3, noise(2, 1, 2, 3), ALPHA_BAR).named("two images")


exercise.edit(
    "not_divided", " / a.sqrt()", "",
    "You took the noise away, and what is left is still shrunk by the root of alpha-bar. Divide by it.",
)  # fmt: skip
exercise.edit(
    "noise_added", "(x - (1 - a)", "(x + (1 - a)",
    "You added the noise once more. It is in x already: take it away.",
)  # fmt: skip
exercise.edit(
    "noise_not_scaled", "(1 - a).sqrt() * eps", "eps",
    "The predicted noise has variance 1, and x_t holds it times sqrt(1 - alpha-bar).",
)  # fmt: skip
exercise.edit(
    "variances_for_roots", "(x - (1 - a).sqrt() * eps) / a.sqrt()", "(x - (1 - a) * eps) / a",
    "The square roots are missing: signal and noise are multiplied by roots of variances.",
)  # fmt: skip
exercise.edit(
    "off_by_one", "alpha_bar[t]", "alpha_bar[t - 1]",
    "Your steps are off by one: alpha_bar[t] belongs to x_t.",
)  # fmt: skip


exercise.edit(
    "only_the_noise_divided", "(x - (1 - a).sqrt() * eps) / a.sqrt()", "x - (1 - a).sqrt() * eps / a.sqrt()",
    "A bracket is missing: only the noise is divided by the root of alpha-bar, and x is not.",
)  # fmt: skip
exercise.edit(
    "clamped", "(x - (1 - a).sqrt() * eps) / a.sqrt()", "((x - (1 - a).sqrt() * eps) / a.sqrt()).clamp(-1, 1)",
    "You clamped the data to [-1, 1]. The formula has no clamp, and here the data are not limited to that range.",
)  # fmt: skip


@exercise.alternative
def by_signal_to_noise(x, t, eps, alpha_bar):
    return x * alpha_bar[t] ** -0.5 - eps * (1 / alpha_bar[t] - 1).sqrt()


@exercise.alternative
def by_the_score(x, t, eps, alpha_bar):
    score_times_variance = -torch.sqrt(1 - alpha_bar[t]) * eps
    return (x + score_times_variance) / torch.sqrt(alpha_bar[t])


exercise.edit(
    "only_the_signal_divided", "(x - (1 - a).sqrt() * eps) / a.sqrt()", "x / a.sqrt() - (1 - a).sqrt() * eps",
    "Only x is divided by the root of alpha-bar. Take the noise away first, then divide the difference.",
)  # fmt: skip
