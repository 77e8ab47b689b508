"""Small seismic images labelled by the structure they show.

`seismic_patches` (64x64, noisy) is there to learn classification on: flat, dipping and folded layers, layers cut by faults, and a
salt body. `seismic_sections` (32x32, little noise, no salt) is there to learn to compress and to generate: what varies is
structure, not noise, which nothing can compress.

The wavelet, the layers and the noise are drawn alike for all structures, so that only structure tells the classes apart. Chunks of
500 images have a seed sequence each (version, split, chunk): a smaller set is a prefix of a larger one, and train and test share
no draw.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlmodule.data import seismic
from dlmodule.data.cache import keep, recall
from dlmodule.data.images import checked_split
from dlmodule.data.labelled import Labelled
from dlmodule.errors import DLModuleError

VERSION = 1
CHUNK = 500
AMPLITUDE = 4.0  # standard deviations that black and white stand for


@dataclass(frozen=True)
class Recipe:
    """How a set of square images is drawn: its name, their side, how many a split has, and the geology of each structure."""

    name: str
    side: int
    sizes: Mapping[str, int]
    geology: Mapping[str, seismic.Geology]

    @property
    def structures(self) -> tuple[str, ...]:
        """The classes, in the order of their numbers."""
        return tuple(self.geology)


_EVEN = seismic.Geology(
    dip=(-0.06, 0.06),
    folds=(0, 0),
    faults=(0, 0),
    thickness=(2.0, 8.0),
    frequency=(0.09, 0.17),
    noise=(0.2, 1.2),
)
PATCHES = Recipe(
    "seismic_patches",
    64,
    {"train": 5_000, "test": 1_000},
    {
        "flat": _EVEN,
        "dipping": replace(_EVEN, dip=(0.18, 0.6)),
        "folded": replace(_EVEN, folds=(2, 4), fold_height=(5.0, 11.0)),
        "faulted": replace(_EVEN, dip=(-0.12, 0.12), faults=(1, 2), throw=(4.0, 10.0)),
        "salt": replace(_EVEN, dip=(-0.12, 0.12), salt=1.0),
    },
)
_CLEAN = replace(_EVEN, thickness=(2.0, 6.0), frequency=(0.09, 0.12), noise=(0.05, 0.1))
_SHALLOW = replace(_EVEN, thickness=(2.0, 6.0), noise=(0.2, 0.9))
SECTIONS = Recipe(
    "seismic_sections",
    32,
    {"train": 8_000, "test": 2_000},
    {
        "flat": _CLEAN,
        "dipping": replace(_CLEAN, dip=(0.2, 0.6)),
        "folded": replace(_CLEAN, folds=(1, 2), fold_height=(3.0, 6.0)),
        "faulted": replace(_CLEAN, dip=(-0.1, 0.1), faults=(1, 1), throw=(3.0, 7.0)),
    },
)
# A survey to read under the clock: small, and noisier than `seismic_patches`.
SURVEY = Recipe(
    "survey",
    32,
    {},
    {
        "flat": _SHALLOW,
        "dipping": replace(_SHALLOW, dip=(0.18, 0.6)),
        "folded": replace(_SHALLOW, folds=(1, 2), fold_height=(3.0, 6.0)),
        "faulted": replace(_SHALLOW, dip=(-0.12, 0.12), faults=(1, 2), throw=(3.0, 7.0)),
        "salt": replace(_SHALLOW, dip=(-0.12, 0.12), salt=1.0),
    },
)


def seismic_patches(split: str = "train", count: int | None = None) -> Labelled:
    """Seismic patches, x (N, 1, 64, 64) float32 in [0, 1] with zero amplitude at 0.5; 5,000 to train on,
    1,000 to test on.

    ``count``: only the first so many. About 2 ms each on first use, then kept in the cache.
    """
    return _drawn(PATCHES, split, count)


def seismic_sections(split: str = "train", count: int | None = None) -> Labelled:
    """Seismic sections, x (N, 1, 32, 32) float32 in [0, 1] with zero amplitude at 0.5; 8,000 to train on,
    2,000 to test on.

    ``count``: only the first so many. About 2 ms each on first use, then kept in the cache.
    """
    return _drawn(SECTIONS, split, count)


def draw_chunk(split: str, chunk: int, recipe: Recipe = PATCHES) -> tuple[Tensor, Tensor]:
    """Chunk number ``chunk`` of a split: x (500, H, H) uint8 and y (500,) int64."""
    return draw(recipe, CHUNK, (VERSION, list(recipe.sizes).index(split), chunk))


def draw(recipe: Recipe, count: int, key: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """``count`` images of the seed sequence ``key``, in random order, classes as even as can be: x (N, H, H) uint8, y (N,) int64.

    A key with 128 secret bits in it makes a set whose labels nobody can draw again, such as a coursework's.
    """
    rng = np.random.default_rng(np.random.SeedSequence(key))
    y = _classes(recipe, count, rng)
    mirrored = rng.random(count) < 0.5
    x = torch.empty(count, recipe.side, recipe.side, dtype=torch.uint8)
    for i, label in enumerate(y):
        ground = recipe.geology[recipe.structures[label]]
        patch = seismic.volume(recipe.side, 1, recipe.side, seed=(*key, i), geology=ground).images[:, 0]
        grey = ((patch / AMPLITUDE).clamp(-1, 1) * 127.5 + 127.5).round()
        # Mirroring gives dips of both signs.
        x[i] = (grey.flip(-1) if mirrored[i] else grey).to(torch.uint8)
    return x, torch.from_numpy(y)


def labels(recipe: Recipe, count: int, key: tuple[int, ...]) -> Tensor:
    """The classes (N,) of the images that ``draw`` makes, without the images."""
    return torch.from_numpy(_classes(recipe, count, np.random.default_rng(np.random.SeedSequence(key))))


def _classes(recipe: Recipe, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.permutation(np.arange(count) % len(recipe.geology)).astype(np.int64)


def _drawn(recipe: Recipe, split: str, count: int | None) -> Labelled:
    """The first ``count`` images of a split, out of the cache where they are kept."""
    full = recipe.sizes[checked_split(split, recipe.name)]
    wanted = full if count is None else count
    if not 0 < wanted <= full:
        raise DLModuleError(f"{recipe.name} {split} has 1 to {full} images, not {wanted}")
    name = f"{recipe.name.replace('_', '-')}-{VERSION}-{split}.safetensors"
    kept = recall(name)
    if kept is None or len(kept["y"]) < wanted:
        drawn = [draw_chunk(split, chunk, recipe) for chunk in range(-(-wanted // CHUNK))]
        kept = {"x": torch.cat([x for x, _ in drawn]), "y": torch.cat([y for _, y in drawn])}
        keep(name, kept)
    x = kept["x"][:wanted].unsqueeze(1).float().div_(255)
    return Labelled(x, kept["y"][:wanted], recipe.structures, recipe.name)
