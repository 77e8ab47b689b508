"""The syllabus: ``course/syllabus.toml`` as typed data. Reads and validates; what follows from it is ``coursekit.schedule.timetable``.

An error is one line that names the file, the line and the field. Dates and times are wall-clock values in ``timezone``;
they become moments only in ``clock``, so a run moved to another term keeps its hours over a change of daylight saving.
"""

import tomllib
from collections import Counter
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.schedule.release_path import VERSIONS, ReleaseFiles
from coursekit.schedule.toml_lines import line_of

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
Url = Annotated[str, Field(pattern=r"^https?://\S+$")]
PartName = Literal["morning", "afternoon", "additional", "probability"]
Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
WEEKDAYS: tuple[Weekday, ...] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekday(day: date) -> Weekday:
    """``Mon`` to ``Sun``, whatever the machine's language."""
    return WEEKDAYS[day.weekday()]


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class Repository(_Facts):
    """``github.com/owner/name``: where releases are published; ``tag`` is what learners' notebooks install."""

    owner: Name
    name: Name
    branch: Name
    tag: Name


class Colab(_Facts):
    """How Google Colab is used: the days on which the account is made and Pro is set up."""

    service: Text
    account_day: int
    setup_day: int
    text: Text


class Hours(_Facts):
    """When something begins and ends."""

    start: time
    end: time

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            raise PydanticCustomError("hours", f"ends at {self.end:%H:%M}, not after its start {self.start:%H:%M}")
        return self


class UsualHours(_Facts):
    """The hours of a morning and an afternoon, and the weekdays that have no afternoon."""

    morning: Hours
    afternoon: Hours
    no_afternoon: list[Weekday] = []


class ReleaseRule(_Facts):
    """``material``: the time of its day at which a lecture's material becomes active."""

    material: time


class Part(_Facts):
    """One part of a day as written; ``start``, ``end`` and ``solutions`` only where they differ from the rules."""

    part: PartName
    kind: Text
    title: Text | None = None
    note: Text | None = None
    start: time | None = None
    end: time | None = None
    solutions: time | None = None
    notebook: bool = True
    slides: Name | None = None
    file: ReleaseFiles = ReleaseFiles()


class Day(_Facts):
    """One row of the lecture table. A day of the module may have two."""

    day: Annotated[int, Field(ge=1, le=99)]
    date: date
    title: Text
    session: Annotated[str, Field(pattern=r"^\d\d_\w+$")]
    folder: Name
    meeting: Url | None = None
    parts: Annotated[list[Part], Field(min_length=1)]


class Moment(_Facts):
    """A time on a day of the module."""

    day: int
    time: time


class Assessment(_Facts):
    """A coursework; ``weight`` is its share of the module mark."""

    id: Name
    title: Text
    format: Text
    release: Moment
    due: Moment
    weight: Annotated[float, Field(gt=0, le=1)]


class Member(_Facts):
    """One of the teaching team."""

    name: Text
    role: str = ""


class Primer(_Facts):
    """Something to watch or read beforehand; not mandatory."""

    kind: Literal["video", "book"]
    title: Text
    url: Url | None = None


class Onward(_Facts):
    """Where to go on after the course, and why."""

    title: Text
    url: Url
    why: Text


class Reference(_Facts):
    """A publication that a day stands on, with its DOI or arXiv number."""

    day: int
    authors: Text
    title: Text
    year: Annotated[int, Field(ge=1700, le=2100)]
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")] | None = None
    arxiv: Annotated[str, Field(pattern=r"^\d{4}\.\d{4,5}$")] | None = None

    @model_validator(mode="after")
    def _findable(self) -> Self:
        if self.doi is None and self.arxiv is None:
            raise PydanticCustomError("reference", "has neither doi nor arxiv")
        return self


class Syllabus(_Facts):
    """All facts of one run of the module. Names are as in the file."""

    title: Text
    level: Text
    department: Text
    weeks: Annotated[int, Field(ge=1)]
    timezone: str
    self_paced: bool
    objective: Text
    outcome: Text
    contents: list[Text]
    repository: Repository
    colab: Colab
    hours: UsualHours
    release: ReleaseRule
    day: Annotated[list[Day], Field(min_length=1)]
    assessment: list[Assessment]
    team: list[Member]
    primer: list[Primer]
    reference: list[Reference]
    onward: list[Onward] = []

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            raise PydanticCustomError("zone", f"no time zone is called {name!r}") from None
        return name

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone of all wall-clock times."""
        return ZoneInfo(self.timezone)

    def clock(self, day: date, wall: time) -> datetime:
        """The moment at which clocks show ``wall`` on ``day``. Raises CourseError for an hour that daylight saving skips."""
        moment = datetime.combine(day, wall, self.zone)
        if moment.astimezone(UTC).astimezone(self.zone).time() != wall:
            raise CourseError(f"{day} has no {wall:%H:%M} in {self.timezone}: the clocks go forward over it")
        return moment

    def hours_of(self, part: Part) -> tuple[time, time] | None:
        """When ``part`` starts and ends: as it says itself, else as usual; None where neither says."""
        usual = {"morning": self.hours.morning, "afternoon": self.hours.afternoon}.get(part.part)
        start, end = part.start or (usual and usual.start), part.end or (usual and usual.end)
        return (start, end) if start and end else None

    def date_of(self, day: int) -> date:
        """The date of a day of the module."""
        return next(row.date for row in self.day if row.day == day)


def load(path: Path) -> Syllabus:
    """The syllabus at ``path``. Raises CourseError with file, line and field where it is wrong."""
    try:
        return _parse(path, path.read_bytes())
    except OSError as error:
        raise CourseError(f"cannot be read: {error}", file=path) from None


def syllabus_of(project: Project) -> Syllabus:
    """The syllabus of ``project``; see ``load``."""
    try:
        return project.parsed(project.syllabus, _parse)
    except OSError as error:
        raise CourseError(f"cannot be read: {error}", file=project.syllabus) from None


def _parse(path: Path, content: bytes) -> Syllabus:
    text = ""
    try:
        text = content.decode().replace("\r\n", "\n")
        tables = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise CourseError(f"cannot be read: {error}", file=path) from None
    except tomllib.TOMLDecodeError as error:
        message, line = _toml_error(str(error), text)
        raise CourseError(message, file=path, line=line) from None
    try:
        syllabus = Syllabus.model_validate(tables)
    except ValidationError as error:
        first = error.errors()[0]
        raise _wrong(path, text, first["loc"], first["msg"]) from None
    for location, message in _contradictions(syllabus):
        raise _wrong(path, text, location, message)
    return syllabus


def _wrong(path: Path, text: str, location: tuple[str | int, ...], message: str) -> CourseError:
    field = "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in location).lstrip(".")
    return CourseError(f"{field}: {message[:1].lower()}{message[1:]}", file=path, line=line_of(text, location))


def _toml_error(message: str, text: str) -> tuple[str, int]:
    """tomllib's message and the line it names."""
    words, _, place = message.partition(" (at ")
    number = place.removeprefix("line ").partition(",")[0]
    return f"not TOML: {words}", int(number) if number.isdigit() else text.rstrip("\n").count("\n") + 1


def _contradictions(syllabus: Syllabus) -> list[tuple[tuple[str | int, ...], str]]:
    """What no single field shows: (path, what is wrong), the first first."""
    wrong: list[tuple[tuple[str | int, ...], str]] = []

    def say(message: str, *path: str | int) -> None:
        wrong.append((path, message))

    seen: set[Any] = set()
    for index, row in enumerate(syllabus.day):
        before = syllabus.day[index - 1] if index else None
        if before and (row.day < before.day or (row.day == before.day) != (row.date == before.date)):
            say(f"day {row.day} follows day {before.day}", "day", index, "day")
        if before and row.date < before.date:
            say(f"{row.date} comes after {before.date}", "day", index, "date")
        if row.folder.lower() in seen:
            say(f"two rows have the folder {row.folder!r}", "day", index, "folder")
        seen.add(row.folder.lower())
        names: set[str] = set()
        for number, part in enumerate(row.parts):
            here = ("day", index, "parts", number)
            for version in VERSIONS:
                # A learner's folder holds a row's notebooks side by side, so a name must serve once, on any file system.
                name = PurePosixPath(part.file.path(row.folder, part.part, version)).name
                if name.lower() in names:
                    say(f"two files of {row.folder} are called {name!r}", *here, "file")
                names.add(name.lower())
            if (row.session, part.part) in seen:
                say(f"{row.session} has two parts called {part.part!r}", *here, "part")
            seen.add((row.session, part.part))
            if part.part == "afternoon" and weekday(row.date) in syllabus.hours.no_afternoon:
                say(f"there are no sessions on {weekday(row.date)} afternoons", *here, "part")
            hours = syllabus.hours_of(part)
            if hours is None:
                say("its hours are not given: start and end", *here)
                continue
            start, end = hours
            if end <= start:
                say(f"ends at {end:%H:%M}, not after its start {start:%H:%M}", *here, "end")
            elif part.solutions is not None and part.solutions < end:
                say(f"solutions at {part.solutions:%H:%M}, before the part ends", *here, "solutions")
            elif start < syllabus.release.material:
                say("starts before its material is released", *here)
    days = {row.day for row in syllabus.day}
    for index, item in enumerate(syllabus.assessment):
        for name, when in (("release", item.release), ("due", item.due)):
            if when.day not in days:
                say(f"the module has no day {when.day}", "assessment", index, name, "day")
        if (item.due.day, item.due.time) <= (item.release.day, item.release.time):
            say("is due before it is released", "assessment", index, "due")
    for index, reference in enumerate(syllabus.reference):
        if reference.day not in days:
            say(f"the module has no day {reference.day}", "reference", index, "day")
    for name in ("account_day", "setup_day"):
        if getattr(syllabus.colab, name) not in days:
            say(f"the module has no day {getattr(syllabus.colab, name)}", "colab", name)
    if syllabus.assessment and abs(sum(item.weight for item in syllabus.assessment) - 1) > 1e-9:
        say("the weights of the assessments do not add up to 1", "assessment")
    for name, count in Counter(item.id for item in syllabus.assessment).items():
        if count > 1:
            say(f"two assessments are called {name!r}", "assessment")
    return wrong
