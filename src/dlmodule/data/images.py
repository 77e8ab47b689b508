"""Small grey images that the literature measures on: MNIST and Fashion-MNIST, and scikit-learn's digits."""

import numpy as np
import torch
from torch import Tensor

from dlmodule.data.fetch import RemoteFile, locate
from dlmodule.data.idx import read_idx
from dlmodule.data.labelled import Labelled, stratified_parts
from dlmodule.errors import DLModuleError

DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
PREFIX = {"train": "train", "test": "t10k"}

_MNIST = ("mnist", ("https://ossci-datasets.s3.amazonaws.com/mnist/",))
_FASHION = ("fashion-mnist", ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",))
_IDX_SHA256 = {
    "mnist/train-images": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "mnist/train-labels": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "mnist/t10k-images": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "mnist/t10k-labels": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    "fashion-mnist/train-images": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "fashion-mnist/train-labels": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "fashion-mnist/t10k-images": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "fashion-mnist/t10k-labels": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}


def checked_split(split: str, name: str) -> str:
    """``split`` if it is "train" or "test"; otherwise a `DLModuleError` that says so."""
    if split not in PREFIX:
        raise DLModuleError(f'{name} has the splits "train" and "test", not {split!r}')
    return split


def as_images(x: Tensor) -> Tensor:
    """(N, H, W) bytes -> (N, 1, H, W) float32 in [0, 1]."""
    return x.unsqueeze(1).float().div_(255)


def mnist(split: str = "train") -> Labelled:
    """MNIST (LeCun et al. 1998): 60,000 + 10,000 handwritten digits, x (N, 1, 28, 28)."""
    return _idx_pair("mnist", *_MNIST, DIGITS, split)


def fashion_mnist(split: str = "train") -> Labelled:
    """Fashion-MNIST (Xiao et al.

    2017, arXiv:1708.07747): 60,000 + 10,000 articles of clothing, x (N, 1, 28, 28).
    """
    return _idx_pair("fashion_mnist", *_FASHION, CLOTHES, split)


def digits(split: str = "train") -> Labelled:
    """scikit-learn's digits (UCI, Alpaydin and Kaynak 1998):

    1,797 scans, x (N, 1, 8, 8); 80 % of each class to train on.
    """
    from sklearn.datasets import load_digits

    checked_split(split, "digits")
    pixels, labels = load_digits(return_X_y=True)
    y = torch.from_numpy(labels.astype(np.int64))
    train, test = stratified_parts(y, 0.8, seed=0)
    chosen = train if split == "train" else test
    x = torch.from_numpy(pixels.astype(np.float32)).reshape(-1, 1, 8, 8) / 16
    return Labelled(x[chosen], y[chosen], DIGITS, "digits")


def _idx_pair(name: str, folder: str, addresses: tuple[str, ...], classes: tuple[str, ...], split: str) -> Labelled:
    prefix = PREFIX[checked_split(split, name)]

    def read(part: str, rank: int) -> Tensor:
        file = f"{prefix}-{part}-idx{rank}-ubyte.gz"
        urls = tuple(address + file for address in addresses)
        return read_idx(locate(RemoteFile(folder, file, _IDX_SHA256[f"{folder}/{prefix}-{part}"], urls)))

    return Labelled(as_images(read("images", 3)), read("labels", 1).long(), classes, name)
