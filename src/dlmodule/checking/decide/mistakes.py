"""Whether an answer is a named mistake: on every case, or on all but an edge case."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dlmodule.checking import compare
from dlmodule.checking.case import Case
from dlmodule.checking.decide import transformations
from dlmodule.checking.decide.comparison import Comparison, with_values
from dlmodule.checking.decide.differences import as_array, first_difference
from dlmodule.checking.decide.words import at, follow, steps
from dlmodule.checking.diagnosis import Diagnosis
from dlmodule.checking.evidence import Evidence
from dlmodule.checking.key import ExerciseKey


def named_mistake(
    key: ExerciseKey, evidence: list[Evidence], comparisons: list[Comparison], verdict: Diagnosis
) -> Diagnosis | None:
    for mistake in key.mistakes:
        if compare.run_distance(mistake.evidence, evidence, key.cases, exact_message=True) <= 1:
            found = replace(verdict, rung="mistake", mistake=mistake.name, message=mistake.sentence)
            failing = next((comparison for comparison in comparisons if comparison.failing), None)
            return with_values(found, failing) if failing and failing.returned else found
    return None


def near_miss(key: ExerciseKey, comparisons: list[Comparison], verdict: Diagnosis) -> Diagnosis | None:
    """The one named mistake that, by its values, explains every failing case, and is contradicted by at most one that is right.

    Only numbers that hardly come about twice count as a match: facts and counts are shared by mistakes of many kinds.
    """
    found: list[tuple[str, str, str]] = []
    for mistake in key.mistakes:
        matches = [
            _same_values(recorded, comparison.actual, comparison.case)
            for recorded, comparison in zip(mistake.evidence, comparisons, strict=True)
        ]
        pairs = list(zip(matches, comparisons, strict=True))
        telling = [matched for matched, comparison in pairs if comparison.values_differ and _is_telling(comparison)]
        unmatched = [comparison for matched, comparison in pairs if not matched]
        if sum(telling) < 2 or len(unmatched) > 1 or any(comparison.failing for comparison in unmatched):
            continue
        but = f" but on {unmatched[0].case.label}" if unmatched and unmatched[0].case.label else ""
        exception = " but on one case" if unmatched and not but else but
        found.append((mistake.name, mistake.sentence, exception))
    if len(found) != 1:
        return None
    name, sentence, exception = found[0]
    first = next(comparison for comparison in comparisons if comparison.values_differ)
    message = f"It looks like this{exception}: {sentence}"
    return with_values(replace(verdict, rung="near miss", mistake=name, message=message), first)


def variant(key: ExerciseKey, comparisons: list[Comparison], verdict: Diagnosis) -> Diagnosis | None:
    """The change of an argument under which the right answer gives exactly what came back, on every case."""
    differing = [comparison for comparison in comparisons if comparison.values_differ]
    if not all(comparison.returned or not comparison.failing for comparison in comparisons) or not _convincing(
        differing
    ):
        return None
    for each in key.variants:
        if all(
            _same_values(recorded, comparison.actual, comparison.case)
            for recorded, comparison in zip(each.evidence, comparisons, strict=True)
            if comparison.returned
        ):
            return with_values(replace(verdict, rung="variant", message=each.sentence), differing[0])
    return None


def _convincing(differing: list[Comparison]) -> bool:
    """Whether what came back hardly comes about by another way: several numbers, a telling one, or others on every case."""
    found = [set(_wrong_numbers(comparison)) for comparison in differing]
    if any(len(numbers) > 2 or any(map(transformations.is_particular, numbers)) for numbers in found):
        return True
    return len(set(map(frozenset, found))) >= 2


def _wrong_numbers(comparison: Comparison) -> Iterator[float]:
    """The numbers of what came back; of what a probe states under names, those that are wrong."""
    expected, actual = comparison.expected.value, comparison.actual.value
    if not isinstance(expected, dict):
        yield from _numbers(actual)
        return
    for step in steps(expected, actual):
        narrowed = (
            compare.narrow(comparison.case, step) if isinstance(step, str) else comparison.case
        ) or comparison.case
        if compare.distance(at(expected, step), at(actual, step), narrowed) > 1:
            yield from _numbers(at(actual, step))


def _numbers(value: Any) -> Iterator[float]:
    """All numbers in nested containers and arrays; facts are none."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else None
    if items is not None:
        for item in items:
            yield from _numbers(item)
    elif (array := as_array(value)) is not None:
        yield from filter(math.isfinite, array.flatten().tolist())


def _is_telling(comparison: Comparison) -> bool:
    """Whether the numbers that differ are ones that hardly come about by another way of computing."""
    path = first_difference(comparison.expected.value, comparison.actual.value, comparison.case)[0]
    array = as_array(follow(comparison.actual.value, path))
    return array is not None and (
        len(set(array.flatten().tolist())) > 2 or transformations.is_particular(float(array.flatten()[0]))
    )


def _same_values(recorded: Evidence, actual: Evidence, case: Case) -> bool:
    ended = not any(evidence.raised or evidence.timed_out for evidence in (recorded, actual))
    return ended and any(compare.distance(outcome.value, actual.value, case) <= 1 for outcome in recorded.outcomes)
