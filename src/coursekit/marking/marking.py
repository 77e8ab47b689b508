"""Marking one submission: its notebook is read, tried in the sandbox, and decided outside."""

from __future__ import annotations

from dataclasses import dataclass

from coursekit.marking.assessment import Assessment
from coursekit.marking.deciding import ExerciseMark, mark_of, unread
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
    """Mark ``submission``; ``sandbox`` holds the assessment's exercises, in order. Never raises for what a learner wrote."""
    try:
        if submission.problem:
            raise Unreadable(submission.problem)
        cells = code_cells(submission.content)
    except Unreadable as problem:
        return Marked(submission.digest, tuple(map(unread, assessment.tasks)), str(problem))
    evidence, reasons, seconds = _collect(cells, sandbox)
    marks = tuple(mark_of(task, evidence.get(n), reasons.get(n, "")) for n, task in enumerate(assessment.tasks))
    return Marked(submission.digest, marks, seconds=seconds)


def _collect(cells: list[str], sandbox: Sandbox) -> tuple[dict[int, bytes], dict[int, str], float]:
    """Evidence by exercise, why the others have none, and the seconds it took.

    An exercise that ends its child, by whatever means, costs only itself: those after it get another child.
    """
    evidence: dict[int, bytes] = {}
    reasons: dict[int, str] = {}
    seconds, lost = 0.0, 0
    waiting = list(range(sandbox.exercises))
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
    return evidence, reasons, seconds
