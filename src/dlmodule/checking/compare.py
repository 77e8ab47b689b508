"""How far apart two outcomes are, in tolerances: 0 is equal, 1 is the edge of right, infinity another kind of thing.

One measure serves the verdict (<= 1), the match with a named mistake (<= 1) and the proof that mistakes are well
apart (>= 100).
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking.case import Case
from dlmodule.checking.evidence import Evidence, Outcome

# Tolerances by dtype: some digits above the rounding of a sum taken in another order.
DEFAULTS = {
    torch.float64: (1e-9, 1e-7),
    torch.float32: (1e-5, 1e-4),
    torch.float16: (1e-2, 1e-2),
    torch.bfloat16: (3e-2, 3e-2),
}


def tolerance(expected: Tensor, case: Case | None) -> tuple[float, float]:
    """(atol, rtol) for ``expected``: the case's own, else by its dtype or, where an argument of the case has fewer digits, by that."""
    atol, rtol = DEFAULTS.get(expected.dtype, (0.0, 0.0))
    if case is not None:
        if expected.is_floating_point():
            atol, rtol = max([(atol, rtol), *(DEFAULTS[dtype] for dtype in _float_dtypes([case.args, case.kwargs]))])
        if case.atol is not None:
            atol, rtol = case.atol, 0.0
        if case.rtol is not None:
            rtol = case.rtol
    return atol, rtol


def _float_dtypes(tree: Any) -> Iterator[torch.dtype]:
    """The dtypes of the floating-point tensors in nested arguments."""
    if isinstance(tree, Tensor):
        if tree.dtype in DEFAULTS:
            yield tree.dtype
    elif isinstance(tree, (list, tuple, dict)):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from _float_dtypes(item)


@functools.singledispatch
def distance(expected: Any, actual: Any, case: Case | None = None) -> float:
    """Largest difference between two values in tolerances; infinity where type, structure, shape or dtype differ."""
    return 0.0 if type(expected) is type(actual) and expected == actual else math.inf


@distance.register
def _(expected: Tensor, actual: Any, case: Case | None = None) -> float:
    if not isinstance(actual, Tensor) or expected.shape != actual.shape or expected.dtype != actual.dtype:
        return math.inf
    return _tensor_distance(expected, actual, *tolerance(expected, case))


@distance.register
def _(expected: np.ndarray, actual: Any, case: Case | None = None) -> float:
    if not isinstance(actual, np.ndarray) or expected.shape != actual.shape or expected.dtype != actual.dtype:
        return math.inf
    return distance(torch.from_numpy(expected), torch.from_numpy(actual), case)


@distance.register
def _(expected: bool, actual: Any, case: Case | None = None) -> float:
    return 0.0 if plain(actual) is expected else math.inf


@distance.register
def _(expected: int, actual: Any, case: Case | None = None) -> float:
    number = plain(actual)
    if isinstance(number, bool) or not isinstance(number, int):
        return math.inf
    if case is None or case.atol is None:
        return 0.0 if expected == number else 1e6
    return _number_distance(expected, number, case)


@distance.register
def _(expected: float, actual: Any, case: Case | None = None) -> float:
    number = plain(actual)
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return math.inf
    return _number_distance(expected, number, case)


def _number_distance(expected: float, actual: float, case: Case | None) -> float:
    first, second = (torch.tensor(float(number), dtype=torch.float64) for number in (expected, actual))
    return _tensor_distance(first, second, *tolerance(first, case))


@distance.register
def _(expected: dict, actual: Any, case: Case | None = None) -> float:  # type: ignore[type-arg]
    if not isinstance(actual, dict) or set(expected) != set(actual):
        return math.inf
    return max((distance(expected[key], actual[key], narrow(case, key)) for key in expected), default=0.0)


@distance.register(list)
@distance.register(tuple)
def _(expected: Sequence[Any], actual: Any, case: Case | None = None) -> float:
    if not isinstance(actual, (list, tuple)) or len(expected) != len(actual):
        return math.inf
    return max((distance(*pair, case) for pair in zip(expected, actual, strict=True)), default=0.0)


def gradients_distance(
    expected: dict[str, Any] | None, actual: dict[str, Any] | None, case: Case | None = None
) -> float:
    """Distance of gradients by argument. Their tolerance grows with the largest: small ones are differences of large ones."""
    if not expected or not actual or set(expected) != set(actual):
        return distance(expected, actual, case)
    pairs = [(expected[name], actual[name]) for name in expected]
    largest = max((float(gradient.abs().max()) for gradient, _ in pairs if _has_numbers(gradient)), default=0.0)
    found = [0.0]
    for first, second in pairs:
        if not (_has_numbers(first) and isinstance(second, Tensor) and first.shape == second.shape):
            found.append(distance(first, second, case))
            continue
        atol, rtol = tolerance(first, case)
        scale = largest if math.isfinite(largest) else 0.0
        found.append(_tensor_distance(first, second, atol + rtol * scale, rtol))
    return max(found)


def _has_numbers(gradient: Any) -> bool:
    return isinstance(gradient, Tensor) and gradient.numel() > 0


def outcome_distance(expected: Outcome, actual: Outcome, case: Case | None = None) -> float:
    """The larger of the distances of values and of gradients."""
    if expected.lost_gradient != actual.lost_gradient or (expected.gradients is None) != (actual.gradients is None):
        return math.inf
    return max(
        distance(expected.value, actual.value, case), gradients_distance(expected.gradients, actual.gradients, case)
    )


def evidence_distance(
    right: Evidence, got: Evidence, case: Case, *, view: int = 0, exact_message: bool = False
) -> float:
    """How far the evidence of an answer is from ``right`` on one case, in tolerances, under one ``view``.

    exact_message: two exceptions are alike only with the same message (numbers apart); otherwise the type decides.
    """
    if right.timed_out or got.timed_out:
        return 0.0 if right.timed_out and got.timed_out else math.inf
    if right.raised or got.raised:
        if not (right.raised and got.raised) or right.raised.type != got.raised.type:
            return math.inf
        alike = right.raised.type == "NotRegistered" or _without_numbers(right.raised.message) == _without_numbers(
            got.raised.message
        )
        return 0.0 if alike or not exact_message else math.inf
    if (right.changed_inputs, right.changed_state) != (got.changed_inputs, got.changed_state):
        return math.inf
    if right.counts != got.counts:
        return math.inf
    return outcome_distance(pick(right, view), pick(got, view), case)


def pick(evidence: Evidence, view: int) -> Outcome:
    """One view's outcome (the last there is, where fewer were taken)."""
    return evidence.outcomes[min(view, len(evidence.outcomes) - 1)]


def views(right: list[Evidence], got: list[Evidence]) -> int:
    """How many views two runs over the cases offer."""
    return max((len(evidence.outcomes) for evidence in [*right, *got]), default=1) or 1


def run_distance(
    right: list[Evidence], got: list[Evidence], cases: list[Case], *, exact_message: bool = False
) -> float:
    """Distance over all cases (the largest), under the view that brings the two closest."""
    return min(
        max(
            (
                evidence_distance(expected, actual, case, view=view, exact_message=exact_message)
                for expected, actual, case in zip(right, got, cases, strict=True)
            ),
            default=0.0,
        )
        for view in range(views(right, got))
    )


def _tensor_distance(right: Tensor, got: Tensor, atol: float, rtol: float) -> float:
    if right.numel() == 0:
        return 0.0
    if not (right.is_floating_point() or right.is_complex()) and atol == 0:
        return 0.0 if torch.equal(right, got) else 1e6
    wide = torch.complex128 if right.is_complex() else torch.float64
    a, b = right.detach().cpu().to(wide), got.detach().cpu().to(wide)
    gap = (a - b).abs() / (atol + rtol * a.abs()).clamp_min(1e-300)
    same = (a == b) | (torch.isnan(a) & torch.isnan(b))
    gap = torch.where(same, torch.zeros_like(gap), gap)
    return math.inf if torch.isnan(gap).any() else float(gap.max())


def plain(got: Any) -> Any:
    """A number however it is boxed: a Python number, a NumPy scalar or a tensor without dimensions."""
    if isinstance(got, Tensor) and got.dim() == 0:
        return got.detach().item()
    return got.item() if isinstance(got, (np.generic, np.ndarray)) and np.ndim(got) == 0 else got


def narrow(case: Case | None, key: Any) -> Case | None:
    """Within a dictionary of statistics, the tolerance is the statistic's own: 6.11 standard errors beside the rounding."""
    if case is None or not case.errors or key not in case.errors:
        return case
    errors = torch.as_tensor(case.errors[key])
    atol, rtol = tolerance(errors, case)
    return case.within(atol=atol + 6.11 * float(errors.max()), rtol=rtol)


def _without_numbers(message: str) -> str:
    return re.sub(r"\d+", "N", message)
