"""Marking one submission: its notebook is read, tried in the sandbox, and decided outside.

A task that builds on another is tried once more with a right answer to that one, where the learner's is not right: an error costs
its own marks and not those of what comes after it. (The right answer enters the sandbox only then, in a run that can earn nothing
for the task it answers.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from coursekit.marking.assessment import Assessment
from coursekit.marking.deciding import NOT_STARTED, RIGHT, TO_BE_MARKED, WRONG, ExerciseMark, mark_of, unread
from coursekit.marking.sandbox import Ran, Sandbox, SandboxLost
from coursekit.marking.scoring import score
from coursekit.marking.submission import Submission, Unreadable, cells_of, code_cells
from dlmodule.coursework.forgotten import answers

# How often an exercise is tried whose sandbox is lost or whose child is killed each time: one kill by somebody else must never cost
# a mark, and its own code may have sent signal 9 to the child.
TRIES = {"lost": 6, "killed": 3}


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
        cells, notebook = code_cells(submission.content), cells_of(submission.content)
    except Unreadable as problem:
        files = [score(file, submission.files.get(f"{file.asked.name}.safetensors")) for file in assessment.files]
        unmarked = [*map(unread, assessment.tasks), *files, *_written(assessment, {})]
        return Marked(submission.digest, tuple(unmarked), str(problem))
    tried = _Trying(assessment, cells, sandbox)
    marks = tried.marks(range(len(assessment.tasks)))
    for number, instead in _building_on_wrong_ones(assessment, marks):
        again = tried.marks([number], instead)[0]
        if again.marks > marks[number].marks or again.status == NOT_STARTED:
            names = " and ".join(f"`{name}`" for name in instead)
            said = (
                again.message if again.status == NOT_STARTED else f"With a right {names} in its place: {again.message}"
            )
            marks[number] = replace(again, message=said)
    marks = _best_of_choices(assessment, marks)
    marks += [score(file, submission.files.get(f"{file.asked.name}.safetensors")) for file in assessment.files]
    marks += _written(assessment, answers(notebook))
    return Marked(submission.digest, tuple(marks), seconds=tried.seconds)


class _Trying:
    """Trials of one notebook in the sandbox, and the marks for them."""

    def __init__(self, assessment: Assessment, cells: list[str], sandbox: Sandbox) -> None:
        self.assessment, self.cells, self.sandbox, self.seconds = assessment, cells, sandbox, 0.0

    def marks(self, numbers: Sequence[int], instead: Mapping[str, str] | None = None) -> list[ExerciseMark]:
        """The marks of these tasks; one that is wrong and may be right in float32 is tried in it too."""
        tasks = self.assessment.tasks
        found = self._evidence(numbers, instead)
        marks = {number: mark_of(tasks[number], *found.of(number)) for number in numbers}
        again = _in_float32(self.assessment, marks)
        if again:
            rounded = self._evidence(list(again.values()), instead)
            for number, trial in again.items():
                task = replace(tasks[number], key=self.assessment.trials[trial])
                second = mark_of(task, *rounded.of(trial))
                marks[number] = second if second.status == RIGHT else marks[number]
        return [marks[number] for number in numbers]

    def _evidence(self, trials: Iterable[int], instead: Mapping[str, str] | None) -> _Collected:
        collected = _collect(self.cells, self.sandbox, trials, instead)
        self.seconds += collected.seconds
        return collected


def _building_on_wrong_ones(
    assessment: Assessment, marks: Sequence[ExerciseMark]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The tasks that are wrong and build on one that is not right, each with the references that take its place."""
    right = {mark.exercise for mark in marks if mark.status == RIGHT}
    for number, task in enumerate(assessment.tasks):
        instead = {name: assessment.references[name] for name in task.after if name not in right}
        if instead and marks[number].status == WRONG:
            yield number, instead


def _best_of_choices(assessment: Assessment, marks: list[ExerciseMark]) -> list[ExerciseMark]:
    """Of tasks that are a choice the best counts, and the others are worth nothing."""
    best: dict[str, int] = {}
    for number, task in enumerate(assessment.tasks):
        if task.either and (task.either not in best or marks[number].marks > marks[best[task.either]].marks):
            best[task.either] = number
    return [
        replace(mark, marks=0.0, of=0.0, message=f"{mark.message} Your other choice counts.")
        if task.either and best[task.either] != number
        else mark
        for number, (task, mark) in enumerate(zip(assessment.tasks, marks, strict=True))
    ]


def _written(assessment: Assessment, found: Mapping[str, str]) -> list[ExerciseMark]:
    """Questions, to be marked by a person; an empty answer needs none."""
    return [
        ExerciseMark(question.id, TO_BE_MARKED, 0.0, question.marks, 0, 0, "", answer=answer_digest(text))
        if (text := found.get(question.id, ""))
        else ExerciseMark(question.id, NOT_STARTED, 0.0, question.marks, 0, 0, "No answer was written.")
        for question in assessment.questions
    ]


def answer_digest(text: str) -> str:
    """What a written answer is known by."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def _in_float32(assessment: Assessment, marks: Mapping[int, ExerciseMark]) -> dict[int, int]:
    """The tasks among ``marks`` that are wrong and may be right in float32, with the number of that trial."""
    able = [number for number, task in enumerate(assessment.tasks) if task.in_float32]
    trials = {number: len(assessment.tasks) + place for place, number in enumerate(able)}
    return {number: trials[number] for number in marks if number in trials and marks[number].by_dtype}


@dataclass(frozen=True)
class _Collected:
    """Evidence by trial, why the others have none, and the seconds it took."""

    evidence: dict[int, bytes]
    reasons: dict[int, str]
    seconds: float

    def of(self, trial: int) -> tuple[bytes | None, str]:
        return self.evidence.get(trial), self.reasons.get(trial, "")


def _collect(
    cells: list[str], sandbox: Sandbox, trials: Iterable[int], instead: Mapping[str, str] | None = None
) -> _Collected:
    """Try them; one that ends its child, by whatever means, costs only itself: those after it get another child.

    Only the first that a child tries can be known to have ended it. A later one may have met what an earlier one left behind (a
    timer, a full memory), so it is tried again as the first of another child; but one that ran for too long did that by itself.
    """
    evidence: dict[int, bytes] = {}
    reasons: dict[int, str] = {}
    seconds = 0.0
    waiting = list(trials)
    tried = 0  # how often the first of those that wait
    while waiting:
        first = waiting[0]
        try:
            ran = sandbox.run(cells, waiting, instead)
        except SandboxLost:
            ran = Ran({}, "lost", 0.0)
        tried += 1
        seconds += ran.seconds
        evidence |= {number: data for number, data in ran.evidence.items() if number in waiting}
        waiting = [number for number in waiting if number not in evidence]
        at_fault = waiting and (waiting[0] == first or ran.reason == "time")
        if at_fault and tried < TRIES.get(ran.reason, 1):
            continue
        if at_fault:
            reasons[waiting.pop(0)] = ran.reason
        tried = 0
    return _Collected(evidence, reasons, seconds)
