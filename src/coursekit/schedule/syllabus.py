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
from coursekit.toml_text import tables_of

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
Url = Annotated[str, Field(pattern=r"^https?://\S+$")]
PartName = Literal["morning", "afternoon", "additional", "probability"]
Slot = Literal["morning", "afternoon"]
SLOTS: tuple[Slot, ...] = ("morning", "afternoon")


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class Repository(_Facts):
    """``github.com/owner/name``: where releases are published; ``tag`` is what learners' notebooks install."""

    owner: Name
    name: Name
    branch: Name
    tag: Name


class Colab(_Facts):
    """How Google Colab is used; ``text`` names days as prose does, ``{day: 03_pytorch_2}``."""

    service: Text
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
    """One part of a day as written; its hours and ``solutions`` only where they differ from the rules.

    slot: whose hours it has, by default those it is called like. after, minutes: in that slot, when it begins and how long it
    is, so that it moves with the slot. start, end: times of day, both, for a part that lies in no slot.
    solutions: a time, or the slot at whose end they come. note: what to know on the day. cancelled: it does not take place,
    which is told rather than left out. moved_to: another date, with the part's hours; its material opens there.
    """

    part: PartName
    kind: Text
    title: Text | None = None
    note: Text | None = None
    slot: Slot | None = None
    after: Annotated[int, Field(ge=1, lt=24 * 60)] | None = None
    minutes: Annotated[int, Field(ge=1, lt=24 * 60)] | None = None
    start: time | None = None
    end: time | None = None
    solutions: time | Slot | None = None
    cancelled: bool = False
    moved_to: date | None = None
    notebook: bool = True
    slides: Name | None = None
    file: ReleaseFiles = ReleaseFiles()


class Day(_Facts):
    """One row of the lecture table: a day of the module, or more of the day before it.

    day: its number, counted from the rows' order, and date: as ``dates_of`` says unless it is written. Neither stands in the file
    as a rule, so that rows may be exchanged, taken out and put in.
    """

    day: int
    date: date
    same_day: bool = False
    title: Text
    session: Annotated[str, Field(pattern=r"^\d\d_\w+$")]
    folder: Name
    meeting: Url | None = None
    parts: Annotated[list[Part], Field(min_length=1)]


class Moment(_Facts):
    """A time on the day of ``session`` (SESSION, or SESSION.PART where it is taught on two): of the clock, or of a slot there."""

    session: Annotated[str, Field(pattern=r"^\d\d_\w+(\.[a-z]+)?$")]
    time: time | Slot


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
    """A publication that a session stands on, with its DOI or arXiv number."""

    session: Name
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
    def _with_days(cls, tables: Any) -> Any:
        """Count the days, and fill in the dates that follow from ``start``. What cannot be read here is refused by the fields."""
        try:
            counted: list[dict[str, Any]] = []
            number = 0
            for row in tables["day"]:
                number += not (row.get("same_day", False) and counted)
                counted.append({**row, "day": number})
        except (KeyError, TypeError, AttributeError):
            return tables
        tables = {**tables, "day": counted}
        try:
            dates = _dates(tables["start"], counted, tables.get("breaks", []), tables["hours"].get("no_afternoon", []))
        except (KeyError, TypeError, ValueError, AttributeError):
            return tables
        if len(dates) < number:
            raise PydanticCustomError(
                "start", f"a run that starts on {tables['start']} ends after the last year there is"
            )
        return {**tables, "day": [{"date": dates[row["day"]], **row} for row in counted]}

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

    def slot_of(self, part: Part) -> Slot | None:
        """The slot whose hours ``part`` has; None where it says times of its own, or lies in none."""
        return None if part.start and part.end else part.slot or next((s for s in SLOTS if s == part.part), None)

    def slot_hours(self, slot: Slot) -> Hours:
        """When ``slot`` starts and ends in this run."""
        return {"morning": self.hours.morning, "afternoon": self.hours.afternoon}[slot]

    def hours_of(self, part: Part) -> tuple[time, time] | None:
        """When ``part`` starts and ends: as it says itself, else in its slot; None where neither says, or the day is over by then."""
        slot = self.slot_of(part)
        if slot is None:
            return (part.start, part.end) if part.start and part.end else None
        usual = self.slot_hours(slot)
        start = _later(usual.start, part.after or 0)
        end = usual.end if part.minutes is None else start and _later(start, part.minutes)
        return (start, end) if start and end else None

    def solutions_of(self, part: Part) -> time | None:
        """When solutions come, where the syllabus says: a time of day, or the end of a slot."""
        return self.slot_hours(part.solutions).end if isinstance(part.solutions, str) else part.solutions

    def row_of(self, name: str) -> tuple[Day, Part] | None:
        """The first row of ``name`` (SESSION or SESSION.PART) with the part it names, else its first; None for none."""
        session, _, wanted = name.partition(".")
        rows = ((day, part) for day in self.day if day.session == session for part in day.parts)
        return next((found for found in rows if wanted in ("", found[1].part)), None)

    def on(self, when: Moment, edge: Literal["start", "end"]) -> datetime:
        """``when`` as a moment; of a slot its ``edge``."""
        found = self.row_of(when.session)
        assert found is not None, "the syllabus was loaded without validation"
        day, part = found
        hour = getattr(self.slot_hours(when.time), edge) if isinstance(when.time, str) else when.time
        return self.clock((part.moved_to if "." in when.session else None) or day.date, hour)


def _dates(start: date, rows: list[dict[str, Any]], breaks: list[Any], no_afternoon: list[str]) -> dict[int, date]:
    """The date of each day by its number. Raises KeyError, TypeError, ValueError or AttributeError for what cannot be read."""
    free = {day for each in breaks for day in Break.model_validate(each).days()}
    afternoons: dict[int, bool] = {}
    for row in rows:
        here = any(part.get("part") == "afternoon" and "moved_to" not in part for part in row["parts"])
        afternoons[row["day"]] = afternoons.get(row["day"], False) or here
    fixed = {row["day"]: row["date"] for row in rows if isinstance(row.get("date"), date)}
    return dates_of(start, afternoons, fixed, free, {WEEKDAYS.index(name) for name in no_afternoon})


def _later(hour: time, minutes: int) -> time | None:
    """``minutes`` after ``hour``; None on the next day."""
    total = hour.hour * 60 + hour.minute + minutes
    return time(*divmod(total, 60)) if total < 24 * 60 else None


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
        tables = tables_of(text, path)
    except UnicodeDecodeError as error:
        raise CourseError(f"cannot be read: {error}", file=path) from None
    except tomllib.TOMLDecodeError as error:
        message, line = _toml_error(str(error), text)
        raise CourseError(message, file=path, line=line) from None
    written = tables["day"] if isinstance(tables.get("day"), list) else []
    wrong: list[tuple[tuple[str | int, ...], str]] = [
        (
            ("day", index, "day"),
            "days are counted in their order: delete it; a second row of one day says `same_day = true`",
        )
        for index, row in enumerate(written)
        if isinstance(row, dict) and "day" in row
    ]
    try:
        syllabus = Syllabus.model_validate(tables)
    except ValidationError as error:
        found = error.errors()
        # A date that could not be worked out for what is wrong elsewhere is no error of its own.
        counted = [each for each in found if each["type"] == "missing" and each["loc"][-1] in ("day", "date")]
        wrong += [(each["loc"], each["msg"]) for each in found if each not in counted or len(counted) == len(found)]
    else:
        sessions = {folder.name for folder in path.parent.glob("[0-9][0-9]_*") if folder.is_dir()}
        wrong += contradictions(syllabus, sessions)
    if wrong:
        lines = sorted((line_of(text, location), _told(location, message)) for location, message in wrong)
        others = "".join(f"; line {line}: {message}" for line, message in lines[1:])
        raise CourseError(lines[0][1] + others, file=path, line=lines[0][0])
    return syllabus


def _told(location: tuple[str | int, ...], message: str) -> str:
    field = "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in location).lstrip(".")
    return f"{field}: {message[:1].lower()}{message[1:]}"


def _toml_error(message: str, text: str) -> tuple[str, int]:
    """tomllib's message and the line it names."""
    words, _, place = message.partition(" (at ")
    number = place.removeprefix("line ").partition(",")[0]
    return f"not TOML: {words}", int(number) if number.isdigit() else text.rstrip("\n").count("\n") + 1
