"""``course release``: a folder that holds exactly what is due at a moment, ready to push to the repository that Colab opens.

An allow-list decides: ``contents`` names every file, and nothing else is ever read. Into the release go the notebooks and slides
that are due, the keys of sessions that have begun, the package ``dlmodule``, and the pages made for it.

Theory of writing. ``.release.json`` lists the files that a release wrote, with their digests. Before the first file is
touched it is made to list the old files and the new, so that after a crash every file of ours is known; then files are
written, each whole or not at all, those no longer due are removed, and the list is made to say what is there. A file that the
list does not know is somebody else's: it is never removed, and where it stands in the way the release stops before it began.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from coursekit.errors import CourseError
from coursekit.marking.coursework import Coursework
from coursekit.project import Project, given_path, key_path, notebook_path
from coursekit.publish import brief, release_pages
from coursekit.publish.site import build_site
from coursekit.publish.site_outputs import unexecuted
from coursekit.schedule.calendar import revised, to_ical
from coursekit.schedule.course_table import course_table, drafts
from coursekit.schedule.release_path import notes_path
from coursekit.schedule.syllabus import syllabus_of
from coursekit.schedule.timetable import Timetable, published_path
from coursekit.sources.exercise_file import exercises_of
from dlmodule.course import Course
from dlmodule.enclosed import enclosed_files
from dlmodule.files import write_atomically

QUARTER = timedelta(days=91)
HANDFUL = 5  # files that a release may remove without being asked twice
MANIFEST = ".release.json"
# What the learner's package is made of; caches and whatever else lies in its folder stay behind.
_PACKAGE_FILES = {".py", ".typed", ".html", ".css", ".js", ".svg", ".json", ".toml"}


def contents(project: Project, at: datetime) -> dict[str, bytes]:
    """Every file of the release at ``at``, by its path in it. Raises CourseError where one that is due has not been built."""
    syllabus = syllabus_of(project)
    course = course_table(project, needed=released_parts(project, at))
    known = course.as_of(at)
    files: dict[str, bytes] = {}
    enclosed: dict[str, str] = {}
    withheld = _drafted(project)
    for day, part in known.parts():
        for version in part.due:
            built = part.path(version)
            place = published_path(syllabus, day.session, part.part, version)
            assert built is not None and place is not None, "what is due exists and has its place in the syllabus"
            files[place] = _built(project, built)
            if version == "slides":
                notes = notes_path(PurePosixPath(place)).as_posix()
                files[notes] = _built(project, notes_path(PurePosixPath(built)).as_posix())
            else:
                enclosed |= _enclosed(project, day.session, built, place)
            if version == "student" and part.exercises:
                key = key_path(day.session)
                files[key] = _key(project, day.session, withheld.get(day.session, set()))
    for item in known.assessments:
        if item.is_out and Coursework.exists(project, item.id):
            files |= _coursework(project, item.id)
            notebook = Coursework(project, item.id).public.notebook
            place = published_path(syllabus, item.id, notebook, "student")
            assert place is not None, "a coursework of the syllabus has its place"
            enclosed |= _enclosed(project, item.id, notebook_path(item.id, notebook, solutions=False), place)
    files |= {place: _built(project, f"notebooks/{name}") for place, name in enclosed.items()}
    released = release_pages.released_course(known, syllabus)
    pages = {
        "README.md": release_pages.readme(released, guide=(guide := project.root / release_pages.GUIDE).is_file()),
        "course.json": released.to_json(),
        "pyproject.toml": release_pages.pyproject(
            project.root / "pyproject.toml", keys=any(name.startswith("keys/") for name in files), enclosed=enclosed
        ),
    }
    files |= {name: text.encode() for name, text in pages.items()}
    files["calendar.ics"] = to_ical(Timetable(syllabus))
    files["LICENSE"] = (project.root / "LICENSE").read_bytes()
    if guide.is_file():
        files[release_pages.GUIDE] = guide.read_bytes()
    files |= _package(project) | _site(project, course, at)
    return dict(sorted(files.items()))


def _enclosed(project: Project, session: str, built: str, place: str) -> dict[str, str]:
    """The files that go with a built notebook which is released at ``place``: where each is in the release, and its ``SESSION/NAME``."""
    names = enclosed_files(json.loads(_built(project, built)))
    return {PurePosixPath(place).with_name(name).as_posix(): f"{session}/{name}" for name in names}


def _coursework(project: Project, name: str) -> dict[str, bytes]:
    """What a coursework gives: its notebook, its checks, its data, and its brief. Never its solutions."""
    from dlmodule.checking import key as answers

    place = published_path(syllabus_of(project), name, "notebook", "student")
    assert place is not None, "a coursework of the syllabus has its place"
    checks = answers.from_bytes(_built(project, key_path(name)), key_path(name)).values()
    return {
        place: _built(project, notebook_path(name, Coursework(project, name).public.notebook, solutions=False)),
        # A check of a coursework says right or wrong: which mistake it is would be the answer.
        key_path(name): answers.to_bytes([replace(key, mistakes=[], variants=(), hints=()) for key in checks]),
        given_path(name): _built(project, given_path(name)),
        f"{name}/README.md": brief.page(project, name).encode(),
        f"{name}/brief.pdf": brief.pdf(project, name),
    }


def released_parts(project: Project, at: datetime) -> set[str]:
    """The parts that are out at ``at``, whether or not their sources exist yet; only those can stop a release."""
    course = course_table(project, needed=()).as_of(at)
    return {day.part_id(part) for day, part in course.parts() if "student" in part.open}


def released_days(project: Project, at: datetime) -> list[int]:
    """The days of the module, in the order of the syllabus, of which a notebook is out at ``at``."""
    course = course_table(project, needed=released_parts(project, at)).as_of(at)
    return list(dict.fromkeys(day.day for day, part in course.parts() if "student" in part.due))


def _drafted(project: Project) -> dict[str, set[str]]:
    """The exercises of drafts, by session."""
    found: dict[str, set[str]] = {}
    for draft in drafts(project):
        metas = exercises_of(project, draft.session)
        found.setdefault(draft.session, set()).update(name for name, meta in metas.items() if meta.part == draft.name)
    return {session: names for session, names in found.items() if names}


def _key(project: Project, session: str, withheld: set[str]) -> bytes:
    """The key of ``session`` without the exercises ``withheld``."""
    built = _built(project, key_path(session))
    if not withheld:
        return built
    from dlmodule.checking import key as answers

    kept = [key for name, key in answers.from_bytes(built, key_path(session)).items() if name not in withheld]
    return answers.to_bytes(kept)


def _built(project: Project, name: str) -> bytes:
    """A file of ``build/``."""
    path = project.build / name
    if not path.is_file():
        command = "slides" if name.startswith("slides/") else "build"
        raise CourseError(f"is due, but has not been made; run `course {command}`", file=path)
    return path.read_bytes()


def _package(project: Project) -> dict[str, bytes]:
    """The source of ``dlmodule``."""
    root = project.root / "src" / "dlmodule"
    found = {}
    for path in sorted(root.rglob("*")):
        hidden = any(name.startswith((".", "__pycache__")) for name in path.relative_to(root).parts)
        if path.is_file() and path.suffix in _PACKAGE_FILES and not hidden:
            found[path.relative_to(project.root).as_posix()] = path.read_bytes()
    return found


def _site(project: Project, course: Course, at: datetime) -> dict[str, bytes]:
    """The static site as it is at ``at``, where this project has one (``build/site``)."""
    if not (project.build / "site").is_dir():
        return {}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "site"
        build_site(project, course=course, at=at, to=target)
        return {
            f"site/{path.relative_to(target).as_posix()}": path.read_bytes()
            for path in sorted(target.rglob("*"))
            if path.is_file()
        }


def changes(files: Mapping[str, bytes], to: Path) -> tuple[list[str], list[str]]:
    """The names of the files that ``write`` would write, and of those that it would remove. Raises as it does; writes nothing."""
    former = _read_manifest(to)
    for name, data in files.items():
        _refuse_foreign(to, name, hashlib.sha256(data).hexdigest(), former)
    written = [name for name, data in files.items() if not (to / name).is_file() or (to / name).read_bytes() != data]
    return written, sorted(former.keys() - files.keys())


def write(files: Mapping[str, bytes], to: Path) -> tuple[list[str], list[str]]:
    """Make the folder ``to`` hold ``files``; returns the names of those written and those removed.

    Raises CourseError, with nothing changed, where a file that no release wrote stands in the way.
    """
    former = _read_manifest(to)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    for name, digest in digests.items():
        _refuse_foreign(to, name, digest, former)
    stale = sorted(former.keys() - files.keys())
    _write_manifest(to, former | digests)
    _remove_fragments(to, former.keys() | files.keys())
    written = []
    for name, data in files.items():
        path = to / name
        if not path.is_file() or path.read_bytes() != data:
            write_atomically(path, data)
            written.append(name)
    for name in stale:
        _remove(to, name)
    _write_manifest(to, digests)
    return written, stale


def _read_manifest(to: Path) -> dict[str, str]:
    path = to / MANIFEST
    if not path.exists():
        return {}
    try:
        held = json.loads(path.read_text(encoding="utf-8"))["files"]
        if not all(name.isprintable() and isinstance(digest, str) for name, digest in held.items()):
            raise ValueError("a name that no release writes")
        return dict(held)
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise CourseError("is damaged, so what is ours is not known; release into an empty folder", file=path) from None


def _write_manifest(to: Path, digests: Mapping[str, str]) -> None:
    text = json.dumps({"files": dict(sorted(digests.items()))}, indent=1) + "\n"
    write_atomically(to / MANIFEST, text)


def _refuse_foreign(to: Path, name: str, digest: str, former: Mapping[str, str]) -> None:
    """Nothing of somebody else's is written over, and nothing outside ``to``."""
    path = to / name
    if not path.parent.resolve().is_relative_to(to.resolve()):
        raise CourseError(f"{path.parent} leads out of the folder of the release", file=path)
    if path.is_symlink() or path.is_dir():
        raise CourseError("stands where the release has a file; move it away", file=path)
    if path.exists() and name not in former and hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise CourseError("is not from a release and would be written over; move it away", file=path)


def _remove(to: Path, name: str) -> None:
    """Remove a file of ours, and the folders that it leaves empty."""
    path = to / name
    if ".." in Path(name).parts or not path.parent.resolve().is_relative_to(to.resolve()):
        return
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == to or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()


def _remove_fragments(to: Path, names: Iterable[str]) -> None:
    """Remove the temporary files that a release left when it was killed while writing one of ``names``."""
    own = {to / name for name in names} | {to / MANIFEST}
    for folder in {path.parent for path in own}:
        for path in folder.glob(".*.part"):
            if folder / path.name[1:].rsplit(".", 2)[0] in own:
                path.unlink(missing_ok=True)


def out_of_term(project: Project, at: datetime) -> str:
    """One line where ``at`` lies outside the run, from its first material to a quarter of a year after its end; else empty."""
    timetable = Timetable(syllabus_of(project))
    first = min(slot.release_at for slot in timetable.parts)
    last = max(slot.solutions_at for slot in timetable.parts)
    if first <= at <= last + QUARTER:
        return ""
    return f"{at:%Y-%m-%d %H:%M} is not in the run, which goes from {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def doubts(project: Project, at: datetime, removed: Sequence[str]) -> list[str]:
    """What a release at ``at`` that removes the files ``removed`` should be asked twice for, a line each."""
    found = [out_of_term(project, at)]
    if len(removed) > HANDFUL:
        found.append(f"it would remove {len(removed)} files, {removed[0]} among them")
    return list(filter(None, found))


def release_files(project: Project, at: datetime, to: Path) -> dict[str, bytes]:
    """Every file of the release at ``at`` into ``to``: its calendar is the successor of the one that lies there."""
    _refuse_unexecuted(project, at)
    files, published = contents(project, at), to / "calendar.ics"
    former = published.read_bytes() if published.is_file() else None
    return {**files, "calendar.ics": revised(files["calendar.ics"], former, at)}


def _refuse_unexecuted(project: Project, at: datetime) -> None:
    """A release with a site shows what its notebooks do: each that is due has been executed."""
    if not (project.build / "site").is_dir():
        return
    course = course_table(project, needed=released_parts(project, at)).as_of(at)
    if missing := unexecuted(project, course):
        others = f", and {len(missing) - 1} more notebooks like it" if missing[1:] else ""
        raise CourseError(
            f"{missing[0].split()[0]} is due on the site, but has not been executed; run `course execute {missing[0]}`{others}"
        )


def release(project: Project, at: datetime, to: Path) -> tuple[list[str], list[str]]:
    """Write exactly what is due at ``at`` into ``to``; returns the names of the files written and removed."""
    return write(release_files(project, at, to), to)
