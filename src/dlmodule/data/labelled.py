"""Labelled data held whole in memory: tensors (`Labelled`) or sentences (`Texts`), with their class names.

Everything the course loads fits in RAM, so a set is two tensors and no machinery; `torch.utils.data` is
taught, and then measured against this. Random choices come from numpy generators seeded by the caller: the
same call gives the same subset on every platform, and torch's global generator is left alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from dlmodule.errors import DLModuleError


def balanced_order(y: Tensor, *, seed: int) -> Tensor:
    """A random order of the indices of ``y`` (N,) whose every prefix holds the classes as evenly as can be.

    The k-th members of all classes stand together: shuffle within each class, sort by rank, break ties at
    random.
    """
    labels = y.numpy()
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(labels))
    rank = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = shuffled[labels[shuffled] == label]
        rank[members] = np.arange(len(members))
    return torch.from_numpy(shuffled[np.argsort(rank[shuffled], kind="stable")])


def stratified_parts(y: Tensor, fraction: float, *, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of two random parts with the same class proportions:

    ``fraction`` of each class (rounded), and the rest.
    """
    if not 0 < fraction < 1:
        raise DLModuleError(f"the fraction of a split must lie between 0 and 1, got {fraction}")
    labels = y.numpy()
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(labels))
    first = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = shuffled[labels[shuffled] == label]
        first[members[: round(fraction * len(members))]] = True
    return torch.from_numpy(shuffled[first[shuffled]]), torch.from_numpy(shuffled[~first[shuffled]])


@dataclass(frozen=True)
class Labelled:
    """Examples and their classes.

    x: (N, C, H, W) float32 in [0, 1] for images, (N, D) float32 for tables; y: (N,) int64, indices into
    ``classes``. Raises `DLModuleError` where the two do not fit together.
    """

    x: Tensor
    y: Tensor
    classes: tuple[str, ...]
    name: str

    def __post_init__(self) -> None:
        if self.y.ndim != 1 or len(self.x) != len(self.y):
            raise DLModuleError(
                f"{self.name}: x {tuple(self.x.shape)} and y {tuple(self.y.shape)} do not pair: y must be ({len(self.x)},)"
            )
        if self.y.dtype != torch.int64:
            raise DLModuleError(f"{self.name}: labels must be int64, got {self.y.dtype}")
        if len(self.y) and not (int(self.y.min()) >= 0 and int(self.y.max()) < len(self.classes)):
            raise DLModuleError(f"{self.name}: labels must lie in 0..{len(self.classes) - 1}")

    def __len__(self) -> int:
        return len(self.y)

    def at(self, index: Tensor) -> "Labelled":
        """The examples at ``index`` (int64 positions or a boolean mask), in that order."""
        return replace(self, x=self.x[index], y=self.y[index])

    def take(self, count: int, *, seed: int = 0) -> "Labelled":
        """``count`` random examples, the classes as evenly as they can be; a smaller take with the same
        seed is its prefix.
        """
        if not 0 < count <= len(self):
            raise DLModuleError(f"cannot take {count} examples of {self.name}, which has {len(self)}")
        return self.at(balanced_order(self.y, seed=seed)[:count])

    def split(self, fraction: float, *, seed: int = 0) -> "tuple[Labelled, Labelled]":
        """Two random parts that share nothing:

        ``fraction`` of every class, and the rest. 0 < fraction < 1.
        """
        first, second = stratified_parts(self.y, fraction, seed=seed)
        return self.at(first), self.at(second)


@dataclass(frozen=True)
class Texts:
    """Sentences and their classes:

    ``y`` (N,) int64 indexes ``classes``; ``kinds`` says what each sentence is an example of, or is empty.
    """

    texts: tuple[str, ...]
    y: Tensor
    classes: tuple[str, ...]
    name: str
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.y) or (self.kinds and len(self.kinds) != len(self.texts)):
            raise DLModuleError(
                f"{self.name}: {len(self.texts)} texts, {len(self.y)} labels, {len(self.kinds)} kinds do not pair"
            )

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return zip(self.texts, self.y.tolist(), strict=True)

    def at(self, index: Tensor | Sequence[int]) -> "Texts":
        """The sentences at ``index`` (int64 positions), in that order."""
        chosen = torch.as_tensor(index, dtype=torch.int64)
        return replace(
            self,
            texts=tuple(self.texts[i] for i in chosen.tolist()),
            y=self.y[chosen],
            kinds=tuple(self.kinds[i] for i in chosen.tolist()) if self.kinds else (),
        )

    def of_kind(self, *kinds: str) -> "Texts":
        """Only the sentences whose kind is one of ``kinds``."""
        if unknown := set(kinds) - set(self.kinds):
            raise DLModuleError(
                f"{self.name} has no kind {sorted(unknown)[0]!r}; it has {', '.join(sorted(set(self.kinds))) or 'none'}"
            )
        return self.at([i for i, kind in enumerate(self.kinds) if kind in kinds])

    def take(self, count: int, *, seed: int = 0) -> "Texts":
        """``count`` random sentences, the classes as evenly as they can be."""
        if not 0 < count <= len(self):
            raise DLModuleError(f"cannot take {count} sentences of {self.name}, which has {len(self)}")
        return self.at(balanced_order(self.y, seed=seed)[:count])

    def split(self, fraction: float, *, seed: int = 0) -> "tuple[Texts, Texts]":
        """Two random parts that share no position:

        ``fraction`` of every class, and the rest. 0 < fraction < 1.
        """
        first, second = stratified_parts(self.y, fraction, seed=seed)
        return self.at(first), self.at(second)
