"""An assessment as marking needs it: which exercises, with which keys, for how many marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coursekit.cache import digest_of
from coursekit.errors import CourseError
from dlmodule.errors import DLModuleError

if TYPE_CHECKING:
    from torch import Tensor

    from dlmodule.checking.key import ExerciseKey
    from dlmodule.coursework.given import Asked


@dataclass(frozen=True)
class Task:
    """One exercise and its marks. partial: the share of the marks that cases passed can earn while not all of them are.

    in_float32: the key on rounded input, for an answer that is right there, as a check lets it be; None where that counts for nothing.
    shares: of the marks, for an answer that makes just this mistake. after: earlier tasks that it builds on. either: the name of a
    choice; of the tasks with one name the best counts.
    """

    key: ExerciseKey
    marks: float = 1.0
    partial: float = 0.0
    in_float32: ExerciseKey | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    either: str = ""

    @property
    def name(self) -> str:
        """The exercise's name."""
        return self.key.name


@dataclass(frozen=True)
class File:
    """A tensor that is handed in. scale: (figure, marks), rising; score: what the figure is; truth: what it is compared with, if anything.

    like: the data set that samples are compared with.
    """

    asked: Asked
    title: str
    score: str
    scale: tuple[tuple[float, float], ...]
    truth: Tensor | None = None
    like: str = ""

    @property
    def marks(self) -> float:
        """The most that can be had."""
        return max(marks for _, marks in self.scale)


@dataclass(frozen=True)
class Question:
    """A question that a person marks. bands: marks and what they are for; scheme: what a right answer says, for the marker alone."""

    id: str
    title: str
    marks: float
    bands: tuple[tuple[float, str], ...]
    scheme: str = ""


@dataclass(frozen=True)
class Assessment:
    """What is marked. digest: of everything that its marks depend on, but for the submission and the machine.

    references: the code of right answers, by task, for those that build on them.
    """

    id: str
    tasks: tuple[Task, ...]
    digest: str
    files: tuple[File, ...] = ()
    questions: tuple[Question, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)

    @property
    def trials(self) -> list[ExerciseKey]:
        """What the sandbox is told to try, by number: the tasks, then those that can be tried in float32 too."""
        return [task.key for task in self.tasks] + [task.in_float32 for task in self.tasks if task.in_float32]

    @property
    def marks(self) -> float:
        """The most that can be had."""
        chosen = {task.either: task.marks for task in self.tasks if task.either}
        tasks = sum(task.marks for task in self.tasks if not task.either) + sum(chosen.values())
        return tasks + sum(file.marks for file in self.files) + sum(question.marks for question in self.questions)


def from_keys(
    id: str, keys: Sequence[ExerciseKey], marks: dict[str, float] | None = None, partial: float = 0.0
) -> Assessment:
    """An assessment of exercises with these keys; ``marks`` by name (default 1 each). Measured exercises train; they are left out."""
    from dlmodule.checking import serialise

    tasks = tuple(task_of(key, (marks or {}).get(key.name, 1.0), partial) for key in keys if key.bar is None)
    weights = [f"{task.name}={task.marks}*{task.partial}" for task in tasks]
    return Assessment(id, tasks, digest_of(id, *weights, *(serialise.to_bytes(task.key.to_data()) for task in tasks)))


def task_of(key: ExerciseKey, marks: float, partial: float, **more: Any) -> Task:
    """The task of an exercise with this key."""
    from dlmodule.checking.key import in_float32

    key = _unnamed(key)
    return Task(key, marks, partial, None if key.promises_dtype else in_float32(key), **more)


def _unnamed(key: ExerciseKey) -> ExerciseKey:
    """The key without what its cases are called: feedback is not to describe a hidden case."""
    return replace(key, cases=[case.named("") for case in key.cases])


def of_session(session: str, path: Path) -> Assessment:
    """The exercises of a session as an assessment, one mark each, by its key file at ``path``."""
    from dlmodule.checking import key

    try:
        keys = list(key.load(path).values())
    except DLModuleError as error:
        raise CourseError(f"{error}; `course build {session}` makes it") from None
    return from_keys(session, keys)
