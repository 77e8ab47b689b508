"""CIFAR-10: 32x32 colour photographs of ten kinds of thing.

Krizhevsky (2009), https://www.cs.toronto.edu/~kriz/cifar.html. The official binary archive is read, which needs no pickle: records of one label byte and 3,072 pixel bytes,
channel by channel. `cifar10_jpeg` reads a copy whose images were compressed as JPEG; accuracies published for
CIFAR-10 do not transfer to it.
"""

import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from dlmodule.data.fetch import RemoteFile, locate
from dlmodule.data.images import checked_split
from dlmodule.data.labelled import Labelled
from dlmodule.errors import DLModuleError

THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
RECORD = 1 + 3 * 32 * 32
SIZES = {"train": 50_000, "test": 10_000}
BINARY = RemoteFile(
    "cifar10",
    "cifar-10-binary.tar.gz",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
)
JPEG = RemoteFile("cifar10-jpg", "CIFAR-10-images.tar.gz")


def cifar10(split: str = "train") -> Labelled:
    """CIFAR-10, x (N, 3, 32, 32): 50,000 to train on, 10,000 to test on."""
    wanted = "data_batch" if checked_split(split, "cifar10") == "train" else "test_batch"
    path = locate(BINARY)
    batches = {name: data for name, data in _members(path) if Path(name).name.startswith(wanted)}
    content = b"".join(batches[name] for name in sorted(batches))
    if len(content) != SIZES[split] * RECORD:
        raise DLModuleError(f"{path}: holds {len(content)} bytes of {split} records, not {SIZES[split] * RECORD}")
    records = torch.frombuffer(bytearray(content), dtype=torch.uint8).reshape(-1, RECORD)
    x = records[:, 1:].reshape(-1, 3, 32, 32).float().div_(255)
    return Labelled(x, records[:, 0].long(), THINGS, "cifar10")


def cifar10_jpeg(split: str = "train") -> Labelled:
    """CIFAR-10 as lossy JPEG, x (N, 3, 32, 32), sorted by class: for practice where the official archive
    is not at hand.
    """
    from PIL import Image

    checked_split(split, "cifar10_jpeg")
    path = locate(JPEG)
    pixels, labels = [], []
    for name, data in _members(path):
        folder, kind = Path(name).parts[-3:-1] if name.count("/") >= 2 else ("", "")
        if folder == split and kind in THINGS and name.endswith(".jpg"):
            pixels.append(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
            labels.append(THINGS.index(kind))
    if len(labels) != SIZES[split]:
        raise DLModuleError(f"{path}: holds {len(labels)} {split} images, not {SIZES[split]}")
    y = torch.tensor(labels)
    x = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous().float().div_(255)
    return Labelled(x, y, THINGS, "cifar10_jpeg")


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file in the archive, read in memory: nothing is written to disk."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                if member.isfile() and (stream := archive.extractfile(member)) is not None:
                    yield member.name, stream.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DLModuleError(f"{path}: cannot be read as tar.gz, probably damaged or cut short ({error})") from error
