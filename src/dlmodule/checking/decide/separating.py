"""What the cases that fail have in common, and none of those that are right: an argument that is given, or its value or size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from dlmodule.checking.case import Case
from dlmodule.checking.decide.comparison import Comparison
from dlmodule.checking.decide.differences import as_array
from dlmodule.checking.decide.words import ordinal

# Which argument, and what holds of it, in words.
Property = tuple[str, str]
_PLAIN = (bool, int, float, str, type(None))


def separating(comparisons: Sequence[Comparison]) -> str:
    """One sentence on which cases fail, where others are right; "" where all fail, or nothing can be said.

    An argument is named only where it is the only one that tells failing cases from right ones.
    """
    failing = [comparison.case for comparison in comparisons if comparison.failing]
    right = [comparison.case for comparison in comparisons if not comparison.failing]
    if not failing or not right:
        return ""
    names = {name for case in (*failing, *right) for name, _ in _given(case)}
    common = set.intersection(*(_properties(case, names) for case in failing))
    common -= set().union(*(_properties(case, names) for case in right))
    apart = {argument for argument, _ in common}
    several = len(failing) >= 2 and len(right) >= 2
    alike = set.intersection(*(_properties(case, names) for case in right))
    common = {
        (argument, holds)
        for argument, holds in common
        if several
        or any(other == argument and words.startswith("is ") and " not " not in words for other, words in alike)
    }
    if len(apart) == 1 and common and len(failing) + len(right) >= 3:
        argument, holds = min(
            common,
            key=lambda found: (
                found[1] != "is given",
                _VERBS.index(found[1].split()[0]),
                " not " in found[1],
                found[1],
            ),
        )
        return f"It is wrong where {argument} {holds}, and right on the other {_cases(len(right))}."
    if len(failing) == 1 and len(right) >= 2:
        return f"It is right on the other {len(right)} cases."
    return ""


_VERBS = ("is", "has", "holds")  # what is said first where several things hold of an argument


def _cases(count: int) -> str:
    return "case" if count == 1 else f"{count} cases"


def _properties(case: Case, names: set[str]) -> set[Property]:
    """What holds of the arguments of one case. names: all that are given to some case."""
    given = dict(_given(case))
    found = {(name, "is given" if name in given else "is left out") for name in names}
    return found.union(*(set(_of(name, value)) for name, value in given.items()))


def _given(case: Case) -> Iterator[tuple[str, Any]]:
    """The arguments of a case, each with its name in words."""
    built = case.constructor or ((), {})
    for index, value in enumerate(case.args):
        yield f"the {ordinal(index)} argument", value
    for index, value in enumerate(built[0]):
        yield f"the {ordinal(index)} argument of the constructor", value
    for name, value in {**built[1], **case.kwargs}.items():
        yield f"`{name}`", value


def _of(name: str, value: Any) -> Iterator[Property]:
    """What holds of one argument."""
    if isinstance(value, _PLAIN):
        yield name, f"is {value!r}"
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            for other in (0, 1, 2):
                if value != other:
                    yield name, f"is not {other}"
            if value < 0:
                yield name, "is negative"
            if value > 1:
                yield name, "is larger than 1"
        elif value is not None:
            yield name, "is not None"
        return
    if isinstance(value, (Tensor, np.ndarray)):
        shape = tuple(value.shape)
        yield name, f"has {len(shape)} {'axis' if len(shape) == 1 else 'axes'}"
        for axis, size in enumerate(shape):
            if size in (0, 1):
                yield name, f"has length {size} along axis {axis}"
            else:
                yield name, f"has more than one along axis {axis}"
        if len(shape) >= 2:
            square = shape[-1] == shape[-2]
            yield name, f"has {'equal' if square else 'different'} lengths along its last two axes"
        numbers = as_array(value)
        if numbers is not None:
            if bool((numbers < 0).any()):
                yield name, "holds negative numbers"
            if bool((numbers == 0).any()):
                yield name, "holds a zero"
            if float(numbers.abs().max()) > 50:
                yield name, "holds numbers above 50 in size"
    elif isinstance(value, (list, tuple, dict, str)):
        yield name, f"has {'no items' if not value else 'one item' if len(value) == 1 else 'several items'}"
