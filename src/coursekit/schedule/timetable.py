"""What follows from the syllabus: when each part takes place and is released, what is due at a moment, the resolved course.

The rules. Material becomes active on its morning, before it starts; solutions when the part ends, or when the syllabus says.
A part is a *slot* in the timetable whether or not its source exists yet; its *entry* adds what the sources say.
All moments are aware; hours are wall-clock hours of the syllabus's zone, so they survive a change of daylight saving.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from coursekit.errors import CourseError
from coursekit.notebooks.title import colab_url
from coursekit.project import Part as SourcePart
from coursekit.project import Project, find_parts, notebook_path
from coursekit.schedule.release_path import Version
from coursekit.schedule.syllabus import Assessment, Day, Part, Syllabus, syllabus_of, weekday
from coursekit.sources.load import FILL, Load, load_of
from coursekit.sources.source import Source, source_of


@dataclass(frozen=True)
class Slot:
    """One part in its place: the row of the lecture table it belongs to, and its four moments."""

    row: Day
    part: Part
    start: datetime
    end: datetime
    release_at: datetime
    solutions_at: datetime

    @property
    def id(self) -> str:
        """``SESSION.PART``."""
        return f"{self.row.session}.{self.part.part}"

    @property
    def has_material(self) -> bool:
        """Whether there is anything to release: a notebook or slides."""
        return self.part.notebook or self.part.slides is not None

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return round((self.end - self.start).total_seconds() / 60)

    def opens_at(self, version: Version) -> datetime:
        """When ``version`` becomes active."""
        return self.solutions_at if version == "solutions" else self.release_at


@dataclass(frozen=True)
class Timetable:
    """The moments of one run."""

    syllabus: Syllabus

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """Every part, in the order of the lecture table."""
        return tuple(self._slot(row, part) for row in self.syllabus.day for part in row.parts)

    def _slot(self, row: Day, part: Part) -> Slot:
        hours = self.syllabus.hours_of(part)
        assert hours is not None, "the syllabus was loaded without validation"
        start, end = hours
        clock = self.syllabus.clock
        return Slot(
            row,
            part,
            start=clock(row.date, start),
            end=clock(row.date, end),
            release_at=clock(row.date, self.syllabus.release.material),
            solutions_at=clock(row.date, part.solutions or end),
        )

    def assessment_times(self, assessment: Assessment) -> tuple[datetime, datetime]:
        """When ``assessment`` is released and when it is due."""
        release, due = (
            self.syllabus.clock(self.syllabus.date_of(when.day), when.time)
            for when in (assessment.release, assessment.due)
        )
        return release, due

    def moments(self) -> tuple[datetime, ...]:
        """Every moment at which something is released, each once, in order."""
        found = {self.assessment_times(item)[0] for item in self.syllabus.assessment}
        for slot in self.slots:
            if slot.has_material:
                found.add(slot.release_at)
            if slot.part.notebook:
                found.add(slot.solutions_at)
        return tuple(sorted(found))

    def due(self, at: datetime) -> tuple[tuple[Slot, Version], ...]:
        """What is active at ``at``, whether or not its source exists yet. Raises ValueError for a naive ``at``."""
        if at.tzinfo is None:
            raise ValueError("at must be an aware datetime")
        return tuple(
            (slot, version)
            for slot in self.slots
            for version in ("student", "solutions", "slides")
            if (slot.part.notebook or version == "slides") and at >= slot.opens_at(version)
        )

    def moved(self, start: date) -> "Timetable":
        """The same run with its first day on ``start``. Raises CourseError where that is another weekday: the pattern stays."""
        first = self.syllabus.day[0].date
        if weekday(start) != weekday(first):
            later = start + timedelta(days=(first.weekday() - start.weekday()) % 7)
            message = f"{start} is a {weekday(start)}; the module begins on a {weekday(first)} (the next is {later})"
            raise CourseError(message)
        try:
            rows = [row.model_copy(update={"date": row.date + (start - first)}) for row in self.syllabus.day]
        except OverflowError:
            raise CourseError(f"a run that starts on {start} would end after the last year there is") from None
        return Timetable(self.syllabus.model_copy(update={"day": rows}))


def parse_at(text: str, syllabus: Syllabus) -> datetime:
    """``2022-12-02T12:00`` as a moment of the syllabus's zone; an offset in the text is kept. Raises CourseError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CourseError(f"{text!r} is not a time; write 2022-12-02T12:00") from None
    return moment if moment.tzinfo else syllabus.clock(moment.date(), moment.time())


def release_path(row: Day, part: Part, version: Version) -> str:
    """Where a version stands in a release: ``05_CNNs_part_I/05_CNNs_part_I_afternoon/05_CNNs_part_I_afternoon_exercises.ipynb``."""
    return part.file.path(row.folder, part.part, version)


def published_path(syllabus: Syllabus, session: str, part: str, version: Version) -> str | None:
    """``release_path`` for a part known by name; None where the syllabus has no such part."""
    parts = ((row, p) for row in syllabus.day for p in row.parts if (row.session, p.part) == (session, part))
    return next((release_path(row, p, version) for row, p in parts), None)


@dataclass(frozen=True)
class Entry:
    """A slot with its source, where there is one; the paths are relative to ``build/``."""

    slot: Slot
    source: Source | None
    deck: str | None

    @property
    def title(self) -> str:
        """The source's title; until there is one, the syllabus's."""
        return self.source.header.title if self.source else self.slot.part.title or self.slot.row.title

    @property
    def load(self) -> Load | None:
        """What it asks of a learner; None until there is a source."""
        return load_of(self.source) if self.source else None

    @property
    def at_home(self) -> bool:
        """Whether its slot is taken by a talk, so that the notebook is for afterwards."""
        return self.slot.part.kind == "slides"

    @property
    def overrun(self) -> str:
        """One line where it asks for more than its slot holds; "" where it fits."""
        load, slot = self.load, self.slot.minutes
        if load is None or self.at_home or load.fits(slot):
            return ""
        which = "its core" if load.marked else "all of it (no exercise is marked core=True)"
        return f"{self.slot.id}: {which} takes {load.minutes} min; a slot of {slot} min holds {int(FILL * slot)}"

    def path(self, version: Version) -> str | None:
        """Where the build puts ``version``; None where no source exists."""

        if version == "slides":
            return self.deck and f"slides/{self.slot.row.session}/{self.deck}.pdf"
        if self.source is None:
            return None
        return notebook_path(self.slot.row.session, self.slot.part.part, solutions=version == "solutions")


def entries(
    project: Project, timetable: Timetable | None = None, *, needed: Container[str] | None = None
) -> tuple[Entry, ...]:
    """Every part of the syllabus with what its source says. Raises CourseError for a source that is wrong.

    needed: the parts (``SESSION.PART``) for which that matters, all of them by default. Another part whose source is wrong
    counts as not yet written, so that work on next week's session does not stop today's release.
    """
    slots = (timetable or Timetable(syllabus_of(project))).slots
    paths = {part.id: part.path for part in find_parts(project)}
    decks = _decks(project, slots)
    found = []
    for slot in slots:
        try:
            source = source_of(project, slot.row.session, slot.part.part) if slot.id in paths else None
        except CourseError:
            if needed is None or slot.id in needed:
                raise
            source = None
        found.append(Entry(slot, source, decks.get(slot.id)))
    return tuple(found)


def drafts(project: Project) -> list[SourcePart]:
    """The sources that no part of the syllabus names: they build, run and are verified, and no learner is shown them."""
    known = {slot.id for slot in Timetable(syllabus_of(project)).slots if slot.part.notebook}
    return [part for part in find_parts(project) if part.id not in known]


def _decks(project: Project, slots: tuple[Slot, ...]) -> dict[str, str]:
    """The deck of each part: the one it names, else the one named like it; any other goes with the session's first part."""
    found: dict[str, str] = {}
    for session in dict.fromkeys(slot.row.session for slot in slots):
        mine = [slot for slot in slots if slot.row.session == session]
        written = sorted(path.stem for path in (project.course / session).glob("[!_]*.typ"))
        for slot in mine:
            name = slot.part.slides or slot.part.part
            if name in written:
                found[slot.id] = name
                written.remove(name)
        for name, slot in zip(written, (slot for slot in mine if slot.id not in found), strict=False):
            found[slot.id] = name
    return found


def course_table(
    project: Project, start: date | None = None, *, needed: Container[str] | None = None
) -> dict[str, Any]:
    """The resolved course, as ``course.json`` holds it: all that the home page and the site show. ``needed``: see ``entries``."""
    timetable = Timetable(syllabus_of(project))
    timetable = timetable if start is None else timetable.moved(start)
    facts = timetable.syllabus
    rows = {row.folder: _row(row) for row in facts.day}
    for entry in entries(project, timetable, needed=needed):
        rows[entry.slot.row.folder]["parts"].append(_part(entry, facts))
    return {
        "title": facts.title,
        "objective": facts.objective,
        "outcome": facts.outcome,
        "contents": facts.contents,
        "timezone": facts.timezone,
        "self_paced": facts.self_paced,
        "repository": facts.repository.model_dump(),
        "colab": facts.colab.text,
        "team": [member.model_dump() for member in facts.team],
        "primers": [primer.model_dump() for primer in facts.primer],
        "references": [reference.model_dump() for reference in facts.reference],
        "assessments": [_assessment(timetable, item) for item in facts.assessment],
        "days": list(rows.values()),
    }


def _assessment(timetable: Timetable, item: Assessment) -> dict[str, Any]:
    release, due = timetable.assessment_times(item)
    times = {"release_at": release.isoformat(), "due_at": due.isoformat()}
    return {"id": item.id, "title": item.title, "format": item.format, **times, "weight": item.weight}


def _row(row: Day) -> dict[str, Any]:
    return {
        "day": row.day,
        "date": row.date.isoformat(),
        "weekday": weekday(row.date),
        "title": row.title,
        "session": row.session,
        "folder": row.folder,
        "meeting": row.meeting,
        "parts": [],
    }


def _part(entry: Entry, facts: Syllabus) -> dict[str, Any]:
    slot, source = entry.slot, entry.source
    colab = colab_url(facts.repository, release_path(slot.row, slot.part, "student"))
    return {
        "part": slot.part.part,
        "kind": slot.part.kind,
        "start": slot.start.isoformat(),
        "end": slot.end.isoformat(),
        "title": entry.title,
        "syllabus_title": slot.part.title or slot.row.title,  # what is said of a part before it is out
        "note": slot.part.note,
        "release_at": slot.release_at.isoformat(),
        "solutions_at": slot.solutions_at.isoformat(),
        "student": entry.path("student"),
        "solutions": entry.path("solutions"),
        "slides": entry.path("slides"),
        "colab": colab if source else None,
        "objectives": list(source.header.objectives) if source else [],
        "minutes": _minutes(source) if source else {},
        "exercises": [
            {"name": meta.name, "title": meta.title, "difficulty": meta.difficulty, "minutes": meta.minutes}
            for meta in (source.exercises if source else ())
        ],
    }


def _minutes(source: Source) -> dict[str, float]:
    """``study``: what the core asks of a learner; the others as in the header."""
    return {"study": load_of(source).minutes, **source.header.minutes.model_dump(exclude_none=True)}


def relative_to_project(project: Project, path: str | None) -> str | None:
    """A path of ``build/`` as seen from the project's root."""
    return path and Path(project.build / path).relative_to(project.root).as_posix()
