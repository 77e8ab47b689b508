"""From evidence to a diagnosis. Pure: it reads a key and what a probe saw, and runs nothing of the learner's.

The order: not started; right; a named mistake, matched on the whole outcome over all cases; a tool that a puzzle does
not permit; raised or ran for too long; type; shape; dtype; NaN; changed its input in place or torch's settings; lost
the gradient; parameters and other counts; a transformation found by search; the smallest failing case.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from dlmodule.checking import compare
from dlmodule.checking.decide import transformations
from dlmodule.checking.decide.differences import (
    LADDER,
    brief,
    first_difference,
    name_of,
    shape_difference,
    type_difference,
)
from dlmodule.checking.diagnosis import COULD_NOT_CHECK, NOT_STARTED, RIGHT, WRONG, Diagnosis
from dlmodule.checking.evidence import Evidence
from dlmodule.checking.key import ExerciseKey


def decide(key: ExerciseKey, seen: list[Evidence]) -> Diagnosis:
    """The diagnosis of an answer from its evidence on every case of ``key``."""
    verdict = Diagnosis(key.id, WRONG, "", "", hints=key.hints, minutes=key.minutes, move_on=key.move_on, part=key.part)
    if len(seen) != len(key.cases):
        message = f"The check saw {len(seen)} of {len(key.cases)} cases; run it again."
        return replace(verdict, status=COULD_NOT_CHECK, rung="incomplete", message=message)
    unwritten = _not_started(key, seen)
    if unwritten:
        return replace(verdict, status=NOT_STARTED, rung="not started", message=unwritten)
    if key.bar is not None:
        return _measured(key, seen, verdict)
    if compare.run_distance(key.right, seen, key.cases) <= 1:
        return replace(verdict, status=RIGHT, rung="right", message=_well_done(key))
    named = _named_mistake(key, seen, verdict)
    return named or _first_failing(key, seen, verdict)


def _well_done(key: ExerciseKey) -> str:
    count = len(key.cases)
    return "Right." if count == 1 else f"Right on all {count} cases."


def _not_started(key: ExerciseKey, seen: list[Evidence]) -> str | None:
    for one in seen:
        if one.raised and one.raised.type == "NotImplementedError":
            origin = one.raised.where.split(".")[0]
            if origin in ("", key.name) or key.kind == "value":
                return f"`{key.name}` is not written yet."
    if any(one.value is ... for one in seen):
        return f"`{key.name}` is not filled in yet: it still is the placeholder `...`."
    if key.starter is not None and compare.run_distance(key.starter, seen, key.cases, exact_message=True) <= 1:
        return f"`{key.name}` still does exactly what the code you were given does."
    return None


def _named_mistake(key: ExerciseKey, seen: list[Evidence], verdict: Diagnosis) -> Diagnosis | None:
    for mistake in key.mistakes:
        if compare.run_distance(mistake.evidence, seen, key.cases, exact_message=True) <= 1:
            found = replace(verdict, rung="mistake", mistake=mistake.name, message=mistake.sentence)
            index = _failing_index(key, seen)
            return _with_values(found, key, seen, index) if index is not None and not seen[index].raised else found
    return None


def _measured(key: ExerciseKey, seen: list[Evidence], verdict: Diagnosis) -> Diagnosis:
    """A training exercise: exact facts first (they name the mistake), then the figure against its bar."""
    assert key.bar is not None
    trouble = next((index for index, one in enumerate(seen) if one.raised or one.timed_out), None)
    if trouble is not None:
        return _rung(key, seen, trouble, verdict)
    metric = key.bar.metric
    facts = [_without(one.value, metric) for one in seen]
    figures = [one.value.get(metric) if isinstance(one.value, dict) else None for one in seen]
    for mistake in key.mistakes:
        theirs = [_without(one.value, metric) for one in mistake.evidence]
        mine = [_without(one.value, metric) for one in key.right]
        if theirs != mine and all(
            compare.distance(one, two, case) <= 1 for one, two, case in zip(theirs, facts, key.cases, strict=True)
        ):
            return replace(verdict, rung="mistake", mistake=mistake.name, message=mistake.sentence)
    for index, (right, fact, case) in enumerate(zip(key.right, facts, key.cases, strict=True)):
        wanted = _without(right.value, metric)
        if compare.distance(wanted, fact, case) > 1:
            if type_difference(right.value, seen[index].value, case) or shape_difference(wanted, fact, case):
                return _rung(key, seen, index, verdict)
            place, one, two = first_difference(wanted, fact, case)
            message = f"The rehearsal is not as it should be{place}: {brief(one)} is expected, yours is {brief(two)}."
            return replace(verdict, rung="value", message=message)
    short = [figure for figure in figures if not isinstance(figure, (int, float)) or not _beyond(key, float(figure))]
    if not short:
        shown = ", ".join(f"{float(figure):.3g}" for figure in figures if figure is not None)
        message = f"Right: {metric} {shown} in the rehearsal, the bar is {key.bar.value:.3g}."
        return replace(verdict, status=RIGHT, rung="right", message=message)
    sense = "below" if key.bar.higher else "above"
    got = short[0]
    shown = f"{float(got):.3g}" if isinstance(got, (int, float)) else "no number"
    message = (
        f"It runs, but the rehearsal reaches {metric} {shown}, {sense} the bar of {key.bar.value:.3g} "
        "that right answers pass with every seed tried."
    )
    same = [mistake for mistake in key.mistakes if _without(mistake.evidence[0].value, metric) == facts[0]]
    if isinstance(got, (int, float)) and same:
        nearest = min(same, key=lambda one: abs(float(one.evidence[0].value[metric]) - float(got)))
        return replace(verdict, rung="mistake", mistake=nearest.name, message=f"{message} {nearest.sentence}")
    return replace(verdict, rung="measured", message=message)


def _without(value: Any, metric: str) -> Any:
    return {name: item for name, item in value.items() if name != metric} if isinstance(value, dict) else value


def _beyond(key: ExerciseKey, figure: float) -> bool:
    assert key.bar is not None
    return figure >= key.bar.value if key.bar.higher else figure <= key.bar.value


def _failing_index(key: ExerciseKey, seen: list[Evidence]) -> int | None:
    view = min(
        range(compare.views(key.right, seen)),
        key=lambda number: sum(
            compare.evidence_distance(right, got, case, view=number) > 1
            for right, got, case in zip(key.right, seen, key.cases, strict=True)
        ),
    )
    for index, (right, got, case) in enumerate(zip(key.right, seen, key.cases, strict=True)):
        if compare.evidence_distance(right, got, case, view=view) > 1:
            return index
    return None


def _first_failing(key: ExerciseKey, seen: list[Evidence], verdict: Diagnosis) -> Diagnosis:
    index = _failing_index(key, seen)
    return _rung(key, seen, 0 if index is None else index, verdict)


def _rung(key: ExerciseKey, seen: list[Evidence], index: int, verdict: Diagnosis) -> Diagnosis:
    """The first rung of the ladder that the failing case stands on."""
    right, got, case = key.right[index], seen[index], key.cases[index]
    where = f"On {case.label}, " if case.label else ""
    verdict = replace(verdict, case=case.label)
    if got.timed_out:
        message = _said(
            where,
            f"It did not finish within {key.limit:g} s: look for a loop that never ends, or one that does far too much work.",
        )
        return replace(verdict, rung="time", message=message)
    if got.raised and got.raised.type == "NotPermitted":
        return replace(verdict, rung="tools", message=got.raised.message, lines=got.raised.lines)
    if got.raised and not (right.raised and right.raised.type == got.raised.type):
        if right.raised:
            message = _said(
                where, f"It should raise {right.raised.type}; it raises {got.raised.type}: {got.raised.message}"
            )
        else:
            message = _said(where, f"It raises {got.raised.type}: {got.raised.message}")
        return replace(verdict, rung="raised", message=message, lines=got.raised.lines)
    if right.raised:
        message = _said(where, f"It should raise {right.raised.type}, and returns {name_of(got.value)} instead.")
        return replace(verdict, rung="raised", message=message)
    wanted, value = right.value, got.value
    for rung, difference in LADDER.items():  # each rung may rely on the ones before it
        sentence = difference(wanted, value, case)
        if sentence:
            return replace(verdict, rung=rung, message=_said(where, f"{sentence}."))
    if got.changed_inputs != right.changed_inputs:
        names = ", ".join(f"`{name}`" for name in got.changed_inputs)
        message = _said(
            where,
            f"It changes its input {names} in place: whoever called it finds other numbers there afterwards. Work on a copy, or use an operation that returns a new tensor.",
        )
        return replace(verdict, rung="in place", message=message)
    if got.changed_state != right.changed_state:
        message = _said(
            where,
            f"It leaves torch's {' and '.join(got.changed_state)} changed, which changes every later cell too. Put it back, or use a `with` block.",
        )
        return replace(verdict, rung="state", message=message)
    if any(view.lost_gradient for view in got.outcomes) and not any(view.lost_gradient for view in right.outcomes):
        message = _said(
            where,
            "The values come out, but no gradient flows back: somewhere the graph is cut (`.detach()`, `.item()`, `.data`, `torch.no_grad`, NumPy, or a new `torch.tensor(...)`).",
        )
        return replace(verdict, rung="gradient", message=message)
    if right.counts != got.counts:
        return replace(verdict, rung="counts", message=_counts(right, got, where))
    return _values(key, seen, index, verdict, where)


def _said(where: str, sentence: str) -> str:
    """The sentence, led by the input it speaks of."""
    first = sentence[0].lower() if where else sentence[0].upper()
    return f"{where}{first}{sentence[1:]}"


def _values(key: ExerciseKey, seen: list[Evidence], index: int, verdict: Diagnosis, where: str) -> Diagnosis:
    right, got, case = key.right[index], seen[index], key.cases[index]
    if compare.distance(right.value, got.value, case) <= 1:
        message = _said(
            where,
            "The values are right, but the gradients are not: something on the way is differentiated that should not be, or the other way round.",
        )
        return replace(verdict, rung="gradient", message=message)
    comparable = [
        (one.value, two.value, one_case)
        for one, two, one_case in zip(key.right, seen, key.cases, strict=True)
        if not (one.raised or two.raised or two.timed_out)
    ]
    sentence = (
        transformations.explain(*(list(column) for column in zip(*comparable, strict=True))) if comparable else None
    )
    if sentence:
        return _with_values(replace(verdict, rung="transformation", message=sentence), key, seen, index)
    path, wanted, found = first_difference(right.value, got.value, case)
    message = _said(where, f"The result is not right{path}.")
    if isinstance(wanted, Tensor) and wanted.numel() > 1 and isinstance(found, Tensor):
        atol, rtol = compare.tolerance(wanted, case)
        off = int((~torch.isclose(found.double(), wanted.double(), rtol=rtol, atol=atol)).sum())
        message = _said(where, f"The result is not right{path}: {off} of {wanted.numel()} numbers differ.")
    elif wanted is not None:
        message = _said(where, f"The result is not right{path}: {brief(wanted)} is expected, yours is {brief(found)}.")
    if compare.views(key.right, seen) > 1 or right.shapes != got.shapes:
        message += _parameter_shapes(right, got)
    return _with_values(replace(verdict, rung="value", message=message), key, seen, index)


def _with_values(verdict: Diagnosis, key: ExerciseKey, seen: list[Evidence], index: int) -> Diagnosis:
    _, wanted, found = first_difference(key.right[index].value, seen[index].value, key.cases[index])
    return replace(verdict, case=key.cases[index].label, expected=wanted, got=found)


def _counts(right: Evidence, got: Evidence, where: str) -> str:
    if got.counts.get("used generator") == 0 and right.counts.get("used generator"):
        return _said(
            where,
            "It does not draw from the `generator` it is given, so a run cannot be repeated: pass `generator=generator` to the random call.",
        )
    if got.counts.get("same seed, same draw") == 0 and right.counts.get("same seed, same draw"):
        return _said(
            where, "The same seed does not give the same draw: some random number does not come from `generator`."
        )
    for name, wanted in right.counts.items():
        if got.counts.get(name) != wanted:
            found = got.counts.get(name, "none")
            return _said(where, f"It has {found} {name}; {wanted} are expected.") + _parameter_shapes(right, got)
    return _said(where, "Its counts differ.")


def _parameter_shapes(right: Evidence, got: Evidence) -> str:
    missing, extra = _beyond_common(right.shapes, got.shapes), _beyond_common(got.shapes, right.shapes)
    parts = [f"missing: {', '.join(missing)}"] if missing else []
    parts += [f"too many: {', '.join(extra)}"] if extra else []
    return f" Parameter shapes {'; '.join(parts)}." if parts else ""


def _beyond_common(one: tuple[str, ...], other: tuple[str, ...]) -> list[str]:
    return list((Counter(one) - Counter(other)).elements())
