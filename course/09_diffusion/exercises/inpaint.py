"""Sampling that is told a part of the answer."""

import torch

from dlmodule.checking import Case, Code, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "After a step from t to s all pixels should have the noise of step s. What noise must the known ones have?",
        "Loop over zip(times[:-1], times[1:]) with a counter for the noise. torch.where(mask, known part, x) joins the two.",
    ),
    probe=probes.call(),
)
ALPHA_BAR = row(1, 0.9, 0.64, 0.36, 0.04)
HALVE = Code("lambda x, t, s: 0.5 * x + 0.1 * t - 0.03 * s")


@exercise.cases
def cases():
    left = torch.tensor([True, False])
    yield Case(HALVE, row(2, 2), row(1, 1), left, row(0, 0)[None], ALPHA_BAR, [4, 0]).named("a single step")
    yield Case(HALVE, row(2, 2), row(1, 1), left, noise(2, 2), ALPHA_BAR, [4, 2, 0]).named("two steps")
    column = torch.zeros(2, 1, 3, 4, dtype=torch.bool)
    column[..., 1] = True
    blur = Code("lambda x, t, s: (x + x.roll(1, -1)) / (2 + 0.1 * s)")
    yield Case(blur, noise(2, 1, 3, 4), waves(2, 1, 3, 4), column, noise(3, 2, 1, 3, 4, seed=1), ALPHA_BAR, [4, 3, 1, 0]).named("two images, a known column")  # fmt: skip


exercise.edit(
    "noise_of_the_step_before", "a = alpha_bar[s]", "a = alpha_bar[t]",
    "The known part has the noise of step t, but the rest is at step s already. The last step then leaves noise in the known part.",
)  # fmt: skip
exercise.edit(
    "known_without_noise", "a.sqrt() * known + (1 - a).sqrt() * noise[k]", "known",
    "You paste the known part without noise. The network has never seen an image that is clean in one place and noisy in another.",
)  # fmt: skip
exercise.edit(
    "mask_inverted", "torch.where(mask, there, x)", "torch.where(mask, x, there)",
    "The mask is inverted: where it is true the pixels are known.",
)  # fmt: skip
exercise.edit(
    "same_noise_each_time", "noise[k]", "noise[0]",
    "The known part gets the same noise at each step. Draw it anew: noise[k] belongs to the k-th step.",
)  # fmt: skip
exercise.edit(
    "variances_for_roots", "a.sqrt() * known + (1 - a).sqrt() * noise[k]", "a * known + (1 - a) * noise[k]",
    "The factors are square roots, as in every forward step: sqrt(alpha-bar) and sqrt(1 - alpha-bar).",
)  # fmt: skip


exercise.edit(
    "steps_exchanged", "denoise(x, t, s)", "denoise(x, s, t)",
    "t and s are exchanged in the call: denoise goes from t to s, denoise(x, t, s).",
)  # fmt: skip
exercise.edit(
    "last_step_left_out", "zip(times[:-1], times[1:], strict=True)", "zip(times[:-2], times[1:-1], strict=True)",
    "The last step, down to 0, is missing: every neighbouring pair of `times` is a step.",
)  # fmt: skip
exercise.edit(
    "known_added", "torch.where(mask, there, x)", "x + mask * there",
    "The known part is added to what is there. Replace it: torch.where.",
)  # fmt: skip
exercise.edit(
    "noise_of_the_number", "noise[k]", "noise[min(s, len(noise) - 1)]",
    "The noise is picked by the step s. noise[k] belongs to the k-th pair, counted from 0.",
)  # fmt: skip


@exercise.mistake(
    "The known pixels are put in once, at the end. The network then completes the rest without having seen them: replace them after every step."
)
def only_at_the_end(denoise, x, known, mask, noise, alpha_bar, times):
    for t, s in zip(times[:-1], times[1:], strict=True):
        x = denoise(x, t, s)
    return torch.where(mask, known, x)


exercise.equivalent("True -> False", "both slices have the same length")


@exercise.mistake(
    "You paste before the step, never after the last one. The network then changes the known pixels once more."
)
def pasted_before(denoise, x, known, mask, noise, alpha_bar, times):
    for k, (t, s) in enumerate(zip(times[:-1], times[1:], strict=True)):
        a = alpha_bar[t]
        x = denoise(torch.where(mask, a.sqrt() * known + (1 - a).sqrt() * noise[k], x), t, s)
    return x


@exercise.alternative
def by_arithmetic(denoise, x, known, mask, noise, alpha_bar, times):
    inside = mask.to(x.dtype)
    for k in range(len(times) - 1):
        a = alpha_bar[times[k + 1]]
        there = known * a**0.5 + noise[k] * (1 - a) ** 0.5
        x = inside * there + (1 - inside) * denoise(x, times[k], times[k + 1])
    return x


@exercise.alternative
def by_indexing(denoise, x, known, mask, noise, alpha_bar, times):
    where = mask.expand_as(x)
    for t, s, fresh in zip(times, times[1:], noise, strict=False):
        x = denoise(x, t, s).clone()
        x[where] = (alpha_bar[s].sqrt() * known + (1 - alpha_bar[s]).sqrt() * fresh)[where]
    return x


exercise.edit(
    "put_in_before_the_step", ("        x = denoise(x, t, s)\n", "        x = torch.where(mask, there, x)\n"), ("", "        x = denoise(torch.where(mask, there, x), t, s)\n"),
    "You put the known pixels in before the step, so the last step changes them again. Denoise first, then put in what is known at s.",
)  # fmt: skip
