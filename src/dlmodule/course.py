"""The resolved course: what ``course.json`` holds, as typed data, and what of it is due at a moment.

Everything that the home, the workspace, the site and a release show comes from here; paths are relative to the file's folder.
``Course.as_of`` is the one rule of what is due: nothing else compares a moment with an opening. A course as it is read has
nothing open; whoever shows it asks first what it is as of a moment.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, cast
from zoneinfo import ZoneInfo

from dlmodule.advice import get_it_again
from dlmodule.errors import DLModuleError
from dlmodule.records import Rule, from_json, to_json

Version = Literal["student", "solutions", "slides"]
VERSIONS: tuple[Version, ...] = ("student", "solutions", "slides")

Text = Annotated[str, Rule(str.strip, "is empty")]
Name = Annotated[str, Rule(re.compile(r"[A-Za-z0-9_][\w.-]*").fullmatch, "is not a name")]
Url = Annotated[str, Rule(re.compile(r"https?://\S+").fullmatch, "is not an address (https://...)")]
# Plain names joined by "/": none is empty, hidden or "..", so that no path leads out of the course.
RelativePath = Annotated[str, Rule(re.compile(r"(\w[\w .+-]*/)*\w[\w .+-]*").fullmatch, "is not a path in the course")]
Count = Annotated[int, Rule(lambda value: 0 <= value < 10_000, "is not a number from 0 to 9999")]


@dataclass(frozen=True)
class Repository:
    """``github.com/owner/name``: where releases are published; ``tag`` is what a learner's notebooks install."""

    owner: Name
    name: Name
    branch: Name
    tag: Name


@dataclass(frozen=True)
class Member:
    """One of the teaching team."""

    name: Text
    role: str = ""
    email: str | None = None
    url: Url | None = None


@dataclass(frozen=True)
class Primer:
    """Something to watch or read beforehand."""

    kind: str
    title: Text
    url: Url | None = None


@dataclass(frozen=True)
class Onward:
    """Where to go on after the course; ``why`` in one sentence."""

    title: Text
    url: Url
    why: Text


@dataclass(frozen=True)
class Reference:
    """A publication that a day stands on."""

    day: Count
    authors: Text
    title: Text
    year: Count
    doi: str | None = None
    arxiv: str | None = None


@dataclass(frozen=True)
class Assessment:
    """A coursework; ``weight`` is its share of the module mark (0 to 1), ``notebook`` what learners begin from, None where it is not there."""

    id: Name
    title: Text
    format: str = ""
    release_at: datetime | None = None
    due_at: datetime | None = None
    weight: Annotated[float, Rule(lambda share: 0 <= share <= 1, "is not a share from 0 to 1")] = 0.0
    notebook: str | None = field(default=None, metadata={"none": "omit"})
    is_out: bool = field(default=False, metadata={"kept": False})  # see Course.as_of


@dataclass(frozen=True)
class Measured:
    """What the course's own answer to a training exercise was measured to reach, as the ledger's words.

    bar: what a check asks of the rehearsal; a right answer is above it where ``higher``, else below. rehearsal: the words for
    our own rehearsals. full: for each data set its name and the words at full size. percent: shares are told in per cent.
    """

    metric: Text
    bar: float
    higher: bool
    percent: bool
    rehearsal: Text
    full: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Exercise:
    """An exercise as the home names it. ``difficulty`` is 1 to 5, ``minutes`` what it takes; ``core``: short of time, do it."""

    name: Name
    title: Text
    difficulty: Annotated[int, Rule(lambda level: 1 <= level <= 5, "is not a difficulty from 1 to 5")] = 1
    minutes: Count = 0
    core: bool = False
    measured: Measured | None = field(default=None, metadata={"none": "omit"})


@dataclass(frozen=True)
class Question:
    """A question of the revision notebook, by the id under which its answers are on record."""

    id: Name
    title: Text
    minutes: Count = 0


@dataclass(frozen=True)
class Term:
    """A term that a part defines, in the words of the part: markdown with mathematics in dollars."""

    name: Text
    says: Text


@dataclass(frozen=True)
class Letter:
    """A letter of a part's formulas: what it stands for, and the shape of the tensor, if it is one. Markdown."""

    letter: Text
    meaning: Text
    shape: str = ""


@dataclass(frozen=True)
class Minutes:
    """How long a part takes: to study, and to compute on two CPU cores (bfloat16, float32) and on a GPU."""

    study: Count | None = field(default=None, metadata={"none": "omit"})
    cpu: float | None = field(default=None, metadata={"none": "omit"})
    cpu_fp32: float | None = field(default=None, metadata={"none": "omit"})
    gpu: float | None = field(default=None, metadata={"none": "omit"})


@dataclass(frozen=True)
class Part:
    """One row of the lecture table. ``student``, ``solutions`` and ``slides`` are paths; None where there is no such version."""

    part: Name
    kind: str = ""
    start: datetime | None = None
    end: datetime | None = None
    title: str = ""
    syllabus_title: str = ""  # what is said of the part before it is out
    note: str | None = None
    awaited: bool = False  # whether the syllabus has a notebook here that is not written yet
    release_at: datetime | None = None
    solutions_at: datetime | None = None
    student: RelativePath | None = None
    solutions: RelativePath | None = None
    slides: RelativePath | None = None
    colab: Url | None = None
    objectives: tuple[Text, ...] = ()
    minutes: Minutes = Minutes()
    exercises: tuple[Exercise, ...] = ()
    questions: tuple[Question, ...] = ()
    terms: tuple[Term, ...] = ()
    letters: tuple[Letter, ...] = ()
    open: frozenset[Version] = field(default=frozenset(), metadata={"kept": False})  # see Course.as_of

    def path(self, version: Version) -> str | None:
        """Where ``version`` lies, relative to the folder of course.json; None where it does not exist."""
        return {"student": self.student, "solutions": self.solutions, "slides": self.slides}[version]

    def opens_at(self, version: Version) -> datetime | None:
        """When ``version`` becomes active; None: it is so from the beginning."""
        return self.solutions_at if version == "solutions" else self.release_at

    @property
    def due(self) -> tuple[Version, ...]:
        """The versions that exist and are open."""
        return tuple(version for version in VERSIONS if version in self.open and self.path(version) is not None)

    def as_of(self, moment: datetime | None, day_title: str) -> "Part":
        """See ``Course.as_of``."""
        opened = frozenset(version for version in VERSIONS if _has_come(self.opens_at(version), moment))
        if "student" in opened:
            return replace(self, open=opened)
        return replace(
            self,
            open=opened,
            title=self.syllabus_title or day_title,
            awaited=False,
            objectives=(),
            exercises=(),
            questions=(),
            terms=(),
            letters=(),
            minutes=Minutes(),
            colab=None,
        )


@dataclass(frozen=True)
class Day:
    """One day of the lecture table; a day of the module may have two rows."""

    day: Count
    date: date
    title: Text
    session: Name
    weekday: str = ""
    folder: Name = ""
    meeting: Url | None = None
    parts: tuple[Part, ...] = ()

    def part_id(self, part: Part) -> str:
        """How a part is called everywhere: ``05_cnns_1.morning``."""
        return f"{self.session}.{part.part}"

    def exercise_ids(self, part: Part) -> list[str]:
        """``SESSION.EXERCISE`` of every exercise of ``part``."""
        return [f"{self.session}.{exercise.name}" for exercise in part.exercises]


@dataclass(frozen=True)
class Course:
    """All that learners are told of one run of the module."""

    title: Text
    objective: str = ""
    outcome: str = ""
    contents: tuple[Text, ...] = ()
    timezone: str = "UTC"
    self_paced: bool = True
    repository: Repository | None = None
    colab: str = ""
    team: tuple[Member, ...] = ()
    primers: tuple[Primer, ...] = ()
    references: tuple[Reference, ...] = ()
    onward: tuple[Onward, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    days: tuple[Day, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the course's clock."""
        return ZoneInfo(self.timezone)

    def as_of(self, moment: datetime | None) -> "Course":
        """The course as it is known at ``moment``; None: everything is open, as for those who learn at their own pace.

        Each assessment knows whether its brief is out, and each part which of its versions are open. One that is not out yet shows its place in the syllabus and nothing of
        its source; its paths stay, so that a version can be announced. Raises ValueError for a naive ``moment``.
        """
        if moment is not None and moment.tzinfo is None:
            raise ValueError("the moment must be an aware datetime")
        days = tuple(
            replace(day, parts=tuple(part.as_of(moment, day.title) for part in day.parts)) for day in self.days
        )
        assessments = tuple(replace(item, is_out=_has_come(item.release_at, moment)) for item in self.assessments)
        return replace(self, self_paced=moment is None, days=days, assessments=assessments)

    def parts(self) -> Iterator[tuple[Day, Part]]:
        """Every part with its day, in the course's order."""
        return ((day, part) for day in self.days for part in day.parts)

    def find(self, identity: str) -> tuple[Day, Part]:
        """The part called ``identity``. Raises DLModuleError where the course has none of that name."""
        for day, part in self.parts():
            if day.part_id(part) == identity:
                return day, part
        raise DLModuleError(f"the course has no part {identity!r}")

    def moments(self) -> tuple[datetime, ...]:
        """Every moment at which something opens, each once, in order."""
        openings = {item.release_at for item in self.assessments}
        openings |= {part.opens_at(version) for _, part in self.parts() for version in VERSIONS if part.path(version)}
        return tuple(sorted(opening for opening in openings if opening is not None))

    def to_json(self) -> str:
        """The text of ``course.json``."""
        return json.dumps(to_json(self), ensure_ascii=False, indent=1) + "\n"


def _has_come(opening: datetime | None, moment: datetime | None) -> bool:
    # Compared in UTC: two wall-clock times of one zone would be compared without the hour that is there twice in autumn.
    return opening is None or moment is None or moment.astimezone(UTC) >= opening.astimezone(UTC)


@dataclass(frozen=True)
class BuiltCourse:
    """A course on this machine: its facts, and the folder that its paths are relative to."""

    facts: Course
    folder: Path

    def file(self, relative: str) -> Path:
        """The file a path of the course stands for. Raises DLModuleError where it points outside or is not there."""
        path = (self.folder / relative).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise DLModuleError(f"{relative} lies outside the course")
        if not path.is_file():
            raise DLModuleError(f"the course has no file {relative}; {get_it_again()}")
        return path

    @property
    def keys(self) -> Path:
        """The folder of the answer keys, which the checks read."""
        return self.folder / "keys"


def find_course(start: Path | None = None) -> BuiltCourse:
    """The nearest built course at or above ``start`` (default $DLMODULE_COURSE, else here): build/course.json or course.json."""
    here = (start or Path(os.environ.get("DLMODULE_COURSE", "."))).resolve()
    for folder in (here, *here.parents):
        for candidate in (folder / "build" / "course.json", folder / "course.json", folder / ".course" / "course.json"):
            if candidate.is_file():
                return BuiltCourse(read_course(candidate), candidate.parent)
    raise DLModuleError(
        f"no built course in {here} or above it (build/course.json): start in the folder of the course, or {get_it_again()}"
    )


def read_course(path: Path) -> Course:
    """The course in ``path``. Raises DLModuleError, one line with file and field (or line), for whatever is wrong with it."""
    try:
        return course_from(json.loads(path.read_text(encoding="utf-8")))
    except json.JSONDecodeError as error:
        message = f"{path}:{error.lineno}: {error.msg}"
    except RecursionError:
        message = f"{path}: nested too deeply"
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
    except UnicodeDecodeError as error:
        message = f"{path} cannot be read: {error}"
    except ValueError as error:
        message = f"{path} is not a built course: {error}"
    raise DLModuleError(f"{message}; {get_it_again()}") from None


def course_from(facts: object) -> Course:
    """The course that ``facts``, as json.loads gives them, say. Raises ValueError that names the field which is wrong."""
    if not isinstance(facts, dict) or not isinstance(facts.get("days"), list):
        raise ValueError("it has no days")
    timezone = facts.get("timezone") or "UTC"
    try:
        zone = ZoneInfo(timezone)
    except (ValueError, OSError, KeyError, TypeError, AttributeError):
        raise ValueError("timezone is not the name of a time zone") from None
    course = from_json(Course, facts, zone=zone)
    identities: set[str] = set()
    for day, part in course.parts():
        if (identity := day.part_id(part)) in identities:
            raise ValueError(f"two parts are called {identity}")
        identities.add(identity)
    return course


def workspace_name(day: Day, part: Part, version: Version) -> PurePosixPath:
    """Where a notebook stands in the workspace: the lecture table's folder, the notebook's own name."""
    return PurePosixPath(day.folder or day.session) / PurePosixPath(cast(str, part.path(version))).name
