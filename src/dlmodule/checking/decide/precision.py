"""Right as far as float32 goes: where no text promises a dtype, an answer may compute in fewer digits than the check does.

An answer may make its result in the default dtype; weights that are drawn in float32 differ in the last digit from processor to processor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch

from dlmodule.checking import compare
from dlmodule.checking.case import Case
from dlmodule.checking.decide.comparison import Comparison, comparisons_of
from dlmodule.checking.decide.decide import decide
from dlmodule.checking.decide.differences import as_array
from dlmodule.checking.decide.words import at, steps
from dlmodule.checking.diagnosis import WRONG, Diagnosis
from dlmodule.checking.evidence import Evidence
from dlmodule.checking.key import ExerciseKey, cast, to_float32_digits

# In an exception that float64 input may be the cause of.
DTYPE = re.compile(r"dtype|scalar type|Input type|Double|Float")
ROUNDED = 4e-7  # of the largest number: what a few sums in float32 may be off by


def may_be_by_dtype(key: ExerciseKey, evidence: list[Evidence], diagnosis: Diagnosis) -> bool:
    """Whether a wrong answer, none of the named mistakes, may be wrong by its dtype alone, of which the text promises nothing."""
    if key.promises_dtype or diagnosis.mistake is not None:
        return False
    by_dtype = diagnosis.rung == "dtype" or (diagnosis.rung == "raised" and DTYPE.search(diagnosis.message))
    return bool(by_dtype) or _are_rounded(comparisons_of(key, evidence))


def but_for_dtype(key: ExerciseKey, evidence: list[Evidence], diagnosis: Diagnosis) -> Diagnosis:
    """The verdict on what it made of float64 input, to the digits that float32 has, where that is right or says more than the dtype."""
    found = decide(to_float32_digits(key), cast(evidence, torch.float32, torch.float64))
    return found if found.right or (diagnosis.rung == "dtype" and found.status == WRONG) else diagnosis


def _are_rounded(comparisons: list[Comparison]) -> bool:
    """Whether the numbers that came back are those expected, as float32 leaves them; another small error is an error."""
    for comparison in comparisons:
        if not comparison.failing:
            continue
        asked = comparison.case.atol
        if not comparison.returned or (asked is not None and asked < compare.DEFAULTS[torch.float64][0]):
            return False  # where an author asks for more digits than usual, float32 has too few
        expected, actual = (
            (each.outcomes[0].value, each.outcomes[0].gradients) for each in (comparison.expected, comparison.actual)
        )
        if not all(_is_rounded(*pair, comparison.case) for pair in _parts(expected, actual)):
            return False
    return True


def _is_rounded(expected: Any, actual: Any, case: Case) -> bool:
    """Whether ``actual`` is right, or ``expected`` as float32 leaves it."""
    if compare.distance(expected, actual, case) <= 1:
        return True
    right, wrong = as_array(expected), as_array(actual)
    if right is None or wrong is None or right.shape != wrong.shape:
        return False
    return bool(((right - wrong).abs() <= ROUNDED * right.abs().max()).all())


def _parts(expected: Any, actual: Any) -> Iterator[tuple[Any, Any]]:
    """The pairs of what is no container, in two containers that are alike."""
    inside = steps(expected, actual)
    if not inside or len(inside) != max(len(expected), len(actual)):
        yield expected, actual
        return
    for step in inside:
        yield from _parts(at(expected, step), at(actual, step))
