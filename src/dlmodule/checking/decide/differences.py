"""What is wrong with a value, in words: the rungs type, shape, dtype and NaN, and where two values first differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking import compare
from dlmodule.checking.decide import transformations
from dlmodule.checking.exercise import Case
from dlmodule.checking.serialise import Opaque

# (right value, value, case) -> a sentence, or None where they agree in this respect
Difference = Callable[[Any, Any, Case], str | None]


def name_of(value: Any) -> str:
    """What a value is, in words: "a list of 3", "a tensor of shape (2, 3)"."""
    if value is None:
        return "nothing (None)"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape}"
    if isinstance(value, Opaque):
        return f"an object of type {value.type}"
    if isinstance(value, (list, tuple, dict, set)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, (bool, str)):
        return f"the {type(value).__name__} {value!r}"
    if isinstance(value, (int, float)):
        kind = "whole number" if isinstance(value, int) else "number"
        return f"the Python {kind} {value!r}"
    return f"a {type(value).__name__}"


def brief(value: Any) -> str:
    """A value short enough for a sentence."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Tensor) and value.numel() == 1:
        return f"{value.item():.6g}" if value.is_floating_point() else str(value.item())
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else name_of(value)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (list, tuple)):
        return "sequence"
    if isinstance(value, (int, float)):
        return "number"
    return type(value).__name__


def type_difference(wanted: Any, value: Any, case: Case) -> str | None:
    """A sentence where ``value`` is another kind of thing than ``wanted``; None where the kinds agree."""
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        plain = compare.plain(value)
        if isinstance(plain, (int, float)) and not isinstance(plain, bool):
            if isinstance(wanted, int) and isinstance(plain, float):
                return f"it returns {brief(plain)}, a floating-point number, where a whole number is asked; use // rather than / (or int())"
            return None
    if _kind(wanted) == _kind(value):
        return _inside(wanted, value, case, type_difference)
    if value is None:
        return f"it returns nothing (None) where {name_of(wanted)} is expected: perhaps a `return` is missing"
    if isinstance(value, Opaque) and value.type == "type":
        return f"it returns a class, not an object of it, where {name_of(wanted)} is expected; parentheses are missing"
    advice = ""
    if isinstance(wanted, Tensor) and isinstance(value, (list, tuple)):
        tensors = bool(value) and all(isinstance(item, Tensor) for item in value)
        advice = (
            "; `torch.stack` makes one tensor of a list of tensors"
            if tensors
            else "; `torch.tensor` makes one of a list of numbers"
        )
    elif isinstance(wanted, Tensor) and isinstance(value, (int, float)):
        advice = "; keep it a tensor (an `.item()` or `float()` also cuts the gradient)"
    elif isinstance(wanted, Tensor) and isinstance(value, np.ndarray):
        advice = "; `torch.from_numpy` turns it back, but the gradient does not pass through NumPy"
    return f"it returns {name_of(value)} where {name_of(wanted)} is expected{advice}"


def shape_difference(wanted: Any, value: Any, case: Case) -> str | None:
    """A sentence where shapes, lengths or keys differ."""
    if isinstance(wanted, (Tensor, np.ndarray)):
        if tuple(wanted.shape) == tuple(value.shape):
            return None
        why = transformations.reshaped(wanted, value, case)
        return f"the shape is {tuple(value.shape)}, expected is {tuple(wanted.shape)}" + (f": {why}" if why else "")
    if isinstance(wanted, dict) and set(wanted) != set(value):
        missing, extra = (
            sorted(map(str, set(wanted) - set(value))),
            sorted(map(str, set(value) - set(wanted))),
        )
        parts = [f"missing {', '.join(missing)}"] if missing else []
        return "the keys differ: " + "; ".join(parts + ([f"too many {', '.join(extra)}"] if extra else []))
    if isinstance(wanted, (list, tuple)) and len(wanted) != len(value):
        return f"it has {len(value)} items, expected are {len(wanted)}"
    return _inside(wanted, value, case, shape_difference)


def dtype_difference(wanted: Any, value: Any, case: Case) -> str | None:
    """A sentence where the numbers are stored as another type, or on another device."""
    if isinstance(wanted, (Tensor, np.ndarray)):
        if wanted.dtype == value.dtype:
            return None
        found, right = (str(one.dtype).removeprefix("torch.") for one in (value, wanted))
        if "int" in found and "float" in right:
            return f"the dtype is {found}, expected is {right}: fractions are lost"
        if found == "float32" and right == "float64":
            return "the dtype is float32, expected is float64 as the input: a tensor made inside takes the default dtype unless it is given `dtype=x.dtype` (or made with `torch.zeros_like`, `x.new_zeros`)"
        return f"the dtype is {found}, expected is {right}"
    return _inside(wanted, value, case, dtype_difference)


def nan_difference(wanted: Any, value: Any, case: Case) -> str | None:
    """A sentence where NaN or infinity stands and should not."""
    if isinstance(wanted, Tensor) and wanted.is_floating_point():
        for what, test in (("NaN", torch.isnan), ("infinity", torch.isinf)):
            count = int((test(value) & ~test(wanted)).sum())
            if count:
                usual = (
                    "0/0, log of a negative number, or infinity minus infinity"
                    if what == "NaN"
                    else "a division by zero, log(0), or exp of a large number"
                )
                return f"{count} of {value.numel()} entries are {what}, which comes from {usual}"
        return None
    if isinstance(wanted, float) and compare.plain(value) != compare.plain(value):
        return "the result is NaN, which comes from 0/0, log of a negative number, or infinity minus infinity"
    return _inside(wanted, value, case, nan_difference)


def _inside(wanted: Any, value: Any, case: Case, difference: Difference) -> str | None:
    """The first difference among the items of a container, said with its place."""
    if isinstance(wanted, dict) and isinstance(value, dict):
        pairs = [(f"entry {name!r}", wanted[name], value[name]) for name in wanted if name in value]
    elif isinstance(wanted, (list, tuple)):
        pairs = [(f"item {index}", one, two) for index, (one, two) in enumerate(zip(wanted, value, strict=False))]
    else:
        return None
    for place, one, two in pairs:
        sentence = difference(one, two, case)
        if sentence:
            return f"in {place}, {sentence}"
    return None


LADDER: dict[str, Difference] = {
    "type": type_difference,
    "shape": shape_difference,
    "dtype": dtype_difference,
    "nan": nan_difference,
}


def first_difference(wanted: Any, value: Any, case: Case) -> tuple[str, Any, Any]:
    """Where two values of one structure first differ (in words), and the two parts that stand there."""
    pairs: list[tuple[str, Any, Any]] = []
    if isinstance(wanted, dict) and isinstance(value, dict):
        pairs = [(f", entry {name!r}", wanted[name], value.get(name)) for name in wanted]
    elif isinstance(wanted, (list, tuple)) and isinstance(value, (list, tuple)):
        pairs = [(f", item {index}", one, two) for index, (one, two) in enumerate(zip(wanted, value, strict=False))]
    for place, one, two in pairs:
        narrowed = compare.narrow(case, place.split("'")[1]) if "'" in place else case
        if compare.distance(one, two, narrowed) > 1:
            deeper, right, got = first_difference(one, two, narrowed or case)
            return place + deeper, right, got
    return "", wanted, value
