"""The learner's own copy of the notebooks: made on first opening, never overwritten, updated only on request.

    workspace/
      05_CNNs_part_I/05_cnns_1_morning.ipynb     what the learner writes in
      .course/base/DIGEST.ipynb                  the course's versions that copies came from (what a merge compares with)
      .course/backups/...                        the learner's copy before each update, and damaged ones; never deleted
      .course/locks/...                          one writer of ours at a time
      .course/opened.json                        when each part was last opened
      .course/progress.jsonl                     every judged attempt

A copy says itself which version of the course it descends from: ``metadata.dlmodule.base`` is that version's digest. So a file that comes
back from an open tab, a backup or another machine merges rightly, and the course's file is "newer" for as long as it really is.

Every file is replaced whole, base before notebook; an update is idempotent, so a machine that stops at any moment leaves either the
old notebook or the new one, and the update can be asked for again. An update holds the notebook's lock, and it reads again what was
there until nobody has written in between: what an editor saves during an update is merged too.
"""

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from filelock import FileLock, Timeout

from dlmodule.errors import DLModuleError
from dlmodule.files import write_atomically
from dlmodule.open.merge import Merge, Notebook, merge, read_notebook, same_content, write_notebook

State = Literal["absent", "current", "newer", "damaged"]

PATIENCE = 3.0  # seconds for which a save in progress is waited for, before a notebook counts as damaged
SAVES = 100  # saves during one update after which it is given up
LOCKED = 20.0  # seconds for which another update of the same notebook is waited for


class Workspace:
    """A folder of notebooks that belong to the learner."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.private = self.root / ".course"

    @property
    def progress_file(self) -> Path:
        """Where the checks of this workspace record attempts."""
        return self.private / "progress.jsonl"

    def path(self, name: PurePosixPath) -> Path:
        """The learner's file called ``name``. Raises DLModuleError for a name that leads outside the workspace."""
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root) or path.is_relative_to(self.private):
            raise DLModuleError(f"{name} lies outside the workspace")
        return path

    def state(self, name: PurePosixPath, course_file: Path) -> tuple[State, str]:
        """How the learner's copy stands to the course's file, and one line where it is damaged."""
        if not self.path(name).exists():
            return "absent", ""
        try:
            _, ours = self._ours(name)
        except DLModuleError as error:
            return "damaged", str(error)
        course = course_file.read_bytes()
        base = self._base_of(name, ours)
        if base == course:
            return "current", ""
        try:
            theirs = read_notebook(course, course_file.name)
            known = read_notebook(base, name.name) if base is not None else None
        except DLModuleError:
            known = None
        return ("current" if known is not None and same_content(known, theirs) else "newer"), ""

    def open(self, name: PurePosixPath, course_file: Path) -> Path:
        """The learner's notebook, copied from the course if it is not there yet; an existing one is left as it is."""
        path = self.path(name)
        if not path.exists():
            create(path, self._copy(course_file))
        return path

    def update(self, name: PurePosixPath, course_file: Path, *, at: datetime) -> Merge:
        """Merge the course's newer version into the learner's copy, which is backed up first. Raises DLModuleError if damaged."""
        content = course_file.read_bytes()
        theirs = read_notebook(content, course_file.name)
        with self.locked(name):
            for _ in range(SAVES):
                raw, ours = self._settled(name)
                base: Notebook | None = None
                if (known := self._base_of(name, ours)) is not None:
                    with contextlib.suppress(
                        DLModuleError
                    ):  # A damaged base is an unknown one: more is kept, nothing lost.
                        base = read_notebook(known, name.name)
                merged = merge(base, ours, theirs)
                self._keep_base(content)
                new = write_notebook(descending(merged.notebook, content))
                backup = self._back_up(name, raw, at=at)
                if write_atomically(self.path(name), new, instead_of=raw):
                    return merged
                backup.unlink()  # saved meanwhile: merge what is there now
        raise DLModuleError(f"{name} is being saved all the time; nothing was changed, so try again")

    def start_afresh(self, name: PurePosixPath, course_file: Path, *, at: datetime) -> Path:
        """Put a fresh copy in the place of a notebook, which stays beside it under another name; returns that name."""
        path = self.path(name)
        with self.locked(name):
            aside = path.with_name(f"{path.stem}.kept-{stamp(at)}{path.suffix}.txt")
            create(aside, path.read_bytes())
            write_atomically(path, self._copy(course_file))
        return aside

    def restore(self, name: PurePosixPath, *, at: datetime) -> str | None:
        """Bring a damaged notebook back from what a save that was cut short left behind; says from what, None where nothing is.

        Looked at, best first: the copy that JupyterLab keeps while it saves (``.~NAME``), the whole cells of the damaged file
        itself, JupyterLab's checkpoint, the last backup. The damaged file is kept under ``.course/backups``.
        """
        path = self.path(name)
        with self.locked(name):
            damaged = path.read_bytes()
            for source, content in self._remains(name, damaged):
                try:
                    rescued = read_notebook(content, source)
                except DLModuleError:
                    continue
                self._back_up(name, damaged, at=at)
                write_atomically(path, write_notebook(rescued))
                return source
        return None

    def _remains(self, name: PurePosixPath, damaged: bytes) -> Iterator[tuple[str, bytes]]:
        """What a damaged notebook may be restored from: (in words, content)."""
        path = self.path(name)
        sides = [("the copy that JupyterLab made before its last save", path.with_name(f".~{path.name}"))]
        later = [
            ("JupyterLab's checkpoint", path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint{path.suffix}")
        ]
        backups = (self.private / "backups" / name).parent.glob(f"{path.stem}.*{path.suffix}")
        later += [("the copy before the last update", backup) for backup in sorted(backups, reverse=True)]
        for source, side in sides:
            with contextlib.suppress(OSError):
                yield source, side.read_bytes()
        if (cells := whole_cells(damaged)) is not None:
            yield "the cells that were whole in it", cells
        for source, side in later:
            with contextlib.suppress(OSError):
                yield source, side.read_bytes()

    @contextlib.contextmanager
    def locked(self, name: PurePosixPath) -> Iterator[None]:
        """Hold the notebook's lock, which every writer of the course takes. Raises DLModuleError where another keeps it."""
        place = self.private / "locks" / f"{hashlib.sha256(str(name).encode()).hexdigest()[:16]}.lock"
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(place, timeout=LOCKED):
                yield
        except Timeout:
            raise DLModuleError(f"{name} is being written by another program; try again in a moment") from None

    def opened(self) -> Mapping[str, str]:
        """When each part was last opened (ISO times); empty where nothing is known."""
        try:
            record = json.loads((self.private / "opened.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}  # A convenience only: a lost record costs one click.
        return {k: v for k, v in record.items() if isinstance(v, str)} if isinstance(record, dict) else {}

    def note_opened(self, part: str, *, at: datetime) -> None:
        """Remember that ``part`` was opened at ``at``."""
        record = {**self.opened(), part: at.isoformat()}
        write_atomically(self.private / "opened.json", json.dumps(record, indent=1, sort_keys=True) + "\n")

    def _copy(self, course_file: Path) -> bytes:
        """The course's notebook as a learner's copy: it knows what it descends from, which is kept."""
        content = course_file.read_bytes()
        notebook = read_notebook(content, course_file.name)
        self._keep_base(content)
        return write_notebook(descending(notebook, content))

    def _keep_base(self, content: bytes) -> None:
        place = self._base(digest(content))
        if not place.exists():
            write_atomically(place, content)

    def _base(self, version: str) -> Path:
        return self.private / "base" / f"{version}.ipynb"

    def _base_of(self, name: PurePosixPath, ours: Notebook) -> bytes | None:
        """The version of the course that ``ours`` descends from; None where it is not known."""
        facts = ours["metadata"].get("dlmodule")
        version = facts.get("base") if isinstance(facts, dict) else None
        # A copy made before copies knew their base: the last version handed out under this name.
        place = self._base(version) if isinstance(version, str) and version.isalnum() else self.private / "base" / name
        try:
            content = place.read_bytes()
        except OSError:
            return None
        return content if not isinstance(version, str) or digest(content) == version else None

    def _ours(self, name: PurePosixPath) -> tuple[bytes, Notebook]:
        try:
            raw = self.path(name).read_bytes()
        except OSError as error:
            raise DLModuleError(f"{name} cannot be read: {error.strerror}") from None
        return raw, read_notebook(raw, str(name))

    def _settled(self, name: PurePosixPath) -> tuple[bytes, Notebook]:
        """As ``_ours``; a notebook that does not read may be one that is just being saved, so it is given a moment."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._ours(name)
            except DLModuleError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _back_up(self, name: PurePosixPath, raw: bytes, *, at: datetime) -> Path:
        target = self.private / "backups" / name
        for number in range(1000):  # the clock may stand still, or be set back
            tail = f"-{number}" if number else ""
            place = target.with_name(f"{target.stem}.{stamp(at)}{tail}{target.suffix}")
            if not place.exists():
                create(place, raw)
                return place
        raise DLModuleError(f"{target.parent} holds a thousand backups of one moment; is the clock running?")


def digest(content: bytes) -> str:
    """What a version of the course is known by."""
    return hashlib.sha256(content).hexdigest()


def descending(notebook: Notebook, course: bytes) -> Notebook:
    """``notebook`` with the note that it descends from the course's version ``course``."""
    facts = notebook["metadata"].get("dlmodule")
    noted = {**(facts if isinstance(facts, dict) else {}), "base": digest(course)}
    return {**notebook, "metadata": {**notebook["metadata"], "dlmodule": noted}}


def whole_cells(damaged: bytes) -> bytes | None:
    """A notebook of the cells that are whole in a file cut off somewhere; None where there is not one."""
    text = damaged.decode("utf-8", "replace")
    decoder, cells = json.JSONDecoder(), []
    start = text.find('"cells"')
    place = text.find("[", start) + 1
    if start < 0 or place == 0:
        return None
    while (place := place + len(text[place:]) - len(text[place:].lstrip(" \r\n\t,"))) < len(text):
        try:
            cell, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            break
        if not isinstance(cell, dict):
            break
        cells.append(cell)
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode() if cells else None


def stamp(at: datetime) -> str:
    """A moment as part of a file name, good on every system."""
    return at.strftime("%Y%m%dT%H%M%S.%f")


def create(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet, whole or not at all. Raises DLModuleError where it exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        write_atomically(part, content)
        try:
            os.link(part, path)  # Fails where the name is taken: the one way that never overwrites.
        except FileExistsError:
            raise DLModuleError(f"{path} exists already; it was left as it is") from None
        except OSError:  # A file system without hard links.
            if path.exists():
                raise DLModuleError(f"{path} exists already; it was left as it is") from None
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
