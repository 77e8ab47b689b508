"""Where a course's files are: one root holds ``course/syllabus.toml``; everything made from it goes to ``build/``."""

import os
from dataclasses import dataclass
from pathlib import Path

from coursekit.errors import CourseError


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
