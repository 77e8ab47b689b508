"""The idx format of MNIST and its descendants, read without trusting it.

Layout (http://yann.lecun.com/exdb/mnist): two zero bytes, one byte of element type (8 = unsigned byte, the
only one these sets use), one byte of number of dimensions, each dimension as a big-endian uint32, then the
elements in C order.
"""

import gzip
import zlib
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dlmodule.errors import DLModuleError

UNSIGNED_BYTE = 8


def read_idx(path: Path) -> Tensor:
    """The uint8 tensor in an idx file, gzipped or plain.

    Raises `DLModuleError` naming the file where it is not one, whole.
    """
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except FileNotFoundError as error:
        raise DLModuleError(f"{path}: no such file") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DLModuleError(f"{path}: cannot be read as gzip, probably damaged or cut short ({error})") from error
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UNSIGNED_BYTE:
        raise DLModuleError(f"{path}: not an idx file of unsigned bytes")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise DLModuleError(f"{path}: ends inside its header")
    shape = tuple(int(size) for size in np.frombuffer(content[4:start], dtype=">u4"))
    if len(content) - start != prod(shape):
        raise DLModuleError(f"{path}: announces {prod(shape)} elements, holds {len(content) - start}")
    return torch.from_numpy(np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape).copy())
