"""Trying a submission's answers on the cases: what each did, as bytes. It knows inputs only, and judges nothing."""

from __future__ import annotations

import _thread
import inspect
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coursekit.marking.inside.answers import MISSING, Answers
from dlmodule.checking import serialise
from dlmodule.checking.case import Case
from dlmodule.checking.collect import guard
from dlmodule.checking.collect.exceptions import describe
from dlmodule.checking.collect.run import gather
from dlmodule.checking.probes import Probe

WATCHER = "time-limit"  # what `guard` calls its threads
TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
PATIENCE = 50  # looks, a millisecond apart, until a thread that is about to end counts as one that stays


@dataclass(frozen=True)
class Trial:
    """What is tried of one exercise: the inputs of its cases, how, and for how long (seconds a case)."""

    name: str
    kind: str
    probe: Probe
    cases: list[Case]
    limit: float


def trials(data: list[dict[str, Any]]) -> list[Trial]:
    """The trials that the marker sent."""
    return [
        Trial(
            item["name"], item["kind"], Probe(**item["probe"]), [_case(case) for case in item["cases"]], item["limit"]
        )
        for item in data
    ]


def try_all(
    cells: Sequence[str],
    wanted: Sequence[int],
    every: Sequence[Trial],
    send: Callable[[int, bytes], None],
    instead: Mapping[str, str],
) -> None:
    """Try the exercises ``wanted`` (numbers in ``every``) of a notebook, and ``send`` what each did as soon as it is known.

    Ends early after one that leaves something running or writes into a module: the others are tried where it cannot disturb them.
    """
    answers = Answers(cells, instead)
    for number in wanted:
        send(number, serialise.to_bytes(_try(answers, every[number])))
        if answers.reach_out() or _somebody_stays():
            return


def _somebody_stays() -> bool:
    """Whether a thread of an answer still runs, or a timer of the system; threads of time limits are just ending."""
    if any(left for timer in TIMERS for left in signal.getitimer(timer)):
        return True
    for _ in range(PATIENCE):
        limits = sum(thread.name == WATCHER for thread in threading.enumerate())
        if _thread._count() <= limits:
            return False
        time.sleep(0.001)
    return True


def _try(answers: Answers, trial: Trial) -> dict[str, Any]:
    """form: what was found under the name: "missing", "placeholder", "failed", "class", "callable" or "value"."""
    try:
        with guard.undisturbed():
            candidate = guard.within(4 * trial.limit, lambda: answers.named(trial.name))
    except guard.TimeUp:
        return {"form": "late", "type": "", "broken": answers.broken[:20]}
    except (Exception, SystemExit) as error:
        raised = describe(error)
        return {"form": "failed", "type": raised.type, "message": raised.message, "lines": list(raised.lines)}
    form = _form(candidate)
    found: dict[str, Any] = {"form": form, "type": type(candidate).__name__[:80], "broken": answers.broken[:20]}
    right_kind = {"function": ("callable",), "class": ("class", "callable"), "value": ("class", "callable", "value")}
    if form in right_kind[trial.kind]:
        found["evidence"] = [item.to_data() for item in gather(candidate, trial.cases, trial.probe, limit=trial.limit)]
    return found


def _form(candidate: Any) -> str:
    if candidate is MISSING:
        return "missing"
    if candidate is ...:
        return "placeholder"
    if inspect.isclass(candidate):
        return "class"
    return "callable" if callable(candidate) else "value"


def _case(data: dict[str, Any]) -> Case:
    case = Case(*data["args"], **data["kwargs"])
    for name, value in data.items():
        object.__setattr__(case, name, value)
    return case
