"""A rate that costs nothing below a threshold, dimension by dimension."""

import torch
import torch.nn.functional as F

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=7,
    core=True,
    hints=(
        "Three steps: average, threshold, sum. Over which axis does each go, and in which order do they come?",
        "Average over the images first. Then Tensor.clamp with min, and a sum over the dimensions.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    yield Case(row(1, 2)[None], row(0, 0)[None], 0.6).named("one image, means 1 and 2, variances 1, 0.6 nats free")
    yield Case(torch.stack([row(0, 2), row(3, 0.1)]), torch.zeros(2, 2, dtype=torch.float64), 0.5).named(
        "two images that differ"
    )
    yield Case(noise(4, 3), noise(4, 3, seed=1), 0.8).named("four images, three dimensions")
    yield Case(noise(3, 5, seed=2), noise(3, 5, seed=3), 0.0).named("nothing free")
    yield Case(0.1 * noise(5, 5, seed=4), 0.1 * noise(5, 5, seed=5), 0.9).named("codes that have nearly collapsed")


exercise.edit(
    "averaged_over_dimensions", ".mean(0)", ".mean(1)",
    "You averaged over the latent dimensions. Each dimension has its own free nats: average over the images, dim 0.",
)  # fmt: skip
exercise.edit(
    "mean_charge", "charged.sum()", "charged.mean()",
    "The charges are averaged over the dimensions. Nats add: take the sum.",
)  # fmt: skip
exercise.edit(
    "at_most", "clamp(min=free)", "clamp(max=free)",
    "You charge at most `free`, so a dimension may carry as much as it likes for nothing. At least `free` is charged: clamp with min.",
)  # fmt: skip
exercise.edit(
    "only_the_excess", "by_dimension.clamp(min=free)", "(by_dimension - free).clamp(min=0)",
    "You charge only what exceeds `free`. The gradient is right, but the value is not: the bound would be K times free nats too good.",
)  # fmt: skip
exercise.edit(
    "no_threshold", "by_dimension.clamp(min=free)", "by_dimension",
    "There is no threshold: this is the plain rate.",
)  # fmt: skip


@exercise.mistake(
    "The threshold was applied to each image. A dimension may be useful for some images only; average over the batch before you clamp."
)
def threshold_first(mean, log_variance, free):
    return kl_by_dimension(mean, log_variance).clamp(min=free).mean(0).sum()


@exercise.mistake(
    "The threshold was applied to the sum of all dimensions. One busy dimension then pays for all, and the others still collapse."
)
def threshold_on_the_total(mean, log_variance, free):
    return kl_by_dimension(mean, log_variance).mean(0).sum().clamp(min=free)


@exercise.mistake("You summed over the images instead of averaging: the rate then grows with the batch size.")
def summed_over_images(mean, log_variance, free):
    return kl_by_dimension(mean, log_variance).sum(0).clamp(min=free).sum()


@exercise.alternative
def by_relu(mean, log_variance, free):
    by_dimension = kl_by_dimension(mean, log_variance).sum(dim=0) / len(mean)
    return (F.relu(by_dimension - free) + free).sum()


@exercise.alternative
def by_maximum(mean, log_variance, free):
    by_dimension = kl_by_dimension(mean, log_variance).mean(dim=0)
    return torch.where(by_dimension > free, by_dimension, torch.full_like(by_dimension, free)).sum()
