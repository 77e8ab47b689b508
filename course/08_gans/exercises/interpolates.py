"""A random point on the line between each pair, judged by its moments."""

import math

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import row

DRAWS = 2000

exercise = Exercise(
    difficulty=2,
    minutes=8,
    core=True,
    hints=(
        "How many random numbers do you need for N examples? In what shape do they broadcast over the other axes?",
        "A tensor of shape (N, 1, ..., 1) has one number for an example. torch.rand draws from 0 to 1.",
    ),
    probe=probes.sample(
        {
            "mean": "x.mean(0)",
            "variance": "x.var(0)",
            "spread within an example": "((x - low) / (high - low).clamp(min=1e-9)).flatten(2).std(2).mean()".replace(
                "low", "x.amin(0)"
            ).replace("high", "x.amax(0)"),
            "two examples together": "((x - x.mean(0)).flatten(2)[:, 0, 0] * (x - x.mean(0)).flatten(2)[:, -1, 0]).mean()",
        },
        draws=DRAWS,
    ),
)


def case(x, fake):
    """Moments of x~ + alpha (x - x~) with alpha uniform, one for each example."""
    gap = x - fake
    first, last = gap.flatten(1)[0, 0], gap.flatten(1)[-1, 0]
    apart = first * last / 12
    return Case(x, fake).expecting(
        {
            "mean": (x + fake) / 2,
            "variance": gap**2 / 12,
            "spread within an example": torch.zeros((), dtype=x.dtype),
            "two examples together": 0 * apart if len(x) > 1 else apart,
        },
        within={
            "mean": gap.abs() / math.sqrt(12 * DRAWS),
            "variance": gap**2 * math.sqrt(1 / 180 / DRAWS),
            "spread within an example": torch.tensor(0.001, dtype=x.dtype),
            "two examples together": apart.abs() / math.sqrt(DRAWS),
        },
    )


@exercise.cases
def cases():
    yield case(torch.stack([row(1, 1), row(2, 4)]), torch.zeros(2, 2).double()).named(
        "two points, samples at the origin"
    )
    images = torch.stack(
        [row(3, 4, 5, 6).reshape(1, 2, 2), row(1, 2, -1, 3).reshape(1, 2, 2), row(-2, 1, 1, 5).reshape(1, 2, 2)]
    )
    yield case(images, images.flip(0).roll(1, -1) + 7).named("three images of 2x2")


exercise.edit(
    "one_for_each_number", "torch.rand(shape,", "torch.rand(x.shape,",
    "You drew an alpha for each number of an example. The result lies on no line between the two: draw one for an example.",
)  # fmt: skip
exercise.edit(
    "one_for_the_batch", "(len(x),) + (1,)", "(1,) + (1,)",
    "You drew one alpha for the whole batch: all pairs are then tried at the same share. Each pair has its own.",
)  # fmt: skip
exercise.edit(
    "normal", "torch.rand(", "torch.randn(",
    "Your alpha is normal, and may lie outside 0 to 1: such points are not between the two. Draw it with torch.rand.",
)  # fmt: skip
exercise.edit(
    "always_the_middle", "alpha = torch.rand(shape, generator=generator, dtype=x.dtype)", "alpha = 0.5 + 0.01 * (torch.rand(shape, generator=generator, dtype=x.dtype) - 0.5)",
    "Your points hardly leave the middle. Alpha runs from 0 to 1.",
)  # fmt: skip
exercise.edit(
    "extrapolated", "(1 - alpha) * fake", "(1 + alpha) * fake",
    "Your weights do not sum to 1: the second is one minus the first.",
)  # fmt: skip


exercise.edit(
    "middle", "torch.rand(shape, generator=generator, dtype=x.dtype)", "torch.full(shape, 0.5, dtype=x.dtype)",
    "You return the middle of each pair. Alpha is drawn, uniform between 0 and 1, for each pair.",
)  # fmt: skip
exercise.edit(
    "half_of_the_line", "torch.rand(shape", "0.5 * torch.rand(shape",
    "Your points lie on the half of the line next to the generated example only. Alpha runs from 0 to 1.",
)  # fmt: skip
exercise.edit(
    "two_alphas", "(1 - alpha) * fake", "(1 - torch.rand(shape, generator=generator, dtype=x.dtype)) * fake",
    "You drew a second alpha for the generated example, so the weights do not sum to 1 and the point lies on no line between the two.",
)  # fmt: skip


exercise.equivalent("dtype= dropped", "float32 draws have the same moments")


@exercise.alternative
def by_lerp(x, fake, *, generator=None):
    alpha = torch.rand(len(x), generator=generator, dtype=x.dtype)
    return torch.lerp(fake, x, alpha.reshape(-1, *[1] * (x.dim() - 1)).expand_as(x))


@exercise.alternative
def from_the_real_side(x, fake, *, generator=None):
    share = torch.empty(len(x), dtype=x.dtype).uniform_(generator=generator)
    flat = x.flatten(1) + share[:, None] * (fake - x).flatten(1)
    return flat.reshape(x.shape)


exercise.edit(
    "one_or_the_other", "torch.rand(shape, generator=generator, dtype=x.dtype)", "torch.rand(shape, generator=generator, dtype=x.dtype).round()",
    "Your alpha is 0 or 1, so each point is one of the two examples and none lies between them.",
)  # fmt: skip
