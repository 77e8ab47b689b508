"""Deciding: from what the sandbox sent to a mark for each exercise. Runs where no learner's code ever was.

What is sent can be forged by the code that was run. So it is read strictly, it can only ever state what an answer returned, and the
same ``decide`` that a notebook uses compares that with the key, which stays here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coursekit.marking.assessment import Task
from dlmodule.errors import DLModuleError

if TYPE_CHECKING:
    from dlmodule.checking.evidence import Evidence
    from dlmodule.checking.key import ExerciseKey

RIGHT, WRONG, NOT_STARTED, COULD_NOT_CHECK = (
    "right",
    "wrong",
    "not started",
    "could not check",
)  # as in dlmodule's diagnosis
SCORED, TO_BE_MARKED, MARKED = (
    "scored",
    "to be marked",
    "marked",
)  # a file; a written answer before and after a person read it
LONGEST = 400  # characters of a message; `describe` cuts there, a forger may not


@dataclass(frozen=True)
class ExerciseMark:
    """The mark of one exercise and why. passed: how many of its ``cases`` were right. message never quotes a hidden case.

    by_dtype: it is wrong in a way that float64 input may be the cause of, as a check sees it. answer: the digest of a written one.
    """

    exercise: str
    status: str
    marks: float
    of: float
    passed: int
    cases: int
    message: str
    mistake: str = ""
    by_dtype: bool = False
    answer: str = ""


REASONS = {
    "time": "It ran for too long and was stopped.",
    "processor": "It took more processor time than there is and was stopped.",
    "memory": "It took more memory than there is and was stopped.",
    "sent": "It returned more data than can be looked at and was stopped.",
    "killed": "It was killed each time it was tried.",
    "lost": "The sandbox ended each time it was tried.",
}


def mark_of(task: Task, data: bytes | None, reason: str = "") -> ExerciseMark:
    """The mark for what the sandbox sent of ``task``; ``reason``: why it was stopped, where ``data`` is None."""
    from dlmodule.checking import serialise
    from dlmodule.checking.decide.decide import decide
    from dlmodule.checking.decide.precision import but_for_dtype, may_be_by_dtype

    if data is None:
        return _mark(task, WRONG, 0, REASONS.get(reason, "Python itself ended while it ran (a crash, or `os._exit`)."))
    try:
        sent = serialise.from_bytes(data, task.name)
        evidence = [_strict(item) for item in sent["evidence"]] if "evidence" in sent else None
        form, type_name = str(sent["form"]), str(sent["type"])[:80]
    except (DLModuleError, KeyError, TypeError, ValueError, AttributeError):
        return _mark(task, COULD_NOT_CHECK, 0, "What it sent back could not be read; a person should look at it.")
    if evidence is None:
        return _without_evidence(task, form, type_name)
    if len(evidence) != len(task.key.cases):
        return _mark(task, COULD_NOT_CHECK, 0, "It did not answer every case; a person should look at it.")
    try:
        diagnosis = decide(task.key, evidence)
        by_dtype = diagnosis.status == WRONG and may_be_by_dtype(task.key, evidence, diagnosis)
        diagnosis = but_for_dtype(task.key, evidence, diagnosis) if by_dtype else diagnosis
        passed = len(evidence) if diagnosis.right else _passed(task.key, evidence)
    except (
        Exception
    ) as error:  # forged evidence may break what compares it; that costs its author the mark and nobody else
        return _mark(
            task, COULD_NOT_CHECK, 0, f"It could not be compared ({type(error).__name__}); a person should look at it."
        )
    specific = diagnosis.mistake or diagnosis.status != WRONG or diagnosis.rung == "transformation"
    message = diagnosis.message if specific else _hidden(diagnosis.rung, passed, len(evidence))
    return replace(
        _mark(task, diagnosis.status, passed, message, diagnosis.mistake or ""),
        by_dtype=by_dtype and not diagnosis.right,
    )


def unread(task: Task) -> ExerciseMark:
    """The mark of an exercise in a file that cannot be read."""
    return _mark(task, COULD_NOT_CHECK, 0, "The file could not be read.")


def _mark(task: Task, status: str, passed: int, message: str, mistake: str = "") -> ExerciseMark:
    cases = len(task.key.cases)
    partly = max(task.partial * passed / cases, task.shares.get(mistake, 0.0)) if status == WRONG else 0.0
    share = 1.0 if status == RIGHT else partly
    return ExerciseMark(task.name, status, round(task.marks * share, 2), task.marks, passed, cases, message, mistake)


def _without_evidence(task: Task, form: str, type_name: str) -> ExerciseMark:
    name, kind = task.name, task.key.kind
    if form == "missing":
        return _mark(task, NOT_STARTED, 0, f"The notebook defines no `{name}`.")
    if form == "placeholder" or (form == "failed" and type_name == "NotImplementedError"):
        return _mark(task, NOT_STARTED, 0, f"`{name}` is not written yet.")
    if form == "failed":
        return _mark(task, WRONG, 0, f"What `{name}` needs stops with {type_name}.")
    if form == "late":
        return _mark(task, WRONG, 0, f"What `{name}` needs runs for too long.")
    return _mark(
        task,
        WRONG,
        0,
        f"`{name}` is {'a class' if form == 'class' else 'an object of another kind'}; a {kind} is asked for.",
    )


def _passed(key: ExerciseKey, evidence: list[Evidence]) -> int:
    """On how many cases alone the answer is right."""
    from dlmodule.checking.decide.decide import decide

    alone = (
        (replace(key, cases=[case], right=[right], mistakes=[], starter=None), [item])
        for case, right, item in zip(key.cases, key.right, evidence, strict=True)
    )
    return sum(decide(each, found).right for each, found in alone)


def _hidden(rung: str, passed: int, cases: int) -> str:
    """What a learner is told where the full diagnosis would quote a hidden case."""
    said = {
        "raised": "It stops with an error", "time": "It runs for too long", "type": "It returns another kind of thing",
        "shape": "The result has another shape", "dtype": "The result has another dtype", "gradient": "The gradient is lost",
        "nan": "The result is not finite", "in place": "It changes its input",
    }  # fmt: skip
    return f"{said.get(rung, 'The result is not right')} on {cases - passed} of {cases} cases."


def _strict(data: Any) -> Evidence:
    """Evidence of exactly the form that a probe makes. ValueError for anything else."""
    from dlmodule.checking.evidence import Evidence, Outcome, Raised

    evidence = Evidence.from_data(data)
    raised = evidence.raised
    if raised is not None:
        if not isinstance(raised, Raised) or not all(
            isinstance(text, str) for text in (raised.type, raised.message, raised.where)
        ):
            raise ValueError("an exception of another form")
        evidence = replace(
            evidence, raised=replace(raised, type=raised.type[:80], message=raised.message[:LONGEST], lines=())
        )
    counts = evidence.counts
    if not isinstance(counts, dict) or not all(
        isinstance(key, str) and isinstance(value, int) for key, value in counts.items()
    ):
        raise ValueError("counts of another form")
    for names in (evidence.changed_inputs, evidence.changed_state, evidence.shapes):
        if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
            raise ValueError("names of another form")
    if not isinstance(evidence.timed_out, bool) or not all(
        isinstance(outcome, Outcome) for outcome in evidence.outcomes
    ):
        raise ValueError("outcomes of another form")
    return evidence
