"""How far apart two outcomes are, in tolerances: 0 is equal, 1 is the edge of right, infinity another kind of thing.

One measure serves the verdict (<= 1), the match with a named mistake (<= 1) and the proof that mistakes are well
apart (>= 100).
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking.evidence import Evidence, Outcome
from dlmodule.checking.exercise import Case

# Tolerances by dtype: some digits above the rounding of a sum taken in another order.
DEFAULTS = {
    torch.float64: (1e-9, 1e-7),
    torch.float32: (1e-5, 1e-4),
    torch.float16: (1e-2, 1e-2),
    torch.bfloat16: (3e-2, 3e-2),
}


def tolerance(right: Tensor, case: Case | None) -> tuple[float, float]:
    """(atol, rtol) for ``right``: the case's own, else by dtype."""
    atol, rtol = DEFAULTS.get(right.dtype, (0.0, 0.0))
    if case is not None:
        if case.atol is not None:
            atol, rtol = case.atol, 0.0
        if case.rtol is not None:
            rtol = case.rtol
    return atol, rtol


def distance(right: Any, got: Any, case: Case | None = None) -> float:
    """Largest difference between two values in tolerances; infinity where type, structure, shape or dtype differ."""
    if isinstance(right, Tensor):
        if isinstance(got, (bool, int, float)) and right.dim() == 0 and not isinstance(got, Tensor):
            return math.inf
        if not isinstance(got, Tensor) or right.shape != got.shape or right.dtype != got.dtype:
            return math.inf
        return _tensor_distance(right, got, *tolerance(right, case))
    if isinstance(right, np.ndarray):
        if not isinstance(got, np.ndarray) or right.shape != got.shape or right.dtype != got.dtype:
            return math.inf
        return distance(torch.from_numpy(right), torch.from_numpy(got), case)
    if isinstance(right, bool):
        return 0.0 if plain(got) is right else math.inf
    if isinstance(right, (int, float)):
        number = plain(got)
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            return math.inf
        if isinstance(right, int) and not isinstance(number, int):
            return math.inf
        if isinstance(right, int) and (case is None or case.atol is None):
            return 0.0 if right == number else 1e6
        as_tensor = torch.tensor(float(right), dtype=torch.float64)
        return _tensor_distance(
            as_tensor, torch.tensor(float(number), dtype=torch.float64), *tolerance(as_tensor, case)
        )
    if isinstance(right, dict):
        if not isinstance(got, dict) or set(right) != set(got):
            return math.inf
        return max((distance(right[key], got[key], narrow(case, key)) for key in right), default=0.0)
    if isinstance(right, (list, tuple)):
        if not isinstance(got, (list, tuple)) or len(right) != len(got):
            return math.inf
        return max((distance(one, two, case) for one, two in zip(right, got, strict=True)), default=0.0)
    return 0.0 if type(right) is type(got) and right == got else math.inf


def outcome_distance(right: Outcome, got: Outcome, case: Case | None = None) -> float:
    """The larger of the distances of values and of gradients."""
    if right.lost_gradient != got.lost_gradient or (right.gradients is None) != (got.gradients is None):
        return math.inf
    return max(distance(right.value, got.value, case), distance(right.gradients, got.gradients, case))


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
        alike = _without_numbers(right.raised.message) == _without_numbers(got.raised.message)
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
                evidence_distance(one, two, case, view=view, exact_message=exact_message)
                for one, two, case in zip(right, got, cases, strict=True)
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
    """Within a dictionary of statistics, the tolerance is the statistic's own: 6.11 standard errors."""
    if case is None or not case.errors or key not in case.errors:
        return case
    return case.within(atol=float(torch.as_tensor(case.errors[key]).max()) * 6.11)


def _without_numbers(message: str) -> str:
    return re.sub(r"\d+", "N", message)
