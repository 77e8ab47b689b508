"""Data with the noise of t steps, in closed form."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=1,
    minutes=5,
    core=True,
    hints=(
        "alpha_bar[t] has one number for each example, (N,). What shape must it have to multiply (N, 2), or (N, 1, 32, 32)?",
        "Give it as many axes of length 1 as x0 has after its first, by reshape or by indexing with None. Then write the formula.",
    ),
    probe=probes.call(),
)
ALPHA_BAR = row(1, 0.81, 0.5, 0.25, 0.04)


@exercise.cases
def cases():
    yield Case(row(2)[:, None], torch.tensor([3]), row(1)[:, None], ALPHA_BAR).named("one number, alpha-bar 0.25")
    yield Case(waves(2, 2), torch.tensor([0, 1]), noise(2, 2), ALPHA_BAR).named("no noise, and a little")
    yield Case(waves(3, 2), torch.tensor([1, 4, 2]), noise(3, 2), ALPHA_BAR).named("three points, three steps")
    yield Case(waves(2, 1, 3, 4), torch.tensor([3, 1]), noise(2, 1, 3, 4), ALPHA_BAR).named("two images")
    yield Case(waves(3, 3), torch.tensor([1, 4, 2]), noise(3, 3), ALPHA_BAR).named("as many features as examples")


exercise.edit(
    "variances_as_factors", "a.sqrt() * x0 + (1 - a).sqrt()", "a * x0 + (1 - a)",
    "You used the variances as factors. The data are multiplied by the square root of alpha-bar, the noise by that of 1 - alpha-bar.",
)  # fmt: skip
exercise.edit(
    "noise_not_scaled", "(1 - a).sqrt() * noise", "noise",
    "The noise enters in full at every step. It is multiplied by the square root of 1 - alpha-bar.",
)  # fmt: skip
exercise.edit(
    "one_minus_root", "(1 - a).sqrt()", "(1 - a.sqrt())",
    "You took one minus the root. The factor of the noise is the root of one minus alpha-bar, so that variances add to 1.",
)  # fmt: skip
exercise.edit(
    "off_by_one", "alpha_bar[t]", "alpha_bar[t - 1]",
    "Your steps are off by one: alpha_bar[t] belongs to x_t, and alpha_bar[0] is 1.",
)  # fmt: skip
exercise.edit(
    "exchanged", "a.sqrt() * x0 + (1 - a).sqrt() * noise", "(1 - a).sqrt() * x0 + a.sqrt() * noise",
    "The two factors have changed places: at t = 0 nothing but noise is left.",
)  # fmt: skip
exercise.edit(
    "along_the_last_axis", ".reshape(-1, *[1] * (x0.dim() - 1))", "",
    "alpha_bar[t] lies along the last axis of your product. It has one number for each example, so it belongs to the first axis.",
)  # fmt: skip


exercise.edit(
    "own_noise", "* noise", "* x0.clone().normal_()",
    "You draw noise of your own. The noise is an argument: training compares the prediction with it.",
)  # fmt: skip
exercise.edit(
    "product_twice", "alpha_bar[t]", "alpha_bar.cumprod(0)[t]",
    "You multiply up once more. alpha_bar is the product already.",
)  # fmt: skip
exercise.edit(
    "step_of_the_first", "alpha_bar[t].reshape(-1, *[1] * (x0.dim() - 1))", "alpha_bar[t[0]]",
    "All examples get the step of the first. Each has a step of its own: alpha_bar[t] has N numbers.",
)  # fmt: skip


@exercise.alternative
def by_transposing(x0, t, noise, alpha_bar):
    a = alpha_bar[t]
    return (x0.movedim(0, -1) * a**0.5 + noise.movedim(0, -1) * (1 - a) ** 0.5).movedim(-1, 0)


@exercise.alternative
def example_by_example(x0, t, noise, alpha_bar):
    return torch.stack(
        [x * alpha_bar[k].sqrt() + n * torch.sqrt(1 - alpha_bar[k]) for x, k, n in zip(x0, t, noise, strict=True)]
    )
