"""Random masking by two sorts."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, ramp, row

exercise = Exercise(
    difficulty=3,
    minutes=10,
    hints=(
        "argsort gives, for each place in the sorted list, which patch stands there. What does argsort of that give?",
        "gather along axis 1 needs an index for each feature too: expand it. A patch is visible where its place in the list is below the number kept.",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    yield Case(ramp(1, 3, 1), row(0.9, 0.1, 0.5)[None], 2 / 3).named("three patches, one kept")
    yield Case(ramp(2, 4, 3), noise(2, 4), 0.5).named("two images of four patches, half hidden")
    yield Case(noise(3, 16, 2), noise(3, 16, seed=1), 0.75).named("sixteen patches, three quarters hidden")
    yield Case(noise(2, 10, 10), noise(2, 10, seed=2), 0.37).named("a ratio that does not divide")
    yield Case(ramp(2, 5, 2), noise(2, 5, seed=4), 0.45).named("2.75 patches to keep: three")
    yield Case(ramp(2, 5, 2), noise(2, 5, seed=3), 0.0).named("nothing hidden")


exercise.edit(
    "ratio_kept", "(1 - ratio)", "ratio",
    "You keep the share that should be hidden: ratio is what the encoder does not see.",
)  # fmt: skip
exercise.edit(
    "mask_turned_round", "restore >= kept", "restore < kept",
    "Your mask is true where a patch is visible. It should be true where one is hidden, since the loss is taken there.",
)  # fmt: skip
exercise.edit(
    "mask_of_the_sorted_list", "restore >= kept", "order >= kept",
    "The mask compares the wrong list: `order` says which patch stands at a place, `restore` at which place a patch stands.",
)  # fmt: skip
exercise.edit(
    "restored_by_the_order", "order.argsort(1)", "order",
    "restore is the inverse of order. Sorting order again gives it; order itself does not bring the patches back.",
)  # fmt: skip
exercise.edit(
    "largest_noise_kept", "noise.argsort(1)", "noise.argsort(1, descending=True)",
    "You keep the patches with the largest noise; the smallest are asked.",
)  # fmt: skip
exercise.edit(
    "same_patches_everywhere", "order[:, :kept, None]", "order[:1, :kept, None].expand(len(patches), -1, -1)",
    "All images keep the same patches: each row of the noise orders its own image.",
)  # fmt: skip


exercise.edit(
    "rounded_down", "round(patches.shape[1] * (1 - ratio))", "int(patches.shape[1] * (1 - ratio))",
    "You cut the fraction off. The number of visible patches is rounded: round, not int.",
)  # fmt: skip
exercise.edit(
    "in_their_old_order", "order[:, :kept, None]", "order[:, :kept].sort(1).values[..., None]",
    "The visible patches stand in their old order. Keep them in the order of their noise, so that restore finds them.",
)  # fmt: skip
exercise.edit(
    "hidden_ones_returned", "order[:, :kept, None]", "order[:, kept:, None]",
    "You return the hidden patches. The encoder sees the first `kept` of the order.",
)  # fmt: skip
exercise.edit(
    "order_returned", "restore >= kept, restore", "restore >= kept, order",
    "The third result is order. Return restore, its inverse.",
)  # fmt: skip
exercise.edit(
    "first_noise_for_all", "noise.argsort(1)", "noise[:1].argsort(1).expand_as(noise)",
    "All images are ordered by the noise of the first. Each row orders its own image.",
)  # fmt: skip


@exercise.alternative
def by_indexing(patches, noise, ratio):
    count, places = noise.shape
    kept = round(places * (1 - ratio))
    order = torch.sort(noise, dim=1).indices
    rows = torch.arange(count)[:, None]
    restore = torch.empty_like(order)
    restore[rows, order] = torch.arange(places).expand(count, -1)
    mask = torch.ones(count, places, dtype=torch.bool)
    mask[rows, order[:, :kept]] = False
    return patches[rows, order[:, :kept]], mask, restore


@exercise.alternative
def by_ranks(patches, noise, ratio):
    restore = (noise[:, None, :] < noise[:, :, None]).sum(2)
    kept = round(noise.shape[1] * (1 - ratio))
    order = restore.argsort(1)
    visible = torch.stack([image[index[:kept]] for image, index in zip(patches, order, strict=True)])
    return visible, ~(restore < kept), restore


exercise.equivalent("last argument of argsort dropped", "the default is the last axis, which is axis 1 here")
