"""Values on their way into a trial and out of it: fresh copies of a case's arguments, results as plain data, what was changed in place."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking import serialise
from dlmodule.checking.case import Code
from dlmodule.checking.compare import distance


def materialise(given: Any) -> Any:
    """A fresh copy of a case's arguments, with every ``Code`` evaluated."""
    if isinstance(given, Code):
        torch.manual_seed(given.seed)
        scope = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "np": np, "math": math}
        return eval(given.source, scope)
    if isinstance(given, Tensor):
        return given.clone()
    if isinstance(given, np.ndarray):
        return given.copy()
    if isinstance(given, (list, tuple)):
        return type(given)(materialise(item) for item in given)
    if isinstance(given, dict):
        return {key: materialise(item) for key, item in given.items()}
    return given


def as_data(value: Any) -> Any:
    """``value`` detached from the code that made it: what is not data becomes ``Opaque``."""
    packed, tensors = serialise.pack(value)
    return serialise.unpack(packed, tensors)


def changed_inputs(candidate: Any, before: Any, after: Any) -> tuple[str, ...]:
    """The names of the arguments that are no longer what they were."""
    (args, kwargs), (new_args, new_kwargs) = before, after
    pairs = [(name, old, new_kwargs[name]) for name, old in kwargs.items()]
    names = parameter_names(candidate, len(args))
    pairs = [*zip(names, args, new_args, strict=True), *pairs]
    return tuple(name for name, old, new in pairs if _is_data(old) and not _same(old, new))


def parameter_names(candidate: Callable[..., Any], count: int) -> list[str]:
    """What the answer calls its first ``count`` positional arguments."""
    try:
        names = [
            parameter.name
            for parameter in inspect.signature(candidate).parameters.values()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        names = []
    return [names[index] if index < len(names) else f"argument {index + 1}" for index in range(count)]


def _is_data(value: Any) -> bool:
    return isinstance(value, (Tensor, np.ndarray, list, dict, set))


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, Tensor) and isinstance(new, Tensor):
        return (
            old.shape == new.shape
            and old.dtype == new.dtype
            and bool(((old == new) | ((old != old) & (new != new))).all())
        )
    return distance(as_data(old), as_data(new)) <= 1
