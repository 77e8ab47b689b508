"""Where a course's files are, and which parts an argument (``SESSION`` or ``SESSION.PART``) names.

One root holds ``course/syllabus.toml``; everything made from it goes to ``build/``.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coursekit.errors import CourseError

_SESSION = re.compile(r"\d\d_\w+")


@dataclass(frozen=True)
class Project:
    """The folders of one course."""

    root: Path

    @property
    def course(self) -> Path:
        """Sources, exercises and the syllabus."""
        return self.root / "course"

    @property
    def build(self) -> Path:
        """Everything generated; safe to delete at any time."""
        return self.root / "build"

    @property
    def syllabus(self) -> Path:
        """The one file of dates, order, release rules, assessments and team."""
        return self.course / "syllabus.toml"

    @property
    def ledger(self) -> Path:
        """The measured figure of every model the course trains."""
        return self.course / "ledger.toml"


def project_root(start: Path | None = None) -> Path:
    """The nearest folder at or above ``start`` (default: $DLMODULE_COURSE, else here) that holds course/syllabus.toml."""
    here = (start or Path(os.environ.get("DLMODULE_COURSE", "."))).resolve()
    for folder in (here, *here.parents):
        if (folder / "course" / "syllabus.toml").is_file():
            return folder
    raise CourseError(f"no course here: neither {here} nor a folder above it holds course/syllabus.toml")


def find_project(start: Path | None = None) -> Project:
    """The project that ``start`` lies in (see ``project_root``)."""
    return Project(project_root(start))


@dataclass(frozen=True, order=True)
class Part:
    """One source: ``course/SESSION/PART.py``."""

    session: str
    name: str
    path: Path

    @property
    def id(self) -> str:
        """``SESSION.PART``."""
        return f"{self.session}.{self.name}"


def key_path(session: str) -> str:
    """Where a session's key stands, relative to build/."""
    return f"keys/{session}.safetensors"


def find_parts(project: Project) -> list[Part]:
    """Every source of the course, by session and name. ``DECK_figures.py`` draws for a slide deck and is none."""
    folders = [f for f in sorted(project.course.iterdir()) if f.is_dir() and _SESSION.fullmatch(f.name)]
    return [Part(f.name, path.stem, path) for f in folders for path in source_files(f)]


def source_files(session: Path) -> list[Path]:
    """The sources in the folder of a session; ``DECK_figures.py`` beside a deck draws its figures and is none."""
    return [path for path in sorted(session.glob("[!_]*.py")) if not path.stem.endswith("_figures")]


def select_parts(project: Project, targets: Sequence[str] = ()) -> list[Part]:
    """The parts that ``targets`` name; all of them where there is no target. Raises CourseError for an unknown one."""
    parts = find_parts(project)
    if not targets:
        return parts
    unknown = [t for t in targets if not any(t in (part.session, part.id) for part in parts)]
    if unknown:
        known = ", ".join(dict.fromkeys(part.session for part in parts)) or "none"
        raise CourseError(f"no part is called {unknown[0]!r}; write SESSION or SESSION.PART (sessions: {known})")
    return [part for part in parts if part.session in targets or part.id in targets]
