"""A coursework as it is written: the public ``course/COURSEWORK/coursework.toml``, and the private folder with its scheme.

The private folder holds ``scheme.toml`` (the seed, partial credit) and ``hidden.py`` (the hidden cases and the data, drawn from the
seed). ``$DLMODULE_PRIVATE/COURSEWORK`` is it; without that, ``private_demo/`` in the coursework's own folder stands in.
"""

from __future__ import annotations

import copy
import importlib.util
import os
import re
import secrets
import tomllib
import types
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coursekit.cache import digest_of
from coursekit.errors import CourseError
from coursekit.exercises.loading import load_whole
from coursekit.exercises.record import record
from coursekit.marking.assessment import Assessment, File, Question, Task, task_of
from coursekit.project import Project
from coursekit.toml_text import tables_of

if TYPE_CHECKING:
    from torch import Tensor

    from dlmodule.checking.case import Case
    from dlmodule.coursework.given import Asked, Given

Marks = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
M = TypeVar("M", bound=BaseModel)


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WrittenTask(_Written):
    """An exercise of the notebook and its marks; ``after``, ``either``: see ``assessment.Task``."""

    exercise: str
    marks: Marks
    after: tuple[str, ...] = ()
    either: str = ""


class WrittenFile(_Written):
    """A tensor that is handed in, and the scale of its score. like: the data set that samples are compared with."""

    name: str
    title: str
    score: Literal["accuracy", "samples"]
    dtype: str
    shape: tuple[int, ...]
    least: float
    most: float
    scale: Annotated[tuple[tuple[float, float], ...], Field(min_length=2)]
    like: str = ""


class WrittenQuestion(_Written):
    """A question that a person marks by its bands."""

    id: str
    title: str
    marks: Marks
    bands: tuple[tuple[float, str], ...]


class Public(_Written):
    """``coursework.toml``."""

    notebook: str
    task: tuple[WrittenTask, ...]
    file: tuple[WrittenFile, ...] = ()
    question: tuple[WrittenQuestion, ...] = ()


class TaskScheme(_Written):
    """Partial credit of one task; see ``assessment.Task``."""

    partial: Share = 0.0
    mistakes: dict[str, Share] = {}


class Scheme(_Written):
    """``scheme.toml``. seed: 128 bits in hexadecimal."""

    seed: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    task: dict[str, TaskScheme] = {}
    question: dict[str, str] = {}  # what a right answer says, for the marker


class Coursework:
    """A coursework of ``project``, read when it is asked for. CourseError, naming the file, for what is wrong in it."""

    def __init__(self, project: Project, name: str) -> None:
        self.project, self.name = project, name
        self.folder = project.course / name
        private = Path(os.environ["DLMODULE_PRIVATE"]) / name if os.environ.get("DLMODULE_PRIVATE") else None
        self.private = private or self.folder / "private_demo"

    @staticmethod
    def exists(project: Project, name: str) -> bool:
        """Whether the course has a coursework of this name."""
        return (project.course / name / "coursework.toml").is_file()

    @cached_property
    def public(self) -> Public:
        """What everybody may know."""
        return _read(self.folder / "coursework.toml", Public)

    @cached_property
    def scheme(self) -> Scheme:
        """What the team alone knows."""
        return _read(self.private / "scheme.toml", Scheme)

    @property
    def seed(self) -> tuple[int, ...]:
        """The secret as four words of 32 bits, which seed sequences take."""
        return tuple(int(self.scheme.seed[start : start + 8], 16) for start in range(0, 32, 8))

    @cached_property
    def hidden(self) -> types.ModuleType:
        """The module ``hidden.py``."""
        path = self.private / "hidden.py"
        spec = importlib.util.spec_from_file_location(f"hidden_{self.name}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except FileNotFoundError:
            raise CourseError(
                "is missing; `course new COURSEWORK --private FOLDER` makes a private folder", file=path
            ) from None
        except Exception as error:
            raise CourseError(f"{type(error).__name__}: {error}", file=path) from error
        return module

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The tensors that are handed in."""
        from dlmodule.coursework.given import Asked

        return tuple(Asked(item.name, item.dtype, item.shape, item.least, item.most) for item in self.public.file)

    def given(self) -> Given:
        """The file that learners get with the notebook."""
        from dlmodule.coursework.given import Given

        return Given(self._drawn("given"), self.asked, tuple(question.id for question in self.public.question))

    def _drawn(self, what: str) -> dict[str, Tensor]:
        """What ``given`` or ``truth`` of the private folder draws from the seed; nothing where it has no such function."""
        draw: Callable[[tuple[int, ...]], dict[str, Tensor]] | None = getattr(self.hidden, what, None)
        return draw(self.seed) if draw else {}

    def assessment(self) -> Assessment:
        """The coursework as marking needs it; runs the solutions on the hidden cases."""
        from dlmodule.checking import key as keys

        tasks = tuple(self._task(item) for item in self.public.task)
        needed = {name for task in tasks for name in task.after}
        references = {name: load_whole(self.project, self.name, name).slice for name in sorted(needed)}
        truth = self._drawn("truth")
        files = tuple(
            File(asked, item.title, item.score, item.scale, truth.get(item.name), item.like)
            for item, asked in zip(self.public.file, self.asked, strict=True)
        )
        questions = tuple(
            Question(q.id, q.title, q.marks, q.bands, self.scheme.question.get(q.id, "")) for q in self.public.question
        )
        written = [str(self.public), str(self.scheme), *references.values()]
        digest = digest_of(self.name, *written, keys.to_bytes([task.key for task in tasks]))
        return Assessment(self.name, tasks, digest, files, questions, references)

    def _task(self, item: WrittenTask) -> Task:
        loaded = load_whole(self.project, self.name, item.exercise)
        exercise = copy.copy(loaded.exercise)
        cases = self._cases(item.exercise)
        exercise.cases(lambda: cases)
        key = record(self.project, replace(loaded, exercise=exercise), variants=False)
        scheme = self.scheme.task.get(item.exercise, TaskScheme())
        unknown = sorted(scheme.mistakes.keys() - {mistake.name for mistake in key.mistakes})
        if unknown:
            message = f"task.{item.exercise}: no mistake is called {unknown[0]!r}"
            raise CourseError(message, file=self.private / "scheme.toml")
        return task_of(
            key,
            item.marks,
            scheme.partial,
            shares=scheme.mistakes,
            after=item.after,
            either=item.either,
        )

    def _cases(self, exercise: str) -> list[Case]:
        """The hidden cases: each exercise has a generator of its own, so that one more case moves no other."""
        import numpy as np

        draw = getattr(self.hidden, exercise, None)
        if draw is None:
            raise CourseError(f"has no cases for {exercise!r}", file=self.private / "hidden.py")
        rng = np.random.default_rng(np.random.SeedSequence((*self.seed, zlib.crc32(exercise.encode()))))
        return list(draw(rng))


def new_private(project: Project, name: str, to: Path) -> Path:
    """A private folder ``to/NAME`` for a real run: a copy of the stand-in with a fresh secret seed. CourseError where there is one."""
    stand_in, target = project.course / name / "private_demo", to / name
    if not Coursework.exists(project, name):
        raise CourseError(f"no coursework is called {name!r}")
    if target.exists():
        raise CourseError("is there already; a new seed would change the data of a coursework", file=target)
    if project.root.resolve() in target.resolve().parents:
        raise CourseError("lies inside the repository; choose a folder outside it", file=target)
    target.mkdir(parents=True, mode=0o700)
    for path in sorted(stand_in.iterdir()):
        if path.suffix in (".toml", ".py"):
            text = path.read_text("utf-8")
            text = re.sub(r'^seed = "[0-9a-f]{32}"', f'seed = "{secrets.token_hex(16)}"', text, flags=re.MULTILINE)
            (target / path.name).write_text(text, "utf-8")
    return target


def _read(path: Path, model: type[M]) -> M:
    try:
        return model.model_validate(tables_of(path.read_text("utf-8"), path))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"cannot be read: {error}", file=path) from None
    except ValidationError as error:
        first: Any = error.errors()[0]
        raise CourseError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", file=path) from None
