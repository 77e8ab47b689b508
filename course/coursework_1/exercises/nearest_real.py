"""How far each generated section is from the nearest real one: has the network learned by heart?"""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=15,
    core=True,
    hints=(
        "torch.cdist of flattened sections gives all distances at once; then take the least of each row.",
        "A mirrored section is tried by mirroring the samples instead: flip(-1). Divide by the square root of the number of pixels.",
    ),
)


# From the squares of both and their product, the distance of a copy is the root of a rounding error: 1e-8 rather than 0.
CLOSE = 1e-6


@exercise.cases
def cases():
    yield (
        Case(waves(2, 1, 3, 4), waves(5, 1, 3, 4, step=0.7)).within(atol=CLOSE).named("two samples among five sections")
    )
    real = waves(6, 1, 4, 4, step=1.9)
    copies = torch.cat([real[2:3], real[4:5].flip(-1), real[:1] + 0.1])
    yield Case(copies, real).within(atol=CLOSE).named("a copy, a mirrored copy, a lighter one")
    yield Case(3 * waves(4, 1, 2, 5, step=0.3), waves(3, 1, 2, 5)).named("four samples among three sections")


exercise.edit(
    "never_mirrored",
    "torch.minimum(straight, mirrored)",
    "straight",
    "You never look at mirrored sections, so a mirrored copy counts as new.",
)
exercise.edit(
    "not_root_mean_square",
    " / samples.shape[1:].numel() ** 0.5",
    "",
    "You return Euclidean distances, which grow with the number of pixels; the docstring asks for root mean squares.",
)
exercise.edit(
    "nearest_sample",
    ("to_real(samples).min(1)", "to_real(samples.flip(-1)).min(1)"),
    ("to_real(samples).min(0)", "to_real(samples.flip(-1)).min(0)"),
    "You return one number for each real section. Asked for is one for each sample.",
)
exercise.edit(
    "upside_down",
    "samples.flip(-1)",
    "samples.flip(-2)",
    "You turn the samples upside down. A section is mirrored left and right, along its last axis.",
)


@exercise.alternative
def one_by_one(samples, real):
    both = torch.cat([real, real.flip(-1)])
    return torch.stack([(both - sample).square().mean((1, 2, 3)).min().sqrt() for sample in samples])


@exercise.alternative
def by_products(samples, real):
    both = torch.cat([real, real.flip(3)]).flatten(1)
    flat = samples.flatten(1)
    squared = (flat**2).sum(1)[:, None] + (both**2).sum(1) - 2 * flat @ both.T
    return (squared.clamp(min=0).min(1).values / flat.shape[1]).sqrt()
