"""Intake: from what a course team downloads to submissions, one a learner.

    folder or zip of LEARNER.ipynb                 any LMS
    folder or zip of LEARNER/NOTEBOOK.ipynb        any LMS
    submitted/LEARNER/ASSIGNMENT/NOTEBOOK.ipynb    nbgrader, with its timestamp.txt
    NAME_ID_assignsubmission_file_/...             Moodle
    name_[LATE_]ID_ID_file.ipynb                   Canvas
    in each of them, SEALED.zip for a notebook     `course submit`; LEARNER.zip or LEARNER_coursework_2.zip where no folder says whose

An archive is never unpacked: members are read, with limits, and no name in it becomes a path.
"""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from coursekit.errors import CourseError
from coursekit.marking.submission import LARGEST, Submission
from dlmodule.coursework.sealing import digest, is_sealed, unseal
from dlmodule.errors import DLModuleError

MOST_FILES = 100_000
MOST_RATIO = 200  # a notebook compresses 10 times, one full of zeros 30 times; a bomb 1000 times
_MOODLE = re.compile(r"^(?P<learner>.+)_(\d+)_assignsubmission_file_?$")
_COURSEWORK = re.compile(r"_coursework_\d+$")
_CANVAS = re.compile(r"^(?P<learner>[^_]+)_(?:LATE_)?(\d+)_(\d+)_.+$")


@dataclass(frozen=True)
class _File:
    """A notebook found: its path as parts, its bytes, when it was handed in, or why it cannot be read."""

    path: PurePosixPath
    content: bytes
    at: datetime | None
    problem: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    sealed: str = ""
    assessment: str = ""


def submissions(place: Path, notebook: str | None = None, assessment: str | None = None) -> list[Submission]:
    """The submissions in the folder or zip ``place``, by learner.

    assessment: a sealed file of another one has a problem. notebook: the file name that counts where a learner handed in several (else the newest of a name, then the first). CourseError
    where nothing can be read there; a single bad file becomes a submission with a ``problem``.
    """
    if place.is_dir():
        files = list(_in_folder(place))
    elif zipfile.is_zipfile(place):
        files = list(_in_zip(place.name, place))
    else:
        raise CourseError("neither a folder nor a zip archive of submissions", file=place)
    by_learner: dict[str, list[_File]] = {}
    for file in files:
        by_learner.setdefault(_learner(file.path), []).append(file)
    if not by_learner:
        raise CourseError("holds no notebook (.ipynb)", file=place)
    return [_chosen(learner, found, notebook, assessment) for learner, found in sorted(by_learner.items())]


def _in_folder(place: Path) -> Iterator[_File]:
    root = place.resolve()
    for count, path in enumerate(sorted(place.rglob("*"))):
        if count > MOST_FILES:
            raise CourseError(f"more than {MOST_FILES} files", file=place)
        if ".ipynb_checkpoints" in path.parts or path.suffix.lower() not in (".ipynb", ".zip"):
            continue
        name = PurePosixPath(path.relative_to(place).as_posix())
        if path.is_symlink() or root not in path.resolve().parents:
            yield _File(name, b"", None, "it is a link to another file")
        elif not path.is_file():
            continue
        elif path.stat().st_size > LARGEST and path.suffix.lower() != ".zip":
            yield _File(name, b"", None, f"it is larger than {LARGEST >> 20} MB")
        elif path.suffix.lower() == ".zip":
            small = path.stat().st_size <= LARGEST
            content = path.read_bytes() if small else b""
            yield from (
                [_sealed(name, content, _timestamp(path))] if is_sealed(content) else _in_zip(name.as_posix(), path)
            )
        else:
            yield _File(name, path.read_bytes(), _timestamp(path))


def _timestamp(path: Path) -> datetime | None:
    """When nbgrader received it; a file's own time says only when it was copied."""
    try:
        text = (path.parent / "timestamp.txt").read_text("utf-8")[:100].strip().removesuffix(" UTC")
        moment = datetime.fromisoformat(text)
    except (OSError, ValueError):
        return None
    return moment if moment.tzinfo else datetime.fromisoformat(text + "+00:00")


def _in_zip(name: str, archive: Path) -> Iterator[_File]:
    inside = PurePosixPath(name).with_suffix("") if "/" in name or name != archive.name else PurePosixPath()
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            if len(members) > MOST_FILES:
                yield _File(inside / "archive.ipynb", b"", None, f"the archive has more than {MOST_FILES} members")
                return
            for member in members:
                # A name is only ever shown and compared; what would lead out of a folder is dropped from it.
                parts = [part for part in member.filename.replace("\\", "/").split("/") if part not in ("", ".", "..")]
                if not parts or ".ipynb_checkpoints" in parts:
                    continue
                if parts[-1].lower().endswith(".ipynb"):
                    yield _member(opened, member, inside / PurePosixPath(*parts))
                elif parts[-1].lower().endswith(".zip"):
                    held = _member(opened, member, inside / PurePosixPath(*parts))
                    if held.problem or is_sealed(held.content):
                        yield held if held.problem else _sealed(held.path, held.content, None)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        yield _File(inside / "archive.ipynb", b"", None, f"the archive cannot be read ({type(error).__name__})")


def _sealed(path: PurePosixPath, content: bytes, at: datetime | None) -> _File:
    """The notebook in a sealed file, as if it lay in a folder where the sealed file lies."""
    name = path.with_suffix(".ipynb")
    try:
        sealed = unseal(content)
    except DLModuleError as error:
        return _File(name, b"", at, f"the sealed file cannot be opened: {error}", sealed=digest(content))
    # When it was sealed is what the learner's clock said: it breaks no tie and meets no deadline.
    return _File(name, sealed.notebook, at, files=sealed.files, sealed=sealed.digest, assessment=sealed.assessment)


def _member(opened: zipfile.ZipFile, member: zipfile.ZipInfo, path: PurePosixPath) -> _File:
    if stat.S_ISLNK(member.external_attr >> 16):
        return _File(path, b"", None, "it is a link to another file")
    if member.file_size > LARGEST or member.file_size > MOST_RATIO * max(member.compress_size, 1 << 10):
        return _File(path, b"", None, "it unpacks to more than a notebook can hold")
    try:
        with opened.open(member) as file:
            content = file.read(LARGEST + 1)
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError, NotImplementedError, EOFError) as error:
        return _File(path, b"", None, f"the archive cannot be read there ({type(error).__name__})")
    return _File(path, content, None, "" if len(content) <= LARGEST else "it unpacks to more than a notebook can hold")


def _learner(path: PurePosixPath) -> str:
    """Whose file it is, by the layout it lies in."""
    parts = path.parts
    folders = parts[parts.index("submitted") + 1 : -1] if "submitted" in parts[:-1] else parts[:-1]
    for name in folders:
        moodle = _MOODLE.match(name)
        if moodle:
            return moodle["learner"]
    if folders:
        return folders[0]
    canvas = _CANVAS.match(path.stem)
    return canvas["learner"] if canvas else _COURSEWORK.sub("", path.stem)


def _chosen(learner: str, found: Iterable[_File], notebook: str | None, assessment: str | None) -> Submission:
    """The file that counts: the one with the assessment's name, readable before unreadable, the latest of several."""

    def rank(file: _File) -> tuple[bool, bool, float, bool, str]:
        at = file.at.timestamp() if file.at else 0.0
        named = notebook is not None and file.path.name == notebook
        return (named, not file.problem, at, bool(file.sealed), file.path.as_posix())

    best = max(found, key=rank)
    of_another = best.assessment and assessment and best.assessment != assessment
    problem = f"it was sealed as {best.assessment}" if of_another else best.problem
    return Submission(learner, best.path.as_posix(), best.content, best.at, problem, best.files, best.sealed)
