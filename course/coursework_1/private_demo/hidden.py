"""Hidden cases of coursework 1. Everything is drawn from the seed of scheme.toml, so this code alone tells nothing."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking import Case


def normal(rng: np.random.Generator, *shape: int) -> Tensor:
    """Standard normal numbers, float64."""
    return torch.from_numpy(rng.normal(size=shape))


def UpBlock(rng: np.random.Generator) -> Iterator[Case]:
    for count, inner, outer, height, width in ((3, 2, 2, 3, 4), (2, 4, 3, 5, 2), (2, 1, 4, 4, 4)):
        yield Case(normal(rng, count, inner, height, width)).built(inner, outer)


def Generator(rng: np.random.Generator) -> Iterator[Case]:
    for count, latents, width in ((3, 4, 2), (2, 7, 3), (4, 2, 1)):
        yield Case(normal(rng, count, latents)).built(latents, width)


def negative_elbo(rng: np.random.Generator) -> Iterator[Case]:
    for count, side, latents, options in (
        (2, 3, 4, {"sigma": 1.0}),
        (5, 4, 2, {"sigma": 0.3}),
        (3, 5, 6, {"sigma": 0.15, "beta": 0.5}),
        (4, 2, 3, {"beta": 4.0}),
    ):
        x, decoded = (normal(rng, count, 1, side, side).sigmoid() for _ in range(2))
        yield Case(x, decoded, normal(rng, count, latents), 0.7 * normal(rng, count, latents), **options)


def critic_step(rng: np.random.Generator) -> Iterator[Case]:
    for count, fakes, steps in ((5, 5, 1), (4, 8, 2), (7, 3, 4)):
        yield Case(2 * normal(rng, count, 1, 2, 2), 2 * normal(rng, fakes, 2), steps)


def lateral_correlation(rng: np.random.Generator) -> Iterator[Case]:
    for count, height, width, lag in ((3, 4, 5, 1), (2, 6, 7, 3), (4, 3, 9, 2)):
        yield Case(2 + normal(rng, count, 1, height, width).cumsum(3), lag)


def nearest_real(rng: np.random.Generator) -> Iterator[Case]:
    real = normal(rng, 7, 1, 3, 5)
    yield Case(normal(rng, 3, 1, 3, 5), real)
    near = torch.cat([real[:2], real[3:5].flip(-1)]) + 0.01 * normal(rng, 4, 1, 3, 5)
    yield Case(near, real)
    yield Case(normal(rng, 5, 1, 4, 4), normal(rng, 4, 1, 4, 4))
