"""The built course as the learner's side sees it: one file, ``course.json``, and the release rules in it.

Everything the home, the workspace and the site show comes from this file; paths in it are relative to its folder.
Whether a link is active depends on a moment ``at`` and on nothing else, so that any day can be looked at in a test.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dlmodule.errors import DLModuleError

Course = dict[str, Any]
Part = dict[str, Any]
Day = dict[str, Any]
Version = Literal["student", "solutions", "slides"]


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
            raise DLModuleError(f"the course has no file {relative}; run `course build`")
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
    can_build = find_spec("coursekit") is not None and find_spec("jupytext") is not None
    advice = "run `course build` first" if can_build else "start in the folder of the course"
    raise DLModuleError(f"no built course in {here} or above it (build/course.json): {advice}")


def read_course(path: Path) -> Course:
    """The facts in ``path``. Raises DLModuleError naming the file (and line) where it is not a built course."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DLModuleError(f"{path}:{error.lineno}: {error.msg}; run `course build` again") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DLModuleError(f"{path} cannot be read: {error}; run `course build` again") from None
    if not isinstance(facts, dict) or not isinstance(facts.get("days"), list) or "title" not in facts:
        raise DLModuleError(f"{path} is not a built course; run `course build` again")
    return facts


def parts(course: Course) -> Iterator[tuple[Day, Part]]:
    """Every part with its day, in the course's order."""
    for day in course["days"]:
        for part in day.get("parts", ()):
            yield day, part


def part_id(day: Day, part: Part) -> str:
    """How a part is called everywhere: ``05_cnns_1.morning``."""
    return f"{day['session']}.{part['part']}"


def find_part(course: Course, wanted: str) -> tuple[Day, Part]:
    """The part called ``wanted``. Raises DLModuleError where the course has none of that name."""
    for day, part in parts(course):
        if part_id(day, part) == wanted:
            return day, part
    raise DLModuleError(f"the course has no part {wanted!r}")


def moment(text: str | None, timezone: str) -> datetime | None:
    """An ISO time as an aware datetime in the course's zone; None stays None."""
    if not text:
        return None
    zone = ZoneInfo(timezone)
    stamp = datetime.fromisoformat(text)
    return stamp.replace(tzinfo=zone) if stamp.tzinfo is None else stamp.astimezone(zone)


def opens_at(course: Course, part: Part, version: Version) -> datetime | None:
    """When a version of a part becomes active; None: from the beginning."""
    return moment(part.get("solutions_at" if version == "solutions" else "release_at"), course.get("timezone", "UTC"))


def is_active(course: Course, part: Part, version: Version, *, at: datetime, self_paced: bool) -> bool:
    """Whether that version exists and may be opened at ``at``."""
    if not part.get(version):
        return False
    opens = opens_at(course, part, version)
    return self_paced or opens is None or at >= opens


def as_of(course: Course, at: datetime) -> Course:
    """The course as a class may know it at ``at``: a part that is not out yet shows its place in the syllabus and nothing of its source.

    This is the one rule of what is withheld; the site and a release show no other. Paths stay: whether one is a link, `is_active` says.
    Raises ValueError for a naive ``at``.
    """
    if at.tzinfo is None:
        raise ValueError("at must be an aware datetime")

    def shown(day: Day, part: Part) -> Part:
        opens = opens_at(course, part, "student")
        if opens is None or at >= opens:
            return part
        withheld: Part = {"objectives": [], "exercises": [], "minutes": {}, "colab": None}
        return {**part, **withheld, "title": part.get("syllabus_title") or day["title"]}

    days = [{**day, "parts": [shown(day, part) for part in day.get("parts", ())]} for day in course["days"]]
    return {**course, "self_paced": False, "days": days}


def workspace_name(day: Day, part: Part, version: Version) -> PurePosixPath:
    """Where a notebook stands in the workspace: the lecture table's folder, the notebook's own name."""
    return PurePosixPath(day.get("folder") or day["session"]) / PurePosixPath(part[version]).name
