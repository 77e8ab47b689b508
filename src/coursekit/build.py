"""``course build``: from every source its two notebooks, from every session its key, and the resolved course.

A product is made again only when something that it is made from has changed: its source, the session's exercises, the syllabus,
the ledger, or this code. The cache holds the digests, so a build with nothing changed reads files and imports none of
the libraries. Each file is written whole or not at all; a build that is interrupted goes on where it stopped. A part
with an error keeps its former notebooks, the others are built, and every error is reported.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from coursekit.cache import digest_of, digest_of_files, package_digest
from coursekit.errors import CourseError
from coursekit.project import (
    Part,
    Project,
    files_beside,
    find_parts,
    given_path,
    key_path,
    notebook_path,
    select_parts,
    uncollected,
)
from dlmodule.errors import DLModuleError
from dlmodule.files import is_abandoned, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from coursekit.schedule.release_path import Version
    from coursekit.schedule.syllabus import Syllabus
    from coursekit.sources.source import Source

VERSIONS: "tuple[Version, ...]" = ("student", "solutions")


@dataclass
class Report:
    """What a build did: files written and removed (relative to build/), and the errors that it met.

    failed: the parts (``SESSION.PART``) that these errors concern. drafts, overruns: of the parts made, those that no learner is
    shown, and one line for each that asks for more than its slot holds.
    """

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    problems: list[DLModuleError] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    drafts: list[str] = field(default_factory=list)
    overruns: list[str] = field(default_factory=list)


def build(
    project: Project, targets: Sequence[str] = (), *, keys: bool = True, tell: Callable[[str], None] = lambda line: None
) -> Report:
    """Bring the products of ``targets`` (default: all) up to date. ``tell`` is given one line before each long step."""
    report = Report()
    parts = find_parts(project)
    chosen = select_parts(project, targets)
    digests = _input_digests(project, parts)
    _build_notebooks(project, chosen, digests, report)
    if keys:
        _record_keys(project, chosen, report, tell)
        _write_given(project, chosen, report)
    _remove_stale(project, parts, report)
    _write_course(project, chosen, digests, report)
    return report


def _input_digests(project: Project, parts: Sequence[Part]) -> dict[str, str]:
    """For each part, the digest of everything that its notebooks are made from."""
    shared = digest_of(package_digest("coursekit"), digest_of_files([project.syllabus, project.ledger], project.root))
    exercises = {
        session: digest_of_files([*project.exercises(session), *files_beside(project, session)], project.root)
        for session in {part.session for part in parts}
    }
    return {p.id: digest_of(shared, exercises[p.session], p.id, *_read(project, p)) for p in parts}


def _read(project: Project, part: Part) -> list[bytes | str]:
    """The source of a part and, of a revision, the digest of all that it may ask again."""
    from coursekit.sources.outline import quoted_sessions

    content = part.path.read_bytes()
    quoted = [path for name in quoted_sessions(content) for path in sorted((project.course / name).glob("**/*.py"))]
    return [content, digest_of_files(quoted, project.root)] if quoted else [content]


@uncollected()
def _build_notebooks(project: Project, parts: Sequence[Part], digests: dict[str, str], report: Report) -> None:
    """The student and solution notebooks of ``parts``, where they are not current."""
    due = [part for part in parts if not project.cache.is_made(part.id, digests[part.id])]
    if not due:
        return
    from coursekit.schedule.syllabus import syllabus_of

    syllabus, figure = syllabus_of(project), _figures(project)
    for part in due:
        try:
            written = _write_part(project, part, syllabus, figure)
        except DLModuleError as error:
            report.problems.append(error)
            report.failed.add(part.id)
            continue
        project.cache.made(part.id, digests[part.id], written)
        report.written += written


def _write_part(project: Project, part: Part, syllabus: "Syllabus", figure: Callable[[str], str]) -> list[str]:
    """Write both notebooks of one part, made before either is written, and the files that go with them."""
    from coursekit.notebooks.notebook import make, to_json
    from coursekit.schedule.timetable import day_of, place_of, published_path
    from coursekit.sources.revision import assembled

    source = assembled(project, part.session, part.name)
    texts: dict[str, str | bytes] = {
        notebook_path(part.session, part.name, solutions=version == "solutions"): to_json(
            make(
                source,
                solutions=version == "solutions",
                repository=syllabus.repository,
                figure=figure,
                days=partial(place_of, project),
                place=published_path(syllabus, part.session, part.name, version),
                day=day_of(syllabus, part.session, part.name),
                report=syllabus.report,
            )
        )
        for version in VERSIONS
    }
    for name in source.header.files:
        texts[f"notebooks/{part.session}/{name}"] = part.path.with_name(name).read_bytes()
    for name, text in texts.items():
        write_atomically(project.build / name, text)
    return list(texts)


def _figures(project: Project) -> Callable[[str], str]:
    """The ledger's words for a figure, by id."""
    from coursekit.ledger import figure

    return lambda name: figure(project, name)


def _record_keys(project: Project, parts: Sequence[Part], report: Report, tell: Callable[[str], None]) -> None:
    """The keys of the sessions of ``parts``. The recorder keeps what it has recorded, exercise by exercise."""
    code = package_digest("coursekit", "dlmodule")
    due: dict[str, str] = {}
    for session in dict.fromkeys(part.session for part in parts):
        folder = project.course / session
        files = [*folder.glob("*.py"), *folder.glob("exercises/*"), *files_beside(project, session), project.ledger]
        inputs = digest_of(code, session, digest_of_files(files, project.root))
        if project.exercises(session) and not project.cache.is_made(f"key {session}", inputs):
            due[session] = inputs
    if not due:
        return
    tell(f"recording the keys of {', '.join(due)}")
    for session, result in _recorded(project, list(due)):
        if isinstance(result, list):
            report.problems += result
            report.failed.update(
                part.id for part in parts if part.session == session and _concerned(project, part, result)
            )
            continue
        project.cache.made(f"key {session}", due[session], [key_path(session)])
        report.written.append(key_path(session))


def _recorded(project: Project, sessions: Sequence[str]) -> Iterator[tuple[str, "Path | list[DLModuleError]"]]:
    """As ``record_sessions``. A session whose notebooks have files is recorded among them, anew where one of them has changed."""
    from coursekit.exercises.record import record_sessions
    from coursekit.sources.source import sources_of

    reading = [s for s in sessions if any(source.header.files for source in sources_of(project, s))]
    yield from record_sessions(project, [session for session in sessions if session not in reading])
    for session in reading:
        files = digest_of_files(files_beside(project, session), project.root)
        if not project.cache.is_made(f"files of {session}", files):
            of_others = {f"{path.parents[1].name}.{path.stem}" for path in project.exercises()}
            of_others -= {f"{session}.{path.stem}" for path in project.exercises(session)}
            for kind in ("keys", "proofs"):
                project.cache.forget(kind, but=of_others)
            project.cache.made(f"files of {session}", files, [])
        with contextlib.chdir(project.course / session):
            yield from record_sessions(project, [session])


def _concerned(project: Project, part: Part, errors: Sequence[DLModuleError]) -> bool:
    """Whether one of ``errors`` is about the source of ``part`` or an exercise that it defines, or does not say what it is about."""
    from coursekit.sources.exercise_file import defines

    files = {getattr(error, "file", None) for error in errors}
    exercises = [path for path in project.exercises(part.session) if path in files]
    return bool(files & {None, part.path}) or any(defines(project, part.session, part.name, e.stem) for e in exercises)


def _write_given(project: Project, parts: Sequence[Part], report: Report) -> None:
    """What the courseworks among ``parts`` give to learners, drawn from their secret seeds."""
    for session in dict.fromkeys(part.session for part in parts):
        if not (project.course / session / "coursework.toml").is_file():
            continue
        from coursekit.marking.coursework import Coursework

        coursework = Coursework(project, session)
        files = [coursework.folder / "coursework.toml", *sorted(coursework.private.glob("*"))]
        inputs = digest_of(package_digest("dlmodule"), *(path.read_bytes() for path in files if path.is_file()))
        if project.cache.is_made(f"given {session}", inputs):
            continue
        try:
            content = coursework.given().to_bytes()
        except DLModuleError as error:
            report.problems.append(error)
            report.failed.update(part.id for part in parts if part.session == session)
            continue
        write_atomically(project.build / given_path(session), content)
        project.cache.made(f"given {session}", inputs, [given_path(session)])
        report.written.append(given_path(session))


def _remove_stale(project: Project, parts: Sequence[Part], report: Report) -> None:
    """Notebooks and keys whose source is gone, and temporary files that a killed build left."""
    expected = {path(part.session) for part in parts for path in (key_path, given_path)}
    for part in parts:
        expected |= {notebook_path(part.session, part.name, solutions=solutions) for solutions in (False, True)}
        expected |= {f"notebooks/{part.session}/{path.name}" for path in files_beside(project, part.session)}
    for folder in ("notebooks", "keys"):
        for path in sorted((project.build / folder).rglob("*"), reverse=True):
            name = path.relative_to(project.build).as_posix()
            if path.is_dir():
                with contextlib.suppress(OSError):  # it is not empty
                    path.rmdir()
            elif is_abandoned(path):
                path.unlink(missing_ok=True)
            elif name not in expected and not path.name.startswith("."):
                path.unlink()
                report.removed.append(name)
    exercises = {f"{path.parents[1].name}.{path.stem}" for path in project.exercises()}
    for kind in ("keys", "proofs"):
        project.cache.forget(kind, but=exercises)


@uncollected()
def _write_course(project: Project, chosen: Sequence[Part], digests: dict[str, str], report: Report) -> None:
    """``course.json`` and ``calendar.ics``, which the learner's home page and the site show."""
    decks = sorted(path.relative_to(project.root).as_posix() for path in project.course.glob("*/*.typ"))
    made = sorted(path.relative_to(project.build).as_posix() for path in project.build.glob("slides/*/*.pdf"))
    inputs = digest_of(digest_of_files([project.syllabus], project.root), *sorted(digests.values()), *decks, "", *made)
    if project.cache.is_made("course", inputs):
        return
    from coursekit.schedule.calendar import to_ical
    from coursekit.schedule.course_table import course_table, drafts, lecture_rows
    from coursekit.schedule.syllabus import syllabus_of
    from coursekit.schedule.timetable import Timetable

    set_aside = {part.id: notebook_path(part.session, part.name, solutions=False) for part in drafts(project)}
    if report.failed - set_aside.keys():
        return
    needed = {part.id for part in chosen}
    write_atomically(project.build / "course.json", course_table(project, needed=needed).to_json())
    write_atomically(project.build / "calendar.ics", to_ical(Timetable(syllabus_of(project))))
    report.drafts += [f"{draft} (build/{path})" for draft, path in set_aside.items() if path in report.written]
    rows = lecture_rows(project, needed=needed)
    made_now = (row for row in rows if row.path("student") in report.written)
    report.overruns += [row.overrun for row in made_now if row.overrun]
    report.written += ["course.json", "calendar.ics"]
    early = _early_uses([row.source for row in rows if row.source])
    report.problems += early
    if not early:  # else the next build tells them again
        project.cache.made("course", inputs, ["course.json", "calendar.ics"])


def _early_uses(sources: "Sequence[Source]") -> list[CourseError]:
    """An error for each term that is used before it is defined, in the order of the sessions' names: a run may exchange days."""
    from coursekit.sources.terms import early_uses

    cures = "define it there in bold, announce it ({day: SESSION}), or use other words"
    return [
        CourseError(f"{use.term!r} is used before {use.defined} defines it: {cures}", file=use.file, line=use.line)
        for use in early_uses(sorted(sources, key=lambda source: source.session))
    ]
