"""The syllabus: ``course/syllabus.toml`` as typed data. Reads and validates; what follows from it is ``coursekit.schedule.timetable``.

An error is one line that names the file, the line and the field. Dates and times are wall-clock values in ``timezone``;
they become moments only in ``clock``, so a run moved to another term keeps its hours over a change of daylight saving.
"""

import re
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.schedule.contradictions import contradictions
from coursekit.schedule.dates import WEEKDAYS, Weekday, dates_of
from coursekit.schedule.release_path import ReleaseFiles
from coursekit.schedule.toml_lines import line_of

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
Url = Annotated[str, Field(pattern=r"^https?://\S+$")]
PartName = Literal["morning", "afternoon", "additional", "probability"]


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


class Break(_Facts):
    """Dates without teaching, both ends included: a break, or one holiday where ``last`` is not given."""

    first: date
    last: date | None = None
    why: Text

    def days(self) -> list[date]:
        """Its dates. A break longer than a year is no break: it is cut there."""
        last = min(self.last or self.first, self.first + timedelta(days=366))
        return [self.first + timedelta(days=n) for n in range((last - self.first).days + 1)]


class ReleaseRule(_Facts):
    """``material``: the time of its day at which a lecture's material becomes active."""

    material: time


class Part(_Facts):
    """One part of a day as written; ``start``, ``end`` and ``solutions`` only where they differ from the rules.

    note: what to know on the day. cancelled: it does not take place, which is told rather than left out. moved_to: another
    date, with the part's hours; its material opens there.
    """

    part: PartName
    kind: Text
    title: Text | None = None
    note: Text | None = None
    start: time | None = None
    end: time | None = None
    solutions: time | None = None
    cancelled: bool = False
    moved_to: date | None = None
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
    """One of the teaching team. The first who has an ``email`` is the organiser in the calendar."""

    name: Text
    role: str = ""
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    url: Url | None = None


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
    """All facts of one run of the module. Names are as in the file.

    start: the first day; the others take the teaching dates that follow, over ``breaks``, unless a day says its ``date``.
    report: where a learner reports a problem with an exercise, with ``{owner}``, ``{name}``, ``{title}`` and ``{body}`` to be filled in.
    calendar_id: what entries are known by, for ever: it stays when the repository is renamed.
    """

    title: Text
    level: Text
    department: Text
    weeks: Annotated[int, Field(ge=1)]
    timezone: str
    self_paced: bool
    start: date | None = None
    breaks: list[Break] = []
    calendar_id: Name | None = None
    objective: Text
    outcome: Text
    contents: list[Text]
    repository: Repository
    colab: Colab
    report: Annotated[str, Field(pattern=r"^(https://|mailto:)\S+$")] | None = None
    hours: UsualHours
    release: ReleaseRule
    day: Annotated[list[Day], Field(min_length=1)]
    assessment: list[Assessment]
    team: list[Member]
    primer: list[Primer]
    reference: list[Reference]
    onward: list[Onward] = []

    @model_validator(mode="before")
    @classmethod
    def _with_dates(cls, tables: Any) -> Any:
        """Fill in the dates that follow from ``start``. What cannot be read here is refused by the fields."""
        try:
            start, rows = tables["start"], tables["day"]
            breaks = [Break.model_validate(each) for each in tables.get("breaks", [])]
            free = {day for each in breaks for day in each.days()}
            mornings_only = {WEEKDAYS.index(name) for name in tables["hours"].get("no_afternoon", [])}
            afternoons: dict[int, bool] = {}
            for row in rows:
                here = any(part.get("part") == "afternoon" and "moved_to" not in part for part in row["parts"])
                afternoons[row["day"]] = afternoons.get(row["day"], False) or here
            fixed = {row["day"]: row["date"] for row in rows if isinstance(row.get("date"), date)}
            dates = dates_of(start, afternoons, fixed, free, mornings_only)
        except (KeyError, TypeError, ValueError, AttributeError):
            return tables
        if len(dates) < len(afternoons):
            raise PydanticCustomError("start", f"a run that starts on {start} ends after the last year there is")
        return {**tables, "day": [{"date": dates[row["day"]], **row} for row in rows]}

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

    @property
    def report_address(self) -> str | None:
        """``report`` with the repository's ``{owner}`` and ``{name}`` filled in."""
        repository = self.repository
        return self.report and self.report.replace("{owner}", repository.owner).replace("{name}", repository.name)

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


def moved(path: Path, content: bytes, start: date) -> tuple[bytes, Syllabus]:
    """The syllabus file with another ``start``: its new text and what it says. Raises CourseError; nothing is written here."""
    text, count = re.subn(rb"(?m)^start = .*?(?=\s*(#|$))", f"start = {start}".encode(), content, count=1)
    if not count:
        raise CourseError("has no `start`: give it, and leave out the dates of the days that follow from it", file=path)
    return text, _parse(path, text)


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
    found = [(location, _told(location, message)) for location, message in contradictions(syllabus)]
    if found:
        others = "".join(f"; line {line_of(text, location)}: {message}" for location, message in found[1:])
        raise CourseError(found[0][1] + others, file=path, line=line_of(text, found[0][0]))
    return syllabus


def _wrong(path: Path, text: str, location: tuple[str | int, ...], message: str) -> CourseError:
    return CourseError(_told(location, message), file=path, line=line_of(text, location))


def _told(location: tuple[str | int, ...], message: str) -> str:
    field = "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in location).lstrip(".")
    return f"{field}: {message[:1].lower()}{message[1:]}"


def _toml_error(message: str, text: str) -> tuple[str, int]:
    """tomllib's message and the line it names."""
    words, _, place = message.partition(" (at ")
    number = place.removeprefix("line ").partition(",")[0]
    return f"not TOML: {words}", int(number) if number.isdigit() else text.rstrip("\n").count("\n") + 1
