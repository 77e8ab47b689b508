"""`seismic_patches`: small seismic images labelled by the structure they show, to learn classification on.

Five structures, equally often: flat, dipping and folded layers, layers cut by faults, and a salt body. The
wavelet, the layers and the noise are drawn alike for all of them, so that only structure tells the classes
apart. Chunks of 500 patches have a seed sequence each (version, split, chunk): a smaller set is a prefix of a
larger one, and train and test share no draw.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from dlmodule.data import seismic
from dlmodule.data.cache import keep, recall
from dlmodule.data.images import checked_split
from dlmodule.data.labelled import Labelled
from dlmodule.errors import DLModuleError

VERSION = 1
SIZES = {"train": 5_000, "test": 1_000}
CHUNK = 500
SIDE = 64
AMPLITUDE = 4.0  # standard deviations that black and white stand for
STRUCTURES = ("flat", "dipping", "folded", "faulted", "salt")

_EVEN = seismic.Geology(
    dip=(-0.06, 0.06),
    folds=(0, 0),
    faults=(0, 0),
    thickness=(2.0, 8.0),
    frequency=(0.09, 0.17),
    noise=(0.2, 1.2),
)
GEOLOGY = {
    "flat": _EVEN,
    "dipping": replace(_EVEN, dip=(0.18, 0.6)),
    "folded": replace(_EVEN, folds=(2, 4), fold_height=(5.0, 11.0)),
    "faulted": replace(_EVEN, dip=(-0.12, 0.12), faults=(1, 2), throw=(4.0, 10.0)),
    "salt": replace(_EVEN, dip=(-0.12, 0.12), salt=1.0),
}


def seismic_patches(split: str = "train", count: int | None = None) -> Labelled:
    """Seismic patches, x (N, 1, 64, 64) float32 in [0, 1] with zero amplitude at 0.5; 5,000 to train on,
    1,000 to test on.

    ``count``: only the first so many. About 2 ms each on first use, then kept in the cache.
    """
    full = SIZES[checked_split(split, "seismic_patches")]
    wanted = full if count is None else count
    if not 0 < wanted <= full:
        raise DLModuleError(f"seismic_patches {split} has 1 to {full} patches, not {wanted}")
    name = f"seismic-patches-{VERSION}-{split}.safetensors"
    kept = recall(name)
    if kept is None or len(kept["y"]) < wanted:
        drawn = [draw_chunk(split, chunk) for chunk in range(-(-wanted // CHUNK))]
        kept = {"x": torch.cat([x for x, _ in drawn]), "y": torch.cat([y for _, y in drawn])}
        keep(name, kept)
    x = kept["x"][:wanted].unsqueeze(1).float().div_(255)
    return Labelled(x, kept["y"][:wanted], STRUCTURES, "seismic_patches")


def draw_chunk(split: str, chunk: int) -> tuple[Tensor, Tensor]:
    """Chunk number ``chunk`` of a split: x (500, 64, 64) uint8 and y (500,) int64."""
    key = (VERSION, list(SIZES).index(split), chunk)
    rng = np.random.default_rng(np.random.SeedSequence(key))
    y = rng.permutation(np.arange(CHUNK) % len(STRUCTURES))
    mirrored = rng.random(CHUNK) < 0.5
    x = torch.empty(CHUNK, SIDE, SIDE, dtype=torch.uint8)
    for i, label in enumerate(y):
        ground = GEOLOGY[STRUCTURES[label]]
        patch = seismic.volume(SIDE, 1, SIDE, seed=(*key, i), geology=ground).images[:, 0]
        grey = ((patch / AMPLITUDE).clamp(-1, 1) * 127.5 + 127.5).round()
        # Mirroring gives dips of both signs.
        x[i] = (grey.flip(-1) if mirrored[i] else grey).to(torch.uint8)
    return x, torch.from_numpy(y.astype(np.int64))
