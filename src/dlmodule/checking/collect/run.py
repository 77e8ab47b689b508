"""Run an answer over an exercise's cases and write down what it does: cases + candidate -> evidence.

This is the only part of a check that runs beside a learner's code. It never decides anything.
"""

from __future__ import annotations

import copy
import functools
import inspect
from dataclasses import replace
from typing import Any

from dlmodule.checking import serialise
from dlmodule.checking.case import Case
from dlmodule.checking.collect import guard
from dlmodule.checking.collect.exceptions import describe
from dlmodule.checking.collect.output import caught
from dlmodule.checking.collect.permitted import without
from dlmodule.checking.collect.runners import Trial, trial_for
from dlmodule.checking.collect.values import as_data, changed_inputs, materialise
from dlmodule.checking.compare import evidence_distance
from dlmodule.checking.evidence import Evidence, Outcome, Raised, form_of
from dlmodule.checking.probes import Probe

CALLED = ("call", "puzzle", "iterate")  # probes that hand a case's arguments to the answer as they are


def gather(candidate: Any, cases: list[Case], probe: Probe, *, limit: float = 5.0) -> list[Evidence]:
    """The evidence of ``candidate`` on every case; each gets ``limit`` seconds of processor time.

    After the first time-out the remaining cases are not run: they are marked as timed out too.
    """
    trial = trial_for(probe)
    evidence: list[Evidence] = []
    for case in cases:
        if evidence and evidence[-1].timed_out:
            evidence.append(Evidence(timed_out=True))
            continue
        with guard.undisturbed():
            evidence.append(_try(candidate, case, probe, trial, limit))
    return evidence


def repeats(candidate: Any, case: Case, probe: Probe, first: Evidence, *, limit: float = 5.0) -> bool:
    """Whether ``candidate`` does on ``case`` again what it did the first time: nothing is kept from call to call."""
    if not is_all_data(first.value):  # nothing but its type is known of it
        return True
    (again,) = gather(candidate, [case], probe, limit=limit)
    return evidence_distance(first, again, case) <= 1


def is_all_data(value: Any) -> bool:
    """Whether all of a value is known: nothing of it but its type is where an object of a learner's class stands."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return not isinstance(value, serialise.Opaque) and all(map(is_all_data, items))


def reference(candidate: Any, cases: list[Case], probe: Probe, *, limit: float = 60.0) -> list[Evidence]:
    """The evidence a key keeps of the solution: as ``gather``, with closed forms in place of recorded values."""
    evidence = gather(candidate, cases, probe, limit=limit)
    return [
        replace(
            recorded,
            outcomes=tuple(replace(outcome, value=case.expected) for outcome in recorded.outcomes)
            or (Outcome(case.expected),),
        )
        if case.has_expected
        else recorded
        for recorded, case in zip(evidence, cases, strict=True)
    ]


def _try(candidate: Any, case: Case, probe: Probe, trial: Trial, limit: float) -> Evidence:
    args, kwargs = materialise(case.args), materialise(case.kwargs)
    before = copy.deepcopy((args, kwargs)) if probe.name in ("call", "iterate", "sample") else None
    returned: list[Any] = []
    watched = without(candidate, probe.options.get("forbidden", {}))
    watched = _noting(watched, returned) if probe.name in ("custom", "vjp") else watched
    state = guard.torch_state()
    guard.seed_all(case.seed)
    raised: Raised | None = None
    evidence = Evidence()
    timed_out = False

    def tried() -> Evidence:
        evidence = trial(watched, case, args, kwargs, probe.options)
        # Evidence is data from here on: nothing of a learner's class goes further.
        outcomes = tuple(replace(outcome, value=as_data(outcome.value)) for outcome in evidence.outcomes)
        return replace(evidence, outcomes=outcomes)

    with caught() as shown:
        try:
            evidence = guard.within(limit, tried)
        except guard.TimeUp:
            timed_out = True
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a learner's code may raise anything, SystemExit included
            raised = describe(error)
        changed_state = guard.restore_torch_state(state)
    changed = changed_inputs(candidate, before, (args, kwargs)) if before is not None else ()
    return replace(
        Evidence() if raised or timed_out else evidence,
        raised=raised,
        timed_out=timed_out,
        changed_inputs=changed if not (raised or timed_out) else (),
        changed_state=changed_state if not timed_out else (),
        returned=returned[0] if returned else None,
        shown=tuple(shown),
    )


def _noting(candidate: Any, returned: list[Any]) -> Any:
    """``candidate`` as a probe that looks into its result calls it, the form of what it first returns noted in ``returned``."""
    if inspect.isclass(candidate) or not inspect.isroutine(candidate):
        return candidate

    @functools.wraps(candidate)
    def noted(*args: Any, **kwargs: Any) -> Any:
        value = candidate(*args, **kwargs)
        if not returned:
            returned.append(form_of(value))
        return value

    return noted
