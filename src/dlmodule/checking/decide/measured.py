"""A training exercise: exact facts of the rehearsal first, for they name the mistake; then its figure against the bar."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dlmodule.checking import compare
from dlmodule.checking.decide.comparison import Comparison, comparisons_of, said
from dlmodule.checking.decide.differences import LADDER, first_difference, plain_difference
from dlmodule.checking.decide.reasons import at_place, on_case
from dlmodule.checking.decide.words import fact, form_difference, place
from dlmodule.checking.diagnosis import RIGHT, Diagnosis
from dlmodule.checking.evidence import Evidence
from dlmodule.checking.key import ExerciseKey


def measured(key: ExerciseKey, evidence: list[Evidence], verdict: Diagnosis) -> Diagnosis:
    """A training exercise: exact facts first (they name the mistake), then the figure against its bar."""
    assert key.bar is not None
    comparisons = comparisons_of(key, evidence)
    trouble = next((each for each in comparisons if each.actual.raised or each.actual.timed_out), None)
    if trouble is not None:
        return on_case(key, trouble, comparisons, verdict)
    metric = key.bar.metric
    facts = [_without(each.value, metric) for each in evidence]
    figures = [each.value.get(metric) if isinstance(each.value, dict) else None for each in evidence]
    right = [_without(each.value, metric) for each in key.right]
    for mistake in key.mistakes:
        recorded = [_without(each.value, metric) for each in mistake.evidence]
        if recorded != right and all(
            compare.distance(fact_recorded, fact_seen, case) <= 1
            for fact_recorded, fact_seen, case in zip(recorded, facts, key.cases, strict=True)
        ):
            return replace(verdict, rung="mistake", mistake=mistake.name, message=mistake.sentence)
    for comparison, expected, actual in zip(comparisons, right, facts, strict=True):
        if compare.distance(expected, actual, comparison.case) > 1:
            return _wrong_fact(key, comparison, expected, actual, verdict)
    short = [figure for figure in figures if not isinstance(figure, (int, float)) or not _beyond(key, float(figure))]
    reached = [float(figure) for figure in figures if isinstance(figure, (int, float))]
    if not short:
        shown = ", ".join(f"{float(figure):.3g}" for figure in figures if figure is not None)
        message = f"Right: {metric} {shown} in the rehearsal, the bar is {key.bar.value:.3g}."
        return replace(verdict, status=RIGHT, rung="right", message=message, figure=reached[0])
    verdict = replace(verdict, figure=reached[0] if reached else None)
    sense = "below" if key.bar.higher else "above"
    figure = short[0]
    shown = f"{float(figure):.3g}" if isinstance(figure, (int, float)) else "no number"
    message = (
        f"It runs, but the rehearsal reaches {metric} {shown}, {sense} the bar of {key.bar.value:.3g} "
        "that right answers pass with every seed tried."
    )
    same = [mistake for mistake in key.mistakes if _without(mistake.evidence[0].value, metric) == facts[0]]
    if isinstance(figure, (int, float)) and same:
        nearest = min(same, key=lambda mistake: abs(float(mistake.evidence[0].value[metric]) - float(figure)))
        return replace(verdict, rung="mistake", mistake=nearest.name, message=f"{message} {nearest.sentence}")
    return replace(verdict, rung="measured", message=message)


def _wrong_fact(key: ExerciseKey, comparison: Comparison, expected: Any, actual: Any, verdict: Diagnosis) -> Diagnosis:
    """What a rehearsal shows to be otherwise than it should be."""
    form = form_difference(comparison.expected.returned, comparison.actual.returned, shapes=False)
    if form:
        return replace(verdict, rung="type", message=said("", f"{form}."))
    for rung in ("type", "shape"):
        found = LADDER[rung](expected, actual, comparison.case)
        if found:
            return at_place(key, comparison, rung, found, verdict)
    path, right, wrong = first_difference(expected, actual, comparison.case)
    where = place(path, key.probe, comparison.case)
    if isinstance(right, bool):
        message = f"In the rehearsal, {fact(str(path[-1]), right)}."
    else:
        message = f"The rehearsal is not as it should be: {where}: {plain_difference(right, wrong, None)}."
    return replace(verdict, rung="value", message=message)


def _without(value: Any, metric: str) -> Any:
    return {name: item for name, item in value.items() if name != metric} if isinstance(value, dict) else value


def _beyond(key: ExerciseKey, figure: float) -> bool:
    assert key.bar is not None
    return figure >= key.bar.value if key.bar.higher else figure <= key.bar.value
