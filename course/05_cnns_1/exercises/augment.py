"""Shift and mirror every image of a batch by its own random amount."""

import torch
import torch.nn.functional as F
from torch import Tensor

from dlmodule.checking import Case, Exercise, probes

DRAWS = 300  # calls; each gives as many draws as the batch has images
CERTAIN = 1e-9  # the standard error of what does not depend on chance

exercise = Exercise(
    difficulty=3,
    minutes=20,
    move_on=30,
    core=True,
    hints=(
        "Everything random comes in one number per image: N coin tosses, N row offsets, N column offsets, all drawn with "
        "the generator you are given.",
        "Pad once with mode='replicate', then cut a window per image: rows = top[:, None] + torch.arange(H), columns alike, "
        "and index the padded batch with both at once.",
    ),
    probe=probes.sample(
        {
            "mean": "x.mean((0, 1))",
            "reached": "(x.amax((0, 1)) > 0).double()",
            "together": "(x[:, ::2, 0] * x[:, 1::2, 0]).sum((-2, -1)).mean()",
            "ever apart": "(x[:, 0] != x[:, -1]).any().double()",
            "channels apart": "(x != x[:, :, :1]).any().double()",
        },
        draws=DRAWS,
    ),
)


def number(value: float) -> Tensor:
    """A float64 scalar."""
    return torch.tensor(float(value), dtype=torch.float64)


def chance(size: int, row: int, column: int, shift: int, mirror: bool) -> Tensor:
    """(size, size): the probability that a bright pixel at (row, column) ends at each place."""
    window = 2 * shift + 1
    places = [(column, 0.5), (size - 1 - column, 0.5)] if mirror else [(column, 1.0)]
    p = torch.zeros(size, size, dtype=torch.float64)
    for at, weight in places:
        for r in range(row - shift, row + shift + 1):
            for c in range(at - shift, at + shift + 1):
                p[r, c] += weight / window**2
    return p


def bright(size: int, row: int, column: int, count: int) -> Tensor:
    """(count, 1, size, size): the same black image with one bright pixel, ``count`` times."""
    x = torch.zeros(count, 1, size, size, dtype=torch.float64)
    x[:, :, row, column] = 1
    return x


def pixel_case(
    size: int, row: int, column: int, count: int, shift: int | None, mirror: bool | None, channels: int = 1
) -> Case:
    """The closed form: a Bernoulli pixel has standard error sqrt(p (1 - p) / n) over n draws. None: an argument's default.

    count: images in the batch, an even number, so that they can be compared two by two. channels: all alike, and so they stay.
    """
    given = {name: value for name, value in (("shift", shift), ("mirror", mirror)) if value is not None}
    p, images = chance(size, row, column, given.get("shift", 2), given.get("mirror", True)), DRAWS * count
    together, p = (p**2).sum(), p.expand(channels, size, size)
    return Case(bright(size, row, column, count).repeat(1, channels, 1, 1), **given).expecting(
        {
            "mean": p,
            "reached": (p > 0).double(),
            "together": together,
            "ever apart": number(bool(p.max() < 1)),
            "channels apart": number(0),
        },
        within={
            "reached": torch.full_like(p, CERTAIN),
            "ever apart": number(CERTAIN),
            "channels apart": number(CERTAIN),
            "mean": (p * (1 - p) / images).sqrt() + CERTAIN,
            "together": (together * (1 - together) / (images / 2)).sqrt() + CERTAIN,
        },
    )


def image_case(image: Tensor, count: int, shift: int, mirror: bool) -> Case:
    """``count`` copies of an image (C, H, W): the statistics by going through all of its outcomes, which are equally likely."""
    channels, H, W = image.shape
    padded = F.pad(torch.stack([image, image.flip(-1)] if mirror else [image]), (shift,) * 4, mode="replicate")
    offsets = range(2 * shift + 1)
    outcomes = torch.cat([padded[..., top : top + H, left : left + W] for top in offsets for left in offsets])
    products = torch.einsum("aij,bij->ab", outcomes[:, 0], outcomes[:, 0])
    draws = DRAWS * count
    return Case(image.expand(count, channels, H, W).clone(), shift=shift, mirror=mirror).expecting(
        {
            "mean": outcomes.mean(0),
            "reached": (outcomes.amax(0) > 0).double(),
            "together": products.mean(),
            "ever apart": number(bool((outcomes != outcomes[0]).any())),
            "channels apart": number(bool((image != image[:1]).any())),
        },
        within={
            "mean": outcomes.std(0, correction=0) / draws**0.5 + CERTAIN,
            "reached": torch.full_like(image, CERTAIN),
            "together": products.std(correction=0) / (draws / 2) ** 0.5 + CERTAIN,
            "ever apart": number(CERTAIN),
            "channels apart": number(CERTAIN),
        },
    )


@exercise.cases
def cases():
    yield pixel_case(5, 1, 1, 2, 0, False).named("two images with one bright pixel, neither mirrored nor shifted")
    yield pixel_case(5, 2, 1, 2, 0, True).named("two images with one bright pixel, mirrored but never shifted")
    yield pixel_case(5, 2, 1, 4, 1, False).named("four images with one bright pixel, shifted but never mirrored")
    yield pixel_case(5, 2, 2, 2, 1, True, channels=2).named("two images of two equal channels, mirrored and shifted")
    yield pixel_case(7, 2, 2, 4, 1, True).named("four equal images with one bright pixel each")
    yield (
        pixel_case(9, 5, 3, 4, None, None)
        .seeded(3)
        .named("four equal images and the defaults: mirrored, shifts up to 2")
    )
    powers = 3.0 ** (torch.arange(4)[:, None] + torch.arange(5)).double()[None]
    yield image_case(powers, 4, 1, False).named(
        "four equal images that grow to the right and downwards, up to their border"
    )
    level = torch.full((2, 1, 4, 6), 0.5, dtype=torch.float64)
    yield (
        Case(level, shift=2, mirror=True)
        .expecting(
            {
                "mean": level[0],
                "reached": torch.ones_like(level[0]),
                "together": number(6),
                "ever apart": number(0),
                "channels apart": number(0),
            },
            within={
                "mean": torch.full_like(level[0], CERTAIN),
                "reached": torch.full_like(level[0], CERTAIN),
                "together": number(CERTAIN),
                "ever apart": number(CERTAIN),
                "channels apart": number(CERTAIN),
            },
        )
        .named("a uniform grey image, which no shift may change")
    )


exercise.equivalent("Lt -> LtE", "a uniform draw is exactly 1/2 with probability 2^-24")

exercise.edit(
    "upside_down",
    "x.flip(-1)",
    "x.flip(-2)",
    "You turned images upside down. The last axis is the columns: mirror along it. Top and bottom are not alike in a section "
    "(gravity, age and travel time all point one way), nor in a glyph.",
)
exercise.edit(
    "black_border",
    'mode="replicate"',
    'mode="constant"',
    "You filled the border with zeros. Zero is the darkest value here, so a shifted section gains a black edge that looks like "
    "a strong reflector; repeat the border values instead.",
)
exercise.edit(
    "never_the_last_offset",
    "2 * shift + 1,",
    "2 * shift,",
    "One offset never happens: torch.randint leaves out its upper end, so offsets 0 ... 2 * shift need randint(0, 2 * shift + 1, ...).",
    count=2,
)


@exercise.mistake(
    "All images of a batch move together: you drew one offset and one coin for the whole batch. Draw N of each, "
    "or the network sees one variant per batch where it could see N."
)
def one_draw_for_the_batch(x, *, generator, shift=2, mirror=True):
    if mirror and torch.rand((), generator=generator) < 0.5:
        x = x.flip(-1)
    top, left = torch.randint(0, 2 * shift + 1, (2,), generator=generator).tolist()
    padded = F.pad(x, (shift, shift, shift, shift), mode="replicate")
    return padded[..., top : top + x.shape[-2], left : left + x.shape[-1]]


@exercise.mistake(
    "The channels of an image move apart: you drew an offset for each channel. They are views of one place; draw one offset for "
    "each image and move all of its channels by it."
)
def channels_apart(x, *, generator, shift=2, mirror=True):
    N, C, H, W = x.shape
    if mirror:
        x = torch.where((torch.rand(N, generator=generator) < 0.5)[:, None, None, None], x.flip(-1), x)
    padded = F.pad(x, (shift, shift, shift, shift), mode="replicate")
    out = torch.empty_like(x)
    for i in range(N):
        for c, (top, left) in enumerate(torch.randint(0, 2 * shift + 1, (C, 2), generator=generator).tolist()):
            out[i, c] = padded[i, c, top : top + H, left : left + W]
    return out


@exercise.mistake(
    "You always mirror. The mirror is tossed for each image with probability 1/2, so that the network still sees the images as "
    "they were recorded."
)
def always_mirrored(x, *, generator, shift=2, mirror=True):
    N, _, H, W = x.shape
    if mirror:
        x = x.flip(-1)
    padded = F.pad(x, (shift, shift, shift, shift), mode="replicate")
    out = torch.empty_like(x)
    for i, (top, left) in enumerate(torch.randint(0, 2 * shift + 1, (N, 2), generator=generator).tolist()):
        out[i] = padded[i, :, top : top + H, left : left + W]
    return out


@exercise.mistake(
    "You mirror although mirror=False was asked for. Some classes change their name in a mirror (2 and S, a dip to the left and "
    "a dip to the right), so the caller must be able to switch it off."
)
def mirror_not_optional(x, *, generator, shift=2, mirror=True):
    N, _, H, W = x.shape
    x = torch.where((torch.rand(N, generator=generator) < 0.5)[:, None, None, None], x.flip(-1), x)
    padded = F.pad(x, (shift, shift, shift, shift), mode="replicate")
    out = torch.empty_like(x)
    for i, (top, left) in enumerate(torch.randint(0, 2 * shift + 1, (N, 2), generator=generator).tolist()):
        out[i] = padded[i, :, top : top + H, left : left + W]
    return out


exercise.edit(
    "wrapped_around",
    (
        '    padded = F.pad(x, (shift, shift, shift, shift), mode="replicate")\n',
        "padded[image, :, rows[:, :, None], columns[:, None, :]]",
    ),
    ("", "x[image, :, (rows - shift)[:, :, None] % H, (columns - shift)[:, None, :] % W]"),
    "What leaves the image on one side comes in again on the other (torch.roll does that). Where the move uncovers something, repeat the border pixel.",
)
exercise.edit(
    "same_offset_down_and_right",
    "left = torch.randint(0, 2 * shift + 1, (N,), generator=generator)",
    "left = top",
    "Your images move along the diagonal only: one offset serves for rows and columns. Each direction draws its own.",
)
exercise.edit(
    "up_and_left_only",
    ("top = torch.randint(0,", "left = torch.randint(0,"),
    ("top = torch.randint(shift,", "left = torch.randint(shift,"),
    "Your images only ever move up and to the left. The offsets are uniform on -t ... t, both signs.",
)
exercise.edit(
    "down_and_right_only",
    ("top = torch.randint(0, 2 * shift + 1", "left = torch.randint(0, 2 * shift + 1"),
    ("top = torch.randint(0, shift + 1", "left = torch.randint(0, shift + 1"),
    "Your images only ever move down and to the right. The offsets are uniform on -t ... t, both signs.",
)
exercise.edit(
    "never_sideways",
    "left = torch.randint(0, 2 * shift + 1, (N,), generator=generator)",
    "left = torch.full_like(top, shift)",
    "Your images move up and down, never sideways. Draw a second offset, for the columns.",
)
exercise.edit(
    "never_up_or_down",
    "top = torch.randint(0, 2 * shift + 1, (N,), generator=generator)",
    "top = torch.full((N,), shift)",
    "Your images move sideways, never up or down. Draw an offset for the rows as well.",
)
exercise.edit(
    "one_offset_for_the_batch",
    (
        "top = torch.randint(0, 2 * shift + 1, (N,), generator=generator)",
        "left = torch.randint(0, 2 * shift + 1, (N,), generator=generator)",
    ),
    (
        "top = torch.randint(0, 2 * shift + 1, (1,), generator=generator).expand(N)",
        "left = torch.randint(0, 2 * shift + 1, (1,), generator=generator).expand(N)",
    ),
    "All images of a batch move by the same offset: you drew one pair for the batch. Draw N, one for each image.",
)
exercise.edit(
    "one_coin_for_the_batch",
    "torch.rand(N, generator=generator) < 0.5",
    "(torch.rand(1, generator=generator) < 0.5).expand(N)",
    "All images of a batch are mirrored, or none: you tossed one coin for the batch. Toss N, one for each image.",
)
exercise.edit(
    "shift_fixed_at_two",
    "    N, _, H, W = x.shape\n",
    "    N, _, H, W = x.shape\n    shift = 2\n",
    "You always shift by up to two pixels: the argument `shift` is never used.",
)


@exercise.alternative
def one_image_at_a_time(x, *, generator, shift=2, mirror=True):
    H, W = x.shape[-2:]
    out = []
    for image in x:
        if mirror and torch.rand(1, generator=generator).item() < 0.5:
            image = image.flip(-1)
        top = int(torch.randint(0, 2 * shift + 1, (1,), generator=generator))
        left = int(torch.randint(0, 2 * shift + 1, (1,), generator=generator))
        padded = F.pad(image[None], (shift, shift, shift, shift), mode="replicate")[0]
        out.append(padded[:, top : top + H, left : left + W])
    return torch.stack(out)


@exercise.alternative
def clamped_indices(x, *, generator, shift=2, mirror=True):
    """No padding at all: an index beyond the border is clamped to it."""
    N, C, H, W = x.shape
    down, right = torch.randint(-shift, shift + 1, (2, N), generator=generator)
    rows = (torch.arange(H) + down[:, None]).clamp(0, H - 1)
    columns = (torch.arange(W) + right[:, None]).clamp(0, W - 1)
    if mirror:
        tossed = torch.randint(0, 2, (N, 1), generator=generator) == 1
        columns = torch.where(tossed, W - 1 - columns, columns)
    x = x.gather(2, rows[:, None, :, None].expand(N, C, H, W))
    return x.gather(3, columns[:, None, None, :].expand(N, C, H, W))
