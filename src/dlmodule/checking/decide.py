"""From evidence to a diagnosis. Pure: it reads a key and what a probe saw, and runs nothing of the learner's.

The order: not started; right; a named mistake, matched on the whole outcome over all cases; raised or ran for too
long; type; shape; dtype; NaN; changed its input in place or torch's settings; lost the gradient; parameters and other
counts; a transformation found by search; the smallest failing case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking import compare, search
from dlmodule.checking.diagnosis import COULD_NOT_CHECK, NOT_STARTED, RIGHT, WRONG, Diagnosis
from dlmodule.checking.evidence import Evidence
from dlmodule.checking.exercise import Case
from dlmodule.checking.key import ExerciseKey
from dlmodule.checking.tree import Opaque

Difference = Callable[[Any, Any, Case], str | None]


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
    sentence = search.explain(*(list(column) for column in zip(*comparable, strict=True))) if comparable else None
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
        plain = compare._plain(value)
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
        why = search.reshaped(wanted, value, case)
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
    if isinstance(wanted, float) and compare._plain(value) != compare._plain(value):
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
        narrowed = compare._narrow(case, place.split("'")[1]) if "'" in place else case
        if compare.distance(one, two, narrowed) > 1:
            deeper, right, got = first_difference(one, two, narrowed or case)
            return place + deeper, right, got
    return "", wanted, value
