"""The frozen classifiers: trained once by ``recipe``, shipped with the package, checked by digest.

A score by a classifier depends on every one of its weights. They never change within a version of the course, so figures of
different days and people compare. They do not compare with scores by another network, Inception's FID for instance.
"""

import functools
import hashlib
import itertools
from importlib import resources

import torch
from safetensors.torch import load
from torch import Tensor, nn

from dlmodule.errors import DLModuleError

FEATURES = 64
DIGESTS: dict[str, str] = {
    "glyphs": "2084c32b9a294491ec306561cd67f5dbfc155248b721a1cbcf6c21dbe9cc08fd",
    "mnist": "b2ba583d22ec026e817780229d11e38bf7e77e46a666eee6def45cf43e9df093",
    "seismic_sections": "890bd4f8b2a525da7943f5a3b96dd55897d1862ba66078542473985a71e4bfbd",
}
CLASSES = {"glyphs": 10, "mnist": 10, "seismic_sections": 4}


class Classifier(nn.Module):
    """Three strided convolutions and a mean over places: 24 thousand parameters. x: (N, 1, H, W) in [0, 1] -> logits (N, K)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        widths = (1, 16, 32, FEATURES)
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(FEATURES, classes)

    def features(self, x: Tensor) -> Tensor:
        """The last hidden layer, averaged over places: (N, 64)."""
        places: Tensor = self.body(x)
        return places.mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K)."""
        logits: Tensor = self.head(self.features(x))
        return logits


def names() -> tuple[str, ...]:
    """The data sets that have a frozen classifier."""
    return tuple(DIGESTS)


@functools.cache
def frozen(name: str) -> Classifier:
    """The classifier of the data set ``name``, in evaluation mode, without gradients.

    Raises `DLModuleError` for a set that has none, and where the file is not the one that belongs to this version.
    """
    if name not in DIGESTS:
        raise DLModuleError(f'no frozen classifier for "{name}"; there are {", ".join(DIGESTS)}')
    content = resources.files("dlmodule.measure").joinpath("assets", f"{name}.safetensors").read_bytes()
    if hashlib.sha256(content).hexdigest() != DIGESTS[name]:
        raise DLModuleError(f"the frozen classifier of {name} is damaged: install dlmodule again")
    model = Classifier(CLASSES[name])
    model.load_state_dict(load(content))
    return model.eval().requires_grad_(False)


@torch.no_grad()
def judge(model: Classifier, x: Tensor, batch_size: int = 500) -> tuple[Tensor, Tensor]:
    """Features (N, 64) in float64 and class numbers (N,) of images (N, 1, H, W)."""
    features = torch.cat([model.features(batch) for batch in torch.split(x.float(), batch_size)])
    return features.double(), model.head(features).argmax(1)
