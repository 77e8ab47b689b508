"""What is wrong with a value, in words: the reasons type, shape, dtype and NaN, and where two values first differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking import compare
from dlmodule.checking.case import Case
from dlmodule.checking.decide.words import Path, Step, at, brief, fact, name_of, steps
from dlmodule.checking.serialise import Opaque

# (expected, actual, case) -> where they differ in this respect and a sentence, or None where they agree
Found = tuple[Path, str]
Difference = Callable[[Any, Any, Case], Found | None]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (list, tuple)):
        return "sequence"
    if isinstance(value, (int, float)):
        return "number"
    return type(value).__name__


def type_difference(expected: Any, actual: Any, case: Case) -> Found | None:
    """Where ``actual`` is another kind of thing than ``expected``."""
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        plain = compare.plain(actual)
        if isinstance(plain, (int, float)) and not isinstance(plain, bool):
            if isinstance(expected, int) and isinstance(plain, float):
                return (), f"it is {brief(plain)}, a floating-point number, where a whole number is asked"
            return None
    if isinstance(expected, bool) and isinstance(compare.plain(actual), bool):
        return None
    if _kind(expected) == _kind(actual):
        return _inside(expected, actual, case, type_difference)
    if actual is None:
        return (), f"it returns nothing (None) where {name_of(expected)} is expected: perhaps a `return` is missing"
    if isinstance(actual, Opaque) and actual.type == "type":
        return (
            (),
            f"it returns a class, not an object of it, where {name_of(expected)} is expected; parentheses are missing",
        )
    advice = ""
    if isinstance(expected, Tensor) and isinstance(actual, (list, tuple)):
        tensors = bool(actual) and all(isinstance(item, Tensor) for item in actual)
        advice = (
            "; `torch.stack` makes one tensor of a list of tensors"
            if tensors
            else "; `torch.tensor` makes one of a list of numbers"
        )
    elif isinstance(expected, Tensor) and isinstance(actual, bool):
        advice = "; keep it a tensor (`bool()` and `.item()` take one value out of it)"
    elif isinstance(expected, Tensor) and isinstance(actual, (int, float)):
        advice = "; keep it a tensor (an `.item()` or `float()` also cuts the gradient)"
    elif isinstance(expected, Tensor) and isinstance(actual, np.ndarray):
        advice = "; `torch.from_numpy` turns it back, but the gradient does not pass through NumPy"
    return (), f"it returns {name_of(actual)} where {name_of(expected)} is expected{advice}"


def shape_difference(expected: Any, actual: Any, case: Case) -> Found | None:
    """Where shapes, lengths or keys differ."""
    if isinstance(expected, (Tensor, np.ndarray)):
        if tuple(expected.shape) == tuple(actual.shape):
            return None
        return (), f"the shape is {tuple(actual.shape)}, expected is {tuple(expected.shape)}"
    if isinstance(expected, dict) and set(expected) != set(actual):
        missing, extra = (sorted(map(str, set(a) - set(b))) for a, b in ((expected, actual), (actual, expected)))
        parts = [f"missing {', '.join(missing)}"] if missing else []
        return (), "the names differ: " + "; ".join(parts + ([f"too many {', '.join(extra)}"] if extra else []))
    if isinstance(expected, (list, tuple)) and len(expected) != len(actual):
        return (), f"it has {len(actual)} items, expected are {len(expected)}"
    return _inside(expected, actual, case, shape_difference)


def dtype_difference(expected: Any, actual: Any, case: Case) -> Found | None:
    """Where the numbers are stored as another type."""
    if isinstance(expected, (Tensor, np.ndarray)):
        if expected.dtype == actual.dtype:
            return None
        found, right = (str(value.dtype).removeprefix("torch.") for value in (actual, expected))
        sentence = f"the dtype is {found}, expected is {right}"
        if "int" in found and "float" in right:
            return (), f"{sentence}: whole numbers hold no fractions"
        if (found, right) == ("float32", "float64"):
            sentence += (
                ": a tensor made inside takes the default dtype unless it is given `dtype=x.dtype` "
                "(`torch.zeros_like` and `x.new_zeros` keep the input's), and `.float()` makes any tensor float32"
            )
        return (), sentence
    return _inside(expected, actual, case, dtype_difference)


def nan_difference(expected: Any, actual: Any, case: Case) -> Found | None:
    """Where NaN or infinity stands and should not."""
    origin = {
        "NaN": "0/0, the log of a negative number, or infinity minus infinity",
        "infinity": "a division by zero, log(0), or exp of a large number",
    }
    if isinstance(expected, Tensor) and expected.is_floating_point():
        for what, test in (("NaN", torch.isnan), ("infinity", torch.isinf)):
            count = int((test(actual) & ~test(expected)).sum())
            if count:
                are = "number is" if actual.numel() == 1 else "numbers are"
                return (), f"{count} of {actual.numel()} {are} {what}, which usually comes from {origin[what]}"
        return None
    if isinstance(expected, float) and expected == expected and compare.plain(actual) != compare.plain(actual):
        return (), f"it is NaN, which usually comes from {origin['NaN']}"
    return _inside(expected, actual, case, nan_difference)


def _inside(expected: Any, actual: Any, case: Case, difference: Difference) -> Found | None:
    """The first difference among the items of a container, with its place."""
    for step in steps(expected, actual):
        found = difference(at(expected, step), at(actual, step), case)
        if found:
            return (step, *found[0]), found[1]
    return None


LADDER: dict[str, Difference] = {
    "type": type_difference,
    "shape": shape_difference,
    "dtype": dtype_difference,
    "nan": nan_difference,
}


def first_difference(expected: Any, actual: Any, case: Case) -> tuple[Path, Any, Any]:
    """Where two values of one structure first differ, and the two parts that stand there; facts come last."""
    inside = steps(expected, actual)
    for step in sorted(inside, key=lambda step: isinstance(at(expected, step), bool)):
        parts = at(expected, step), at(actual, step)
        narrowed = (compare.narrow(case, step) if isinstance(step, str) else case) or case
        if compare.distance(*parts, narrowed) > 1:
            if _are_numbers(expected, actual):
                break  # a row of numbers is looked at as one
            path, right, wrong = first_difference(*parts, narrowed)
            return (step, *path), right, wrong
    return (), expected, actual


def _are_numbers(*values: Any) -> bool:
    return all(
        isinstance(value, (list, tuple))
        and len(value) > 1
        and all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in value)
        for value in values
    )


def as_array(value: Any) -> Tensor | None:
    """A real array, number, or row of numbers as a float64 tensor; None for anything else, and for nothing."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        value = torch.from_numpy(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)) or _are_numbers(value):
        try:
            return torch.tensor(value, dtype=torch.float64)
        except (OverflowError, ValueError):
            return None
    if not isinstance(value, Tensor) or value.is_complex() or not value.numel() or value.dtype == torch.bool:
        return None
    return value.detach().to(torch.float64)


def as_numbers(value: Any) -> Tensor | None:
    """As ``as_array``, with truth values as zeros and ones."""
    if is_mask(value):
        value = value.to(torch.float64) if isinstance(value, Tensor) else value.astype(float)
    return as_array(value)


def is_mask(value: Any) -> bool:
    """Whether a value is an array of truth values."""
    return isinstance(value, (Tensor, np.ndarray)) and str(value.dtype).endswith("bool")


def plain_difference(expected: Any, actual: Any, step: Step | None) -> str:
    """What is expected and what came instead, for one part of a value."""
    if isinstance(expected, bool) and isinstance(step, str) and isinstance(compare.plain(actual), bool):
        return fact(step, expected)
    wanted, got = told_apart(expected, actual)
    return f"{wanted} is expected, yours is {got}"


NOTHING = 1e-14  # of the other number


def told_apart(expected: Any, actual: Any) -> tuple[str, str]:
    """Both values, short, with as many digits as it takes to see that they differ."""
    right, wrong = compare.plain(expected), compare.plain(actual)
    if isinstance(right, float) and isinstance(wrong, float) and abs(right) < NOTHING * abs(wrong):
        return "0", brief(wrong)  # what rounding leaves of a zero
    first, second = brief(expected), brief(actual)
    if first != second:
        return first, second
    if not (isinstance(right, float) and isinstance(wrong, float)):
        return first, second
    pairs = ((f"{right:.{digits}g}", f"{wrong:.{digits}g}") for digits in range(7, 18))
    return next((pair for pair in pairs if pair[0] != pair[1]), (first, second))
