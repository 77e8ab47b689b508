"""Cover a patch, ask again: how far the probability falls when the network cannot see it."""

import torch

from dlmodule.checking import Case, Code, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=20,
    move_on=30,
    hints=(
        "The map has as many rows as a kernel of that size and stride has positions: output_size without padding, from this morning.",
        "For each position make a fresh copy of the image, fill the patch, and compare its probability with that of the whole image.",
    ),
)

# Drawn in float64: float32 weights differ in the last digit from processor to processor.
F64 = "dtype=torch.float64"
LINEAR = Code(f"nn.Sequential(nn.Flatten(), nn.Linear(9, 3, {F64}))", seed=1)
CURVED = Code(f"nn.Sequential(nn.Flatten(), nn.Linear(40, 6, {F64}), nn.Tanh(), nn.Linear(6, 4, {F64}))", seed=2)


def waves(*shape: int) -> torch.Tensor:
    """Smooth numbers in [0, 1] of the given shape, the same on every machine."""
    return ((torch.arange(torch.Size(shape).numel(), dtype=torch.float64) * 1.3).sin().reshape(shape) + 1) / 2


@exercise.cases
def cases():
    yield Case(LINEAR, waves(1, 3, 3), 2, size=1, stride=1).named("single pixels of a 3x3 image")
    yield Case(LINEAR, waves(1, 3, 3), 0, size=2, stride=1, fill=0.5).named("2x2 patches that overlap, filled with 0.5")
    yield Case(CURVED, waves(2, 4, 5), 1, size=2, stride=2).named("two channels, a stride of 2, a column left over")
    yield Case(CURVED, waves(2, 4, 5), 3, size=3, stride=1, fill=0.2).named("3x3 patches on two channels")


exercise.edit(
    "patches_pile_up",
    "hidden = image.clone()",
    "hidden = image",
    "The patches pile up: you filled the image itself, so each position also hides everything before it. Start each time from a fresh copy.",
)
exercise.edit(
    "sign_reversed",
    "whole - chance(hidden)",
    "chance(hidden) - whole",
    "Your map has the wrong sign. It is the drop, whole minus covered: positive where the network needed what you covered.",
)
exercise.edit(
    "not_compared",
    "whole - chance(hidden)",
    "chance(hidden)",
    "You returned the probability of the covered image. Subtract it from the probability of the whole one, or a map of an unsure image "
    "and of a sure one cannot be compared.",
)
exercise.edit(
    "logits_compared",
    ".softmax(1)",
    "",
    "You compared logits, where the text asks for probabilities. (A logit alone has no fixed zero: adding 5 to all of them changes nothing. The saliency map is free of this, since a derivative does not see a constant.)",
)
exercise.edit(
    "always_black",
    "= fill",
    "= 0.0",
    "You always fill with 0. In a section scaled to [0, 1] the quiet value is 0.5, and a black patch is itself a strong reflector: "
    "use the fill you are given.",
)


@exercise.mistake(
    "You covered the first channel only, and the network looked at the others. Fill the patch in every channel."
)
def first_channel_only(model, image, target, *, size, stride, fill=0.0):
    rows = (image.shape[1] - size) // stride + 1
    columns = (image.shape[2] - size) // stride + 1
    out = torch.empty(rows, columns, dtype=image.dtype)
    with torch.no_grad():
        whole = model(image[None]).softmax(1)[0, target]
        for r in range(rows):
            for c in range(columns):
                hidden = image.clone()
                hidden[0, r * stride : r * stride + size, c * stride : c * stride + size] = fill
                out[r, c] = whole - model(hidden[None]).softmax(1)[0, target]
    return out


exercise.edit(
    "softmax_over_the_batch",
    ".softmax(1)[0, target]",
    ".softmax(0)[0, target]",
    "Your softmax runs over the batch. For a batch of one image every number is then 1 and the map is zero: the probabilities of one image sum to 1 over the classes, "
    "axis 1.",
)
exercise.edit(
    "last_position_missing",
    ("(H - size) // stride + 1", "(W - size) // stride + 1"),
    ("(H - size) // stride", "(W - size) // stride"),
    "The last row and column of positions are missing: a square of size m at stride s has (H - m) // s + 1 of them, since it already stands somewhere before its first "
    "step.",
)
exercise.edit(
    "square_moves_by_one",
    "r * stride : r * stride + size, c * stride : c * stride + size",
    "r : r + size, c : c + size",
    "Your square moves by one pixel from each position to the next. Position (r, c) begins at row r·stride and column c·stride.",
)
exercise.edit(
    "square_of_the_strides_size",
    "r * stride : r * stride + size, c * stride : c * stride + size",
    "r * stride : r * stride + stride, c * stride : c * stride + stride",
    "Your square is as large as the stride. The stride says how far it moves; its size is `size`.",
)
exercise.edit(
    "relative_drop",
    "whole - chance(hidden)",
    "(whole - chance(hidden)) / whole",
    "You divided the drop by the probability of the whole image. The map shows the drop itself, whole minus covered.",
)
exercise.edit(
    "rows_for_columns",
    "(W - size) // stride + 1",
    "(H - size) // stride + 1",
    "Your map has as many columns as rows, whatever the image. The number of columns comes from its width: (W - size) // stride + 1.",
)
exercise.edit(
    "tiles",
    ("(H - size) // stride + 1", "(W - size) // stride + 1"),
    ("H // stride", "W // stride"),
    "Your map has H // stride rows, as if the square were as large as its stride. A square of size m has (H - m) // stride + 1 positions inside the image.",
)
exercise.edit(
    "predicted_class",
    "[0, target]",
    "[0].max()",
    "You followed the largest probability, whichever class it belongs to. The map is of the target's.",
)
exercise.edit(
    "map_transposed",
    "    return drop",
    "    return drop.T",
    "Rows and columns of your map are exchanged: position (r, c) covers rows from r·stride and columns from c·stride.",
)


@exercise.alternative
def in_one_batch(model, image, target, *, size, stride, fill=0.0):
    H, W = image.shape[1:]
    tops, lefts = range(0, H - size + 1, stride), range(0, W - size + 1, stride)
    batch = image.repeat(1 + len(tops) * len(lefts), 1, 1, 1)
    for i, (top, left) in enumerate([(top, left) for top in tops for left in lefts], start=1):
        batch[i, :, top : top + size, left : left + size] = fill
    with torch.no_grad():
        p = torch.softmax(model(batch), dim=1)[:, target]
    return (p[0] - p[1:]).reshape(len(tops), len(lefts))


@exercise.alternative
def by_masks(model, image, target, *, size, stride, fill=0.0):
    def chance(x):
        return model(x.unsqueeze(0)).softmax(-1)[0, target].item()

    H, W = image.shape[-2:]
    row, column = torch.arange(H)[:, None], torch.arange(W)[None]
    values = []
    with torch.no_grad():
        for top in range(0, H - size + 1, stride):
            covered = []
            for left in range(0, W - size + 1, stride):
                mask = (row >= top) & (row < top + size) & (column >= left) & (column < left + size)
                covered.append(chance(image) - chance(image.masked_fill(mask, fill)))
            values.append(covered)
    return torch.tensor(values, dtype=image.dtype)
