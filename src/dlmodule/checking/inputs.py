"""Inputs for cases: reproducible, float64, and readable by eye where they are small.

ramp(2, 3)        0 1 2 / 3 4 5, for a first case that can be worked out on paper
row(1, 2.5, 4)    the numbers written down
noise(3, 4)       standard normal numbers, the same on every machine; another seed, other numbers
waves(2, 8, 8)    smooth numbers between -1 and 1, no two alike, so that no mix-up of axes goes unnoticed
with in_float64():   a model that is made here has the same weights on every machine
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers of ``shape``, float64."""
    drawn: Tensor = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return drawn


def noise_array(*shape: int, seed: int = 0) -> np.ndarray:
    """Standard normal numbers of ``shape`` as a NumPy array, float64 (other numbers than ``noise`` draws)."""
    return np.asarray(np.random.default_rng(seed).normal(size=shape))


def ramp(*shape: int) -> Tensor:
    """0, 1, 2, ... in ``shape``, the last axis running fastest, float64."""
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float64).reshape(shape)


def row(*values: float) -> Tensor:
    """``values`` as one axis, float64."""
    return torch.tensor(values, dtype=torch.float64)


def waves(*shape: int, step: float = 0.7, start: float = 0.0) -> Tensor:
    """The sine of ``start + step * ramp(*shape)``, float64; ``step`` is in radians."""
    return torch.sin(step * ramp(*shape) + start)


@contextlib.contextmanager
def in_float64() -> Iterator[None]:
    """Within it float64 is the default: a model that is made there has its weights drawn in float64. Seed before.

    Weights drawn in float32 differ in the last digit from processor to processor, and still differ after ``.double()``: the right
    answer of one machine would be refused on another.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
