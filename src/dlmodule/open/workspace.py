"""The learner's own copy of the notebooks: made on first opening, never overwritten, updated only on request.

    workspace/
      05_CNNs_part_I/05_cnns_1_morning.ipynb     what the learner writes in
      .course/base/DIGEST.ipynb                  the course's versions that copies came from (what a merge compares with)
      .course/backups/...                        the learner's copy before each update, and damaged ones; never deleted
      .course/locks/...                          one writer of ours at a time
      .course/opened.json                        when each part was last opened
      .course/enclosed.json                      the digests of the files that came with notebooks
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
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from filelock import FileLock, Timeout

from dlmodule.enclosed import enclosed_files
from dlmodule.errors import DLModuleError
from dlmodule.files import create, read_regular, write_atomically
from dlmodule.open.matching import defines
from dlmodule.open.merge import Merge, Notebook, merge, read_notebook, same_content, write_notebook
from dlmodule.open.rescue import BACKUP, rescue

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
        try:
            path = (self.root / name).resolve()
        except (OSError, RuntimeError):  # links that lead to each other: which of the two, depends on Python's version
            raise DLModuleError(f"{name} is a link that leads nowhere") from None
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
        """The learner's notebook and its files, copied from the course if they are not there yet; existing ones are left as they are."""
        path = self.path(name)
        if not path.exists():
            self._bring_files(name, course_file)
            create(path, self._copy(course_file))
        else:
            with contextlib.suppress(OSError, DLModuleError):  # a disk without room opens the notebook all the same
                self._bring_files(name, course_file)
        return path

    def _bring_files(self, name: PurePosixPath, course_file: Path) -> None:
        """Put the files that go with a notebook beside it, newer ones too; what the learner changed stays as it is."""
        for file in enclosed_files(read_notebook(course_file.read_bytes(), course_file.name)):
            content, place = course_file.with_name(file).read_bytes(), name.with_name(file)
            path, known = self.path(place), _read_texts(self.private / "enclosed.json")
            if not path.exists():
                create(path, content)
            elif digest(there := read_regular(path)) != known.get(str(place)) or there == content:
                continue
            elif not write_atomically(path, content, instead_of=there):
                continue  # saved at this very moment
            text = json.dumps({**known, str(place): digest(content)}, indent=1, sort_keys=True) + "\n"
            write_atomically(self.private / "enclosed.json", text)

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
        """Put a fresh copy in the place of a damaged notebook, which stays beside it as a text; returns where."""
        path = self.path(name)
        return self._replace(name, course_file, path.with_name(f"{path.stem}.kept-{stamp(at)}{path.suffix}.txt"))

    def start_over(self, name: PurePosixPath, course_file: Path, *, at: datetime) -> Path:
        """Put a fresh copy in the place of a notebook, which stays beside it as a notebook; returns where. Raises DLModuleError."""
        path = self.path(name)
        if not path.exists():
            raise DLModuleError(f"{name} has not been begun")
        return self._replace(name, course_file, path.with_name(f"{path.stem}.before-{stamp(at)}{path.suffix}"))

    def _replace(self, name: PurePosixPath, course_file: Path, aside: Path) -> Path:
        """A fresh copy in the place of what is there at this very moment, which is at ``aside`` before it goes."""
        path, fresh = self.path(name), self._copy(course_file)
        with self.locked(name):
            for _ in range(SAVES):
                there = read_regular(path)
                create(aside, there)
                if write_atomically(path, fresh, instead_of=there):
                    return aside
                aside.unlink()  # saved meanwhile: put aside what is there now
        raise DLModuleError(f"{name} is being saved all the time; nothing was changed, so try again")

    def cell_of(self, name: PurePosixPath, exercise: str) -> str | None:
        """The id of the cell at which ``exercise`` begins in the learner's notebook: its heading, else its definition."""
        try:
            cells = self._ours(name)[1]["cells"]
        except DLModuleError:
            return None
        place = next((index for index, cell in enumerate(cells) if defines(cell, exercise)), None)
        if place is None:
            return None
        above = next((cell for cell in reversed(cells[:place]) if cell["cell_type"] == "markdown"), cells[place])
        return str(above["id"])

    def restore(self, name: PurePosixPath, *, at: datetime) -> str | None:
        """Bring a damaged notebook back from what is left of it (see ``rescue``); says from what, None where nothing reads.

        The damaged file, and the older copy that was used, are kept under ``.course/backups``. Raises DLModuleError for a notebook
        that reads after all: one that was just being saved.
        """
        path = self.path(name)
        with self.locked(name):
            try:
                self._settled(name)
            except DLModuleError:
                damaged = read_regular(path)
            else:
                raise DLModuleError(f"{name} is not damaged; it was left as it is")
            rescued = rescue(damaged, self._older(path, name))
            if rescued is None:
                return None
            for content in (damaged, rescued.older):
                if content is not None:
                    self._back_up(name, content, at=at)
            if not write_atomically(path, write_notebook(rescued.notebook), instead_of=damaged):
                raise DLModuleError(f"{name} was saved meanwhile; it was left as it is")
            return rescued.words

    def _older(self, path: Path, name: PurePosixPath) -> list[tuple[str, Path]]:
        """Where older copies of a notebook may lie: (what each is, its place)."""
        checkpoint = path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint{path.suffix}"
        backups = (self.private / "backups" / name).parent.glob(f"{path.stem}.*{path.suffix}")
        return [
            ("the copy that JupyterLab made before its last save", path.with_name(f".~{path.name}")),
            ("JupyterLab's checkpoint", checkpoint),
            *((BACKUP, backup) for backup in sorted(backups, reverse=True)),
        ]

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
        return _read_texts(self.private / "opened.json")

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
            content = read_regular(place)
        except OSError:
            return None
        return content if not isinstance(version, str) or digest(content) == version else None

    def _ours(self, name: PurePosixPath) -> tuple[bytes, Notebook]:
        try:
            raw = read_regular(self.path(name))
        except OSError as error:
            raise DLModuleError(f"{name} cannot be read: {error.strerror or error}") from None
        return raw, read_notebook(raw, str(name))

    def _settled(self, name: PurePosixPath) -> tuple[bytes, Notebook]:
        """As ``_ours``; a notebook that does not read may be one that is just being saved, so it is given a moment."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._ours(name)
            except DLModuleError:
                if time.monotonic() > deadline or self._age(name) > PATIENCE:
                    raise
                time.sleep(0.05)

    def _age(self, name: PurePosixPath) -> float:
        """Seconds since the notebook was last written to; none where it cannot be told."""
        try:
            return time.time() - self.path(name).stat().st_mtime
        except OSError:
            return 0.0

    def _back_up(self, name: PurePosixPath, raw: bytes, *, at: datetime) -> Path:
        target = self.private / "backups" / name
        for number in range(1000):  # the clock may stand still, or be set back
            tail = f"-{number}" if number else ""
            place = target.with_name(f"{target.stem}.{stamp(at)}{tail}{target.suffix}")
            if not place.exists():
                create(place, raw)
                return place
        raise DLModuleError(f"{target.parent} holds a thousand backups of one moment; is the clock running?")


def _read_texts(path: Path) -> dict[str, str]:
    """The texts of a record by name; empty where it cannot be read: each record is a convenience, and costs a click or an old file."""
    try:
        record = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return {k: v for k, v in record.items() if isinstance(v, str)} if isinstance(record, dict) else {}


def digest(content: bytes) -> str:
    """What a version of the course is known by."""
    return hashlib.sha256(content).hexdigest()


def descending(notebook: Notebook, course: bytes) -> Notebook:
    """``notebook`` with the note that it descends from the course's version ``course``."""
    facts = notebook["metadata"].get("dlmodule")
    noted = {**(facts if isinstance(facts, dict) else {}), "base": digest(course)}
    return {**notebook, "metadata": {**notebook["metadata"], "dlmodule": noted}}


def stamp(at: datetime) -> str:
    """A moment as part of a file name, good on every system."""
    return at.strftime("%Y%m%dT%H%M%S.%f")
