"""A cache of its own for every test, and idx files written apart from the reader, from the format's
description.
"""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

IdxBytes = Callable[[np.ndarray], bytes]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or fills the cache of the person who runs it."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("DLMODULE_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def idx_bytes() -> IdxBytes:
    """Turns a uint8 array into the bytes of a gzipped idx file."""

    def write(values: np.ndarray) -> bytes:
        header = struct.pack(">BBBB", 0, 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
        return gzip.compress(header + values.tobytes(), mtime=0)

    return write
