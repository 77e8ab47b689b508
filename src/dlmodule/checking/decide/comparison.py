"""One case looked at: what is expected on it beside what an answer did, and how a diagnosis speaks of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from dlmodule.checking import compare
from dlmodule.checking.case import Case
from dlmodule.checking.decide.differences import first_difference
from dlmodule.checking.decide.words import follow
from dlmodule.checking.diagnosis import Diagnosis
from dlmodule.checking.evidence import Evidence
from dlmodule.checking.key import ExerciseKey


@dataclass(frozen=True)
class Comparison:
    """One case: what is expected on it, and what the answer did."""

    case: Case
    expected: Evidence
    actual: Evidence
    failing: bool

    @property
    def returned(self) -> bool:
        """Whether both came to an end with a value."""
        ends = (self.expected, self.actual)
        return not any(evidence.raised or evidence.timed_out for evidence in ends)

    @property
    def values_differ(self) -> bool:
        """Whether it is the values, rather than gradients or counts, that are wrong."""
        return self.returned and compare.distance(self.expected.value, self.actual.value, self.case) > 1


def comparisons_of(key: ExerciseKey, evidence: list[Evidence]) -> list[Comparison]:
    """Every case, under the view in which the fewest fail."""

    def under(view: int) -> list[Comparison]:
        return [
            Comparison(
                case,
                _seen_in(expected, view),
                _seen_in(actual, view),
                compare.evidence_distance(expected, actual, case, view=view) > 1,
            )
            for case, expected, actual in zip(key.cases, key.right, evidence, strict=True)
        ]

    every = [under(view) for view in range(compare.views(key.right, evidence))]
    return min(every, key=lambda comparisons: sum(comparison.failing for comparison in comparisons))


def _seen_in(evidence: Evidence, view: int) -> Evidence:
    return replace(evidence, outcomes=(compare.pick(evidence, view),)) if evidence.outcomes else evidence


def with_values(verdict: Diagnosis, chosen: Comparison, path: Any = None) -> Diagnosis:
    """The diagnosis with the two values, or the parts of them at ``path``, beside each other."""
    label = chosen.case.label
    if path is None:
        _, expected, actual = first_difference(chosen.expected.value, chosen.actual.value, chosen.case)
    else:
        expected, actual = follow(chosen.expected.value, path), follow(chosen.actual.value, path)
    if isinstance(expected, bool):  # said in words
        return replace(verdict, case=label)
    return replace(verdict, case=label, expected=expected, got=actual)


def said(where: str, sentence: str) -> str:
    """The sentence, led by the input it speaks of."""
    return where + lower_first(sentence) if where else sentence[0].upper() + sentence[1:]


def lower_first(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
