"""Intake: from what a course team downloads to submissions, one a learner.

    folder or zip of LEARNER.ipynb                 any LMS
    folder or zip of LEARNER/NOTEBOOK.ipynb        any LMS
    submitted/LEARNER/ASSIGNMENT/NOTEBOOK.ipynb    nbgrader, with its timestamp.txt
    NAME_ID_assignsubmission_file_/...             Moodle
    name_[LATE_]ID_ID_file.ipynb                   Canvas
    in each of them, SEALED.zip for a notebook     `course submit`; LEARNER.zip or LEARNER_coursework_2.zip where no folder says whose

An archive is never unpacked: members are read, with limits, and no name in it becomes a path.

What is there is listed first, and read later, one learner's files at a time: the memory that this takes does not grow with the class.
"""

from __future__ import annotations

import contextlib
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from coursekit.errors import CourseError
from coursekit.marking.submission import LARGEST, Submission, name_that_fits
from dlmodule.coursework.sealing import digest, is_sealed, unseal
from dlmodule.errors import DLModuleError

MOST_FILES = 100_000
MOST_RATIO = 200  # a notebook compresses 10 times, one full of zeros 30 times; a bomb 1000 times
_MOODLE = re.compile(r"^(?P<learner>.+)_(\d+)_assignsubmission_file_?$")
_COURSEWORK = re.compile(r"_coursework_\d+$")
_CANVAS = re.compile(r"^(?P<learner>[^_]+)_(?:LATE_)?(\d+)_(\d+)_.+$")
_NO_ARCHIVE = (zipfile.BadZipFile, OSError, RuntimeError, ValueError, NotImplementedError, EOFError)


@dataclass(frozen=True)
class _Place:
    """Where a notebook or a sealed file lies. name: its path as it is shown; file: on this machine, the archive's for a member of one.

    problem: why it is not read, else "".
    """

    name: PurePosixPath
    file: Path
    member: zipfile.ZipInfo | None = None
    problem: str = ""


@dataclass(frozen=True)
class _File:
    """A notebook that was read: its path as parts, its bytes, when it was handed in, or why it cannot be read."""

    path: PurePosixPath
    content: bytes
    at: datetime | None
    problem: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    sealed: str = ""
    assessment: str = ""


def submissions(place: Path, notebook: str | None = None, assessment: str | None = None) -> Intake:
    """The submissions in the folder or zip ``place``, by learner.

    assessment: a sealed file of another one has a problem. notebook: the file name that counts where a learner handed in several (else the
    newest of a name, then the first). CourseError where nothing can be read there; a single bad file becomes a submission with a ``problem``.
    """
    if place.is_dir():
        places = _in_folder(place)
    elif zipfile.is_zipfile(place):
        places = _in_zip(PurePosixPath(), place)
    else:
        raise CourseError("neither a folder nor a zip archive of submissions", file=place)
    by_learner: dict[str, list[_Place]] = {}
    for found in places:
        by_learner.setdefault(name_that_fits(_learner(found.name)), []).append(found)
    if not by_learner:
        raise CourseError("holds no notebook (.ipynb)", file=place)
    return Intake(dict(sorted(by_learner.items())), notebook, assessment)


class Intake:
    """Submissions that were listed; each iteration reads them anew, one after the other."""

    def __init__(self, by_learner: Mapping[str, list[_Place]], notebook: str | None, assessment: str | None) -> None:
        self._by_learner, self._notebook, self._assessment = by_learner, notebook, assessment

    def __len__(self) -> int:
        return len(self._by_learner)

    def __iter__(self) -> Iterator[Submission]:
        with _Reader() as reader:
            for learner, places in self._by_learner.items():
                best = max(map(reader.read, places), key=self._rank)
                yield self._submission(learner, best)

    def _rank(self, file: _File) -> tuple[bool, bool, float, bool, str]:
        """What counts comes last: the file with the assessment's name, readable before unreadable, the latest of several."""
        at = file.at.timestamp() if file.at else 0.0
        named = self._notebook is not None and file.path.name == self._notebook
        return (named, not file.problem, at, bool(file.sealed), file.path.as_posix())

    def _submission(self, learner: str, file: _File) -> Submission:
        of_another = file.assessment and self._assessment and file.assessment != self._assessment
        problem = f"it was sealed as {file.assessment}" if of_another else file.problem
        return Submission(learner, file.path.as_posix(), file.content, file.at, problem, file.files, file.sealed)


def _in_folder(folder: Path) -> Iterator[_Place]:
    root = folder.resolve()
    for count, path in enumerate(sorted(folder.rglob("*"))):
        if count > MOST_FILES:
            raise CourseError(f"more than {MOST_FILES} files", file=folder)
        kind = path.suffix.lower()
        if ".ipynb_checkpoints" in path.parts or kind not in (".ipynb", ".zip"):
            continue
        name = PurePosixPath(path.relative_to(folder).as_posix())
        if path.is_symlink() or root not in path.resolve().parents:
            yield _Place(name, path, problem="it is a link to another file")
        elif not path.is_file():
            continue
        elif kind == ".zip" and not (path.stat().st_size <= LARGEST and is_sealed(path)):
            yield from _in_zip(name.with_suffix(""), path)
        else:
            yield _Place(name, path)


def _in_zip(inside: PurePosixPath, archive: Path) -> Iterator[_Place]:
    """The places in ``archive``, as if it lay unpacked in the folder ``inside``."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            if len(members) > MOST_FILES:
                problem = f"the archive has more than {MOST_FILES} members"
                yield _Place(inside / "archive.ipynb", archive, problem=problem)
                return
            for member in members:
                # A name is only ever shown and compared; what would lead out of a folder is dropped from it.
                parts = [part for part in member.filename.replace("\\", "/").split("/") if part not in ("", ".", "..")]
                if not parts or ".ipynb_checkpoints" in parts:
                    continue
                name = inside / PurePosixPath(*parts)
                if parts[-1].lower().endswith(".ipynb") or (
                    parts[-1].lower().endswith(".zip") and _may_be_sealed(opened, member)
                ):
                    yield _Place(name, archive, member)
    except _NO_ARCHIVE as error:
        yield _Place(inside / "archive.ipynb", archive, problem=f"the archive cannot be read ({type(error).__name__})")


def _may_be_sealed(opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Whether a zip within a zip is a sealed file, or one that cannot be looked into, which its learner should hear of."""
    content, problem = _member(opened, member)
    return bool(problem) or is_sealed(content)


class _Reader:
    """Reads one file after the other; an archive stays open while the files that are read lie in it."""

    def __init__(self) -> None:
        self._archive: Path | None = None
        self._opened: zipfile.ZipFile | None = None

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def read(self, place: _Place) -> _File:
        """What lies at ``place``; a problem where it cannot be read any more."""
        if place.problem:
            return _File(place.name, b"", None, place.problem)
        try:
            content, problem = self._content(place)
        except _NO_ARCHIVE as error:
            content, problem = b"", f"it cannot be read ({type(error).__name__})"
        at = _timestamp(place.file) if place.member is None else None
        if problem or place.name.suffix.lower() != ".zip":
            return _File(place.name, content, at, problem)
        return _sealed(place.name, content, at)

    def _content(self, place: _Place) -> tuple[bytes, str]:
        """The bytes at ``place`` and why they cannot be had, else "" (the second)."""
        if place.member is not None:
            return _member(self._open(place.file), place.member)
        if place.file.stat().st_size > LARGEST:
            return b"", f"it is larger than {LARGEST >> 20} MB"
        return place.file.read_bytes(), ""

    def _open(self, archive: Path) -> zipfile.ZipFile:
        if self._opened is None or self._archive != archive:
            self._close()
            self._archive, self._opened = archive, zipfile.ZipFile(archive)
        return self._opened

    def _close(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            with contextlib.suppress(OSError):
                opened.close()


def _timestamp(path: Path) -> datetime | None:
    """When nbgrader received it; a file's own time says only when it was copied."""
    try:
        text = (path.parent / "timestamp.txt").read_text("utf-8")[:100].strip().removesuffix(" UTC")
        moment = datetime.fromisoformat(text)
    except (OSError, ValueError):
        return None
    return moment if moment.tzinfo else datetime.fromisoformat(text + "+00:00")


def _sealed(path: PurePosixPath, content: bytes, at: datetime | None) -> _File:
    """The notebook in a sealed file, as if it lay in a folder where the sealed file lies."""
    name = path.with_suffix(".ipynb")
    try:
        sealed = unseal(content)
    except DLModuleError as error:
        return _File(name, b"", at, f"the sealed file cannot be opened: {error}", sealed=digest(content))
    # When it was sealed is what the learner's clock said: it breaks no tie and meets no deadline.
    return _File(name, sealed.notebook, at, files=sealed.files, sealed=sealed.digest, assessment=sealed.assessment)


def _member(opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[bytes, str]:
    """The bytes of a member, and why they cannot be had, else ""."""
    too_much = "it unpacks to more than a notebook can hold"
    if stat.S_ISLNK(member.external_attr >> 16):
        return b"", "it is a link to another file"
    if member.file_size > LARGEST or member.file_size > MOST_RATIO * max(member.compress_size, 1 << 10):
        return b"", too_much
    try:
        with opened.open(member) as file:
            content = file.read(LARGEST + 1)
    except (*_NO_ARCHIVE, zlib.error) as error:
        return b"", f"the archive cannot be read there ({type(error).__name__})"
    return (content, "") if len(content) <= LARGEST else (b"", too_much)


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
