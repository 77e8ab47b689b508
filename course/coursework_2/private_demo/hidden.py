"""Hidden cases and data of coursework 2. Everything is drawn from the seed of scheme.toml, so this code alone tells nothing."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking import Case
from dlmodule.data import patches

LABELLED, UNLABELLED = 2400, 800


def given(seed: tuple[int, ...]) -> dict[str, Tensor]:
    """What learners get: labelled patches, and others whose labels they are asked for."""
    labelled_x, labelled_y = patches.draw(patches.SURVEY, LABELLED, (*seed, 0))
    unlabelled_x, _ = patches.draw(patches.SURVEY, UNLABELLED, (*seed, 1))
    return {"labelled_x": labelled_x, "labelled_y": labelled_y, "unlabelled_x": unlabelled_x}


def truth(seed: tuple[int, ...]) -> dict[str, Tensor]:
    """The labels asked for, by the name of the file that is to hold them."""
    # `draw` takes the labels first: those of as many patches are the same, and no patch need be drawn for them.
    return {"predictions": patches.labels(patches.SURVEY, UNLABELLED, (*seed, 1))}


def normal(rng: np.random.Generator, *shape: int) -> Tensor:
    """Standard normal numbers, float64."""
    return torch.from_numpy(rng.normal(size=shape))


def labelled(rng: np.random.Generator, count: int, classes: int, noise: float = 1.0) -> tuple[Tensor, Tensor]:
    """x (N, 1, 3, 3) float64 and y (N,), every class among them: label k brightens row k."""
    y = torch.from_numpy(rng.permutation(np.arange(count) % classes))
    x = noise * normal(rng, count, 1, 3, 3)
    x[torch.arange(count), 0, y % 3] += 0.8
    return x, y


def standardise(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(3 * normal(rng, 4, 1, 3, 4) + 2, normal(rng, 2, 1, 3, 4))
    yield Case(normal(rng, 7, 1, 5, 5), 2 * normal(rng, 3, 1, 5, 5) - 1)


def train_epoch(rng: np.random.Generator) -> Iterator[Case]:
    for count, classes, batch_size in ((8, 2, 4), (11, 3, 4), (5, 2, 2), (9, 3, 9)):
        yield Case(*labelled(rng, count, classes), batch_size=batch_size, epochs=2, seed=int(rng.integers(1000)))


def evaluate(rng: np.random.Generator) -> Iterator[Case]:
    for count, batch_size in ((12, 4), (13, 5), (7, 3), (6, 100)):
        yield Case(normal(rng, count, 1, 2, 2), 3, int(rng.integers(1, count)), batch_size=batch_size)


def fit(rng: np.random.Generator) -> Iterator[Case]:
    for count, classes, epochs, batch_size in ((12, 2, 4, 4), (20, 3, 7, 6), (15, 3, 5, 5)):
        train, validation = labelled(rng, count, classes), labelled(rng, 12, classes, 1.5)
        yield Case(*train, *validation, epochs=epochs, lr=0.3, batch_size=batch_size, seed=int(rng.integers(1000)))


def ResidualUnit(rng: np.random.Generator) -> Iterator[Case]:
    for inner, outer, stride in ((3, 3, 1), (2, 4, 2), (3, 3, 2), (1, 3, 1)):
        yield Case(normal(rng, 3, inner, 6, 7)).built(inner, outer, stride)


def SectionNet(rng: np.random.Generator) -> Iterator[Case]:
    for height, width, channels, classes in ((8, 8, 2, 4), (12, 16, 3, 2), (32, 32, 4, 5)):
        yield Case(normal(rng, 2, 1, height, width)).built(channels, classes)
