"""Generated data kept between runs: whole, checked by digest, and made again when anything is wrong with it.

A cached file is the sha256 of its payload (64 hexadecimal digits and a newline), then a safetensors payload:
no pickle. The folder is the platform's cache folder, or ``DLMODULE_CACHE``. A folder that cannot be written
costs time, not an error.
"""

import contextlib
import hashlib
import os
from pathlib import Path

import platformdirs
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from dlmodule.files import write_atomically

DIGEST_LENGTH = 65


def cache_folder() -> Path:
    """Where downloads and generated sets are kept."""
    named = os.environ.get("DLMODULE_CACHE")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("dlmodule")


def recall(name: str) -> dict[str, Tensor] | None:
    """The tensors kept under ``name``, or None when there are none or the file is damaged."""
    try:
        content = (cache_folder() / name).read_bytes()
    except OSError:
        return None
    payload = content[DIGEST_LENGTH:]
    if content[:DIGEST_LENGTH] != hashlib.sha256(payload).hexdigest().encode() + b"\n":
        return None
    try:
        return load(payload)
    except SafetensorError:
        return None


def keep(name: str, tensors: dict[str, Tensor]) -> None:
    """Keep ``tensors`` under ``name`` for the next run."""
    payload = save(tensors)
    with contextlib.suppress(OSError):
        write_atomically(cache_folder() / name, hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload)
