"""One step of ancestral sampling."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=2,
    minutes=8,
    core=True,
    hints=(
        "alpha of this step is a ratio of two alpha-bars. Which of the three (alpha, alpha-bar, alpha-bar before) stands where in the formula?",
        "Mean first: subtract beta / sqrt(1 - alpha-bar) times eps, divide by sqrt(alpha). Then add the fresh noise times the root of the variance.",
    ),
    probe=probes.call(),
)
HALVES = row(1, 0.5, 0.25)
ALPHA_BAR = row(1, 0.9, 0.6, 0.2, 0.01)


@exercise.cases
def cases():
    yield Case(row(1)[:, None], 2, row(0)[:, None], row(0)[:, None], HALVES).named("no noise predicted, none added")
    yield Case(row(1)[:, None], 2, row(1)[:, None], row(1)[:, None], HALVES).named("one number, alpha-bar 0.25")
    yield Case(row(1, 2)[:, None], 1, row(1, 0)[:, None], row(5, 5)[:, None], HALVES).named("the last step")
    yield Case(waves(2, 3), 3, noise(2, 3), noise(2, 3, seed=1), ALPHA_BAR).named("two points in three dimensions")
    yield Case(waves(2, 1, 2, 3), 4, noise(2, 1, 2, 3), noise(2, 1, 2, 3, seed=1), ALPHA_BAR).named("two images")


exercise.edit(
    "variance_for_std", "variance.sqrt() * noise", "variance * noise",
    "The fresh noise is multiplied by the variance. Its factor is the standard deviation, the square root.",
)  # fmt: skip
exercise.edit(
    "no_fresh_noise", "mean + variance.sqrt() * noise", "mean",
    "You add no fresh noise. The mean alone contracts at every step, and all samples end too close together.",
)  # fmt: skip
exercise.edit(
    "alpha_for_alpha_bar", "(1 - a).sqrt() * eps", "(1 - alpha).sqrt() * eps",
    "You divide by sqrt(1 - alpha). The noise in x_t is that of all steps so far: sqrt(1 - alpha-bar).",
)  # fmt: skip
exercise.edit(
    "alpha_bar_for_alpha", ") / alpha.sqrt()", ") / a.sqrt()",
    "You stretch by 1 / sqrt(alpha-bar), as if all steps were undone at once. One step back stretches by 1 / sqrt(alpha).",
)  # fmt: skip
exercise.edit(
    "noise_at_the_last_step", "variance = (1 - before) / (1 - a) * (1 - alpha)", "variance = 1 - alpha",
    "Your variance is beta, which is not 0 in the last step: the finished sample gets noise. The text asks for beta-tilde.",
)  # fmt: skip
exercise.edit(
    "all_of_the_noise", "(1 - alpha) / (1 - a).sqrt() * eps", "(1 - a).sqrt() * eps",
    "You take all of the predicted noise away in one step. A step removes beta / sqrt(1 - alpha-bar) of it.",
)  # fmt: skip
exercise.edit(
    "noise_added", "(x - (1 - alpha)", "(x + (1 - alpha)",
    "You added the predicted noise. Going back, take it away.",
)  # fmt: skip


exercise.edit(
    "root_of_beta", "(1 - alpha) / (1 - a).sqrt()", "(1 - alpha).sqrt() / (1 - a).sqrt()",
    "The factor of the noise has a root too many: it is beta itself over the root of 1 - alpha-bar.",
)  # fmt: skip
exercise.edit(
    "predicted_noise_again", "* noise", "* eps",
    "You add the predicted noise again. What is added is fresh: the argument noise.",
)  # fmt: skip
exercise.edit(
    "not_stretched", "* eps) / alpha.sqrt()", "* eps)",
    "The stretch is missing: the forward step shrank x by the root of alpha, so divide by it.",
)  # fmt: skip


@exercise.alternative
def by_the_posterior(x, t, eps, noise, alpha_bar):
    mean, variance = posterior_mean_variance(predict_x0(x, t, eps, alpha_bar), x, t, alpha_bar)
    return mean + variance**0.5 * noise


@exercise.alternative
def by_the_score(x, t, eps, noise, alpha_bar):
    alpha = alpha_bar[t] / alpha_bar[t - 1]
    score = -eps / torch.sqrt(1 - alpha_bar[t])
    std = torch.sqrt((1 - alpha) * (1 - alpha_bar[t - 1]) / (1 - alpha_bar[t]))
    return (x + (1 - alpha) * score) / torch.sqrt(alpha) + std * noise
