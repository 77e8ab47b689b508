"""Which tags a release sets and which it moves: what a day's notebooks install on Colab is the release at their day's tag.

A tag is set when its day comes out. It is moved when what the day's notebooks read from it has changed: another session stands
at its place, or a key or a file that a notebook reads was corrected. A new version of the package alone moves none, so that
nothing pushed later can break a notebook that works; whoever means to give it to earlier days is told how.
"""

import shlex
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from coursekit.notebooks.title import ENCLOSED, day_tag
from coursekit.project import Project, key_path
from coursekit.publish.release import released_parts
from coursekit.schedule.course_table import course_table
from coursekit.schedule.syllabus import syllabus_of
from coursekit.schedule.timetable import day_of
from coursekit.sources.outline import quoted_sessions
from dlmodule.course import Day, Part, read_course
from dlmodule.errors import DLModuleError


@dataclass(frozen=True)
class Tag:
    """A day's tag and why the push gets it; ``moves`` one that is there already, ``optional``: only if the fix concerns its day."""

    name: str
    why: str
    moves: bool = True
    optional: bool = False


def tags_of(project: Project, at: datetime, to: Path, files: Mapping[str, bytes]) -> list[Tag]:
    """The tags of the release of ``files`` at ``at`` over the one that lies in ``to``, in the order of the days."""
    repository = syllabus_of(project).repository
    known = course_table(project, needed=released_parts(project, at)).as_of(at)
    now = _sessions((day, part) for day, part in known.parts() if "student" in part.due)
    for item in known.assessments:
        day = day_of(syllabus_of(project), item.id)
        if day is not None and item.is_out and key_path(item.id) in files:
            now.setdefault(day, []).append(item.id)
    try:
        # A release has no path of a notebook that is not in it.
        published = read_course(to / "course.json")
        before = _sessions((day, part) for day, part in published.parts() if part.student is not None)
    except DLModuleError:  # nothing lies there, or nothing that can be read: every tag is new
        before = {}
    package = any(name.startswith("src/dlmodule/") and _differs(to, name, data) for name, data in files.items())
    enclosed = _enclosed(files)
    found = []
    for day, sessions in sorted(now.items()):
        name, former = day_tag(repository, day), before.get(day, [])
        taught = [session for session in sessions if session not in former and not session.startswith("coursework")]
        installed = [*_keys(project, sessions), *(place for place, of in enclosed.items() if of in sessions)]
        changed = [name for name in installed if name in files and _differs(to, name, files[name])]
        if not former:
            found.append(Tag(name, "the day is new in this folder", moves=False))
        elif taught:
            found.append(Tag(name, f"{', '.join(taught)} now stands at this place"))
        elif changed:
            found.append(Tag(name, f"changed: {', '.join(changed)}"))
        elif package:
            found.append(Tag(name, "dlmodule has changed", optional=True))
    return found


def commands(to: Path, tags: Sequence[Tag]) -> list[str]:
    """What to say after a release into ``to``: the tags with their reasons, and the commands that push and set them."""
    needed, others = [tag for tag in tags if not tag.optional], [tag for tag in tags if tag.optional]
    lines = [f"  {'move' if tag.moves else 'set '} {tag.name}: {tag.why}" for tag in needed]
    git = f"git -C {shlex.quote(str(to))}"
    lines += ["Commands:", f"  {git} add -A && {git} commit -m 'Release' && {git} push"]
    for flag, chosen in (("", [tag for tag in needed if not tag.moves]), ("--force ", [t for t in needed if t.moves])):
        lines += [f"  {git} tag {flag}{tag.name}" for tag in chosen]
        if chosen:
            lines.append(f"  {git} push {flag}origin {' '.join(tag.name for tag in chosen)}")
    if others:
        names = ", ".join(tag.name for tag in others)
        lines.append(
            f"dlmodule has changed; days out before keep what they have. Move a tag only where its day needs this: {names}"
        )
    return lines


def _sessions(parts: Iterable[tuple[Day, Part]]) -> dict[int, list[str]]:
    """The sessions of ``parts`` by day."""
    found: dict[int, list[str]] = {}
    for day, _ in parts:
        if day.session not in found.setdefault(day.day, []):
            found[day.day].append(day.session)
    return found


def _enclosed(files: Mapping[str, bytes]) -> dict[str, str]:
    """The files that go with notebooks, which are installed with the package: where each is in the release, and its session."""
    wheel = tomllib.loads(files["pyproject.toml"].decode())["tool"]["hatch"]["build"]["targets"]["wheel"]
    places = {place: PurePosixPath(target) for place, target in wheel.get("force-include", {}).items()}
    return {place: target.parent.name for place, target in places.items() if target.parent.parent.name == ENCLOSED}


def _keys(project: Project, sessions: Sequence[str]) -> list[str]:
    """The keys that the notebooks of ``sessions`` read: their own, and those of what a revision asks again."""
    names = list(sessions)
    for session in sessions:
        for path in sorted((project.course / session).glob("[!_]*.py")):
            names += quoted_sessions(path.read_bytes())
    return [key_path(name) for name in dict.fromkeys(names)]


def _differs(to: Path, name: str, data: bytes) -> bool:
    """Whether the release in ``to`` has other bytes there, or nothing."""
    path = to / name
    return not path.is_file() or path.read_bytes() != data
