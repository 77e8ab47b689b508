"""From evidence to a diagnosis. Pure: it reads a key and what a probe saw, and runs nothing of the learner's.

The order: not started; right; a named mistake, matched on the whole outcome over all cases; then the failing case that
tells most, and on it: a tool that a puzzle does not permit; raised or ran for too long; the form of what is returned;
type; shape; dtype; NaN; a named mistake that explains all but one case; a step that turns the right result into what came
back; where the values differ; changed its input in place or torch's settings; parameters and other counts; gradients.
"""

from __future__ import annotations

from dataclasses import replace

from dlmodule.checking import compare
from dlmodule.checking.decide.comparison import Comparison, comparisons_of
from dlmodule.checking.decide.differences import LADDER
from dlmodule.checking.decide.measured import measured
from dlmodule.checking.decide.mistakes import named_mistake
from dlmodule.checking.decide.reasons import on_case
from dlmodule.checking.decide.separating import separating
from dlmodule.checking.diagnosis import COULD_NOT_CHECK, NOT_STARTED, RIGHT, WRONG, Diagnosis
from dlmodule.checking.evidence import Evidence
from dlmodule.checking.key import ExerciseKey

WHAT_DIFFERS = (
    "value",
    "shape",
    "gradient",
    "nan",
    "dtype",
    "counts",
)  # reasons beside which it helps to know on which cases


def decide(key: ExerciseKey, evidence: list[Evidence]) -> Diagnosis:
    """The diagnosis of an answer from its evidence on every case of ``key``."""
    verdict = Diagnosis(key.id, WRONG, "", "", hints=key.hints, minutes=key.minutes, move_on=key.move_on, part=key.part)
    if len(evidence) != len(key.cases):
        message = f"The check saw {len(evidence)} of {len(key.cases)} cases; run it again."
        return replace(verdict, status=COULD_NOT_CHECK, rung="incomplete", message=message)
    unwritten = _not_started(key, evidence)
    if unwritten:
        return replace(verdict, status=NOT_STARTED, rung="not started", message=unwritten)
    if key.bar is not None:
        return measured(key, evidence, verdict)
    if compare.run_distance(key.right, evidence, key.cases) <= 1:
        return replace(verdict, status=RIGHT, rung="right", message=_well_done(key))
    comparisons = comparisons_of(key, evidence)
    return named_mistake(key, evidence, comparisons, verdict) or _unnamed(key, comparisons, verdict)


def _well_done(key: ExerciseKey) -> str:
    count = len(key.cases)
    return "Right." if count == 1 else f"Right on all {count} cases."


def _not_started(key: ExerciseKey, evidence: list[Evidence]) -> str | None:
    for each in evidence:
        # Only a stub's own `raise` counts: torch raises NotImplementedError too, and so does another exercise's stub.
        if each.raised and each.raised.type == "NotImplementedError" and each.raised.stated:
            origin = each.raised.where.split(".")[0]
            if origin in ("", key.name) or key.kind == "value":
                return f"`{key.name}` is not written yet."
    if any(each.value is ... for each in evidence):
        return f"`{key.name}` is not filled in yet: it still is the placeholder `...`."
    if key.starter is not None and compare.run_distance(key.starter, evidence, key.cases, exact_message=True) <= 1:
        return f"`{key.name}` still does exactly what the code you were given does."
    return None


def _unnamed(key: ExerciseKey, comparisons: list[Comparison], verdict: Diagnosis) -> Diagnosis:
    """The diagnosis by the failing case that tells most; the first of them, the cases standing smallest first."""
    failing = [comparison for comparison in comparisons if comparison.failing]
    chosen = min(failing or comparisons, key=_rank)
    found = on_case(key, chosen, comparisons, verdict)
    apart = separating(comparisons) if found.rung in WHAT_DIFFERS else ""
    return replace(found, message=f"{found.message} {apart}") if apart else found


def _rank(comparison: Comparison) -> int:
    """Values tell more than shapes, and shapes more than what stands beside the values."""
    if not comparison.returned:
        return 0
    if not comparison.values_differ:
        return 2
    shape = LADDER["shape"]
    kind = LADDER["type"](comparison.expected.value, comparison.actual.value, comparison.case)
    return int(kind is None and shape(comparison.expected.value, comparison.actual.value, comparison.case) is not None)
