"""Denoising score matching, weighted so that every step counts alike."""

import torch

from dlmodule.checking import Case, Code, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=2,
    minutes=7,
    core=True,
    hints=(
        "Three lines: the noisy data, what the score says of them, and the mean of a square. What does `score` get to see?",
        "q_sample gives x_t. The factor sqrt(1 - alpha_bar[t]) has one number an example, so it needs a second axis of length 1.",
    ),
    probe=probes.call(grad=True),
)
ALPHA_BAR = row(1, 0.75, 0.36, 0.1)
LINEAR = Code("lambda x, t: 0.3 - x * (t[:, None] + 1) / 2")


@exercise.cases
def cases():
    yield Case(Code("lambda x, t: -x"), row(0)[:, None], torch.tensor([1]), row(2)[:, None], ALPHA_BAR).named(
        "one point at 0"
    )
    yield Case(LINEAR, waves(3, 2), torch.tensor([1, 3, 2]), noise(3, 2), ALPHA_BAR).named(
        "three points in two dimensions"
    )
    yield Case(LINEAR, waves(2, 2), torch.tensor([2, 1]), noise(2, 2), ALPHA_BAR).named("two points in two dimensions")


exercise.edit(
    "sign_of_the_noise", "score(x_t, t) + noise", "score(x_t, t) - noise",
    "The sign is wrong. The target of the score is minus the noise over its size, so score times size plus noise is what should vanish.",
)  # fmt: skip
exercise.edit(
    "score_of_clean_data", "score(x_t, t)", "score(x0, t)",
    "The score is asked about clean data. It must see x_t, the noisy data, or there is nothing to undo.",
)  # fmt: skip
exercise.edit(
    "unweighted", "(scale * score(x_t, t) + noise)", "(score(x_t, t) + noise / scale)",
    "Your loss is not weighted: at little noise it explodes. Multiply the error by sqrt(1 - alpha-bar).",
)  # fmt: skip
exercise.edit(
    "scale_missing", "scale * score(x_t, t)", "score(x_t, t)",
    "The factor sqrt(1 - alpha-bar) in front of the score is missing, so your target is the noise with the wrong size.",
)  # fmt: skip
exercise.edit(
    "variance_for_std", "(1 - alpha_bar[t]).sqrt()", "(1 - alpha_bar[t])",
    "The score is multiplied by the variance of the noise. It is the standard deviation, sqrt(1 - alpha-bar).",
)  # fmt: skip
exercise.edit(
    "summed", ".mean()", ".sum()",
    "You summed the squares. The loss is their mean over all entries, so that it does not grow with the batch.",
)  # fmt: skip
exercise.edit(
    "along_the_features", ".sqrt()[:, None]", ".sqrt()[None, : x0.shape[1]]",
    "The factor lies along the features. Each example has its own, so it needs shape (N, 1).",
)  # fmt: skip


exercise.edit(
    "time_as_fraction", "score(x_t, t)", "score(x_t, t / (len(alpha_bar) - 1))",
    "You hand the score a fraction of T. It is a function of x_t and of t itself, (N,) whole numbers.",
)  # fmt: skip


@exercise.mistake(
    "x_t is made with noise of your own, so the target `noise` has nothing to do with it. Make x_t with the noise that is given."
)
def own_noise(score, x0, t, noise, alpha_bar):
    a = alpha_bar[t][:, None]
    x_t = a.sqrt() * x0 + (1 - a).sqrt() * torch.randn_like(noise)
    return ((1 - a).sqrt() * score(x_t, t) + noise).square().mean()


@exercise.mistake(
    "You took the sum over the features and the mean over the examples. Asked for is the mean over all entries."
)
def summed_over_features(score, x0, t, noise, alpha_bar):
    a = alpha_bar[t][:, None]
    x_t = a.sqrt() * x0 + (1 - a).sqrt() * noise
    return ((1 - a).sqrt() * score(x_t, t) + noise).square().sum(1).mean()


@exercise.alternative
def by_the_target(score, x0, t, noise, alpha_bar):
    a = alpha_bar[t].unsqueeze(1)
    x_t = a.sqrt() * x0 + (1 - a).sqrt() * noise
    target = -(x_t - a.sqrt() * x0) / (1 - a)
    return ((1 - a) * (score(x_t, t) - target) ** 2).mean()


@exercise.alternative
def as_noise(score, x0, t, noise, alpha_bar):
    size = torch.sqrt(1 - alpha_bar[t])[:, None]
    predicted = -size * score(q_sample(x0, t, noise, alpha_bar), t)
    return torch.nn.functional.mse_loss(predicted, noise)


exercise.edit(
    "scaled_by_the_signal", "(1 - alpha_bar[t]).sqrt()", "alpha_bar[t].sqrt()",
    "The score is multiplied by the root of alpha-bar, the share of the signal. Its weight is the root of 1 - alpha-bar, the spread of the noise.",
)  # fmt: skip
exercise.edit(
    "score_taken_for_noise", "scale * score(x_t, t) + noise", "score(x_t, t) - noise",
    "You compare the score with the noise itself. The score is minus the noise divided by the root of 1 - alpha-bar: multiply it by that root, and add.",
)  # fmt: skip
