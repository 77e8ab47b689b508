"""Run an answer over an exercise's cases and write down what it does: cases + candidate -> evidence.

This is the only part of a check that runs beside a learner's code. It never decides anything.
"""

from __future__ import annotations

import copy
import inspect
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking import serialise
from dlmodule.checking.collect import guard
from dlmodule.checking.collect.runners import Trial, trial_for
from dlmodule.checking.compare import distance
from dlmodule.checking.evidence import Evidence, Outcome, Raised
from dlmodule.checking.exercise import Case, Given
from dlmodule.checking.probes import Probe

# Code below these folders is a library's, not the learner's.
LIBRARIES = (
    *(str(Path(module.__file__).parent) for module in (torch, np, inspect) if module.__file__),
    str(Path(__file__).parents[1]),
    f"{sys.prefix}/lib",
    "<frozen",
    "<__array_function__",
)


def gather(candidate: Any, cases: list[Case], probe: Probe, *, limit: float = 5.0) -> list[Evidence]:
    """The evidence of ``candidate`` on every case; each gets ``limit`` seconds.

    After the first time-out the remaining cases are not run: they are marked as timed out too.
    """
    trial = trial_for(probe)
    seen: list[Evidence] = []
    for case in cases:
        if seen and seen[-1].timed_out:
            seen.append(Evidence(timed_out=True))
            continue
        with guard.undisturbed():
            seen.append(_one(candidate, case, probe, trial, limit))
    return seen


def reference(candidate: Any, cases: list[Case], probe: Probe, *, limit: float = 60.0) -> list[Evidence]:
    """The evidence a key keeps of the solution: as ``gather``, with closed forms in place of recorded values."""
    seen = gather(candidate, cases, probe, limit=limit)
    return [
        replace(
            one,
            outcomes=tuple(replace(view, value=case.expected) for view in one.outcomes) or (Outcome(case.expected),),
        )
        if case.has_expected
        else one
        for one, case in zip(seen, cases, strict=True)
    ]


def _one(candidate: Any, case: Case, probe: Probe, trial: Trial, limit: float) -> Evidence:
    args, kwargs = materialise(case.args), materialise(case.kwargs)
    before = copy.deepcopy((args, kwargs)) if probe.name in ("call", "iterate", "sample") else None
    state = guard.torch_state()
    guard.seed_all(case.seed)
    raised: Raised | None = None
    seen = Evidence()
    timed_out = False
    try:
        with guard.time_limit(limit):
            seen = trial(candidate, case, args, kwargs, probe.options)
            # Evidence is data from here on: nothing of a learner's class goes further.
            outcomes = tuple(replace(view, value=as_data(view.value)) for view in seen.outcomes)
        seen = replace(seen, outcomes=outcomes)
    except guard.TimeUp:
        timed_out = True
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a learner's code may raise anything, SystemExit included
        raised = describe(error)
    changed_state = guard.restore_torch_state(state)
    changed = changed_inputs(candidate, before, (args, kwargs)) if before is not None else ()
    return replace(
        Evidence() if raised or timed_out else seen,
        raised=raised,
        timed_out=timed_out,
        changed_inputs=changed if not (raised or timed_out) else (),
        changed_state=changed_state if not timed_out else (),
    )


def materialise(given: Any) -> Any:
    """A fresh copy of a case's arguments, with every ``Given`` evaluated."""
    if isinstance(given, Given):
        torch.manual_seed(given.seed)
        scope = {
            "torch": torch,
            "nn": torch.nn,
            "F": torch.nn.functional,
            "np": np,
            "math": __import__("math"),
        }
        return eval(given.source, scope)
    if isinstance(given, Tensor):
        return given.clone()
    if isinstance(given, np.ndarray):
        return given.copy()
    if isinstance(given, (list, tuple)):
        return type(given)(materialise(item) for item in given)
    if isinstance(given, dict):
        return {key: materialise(item) for key, item in given.items()}
    return given


def as_data(value: Any) -> Any:
    """``value`` detached from the code that made it: what is not data becomes ``Opaque``."""
    packed, tensors = serialise.pack(value)
    return serialise.unpack(packed, tensors)


def changed_inputs(candidate: Any, before: Any, after: Any) -> tuple[str, ...]:
    """The names of the arguments that are no longer what they were."""
    (args, kwargs), (new_args, new_kwargs) = before, after
    pairs = [(name, old, new_kwargs[name]) for name, old in kwargs.items()]
    names = parameter_names(candidate, len(args))
    pairs = [*zip(names, args, new_args, strict=True), *pairs]
    return tuple(name for name, old, new in pairs if _is_data(old) and not _same(old, new))


def parameter_names(candidate: Any, count: int) -> list[str]:
    """What the answer calls its first ``count`` positional arguments."""
    try:
        named = [
            parameter.name
            for parameter in inspect.signature(candidate).parameters.values()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        named = []
    return [named[index] if index < len(named) else f"argument {index + 1}" for index in range(count)]


def describe(error: BaseException) -> Raised:
    """An exception as data, its traceback trimmed to the lines the learner wrote."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(LIBRARIES)]
    where = ""
    step = error.__traceback__
    while step is not None:
        if not step.tb_frame.f_code.co_filename.startswith(LIBRARIES):
            where = getattr(step.tb_frame.f_code, "co_qualname", step.tb_frame.f_code.co_name)
        step = step.tb_next
    message = " ".join(str(error).split())
    lines = tuple(f"line {frame.lineno}, in {frame.name}: {(frame.line or '').strip()}" for frame in own[-4:])
    return Raised(type(error).__name__, message[:400], where, lines)


def _is_data(thing: Any) -> bool:
    return isinstance(thing, (Tensor, np.ndarray, list, dict, set))


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, Tensor) and isinstance(new, Tensor):
        return (
            old.shape == new.shape
            and old.dtype == new.dtype
            and bool(((old == new) | ((old != old) & (new != new))).all())
        )
    return distance(as_data(old), as_data(new)) <= 1
