"""One case looked at: what is expected on it beside what an answer did, and how a diagnosis speaks of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from dlmodule.checking import compare
from dlmodule.checking.case import Case
from dlmodule.checking.decide.differences import first_difference
from dlmodule.checking.decide.words import follow
from dlmodule.checking.diagnosis import Diagnosis
from dlmodule.checking.evidence import Evidence
from dlmodule.checking.key import ExerciseKey
from dlmodule.checking.probes import Probe


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
                _as_told(case, key.probe),
                _seen_in(expected, view),
                _seen_in(actual, view),
                compare.evidence_distance(expected, actual, case, view=view) > 1,
            )
            for case, expected, actual in zip(key.cases, key.right, evidence, strict=True)
        ]

    every = [under(view) for view in range(compare.views(key.right, evidence))]
    return min(every, key=lambda comparisons: sum(comparison.failing for comparison in comparisons))


def _as_told(case: Case, probe: Probe) -> Case:
    """The case with what the answer is given: a probe of its own may make that itself, and the case's arguments are then its own affair.

    Words such as "the second argument" would name what a learner has never seen.
    """
    if probe.name != "custom":
        return case
    args = case.args if "(*case.args" in probe.source else ()
    kwargs = case.kwargs if "**case.kwargs" in probe.source else {}
    if case.atol is None and case.rtol is None:
        atol, rtol = compare.tolerance(
            torch.zeros((), dtype=torch.float64), case
        )  # fewer digits where an argument has fewer
        case = case if (atol, rtol) == compare.DEFAULTS[torch.float64] else case.within(atol=atol, rtol=rtol)
    return case._with(args=args, kwargs=kwargs)


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
