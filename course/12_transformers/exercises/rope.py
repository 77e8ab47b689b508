"""Turn queries and keys by their positions."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=3,
    minutes=10,
    hints=(
        "Cut the last axis into two halves, a and b. Which shape does the table of angles need so that it multiplies both?",
        "positions[:, None] times the frequencies is (T, d/2), and broadcasts against any axes before. Join the two turned halves along the last axis.",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    yield Case(torch.stack([row(1, 0), row(1, 0)]), torch.arange(2)).named(
        "the worked number: (1, 0) at positions 0 and 1"
    )
    yield Case(noise(3, 4), torch.arange(3)).named("three tokens of four features")
    yield Case(noise(2, 3, 5, 6), torch.arange(5)).named("two texts, three heads, five tokens")
    yield Case(noise(2, 3, 1, 4), torch.tensor([9])).named("one token, at position 9")
    yield Case(noise(4, 8), torch.tensor([3, 4, 5, 6]), base=100.0).named("another base, positions from 3")
    yield Case(noise(2, 4, 4, 8, seed=3), torch.tensor([7, 2, 2, 0])).named("positions in any order")


exercise.edit(
    "turned_back", ("a * angle.cos() - b * angle.sin()", "a * angle.sin() + b * angle.cos()"), ("a * angle.cos() + b * angle.sin()", "b * angle.cos() - a * angle.sin()"),
    "You turn the other way round. By itself it would do no harm; with weights that were trained the usual way it would.",
)  # fmt: skip
exercise.edit(
    "given_positions_ignored", "positions[:, None]", "torch.arange(x.shape[-2])[:, None]",
    "The positions are always 0, 1, 2, ... in your answer. A query that comes late, with a cache, has a later position: use `positions`.",
)  # fmt: skip
exercise.edit(
    "frequencies_too_close", "dtype=x.dtype) / half)", "dtype=x.dtype) / (2 * half))",
    "The frequencies fall off too slowly: the exponent of pair i is 2i/d, which is i divided by half of d.",
)  # fmt: skip
exercise.edit(
    "base_ignored", "base ** (-torch", "10000.0 ** (-torch",
    "The argument `base` is not used.",
)  # fmt: skip


@exercise.mistake(
    "You paired neighbours, as the paper does. Here feature i is paired with feature i + d/2; either trains, and mixing the two fails."
)
def neighbours(x, positions, base=10000.0):
    half = x.shape[-1] // 2
    angle = positions[:, None] * base ** (-torch.arange(half, dtype=x.dtype) / half)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1).flatten(-2)


@exercise.mistake(
    "Position tables were added to x, not multiplied into it. RoPE turns x: its length does not change, and position 0 leaves it as it is."
)
def added(x, positions, base=10000.0):
    half = x.shape[-1] // 2
    angle = positions[:, None] * base ** (-torch.arange(half, dtype=x.dtype) / half)
    return x + torch.cat([angle.sin(), angle.cos()], -1)


exercise.edit(
    "overwritten", "a * angle.sin() + b * angle.cos()", "(a * angle.cos() - b * angle.sin()) * angle.sin() + b * angle.cos()",
    "The second half is computed from the first after it was rotated. Both need the numbers from before: keep them.",
)  # fmt: skip


@exercise.alternative
def by_complex_numbers(x, positions, base=10000.0):
    a, b = x.chunk(2, -1)
    exponent = torch.arange(a.shape[-1], dtype=x.dtype) * 2 / x.shape[-1]
    turn = torch.polar(torch.ones(1, dtype=x.dtype), torch.outer(positions.to(x.dtype), base**-exponent))
    turned = torch.complex(a, b) * turn
    return torch.cat([turned.real, turned.imag], -1)


@exercise.alternative
def rotate_half(x, positions, base=10000.0):
    d = x.shape[-1]
    angle = torch.outer(positions.to(x.dtype), base ** (-torch.arange(0, d, 2, dtype=x.dtype) / d)).repeat(1, 2)
    rotated = torch.cat([-x[..., d // 2 :], x[..., : d // 2]], -1)
    return x * angle.cos() + rotated * angle.sin()
