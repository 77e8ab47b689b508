"""Why one case fails: the first reason that applies, in the order in which ``decide`` names them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from dlmodule.checking import compare
from dlmodule.checking.case import Case
from dlmodule.checking.decide import transformations
from dlmodule.checking.decide.beside import counts, gradients, in_place, no_gradient, parameter_shapes, settings
from dlmodule.checking.decide.comparison import Comparison, lower_first, said, with_values
from dlmodule.checking.decide.differences import LADDER, as_numbers, first_difference, plain_difference, told_apart
from dlmodule.checking.decide.exceptions import meaning
from dlmodule.checking.decide.mistakes import near_miss, variant
from dlmodule.checking.decide.regions import region, shared, wrong_numbers
from dlmodule.checking.decide.relations import related
from dlmodule.checking.decide.shapes import shape_story
from dlmodule.checking.decide.words import at, follow, form_difference, name_of, place, steps
from dlmodule.checking.diagnosis import Diagnosis
from dlmodule.checking.evidence import Raised
from dlmodule.checking.key import ExerciseKey

# Exceptions of the check itself, whose text is the sentence.
OWN_EXCEPTIONS = {"NotPermitted": "tools", "NotRegistered": "parameters"}
AT_THE_CALL = re.compile(r"(takes|missing|got an unexpected|got multiple values for) .*argument")


def on_case(key: ExerciseKey, chosen: Comparison, comparisons: list[Comparison], verdict: Diagnosis) -> Diagnosis:
    """The first reason that applies to the chosen case."""
    expected, actual = chosen.expected, chosen.actual
    where = f"On {chosen.case.label}, " if chosen.case.label else ""
    verdict = replace(verdict, case=chosen.case.label)
    if actual.timed_out:
        sentence = f"it did not finish within {key.limit:g} s: look for a loop that never ends, or one that does far too much work."
        return replace(verdict, rung="time", message=said(where, sentence))
    if actual.raised or expected.raised:
        return _raised(key, chosen, where, verdict)
    form = form_difference(expected.returned, actual.returned, shapes=False)
    if form and chosen.values_differ:
        return replace(verdict, rung="type", message=said(where, f"{form}."))
    if chosen.values_differ:
        return _wrong_value(key, chosen, comparisons, verdict)
    for reason in (in_place, settings, counts, no_gradient, gradients):
        found = reason(chosen, comparisons)
        if found:
            return replace(verdict, rung=found[0], message=said(where, found[1]))
    return replace(verdict, rung="value", message=said(where, "the result is not right."))


def _raised(key: ExerciseKey, chosen: Comparison, where: str, verdict: Diagnosis) -> Diagnosis:
    expected, actual = chosen.expected.raised, chosen.actual.raised
    if actual is None:
        assert expected is not None
        sentence = f"it should raise {expected.type}, and returns {name_of(chosen.actual.value)} instead."
        return replace(verdict, rung="raised", message=said(where, sentence))
    if actual.type in OWN_EXCEPTIONS:
        message = f"{actual.message.removesuffix('.')}."
        return replace(verdict, rung=OWN_EXCEPTIONS[actual.type], message=message, lines=actual.lines)
    if expected is not None:
        sentence = f"it should raise {expected.type}; it raises {actual.type}: {actual.message}"
    else:
        sentence = _what_it_raises(key, chosen, actual)
    operands = tuple(f"    {operand}" for operand in actual.operands)
    return replace(verdict, rung="raised", message=said(where, sentence), lines=(*actual.lines, *operands))


def _what_it_raises(key: ExerciseKey, chosen: Comparison, raised: Raised) -> str:
    text = f"{raised.type}: {raised.message}" if raised.message else raised.type
    explained = meaning(raised.type, raised.message)
    if explained and not text.endswith((".", "!", "?")):
        text += "."
    if raised.lines:
        return f"it raises {text} {explained}".rstrip()
    # No line of the learner's was running: what they returned, or how they are called, does not fit.
    form = form_difference(chosen.expected.returned, chosen.actual.returned, shapes=True)
    if form:
        return f"{form}."
    if raised.type == "TypeError" and AT_THE_CALL.search(raised.message):
        return f"it cannot be called as the exercise calls it: {raised.message}"
    if key.probe.name == "custom":
        return f"the check cannot work with what it gets from it; it met {text} {explained}".rstrip()
    return f"it raises {text} {explained}".rstrip()


def _wrong_value(key: ExerciseKey, chosen: Comparison, comparisons: list[Comparison], verdict: Diagnosis) -> Diagnosis:
    """What is wrong with a value: its kind, its shape, how it is stored, or the numbers."""
    where = f"On {chosen.case.label}, " if chosen.case.label else ""
    swapped = _explained(comparisons, transformations.exchanged)
    if swapped:
        return with_values(replace(verdict, rung="transformation", message=swapped), chosen)
    near = near_miss(key, comparisons, verdict)
    if near and counts(chosen, comparisons) is None:
        return near
    for rung, difference in LADDER.items():  # each may rely on the ones before it
        found = difference(chosen.expected.value, chosen.actual.value, chosen.case)
        if found:
            if rung == "shape" and (changed := variant(key, comparisons, verdict)):
                return changed
            path, sentence = found
            if rung == "shape":
                story = _shape_story(path, comparisons)
                sentence += f": {story}" if story else ""
            return at_place(key, chosen, rung, (path, sentence), verdict)
    counted = counts(chosen, comparisons)
    if counted:
        return replace(verdict, rung=counted[0], message=said(where, counted[1]))
    explained = _explained(comparisons, transformations.explain)
    if explained:
        path, sentence = explained
        spot = place(path, key.probe, chosen.case)
        message = f"In {spot}: {lower_first(sentence)}" if spot else sentence
        return with_values(replace(verdict, rung="transformation", message=message), chosen, path)
    changed = variant(key, comparisons, verdict)
    if changed:
        return changed
    path = first_difference(chosen.expected.value, chosen.actual.value, chosen.case)[0]
    sentence = _where_it_differs(key, chosen, comparisons)
    if chosen.expected.shapes != chosen.actual.shapes:
        sentence += parameter_shapes(chosen.expected, chosen.actual)
    return with_values(replace(verdict, rung="value", message=said(where, sentence)), chosen, path)


def at_place(key: ExerciseKey, chosen: Comparison, rung: str, found: tuple[Any, str], verdict: Diagnosis) -> Diagnosis:
    where = f"On {chosen.case.label}, " if chosen.case.label else ""
    spot = place(found[0], key.probe, chosen.case)
    sentence = f"{found[1]}."
    if spot:  # a part of what is returned
        sentence = (
            f"{spot}: {sentence.replace('it returns', 'it is', 1).replace(': perhaps a `return` is missing', '')}"
        )
    return replace(verdict, rung=rung, message=said(where, sentence))


def _explained(comparisons: list[Comparison], search: Callable[..., Any]) -> Any:
    """What ``search`` finds over the values of all cases that came to an end."""
    columns = [
        (comparison.expected.value, comparison.actual.value, comparison.case)
        for comparison in comparisons
        if comparison.returned
    ]
    return search(*(list(column) for column in zip(*columns, strict=True))) if columns else None


def _shape_story(path: Any, comparisons: list[Comparison]) -> str | None:
    """The slip that explains the shape of every failing case."""
    failing = [comparison for comparison in comparisons if comparison.failing]
    if not all(comparison.returned for comparison in failing):
        return None
    try:
        pairs = [(follow(each.expected.value, path), follow(each.actual.value, path)) for each in failing]
    except (IndexError, KeyError, TypeError, AttributeError):
        return None
    expected, actual = ([pair[side] for pair in pairs] for side in (0, 1))
    return shape_story(expected, actual, [comparison.case for comparison in failing])


def _where_it_differs(key: ExerciseKey, chosen: Comparison, comparisons: list[Comparison]) -> str:
    """Which numbers differ, and how the first of them stands beside what is expected."""
    path, right, wrong = first_difference(chosen.expected.value, chosen.actual.value, chosen.case)
    spot = place(path, key.probe, chosen.case)
    step = path[-1] if path else None
    if isinstance(right, bool):
        return f"{plain_difference(right, wrong, step)}."
    of_it = f"{spot}: " if spot else ""
    mask = wrong_numbers(right, wrong, chosen.case)
    wrongs = _wrong_numbers(path, comparisons)
    relation = wrongs.masks and related(
        list(zip(wrongs.rights, wrongs.wrongs, wrongs.cases, strict=True)), wrongs.masks
    )
    common = relation or shared(wrongs.masks, wrongs.rights, wrongs.wrongs)
    rest = f"; {common}" if common else ""
    rest += "; the other parts are right on every case" if _alone(path, comparisons) else ""
    if mask is None or mask.numel() == 1:
        subject = "it is not right, " if spot else "the result is not right: "
        return f"{of_it}{subject}{plain_difference(right, wrong, step)}{rest}."
    off, count = int(mask.sum()), mask.numel()
    if off == count:
        sentence = f"{of_it}none of the {count} numbers is right"
    else:
        sentence = f"{of_it}{off} of {count} numbers differ"
        name = region(wrongs.masks, wrongs.rights, wrongs.cases)
        sentence += f", {name if off > 1 else name.replace('all of them', 'the one')}" if name else ""
    return f"{sentence}{_first_wrong(right, wrong, mask)}{rest}."


def _alone(path: Any, comparisons: list[Comparison]) -> bool:
    """Whether what is returned has several parts, and on every failing case none but the one at ``path`` is wrong."""
    if not path:
        return False
    for comparison in comparisons:
        if not comparison.failing:
            continue
        parts = steps(comparison.expected.value, comparison.actual.value)
        if not comparison.returned or len(parts) < 2 or path[0] not in parts:
            return False
        for part in parts:
            pair = at(comparison.expected.value, part), at(comparison.actual.value, part)
            inner = (
                compare.narrow(comparison.case, part) if isinstance(part, str) else comparison.case
            ) or comparison.case
            if part != path[0] and compare.distance(*pair, inner) > 1:
                return False
    return True


@dataclass(frozen=True)
class _WrongNumbers:
    """The wrong numbers of every failing case: where they are, and the arrays they stand in."""

    masks: list[Tensor]
    rights: list[Tensor]
    wrongs: list[Tensor]
    cases: list[Case]


def _wrong_numbers(path: Any, comparisons: list[Comparison]) -> _WrongNumbers:
    """The wrong numbers at ``path`` in every failing case; none at all where a case fails in another way."""
    nothing = _WrongNumbers([], [], [], [])
    found = _WrongNumbers([], [], [], [])
    for comparison in comparisons:
        if not comparison.failing:
            continue
        try:
            parts = follow(comparison.expected.value, path), follow(comparison.actual.value, path)
        except (IndexError, KeyError, TypeError, AttributeError):
            return nothing
        mask = wrong_numbers(*parts, comparison.case) if comparison.returned else None
        right, wrong = map(as_numbers, parts)
        if mask is None or right is None or wrong is None:
            return nothing
        if mask.any():
            found.masks.append(mask)
            found.rights.append(right)
            found.wrongs.append(wrong)
            found.cases.append(comparison.case)
    return found


def _first_wrong(expected: Any, actual: Any, mask: Any) -> str:
    index = tuple(int(each) for each in mask.nonzero()[0])
    right, wrong = (
        value[index[0]] if isinstance(value, (list, tuple)) else value[index] for value in (expected, actual)
    )
    position = index[0] if len(index) == 1 else index
    expected, yours = told_apart(right, wrong)
    return f"; the first is at {position}, {expected} expected, {yours} yours"
