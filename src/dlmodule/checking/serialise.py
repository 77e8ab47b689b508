"""Outcomes as plain data: nested Python values <-> JSON text and a flat set of tensors.

The pair is stored with safetensors, a strict format: no pickle, nothing is executed on reading. What is not data (an
object of a learner's class, say) becomes ``Opaque``, which keeps its type's name.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from dlmodule.checking.case import Code, TempFile
from dlmodule.errors import DLModuleError

TAG = "#"


@dataclass(frozen=True)
class Opaque:
    """Something that is not data: only the name of its type is known, and how it prints (one line)."""

    type: str
    text: str = ""


def pack(tree: Any) -> tuple[Any, dict[str, Tensor]]:
    """``tree`` as JSON-ready values in which tensors are references, and the tensors by name."""
    tensors: dict[str, Tensor] = {}

    def keep(tensor: Tensor, tag: str) -> dict[str, Any]:
        plain = tensor.detach().resolve_conj().resolve_neg().cpu()
        if plain.is_complex():
            return {TAG: "complex " + tag, "v": keep(torch.view_as_real(plain), "tensor")}
        name = str(len(tensors))
        tensors[name] = (plain.to_dense() if plain.layout is not torch.strided else plain).clone(
            memory_format=torch.contiguous_format
        )
        return {TAG: tag, "v": name}

    def walk(node: Any) -> Any:
        if node is None or isinstance(node, (bool, str)):
            return node
        if isinstance(node, Tensor):
            return keep(node, "tensor")
        if isinstance(node, np.ndarray):
            if node.dtype.kind in "biufc" and node.dtype != np.dtype("longdouble"):
                return keep(torch.from_numpy(np.ascontiguousarray(node).reshape(node.shape)), "array")
            return {TAG: "opaque", "v": ["ndarray", f"array of {node.dtype}"]}
        if isinstance(node, np.generic):
            return walk(node.item())
        if isinstance(node, int):
            return node
        if isinstance(node, float):
            return node if math.isfinite(node) else {TAG: "float", "v": repr(node)}
        if isinstance(node, list):
            return [walk(item) for item in node]
        if isinstance(node, tuple):
            return {TAG: "tuple", "v": [walk(item) for item in node]}
        if isinstance(node, dict):
            return {TAG: "dict", "v": [[walk(key), walk(item)] for key, item in node.items()]}
        if isinstance(node, (set, frozenset)):
            return {TAG: "set", "v": sorted((walk(item) for item in node), key=json.dumps)}
        if isinstance(node, bytes):
            return {TAG: "bytes", "v": base64.b64encode(node).decode()}
        if isinstance(node, complex):
            return {TAG: "complex", "v": [node.real, node.imag]}
        if isinstance(node, (torch.dtype, torch.device)):
            return {TAG: type(node).__name__, "v": str(node).removeprefix("torch.")}
        if isinstance(node, slice):
            return {TAG: "slice", "v": [walk(part) for part in (node.start, node.stop, node.step)]}
        if node is ...:
            return {TAG: "ellipsis"}
        if isinstance(node, Code):
            return {TAG: "given", "v": [node.source, node.seed]}
        if isinstance(node, TempFile):
            return {TAG: "temp", "v": node.name}
        if isinstance(node, Opaque):
            return {TAG: "opaque", "v": [node.type, node.text]}
        return {TAG: "opaque", "v": [type(node).__name__, _one_line(node)]}

    return walk(tree), tensors


def unpack(packed: Any, tensors: dict[str, Tensor]) -> Any:
    """The inverse of ``pack``."""
    if isinstance(packed, list):
        return [unpack(item, tensors) for item in packed]
    if not isinstance(packed, dict):
        return packed
    tag: str = packed[TAG]
    held: Any = packed.get("v")
    if tag == "tensor":
        return tensors[held]
    if tag == "array":
        return tensors[held].numpy()
    if tag.startswith("complex "):
        whole = torch.view_as_complex(unpack(held, tensors))
        return whole.numpy() if tag.endswith("array") else whole
    if tag == "dict":
        return {unpack(key, tensors): unpack(item, tensors) for key, item in held}
    if tag in ("device", "dtype"):
        return torch.device(held) if tag == "device" else getattr(torch, held)
    simple: dict[str, Callable[[], Any]] = {
        "tuple": lambda: tuple(unpack(item, tensors) for item in held),
        "set": lambda: {unpack(item, tensors) for item in held},
        "float": lambda: float(held),
        "bytes": lambda: base64.b64decode(held),
        "complex": lambda: complex(*held),
        "slice": lambda: slice(*(unpack(part, tensors) for part in held)),
        "ellipsis": lambda: Ellipsis,
        "given": lambda: Code(*held),
        "temp": lambda: TempFile(held),
        "opaque": lambda: Opaque(*held),
    }
    return simple[tag]()


def to_bytes(tree: Any) -> bytes:
    """``tree`` as one safetensors file with a checksum; the same tree always gives the same bytes."""
    packed, tensors = pack(tree)
    text = json.dumps(packed, separators=(",", ":"))
    return save(tensors, metadata={"dlmodule": f"{_head(text, tensors)}{text}}}"})


def _head(text: str, tensors: dict[str, Tensor]) -> str:
    """How the JSON begins that holds ``text``: with the SHA-256 of it and of every tensor, its name, dtype and shape."""
    found = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name in sorted(tensors):
        tensor = tensors[name]
        found.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        # A copy: a tensor of one number counts as contiguous whatever its stride, and only stride 1 can be read as bytes.
        flat = tensor.reshape(-1).clone(memory_format=torch.contiguous_format)
        found.update(flat.view(torch.uint8).numpy().data)
    return f'{{"sha256":"{found.hexdigest()}","tree":'


def from_file(path: Path) -> Any:
    """The tree that ``to_bytes`` wrote to ``path``. DLModuleError where the file is missing or damaged."""
    try:
        return from_bytes(path.read_bytes(), str(path))
    except FileNotFoundError as error:
        raise DLModuleError(f"{path}: no such file") from error
    except OSError as error:
        raise DLModuleError(f"{path}: cannot be read ({_one_line(error)})") from error


def from_bytes(data: bytes, name: str) -> Any:
    """The tree that ``to_bytes`` made. DLModuleError, about ``name``, where a single bit of ``data`` is not as it was written."""
    try:
        tensors = load(data)  # holds the header to the format, which begins with its length
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        held: str = header["__metadata__"]["dlmodule"]
        start = len(_head("", {}))
        text = held[start:-1]
        if held != f"{_head(text, tensors)}{text}}}":
            raise ValueError("its checksum does not fit")
        return unpack(json.loads(text), tensors)
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError, RecursionError, RuntimeError) as error:
        message = (
            f"{name}: damaged, or not written by this version of the course ({_one_line(error)}); run `course build`"
        )
        raise DLModuleError(message) from error


def _one_line(value: Any, most: int = 120) -> str:
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a learner's __repr__ may raise anything
        return ""
    return text if len(text) <= most else text[: most - 1] + "…"
