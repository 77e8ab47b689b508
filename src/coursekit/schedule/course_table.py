"""The lecture table: every part of the run with what its source says, and from that the resolved course that learners get."""

from collections.abc import Container
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from coursekit import ledger
from coursekit.errors import CourseError
from coursekit.notebooks.title import colab_url
from coursekit.project import Part as SourcePart
from coursekit.project import Project, find_parts, notebook_path, source_files
from coursekit.schedule import syllabus as written
from coursekit.schedule.dates import weekday
from coursekit.schedule.release_path import Version
from coursekit.schedule.syllabus import Syllabus, syllabus_of
from coursekit.schedule.timetable import ScheduledPart, Timetable, day_of, place_of, release_path
from coursekit.sources.load import FILL, Load, load_of
from coursekit.sources.references import filled
from coursekit.sources.revision import assembled
from coursekit.sources.source import Source
from coursekit.sources.terms import definitions, letters
from dlmodule import course as resolved
from dlmodule.course import Course


@dataclass(frozen=True)
class LectureRow:
    """A part in its place, with its source where there is one; the paths are relative to ``build/``."""

    slot: ScheduledPart
    source: Source | None
    deck: str | None

    @property
    def title(self) -> str:
        """The source's title; until there is one, the syllabus's."""
        return self.source.header.title if self.source else self.slot.part.title or self.slot.day.title

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
            return self.deck and f"slides/{self.slot.day.session}/{self.deck}.pdf"
        if self.source is None:
            return None
        return notebook_path(self.slot.day.session, self.slot.part.part, solutions=version == "solutions")


def lecture_rows(
    project: Project, timetable: Timetable | None = None, *, needed: Container[str] | None = None
) -> tuple[LectureRow, ...]:
    """Every part of the course with what its source says. Raises CourseError for a source that is wrong.

    needed: the parts (``SESSION.PART``) for which that matters, all of them by default. Another part whose source is wrong
    counts as not yet written, so that work on next week's session does not stop today's release.
    """
    parts = (timetable or Timetable(syllabus_of(project))).parts
    paths = {part.id: part.path for part in find_parts(project)}
    decks = _decks(project, parts)
    rows = []
    for part in parts:
        try:
            source = assembled(project, part.day.session, part.part.part) if part.id in paths else None
        except CourseError:
            if needed is None or part.id in needed:
                raise
            source = None
        rows.append(LectureRow(part, source, decks.get(part.id)))
    return tuple(rows)


def drafts(project: Project) -> list[SourcePart]:
    """The sources that the syllabus does not name: they build, run and are verified, and no learner is shown them."""
    syllabus = syllabus_of(project)
    known = {part.id for part in Timetable(syllabus).parts if part.part.notebook}
    courseworks = {item.id for item in syllabus.assessment}
    return [part for part in find_parts(project) if part.id not in known and part.session not in courseworks]


def _decks(project: Project, parts: tuple[ScheduledPart, ...]) -> dict[str, str]:
    """The deck of each part: the one it names, else the one named like it; any other goes with the session's first part."""
    decks: dict[str, str] = {}
    for session in dict.fromkeys(part.day.session for part in parts):
        of_session = [part for part in parts if part.day.session == session]
        names = sorted(path.stem for path in (project.course / session).glob("[!_]*.typ"))
        for part in of_session:
            name = part.part.slides or part.part.part
            if name in names:
                decks[part.id] = name
                names.remove(name)
        for name, part in zip(names, (part for part in of_session if part.id not in decks), strict=False):
            decks[part.id] = name
    return decks


def course_table(project: Project, *, needed: Container[str] | None = None) -> Course:
    """The resolved course: all that the home page, the site and a release show. ``needed``: see ``lecture_rows``."""
    timetable = Timetable(syllabus_of(project))
    syllabus = timetable.syllabus
    parts: dict[str, list[resolved.Part]] = {day.folder: [] for day in syllabus.day}
    for row in lecture_rows(project, timetable, needed=needed):
        parts[row.slot.day.folder].append(_part(row, project, syllabus))
    return Course(
        title=syllabus.title,
        objective=syllabus.objective,
        outcome=syllabus.outcome,
        contents=tuple(syllabus.contents),
        timezone=syllabus.timezone,
        self_paced=syllabus.self_paced,
        repository=resolved.Repository(**syllabus.repository.model_dump()),
        colab=filled(syllabus.colab.text, partial(place_of, project)),
        team=tuple(resolved.Member(**member.model_dump()) for member in syllabus.team),
        primers=tuple(resolved.Primer(**primer.model_dump()) for primer in syllabus.primer),
        references=_references(syllabus),
        onward=tuple(resolved.Onward(**onward.model_dump()) for onward in syllabus.onward),
        assessments=tuple(_assessment(project, timetable, item) for item in syllabus.assessment),
        days=tuple(_day(day, tuple(parts[day.folder])) for day in syllabus.day),
    )


def _references(syllabus: Syllabus) -> tuple[resolved.Reference, ...]:
    """The bibliography by day; what only sessions stand on that this run leaves out is left out too."""
    placed = ((day_of(syllabus, item.session), item.model_dump(exclude={"session"})) for item in syllabus.reference)
    found = [resolved.Reference(day=day, **facts) for day, facts in placed if day is not None]
    return tuple(sorted(found, key=lambda reference: reference.day))


def _assessment(project: Project, timetable: Timetable, item: written.Assessment) -> resolved.Assessment:
    release, due = timetable.assessment_times(item)
    sources = source_files(project.course / item.id)
    notebook = notebook_path(item.id, sources[0].stem, solutions=False) if sources else None
    return resolved.Assessment(item.id, item.title, item.format, release, due, item.weight, notebook)


def _day(day: written.Day, parts: tuple[resolved.Part, ...]) -> resolved.Day:
    return resolved.Day(
        day=day.day,
        date=day.date,
        weekday=weekday(day.date),
        title=day.title,
        session=day.session,
        folder=day.folder,
        meeting=day.meeting,
        parts=parts,
    )


def _part(row: LectureRow, project: Project, syllabus: Syllabus) -> resolved.Part:
    slot, source = row.slot, row.source

    def words(text: str) -> str:
        return filled(text, partial(place_of, project))

    return resolved.Part(
        part=slot.part.part,
        kind=slot.part.kind,
        start=slot.start,
        end=slot.end,
        title=row.title,
        syllabus_title=slot.part.title or slot.day.title,
        note=slot.notice or None,
        awaited=slot.part.notebook and source is None,
        release_at=slot.release_at,
        solutions_at=slot.solutions_at,
        student=row.path("student"),
        solutions=row.path("solutions"),
        slides=row.path("slides"),
        colab=colab_url(syllabus.repository, release_path(slot.day, slot.part, "student")) if source else None,
        objectives=tuple(source.header.objectives) if source else (),
        minutes=_minutes(source) if source else resolved.Minutes(),
        exercises=tuple(
            resolved.Exercise(
                name=meta.name,
                title=meta.title,
                difficulty=meta.difficulty,
                minutes=meta.minutes,
                core=meta.core,
                measured=_measured(project, f"{slot.day.session}.{meta.name}"),
            )
            for meta in (source.exercises if source else ())
        ),
        questions=tuple(
            resolved.Question(item.id, item.title, item.minutes)
            for item in (source.revised if source else ())
            if item.exercise is None
        ),
        terms=tuple(replace(found.term, says=words(found.term.says)) for found in definitions(source))
        if source
        else (),
        letters=tuple(replace(each, meaning=words(each.meaning)) for each in letters(source)) if source else (),
    )


def _measured(project: Project, exercise: str) -> resolved.Measured | None:
    """What the ledger holds of a training exercise; None for any other, and for one whose bar is not measured yet."""
    rows = ledger.read(project)
    rehearsal = ledger.find(rows, "rehearsal", exercise)
    if rehearsal is None or "bar" not in rehearsal:
        return None
    metric = rehearsal["metric"]
    full = [row for row in rows["full"] if row["id"] == exercise and metric in row["values"]]
    return resolved.Measured(
        metric=metric,
        bar=rehearsal["bar"],
        higher=rehearsal["higher"],
        percent=ledger.is_share(metric),
        rehearsal=ledger.words(metric, rehearsal["right"]["solution"]),
        full=tuple(f"{row['set'].replace('_', ' ')}: {ledger.words(metric, row['values'][metric])}" for row in full),
    )


def _minutes(source: Source) -> resolved.Minutes:
    """``study``: what the core asks of a learner; the others as in the header."""
    return resolved.Minutes(**{"study": load_of(source).minutes, **source.header.minutes.model_dump(exclude_none=True)})


def relative_to_project(project: Project, path: str | None) -> str | None:
    """A path of ``build/`` as seen from the project's root."""
    return path and Path(project.build / path).relative_to(project.root).as_posix()
