"""When each part of a run takes place, and when its material and its solutions open: what follows from the syllabus's days.

The rules. Material becomes active on its morning, before it starts; solutions when the part ends, or when the syllabus says.
A part has its place here whether or not its source exists yet. What is due at a moment, ``dlmodule.course.Course.as_of`` says.
All moments are aware; hours are wall-clock hours of the syllabus's zone, so they survive a change of daylight saving.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from coursekit.errors import CourseError
from coursekit.project import Project, source_files
from coursekit.schedule.dates import weekday
from coursekit.schedule.release_path import Version
from coursekit.schedule.syllabus import Assessment, Day, Part, Syllabus, syllabus_of
from coursekit.sources.header import parse_header
from coursekit.sources.percent import raw_source


@dataclass(frozen=True)
class ScheduledPart:
    """One part in its place: the row of the lecture table it belongs to, and its four moments."""

    day: Day
    part: Part
    start: datetime
    end: datetime
    release_at: datetime
    solutions_at: datetime

    @property
    def id(self) -> str:
        """``SESSION.PART``."""
        return f"{self.day.session}.{self.part.part}"

    @property
    def has_material(self) -> bool:
        """Whether there is anything to release: a notebook or slides."""
        return self.part.notebook or self.part.slides is not None

    @property
    def notice(self) -> str:
        """What to know on the day: that it is cancelled or moved, and the syllabus's note; empty where there is nothing."""
        change = ""
        if self.part.cancelled:
            change = "Cancelled."
        elif self.part.moved_to is not None:
            change = f"Moved to {weekday(self.part.moved_to)} {self.part.moved_to}, {self.start:%H:%M}."
        return " ".join(filter(None, [change, self.part.note]))

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return round((self.end - self.start).total_seconds() / 60)


@dataclass(frozen=True)
class Timetable:
    """The moments of one run."""

    syllabus: Syllabus

    @cached_property
    def parts(self) -> tuple[ScheduledPart, ...]:
        """Every part, in the order of the lecture table."""
        return tuple(self._scheduled(day, part) for day in self.syllabus.day for part in day.parts)

    def _scheduled(self, day: Day, part: Part) -> ScheduledPart:
        hours = self.syllabus.hours_of(part)
        assert hours is not None, "the syllabus was loaded without validation"
        start, end = hours
        clock, date = self.syllabus.clock, part.moved_to or day.date
        return ScheduledPart(
            day,
            part,
            start=clock(date, start),
            end=clock(date, end),
            release_at=clock(date, self.syllabus.release.material),
            solutions_at=clock(date, self.syllabus.solutions_of(part) or end),
        )

    def assessment_times(self, assessment: Assessment) -> tuple[datetime, datetime]:
        """When ``assessment`` is released and when it is due."""
        return self.syllabus.on(assessment.release, "start"), self.syllabus.on(assessment.due, "end")


def parse_at(text: str, syllabus: Syllabus) -> datetime:
    """``2022-12-02T12:00`` as a moment of the syllabus's zone; an offset in the text is kept. Raises CourseError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CourseError(f"{text!r} is not a time; write 2022-12-02T12:00") from None
    return moment if moment.tzinfo else syllabus.clock(moment.date(), moment.time())


def release_path(day: Day, part: Part, version: Version) -> str:
    """Where a version stands in a release: ``05_CNNs_part_I/05_CNNs_part_I_afternoon/05_CNNs_part_I_afternoon_exercises.ipynb``."""
    return part.file.path(day.folder, part.part, version)


def day_of(syllabus: Syllabus, session: str, part: str | None = None) -> int | None:
    """The day of the module on which a part (or a session, first) takes place, or a coursework comes out; None for neither."""
    released = next((item.release.session for item in syllabus.assessment if item.id == session), None)
    found = syllabus.row_of(released or (f"{session}.{part}" if part else session))
    return found[0].day if found else None


def place_of(project: Project, name: str) -> int | str:
    """The day of ``name`` (SESSION or SESSION.PART) for a reference; of a session that this run leaves out, the words for it.

    Raises CourseError where the course has no such session.
    """
    session, _, part = name.partition(".")
    if number := day_of(syllabus_of(project), session, part or None):
        return number
    sources = source_files(project.course / session)
    if not sources or (part and not project.source(session, part).is_file()):
        raise CourseError(f"no session is called {name!r}")
    path = project.source(session, part) if part else sources[0]
    raw = raw_source(path, path.read_bytes())
    title = parse_header(raw.header, file=path, line=raw.header_line).title
    return f"the session “{title}” (not in this run)"


def published_path(syllabus: Syllabus, session: str, part: str, version: Version) -> str | None:
    """``release_path`` for a part known by name; ``coursework_1/coursework_1.ipynb``; None where the syllabus has neither."""
    if any(item.id == session for item in syllabus.assessment):
        return f"{session}/{session}{'_solutions' if version == 'solutions' else ''}.ipynb"
    rows = ((day, row) for day in syllabus.day for row in day.parts if (day.session, row.part) == (session, part))
    return next((release_path(day, row, version) for day, row in rows), None)
