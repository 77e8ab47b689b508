"""One course: where its files are, what has been read of them, and which parts an argument (``SESSION``, ``SESSION.PART``) names.

One root holds ``course/syllabus.toml``; everything made from it goes to ``build/``. A command makes one ``Project`` and hands it
on, so that a file is read into what it means once a command, however many ask.
"""

import contextlib
import gc
import os
import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from coursekit.cache import Cache, digest_of, digest_of_files, package_digest
from coursekit.errors import CourseError
from dlmodule.enclosed import is_enclosable

T = TypeVar("T")

_SESSION = re.compile(r"\d\d_\w+|coursework_\d+")


@dataclass(frozen=True)
class Project:
    """The course below ``root``."""

    root: Path
    _parsed: dict[tuple[Any, Path], tuple[tuple[Hashable, ...], Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def course(self) -> Path:
        """Sources, exercises and the syllabus."""
        return self.root / "course"

    @property
    def syllabus(self) -> Path:
        """The one file of dates, order, release rules, assessments and team."""
        return self.course / "syllabus.toml"

    @property
    def ledger(self) -> Path:
        """The measured figure of every model the course trains."""
        return self.course / "ledger.toml"

    def source(self, session: str, part: str) -> Path:
        """The plain-text notebook of a part."""
        return self.course / session / f"{part}.py"

    def exercise(self, session: str, name: str) -> Path:
        """The file of an exercise: its cases, mistakes and alternatives."""
        return self.course / session / "exercises" / f"{name}.py"

    def exercises(self, session: str = "*") -> list[Path]:
        """The files of a session's exercises (of all sessions' without one)."""
        return sorted(self.course.glob(f"{session}/exercises/[!_]*.py"))

    @property
    def build(self) -> Path:
        """Everything generated; safe to delete at any time."""
        return self.root / "build"

    def notebook(self, session: str, part: str, *, solutions: bool) -> Path:
        """A built notebook."""
        return self.build / notebook_path(session, part, solutions=solutions)

    def executed(self, session: str, part: str, *, solutions: bool) -> Path:
        """A built notebook with the outputs of its last successful run."""
        return self.build / "executed" / session / notebook_name(session, part, solutions=solutions)

    @property
    def keys(self) -> Path:
        """The folder of the recorded keys."""
        return self.build / "keys"

    def key(self, session: str) -> Path:
        """The recorded outcomes of a session's exercises."""
        return self.build / key_path(session)

    @cached_property
    def cache(self) -> Cache:
        """What has been made in ``build/``, and from what."""
        return Cache(self.build)

    def digest(self, session: str = "*") -> str:
        """Of all that a statement about a session's sources and exercises can depend on (about every session's, without one).

        That is its folder, private files of any session, syllabus, ledger, and the code that reads them.
        """
        shared = [self.syllabus, self.ledger, *self.course.glob("*/private*/**/*")]
        own = [path for folder in self.course.glob(session) for path in folder.rglob("*") if path.suffix != ".pyc"]
        return digest_of(
            package_digest("coursekit", "dlmodule"), digest_of_files(dict.fromkeys([*shared, *own]), self.root)
        )

    def parsed(self, path: Path, parse: Callable[..., T], *given: Hashable) -> T:
        """What ``parse(path, content, *given)`` makes of a file: once for each version of it, and of what is ``given``.

        What is returned is shared by all who ask, so nobody writes into it. Raises what ``parse`` raises, and OSError.
        """
        version = (path.read_bytes(), *given)
        known = self._parsed.get((parse, path))
        if known is None or known[0] != version:
            known = self._parsed[parse, path] = (version, parse(path, *version))
        return cast(T, known[1])


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Without the search for garbage, for a step that parses the course.

    What is parsed stays, and looking through it again and again while it grows takes a quarter of a build.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


def notebook_name(session: str, part: str, *, solutions: bool) -> str:
    """``05_cnns_1_morning_solutions.ipynb``."""
    return f"{session}_{part}{'_solutions' if solutions else ''}.ipynb"


def notebook_path(session: str, part: str, *, solutions: bool) -> str:
    """Where a notebook stands in ``build/``: ``notebooks/SESSION/FILE``."""
    return f"notebooks/{session}/{notebook_name(session, part, solutions=solutions)}"


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


def given_path(coursework: str) -> str:
    """Where what a coursework gives to learners stands, relative to build/: beside the keys, so that it is found as they are."""
    return f"keys/{coursework}_given.safetensors"


def find_parts(project: Project) -> list[Part]:
    """Every source of the course, by session and name. ``DECK_figures.py`` draws for a slide deck and is none."""
    folders = [f for f in sorted(project.course.iterdir()) if f.is_dir() and _SESSION.fullmatch(f.name)]
    return [Part(f.name, path.stem, path) for f in folders for path in source_files(f)]


def files_beside(project: Project, session: str) -> list[Path]:
    """What lies beside the sources of a session and may go with a notebook of it."""
    folder = project.course / session
    return [path for path in sorted(folder.glob("*")) if is_enclosable(path.name) and path.is_file()]


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
