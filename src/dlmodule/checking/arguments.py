"""Arguments that an answer makes no use of: those whose change changes nothing, and those that its code never reads."""

from __future__ import annotations

import dis
import types
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dlmodule.checking import compare
from dlmodule.checking.collect.run import gather, is_all_data
from dlmodule.checking.diagnosis import Diagnosis
from dlmodule.checking.evidence import Evidence
from dlmodule.checking.key import Effect, ExerciseKey
from dlmodule.checking.naming import codes

GENERAL = ("value", "shape")  # reasons that say what differs, not why


def with_idle_argument(key: ExerciseKey, candidate: Any, evidence: list[Evidence], diagnosis: Diagnosis) -> Diagnosis:
    """Add which argument changes nothing in what comes back, and should, where the diagnosis says what differs but not why."""
    if diagnosis.rung not in GENERAL:
        return diagnosis
    idle = [effect for effect in key.effects if _has_none(key, candidate, evidence, effect)]
    if not idle:
        return diagnosis
    if len(idle) == len(key.effects) > 1 and key.probe.name != "custom":  # which may hand on more than has a name
        said = "None of its arguments has an effect on the result."
    else:
        names = " and ".join(_quoted(effect.argument) for effect in idle)
        where = f" on {key.cases[idle[0].index].label}" if key.cases[idle[0].index].label else ""
        said = f"{names} {'has' if len(idle) == 1 else 'have'} no effect{where}: with {idle[0].words}, the result stays what it was."
        said = said[0].upper() + said[1:]
    return replace(diagnosis, message=f"{diagnosis.message} {said}", rung="no effect")


def _quoted(argument: str) -> str:
    """A name as code; what is called by other words, as they are."""
    return f"`{argument}`" if argument.isidentifier() else argument


def _has_none(key: ExerciseKey, candidate: Any, evidence: list[Evidence], effect: Effect) -> bool:
    """Whether the answer gives the same with and without a change that must show."""
    first = evidence[effect.index]
    if first.raised or first.timed_out or not is_all_data(first.value):
        return False
    (again,) = gather(candidate, [effect.case], key.probe, limit=key.limit)
    return compare.evidence_distance(first, again, effect.case) <= 1


def with_unused_argument(candidate: Any, diagnosis: Diagnosis) -> Diagnosis:
    """Add which argument the code never reads, where the diagnosis says what differs but not why."""
    unused = list(unused_arguments(candidate)) if diagnosis.rung in GENERAL else []
    if not unused:
        return diagnosis
    names = " and ".join(f"`{name}`" for name in unused)
    message = f"{diagnosis.message} Its {'argument' if len(unused) == 1 else 'arguments'} {names} {'is' if len(unused) == 1 else 'are'} never used."
    return replace(diagnosis, message=message)


def unused_arguments(candidate: Any) -> Iterator[str]:
    """The arguments of a function that its code never reads; a leading underscore says that one is not needed."""
    if not isinstance(candidate, types.FunctionType):
        return
    code = candidate.__code__
    named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    read = {instruction.argval for each in codes(code) for instruction in dis.get_instructions(each)}
    for name in named:
        if name not in read and name not in code.co_cellvars and not name.startswith("_"):
            yield name
