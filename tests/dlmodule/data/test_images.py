"""The image sets: sizes, ranges, balance, and the same code path on the official files or on tiny ones
made here.
"""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dlmodule.data import cifar, cifar10, cifar10_jpeg, digits, fashion_mnist, images, mnist
from dlmodule.data.fetch import RemoteFile, data_folder, digest
from dlmodule.errors import DLModuleError


def official(folder: str) -> bool:
    at_hand = data_folder()
    return at_hand is not None and (at_hand / folder).is_dir()


@pytest.fixture(params=["mnist", "fashion-mnist"])
def idx_set(request, tmp_path, monkeypatch, idx_bytes):
    """The official set where DLMODULE_DATA holds it; otherwise 600 + 100 random images written as the
    official files are.
    """
    folder = request.param
    load = {"mnist": mnist, "fashion-mnist": fashion_mnist}[folder]
    if official(folder):
        return load, {"train": 60_000, "test": 10_000}
    rng = np.random.default_rng(0)
    (tmp_path / "data" / folder).mkdir(parents=True)
    monkeypatch.setenv("DLMODULE_DATA", str(tmp_path / "data"))
    sizes = {"train": 600, "test": 100}
    for split, prefix in images.PREFIX.items():
        for part, values in {
            "images": rng.integers(0, 256, (sizes[split], 28, 28), dtype=np.uint8),
            "labels": rng.permutation(np.arange(sizes[split]) % 10).astype(np.uint8),
        }.items():
            path = tmp_path / "data" / folder / f"{prefix}-{part}-idx{values.ndim}-ubyte.gz"
            path.write_bytes(idx_bytes(values))
            monkeypatch.setitem(images._IDX_SHA256, f"{folder}/{prefix}-{part}", digest(path))
    return load, sizes


@pytest.mark.parametrize("split", ["train", "test"])
def test_idx_sets(idx_set, split):
    """MNIST's and Fashion-MNIST's shape, range and ten classes, all of them there."""
    load, sizes = idx_set
    data = load(split)
    assert data.x.shape == (sizes[split], 1, 28, 28) and data.x.dtype == torch.float32
    assert float(data.x.min()) == 0 and float(data.x.max()) == 1
    assert data.y.shape == (sizes[split],) and len(data.classes) == 10 == len(data.y.unique())


def test_fashion_mnist_is_balanced(idx_set):
    """Where the official Fashion-MNIST is at hand, each class is a tenth of it; so are the made labels."""
    load, sizes = idx_set
    if load is mnist and sizes["test"] == 10_000:
        assert load("test").y.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    else:
        assert load("test").y.bincount().tolist() == [sizes["test"] // 10] * 10


@pytest.mark.parametrize("load", [mnist, fashion_mnist, digits, cifar10, cifar10_jpeg])
def test_unknown_split(load):
    """Only "train" and "test" exist, and the message says so."""
    with pytest.raises(DLModuleError, match='"train" and "test", not \'validation\''):
        load("validation")


def test_digits():
    """All 1,797 digits are in exactly one split, four fifths of each class to train on."""
    train, test = digits("train"), digits("test")
    assert len(train) + len(test) == 1797
    assert train.x.shape[1:] == (1, 8, 8) and float(train.x.max()) == 1 and float(train.x.min()) == 0
    share = train.y.bincount() / (train.y.bincount() + test.y.bincount())
    assert bool(((share - 0.8).abs() < 0.01).all())


def archive(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


@pytest.fixture
def small_cifar(tmp_path, monkeypatch):
    """Archives laid out as CIFAR-10's two, with 20 + 10 images whose colour says their number."""
    monkeypatch.setenv("DLMODULE_DATA", str(tmp_path))
    monkeypatch.setattr(cifar, "SIZES", {"train": 20, "test": 10})
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10-jpg").mkdir()
    records = [bytes([i % 10]) + bytes([i]) * 1024 + bytes([2 * i]) * 1024 + bytes([3 * i]) * 1024 for i in range(30)]
    binary = tmp_path / "cifar10" / "cifar-10-binary.tar.gz"
    archive(
        binary,
        {
            "cifar-10-batches-bin/data_batch_2.bin": b"".join(records[10:20]),
            "cifar-10-batches-bin/data_batch_1.bin": b"".join(records[:10]),
            "cifar-10-batches-bin/test_batch.bin": b"".join(records[20:]),
            "cifar-10-batches-bin/batches.meta.txt": b"airplane",
        },
    )
    monkeypatch.setattr(cifar, "BINARY", RemoteFile("cifar10", binary.name, digest(binary)))

    def jpeg(i: int) -> bytes:
        stream = io.BytesIO()
        Image.new("RGB", (32, 32), (8 * i, 100, 50)).save(stream, "JPEG", quality=95)
        return stream.getvalue()

    archive(
        tmp_path / "cifar10-jpg" / "CIFAR-10-images.tar.gz",
        {f"{'train' if i < 20 else 'test'}/{cifar.THINGS[i % 10]}/{i:04}.jpg": jpeg(i) for i in range(30)},
    )
    return tmp_path


def test_cifar_binary(small_cifar):
    """Batches are read in their order, one label byte before red, green and blue planes."""
    train, test = cifar10("train"), cifar10("test")
    assert train.x.shape == (20, 3, 32, 32) and test.x.shape == (10, 3, 32, 32)
    assert train.y.tolist() == list(range(10)) * 2
    assert torch.allclose(train.x[13], torch.tensor([13, 26, 39.0]).div(255).reshape(3, 1, 1).expand(3, 32, 32))


def test_cifar_jpeg(small_cifar):
    """Folders name the classes; colours survive compression to a few levels."""
    test = cifar10_jpeg("test")
    assert test.x.shape == (10, 3, 32, 32) and sorted(test.y.tolist()) == list(range(10))
    assert abs(float(test.x[3, 0].mean()) - 8 * 23 / 255) < 0.02


def test_damaged_cifar(small_cifar, monkeypatch):
    """A cut archive is refused by name: by its digest, or, without one, by its content."""
    for path in small_cifar.glob("cifar10*/*.gz"):
        path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DLModuleError, match=r"cifar-10-binary\.tar\.gz.*sha256"):
        cifar10("train")
    with pytest.raises(DLModuleError, match=r"CIFAR-10-images\.tar\.gz"):
        cifar10_jpeg("test")
