"""Marking one submission: its notebook is read, tried in the sandbox, and decided outside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from coursekit.marking.assessment import Assessment
from coursekit.marking.deciding import RIGHT, ExerciseMark, mark_of, unread
from coursekit.marking.sandbox import Sandbox, SandboxLost
from coursekit.marking.submission import Submission, Unreadable, code_cells

TRIES = 6  # of an exercise whose sandbox is lost each time; one kill by somebody else must never cost a mark


@dataclass(frozen=True)
class Marked:
    """The marks of what has this digest. problem: why nothing in it could be marked, else ""; seconds in the sandbox."""

    digest: str
    exercises: tuple[ExerciseMark, ...]
    problem: str = ""
    seconds: float = 0.0

    @property
    def marks(self) -> float:
        """The sum of the exercises' marks."""
        return sum(mark.marks for mark in self.exercises)


def mark(assessment: Assessment, submission: Submission, sandbox: Sandbox) -> Marked:
    """Mark ``submission``; ``sandbox`` holds the assessment's ``trials``. Never raises for what a learner wrote."""
    try:
        if submission.problem:
            raise Unreadable(submission.problem)
        cells = code_cells(submission.content)
    except Unreadable as problem:
        return Marked(submission.digest, tuple(map(unread, assessment.tasks)), str(problem))
    collected = _collect(cells, sandbox, range(len(assessment.tasks)))
    marks = [mark_of(task, *collected.of(number)) for number, task in enumerate(assessment.tasks)]
    again = _in_float32(assessment, marks)
    if again:
        rounded = _collect(cells, sandbox, list(again.values()))
        for number, trial in again.items():
            task = replace(assessment.tasks[number], key=assessment.trials[trial])
            second = mark_of(task, *rounded.of(trial))
            marks[number] = second if second.status == RIGHT else marks[number]
        collected = replace(collected, seconds=collected.seconds + rounded.seconds)
    return Marked(submission.digest, tuple(marks), seconds=collected.seconds)


def _in_float32(assessment: Assessment, marks: list[ExerciseMark]) -> dict[int, int]:
    """The exercises that are wrong and may be right in float32, with the number of that trial."""
    able = [number for number, task in enumerate(assessment.tasks) if task.in_float32]
    trials = {number: len(assessment.tasks) + place for place, number in enumerate(able)}
    return {number: trial for number, trial in trials.items() if marks[number].by_dtype}


@dataclass(frozen=True)
class _Collected:
    """Evidence by trial, why the others have none, and the seconds it took."""

    evidence: dict[int, bytes]
    reasons: dict[int, str]
    seconds: float

    def of(self, trial: int) -> tuple[bytes | None, str]:
        return self.evidence.get(trial), self.reasons.get(trial, "")


def _collect(cells: list[str], sandbox: Sandbox, trials: Iterable[int]) -> _Collected:
    """Try them; one that ends its child, by whatever means, costs only itself: those after it get another child."""
    evidence: dict[int, bytes] = {}
    reasons: dict[int, str] = {}
    seconds, lost = 0.0, 0
    waiting = list(trials)
    while waiting:
        try:
            ran = sandbox.run(cells, waiting)
        except SandboxLost:
            lost += 1
            if lost < TRIES:
                continue
            reasons[waiting.pop(0)] = "time"
            lost = 0
            continue
        seconds += ran.seconds
        evidence |= {number: data for number, data in ran.evidence.items() if number in waiting}
        waiting = [number for number in waiting if number not in evidence]
        if waiting:
            reasons[waiting.pop(0)] = ran.reason
    return _Collected(evidence, reasons, seconds)
