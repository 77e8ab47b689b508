"""The learner's own copy of the notebooks: made on first opening, never overwritten, updated only on request.

    workspace/
      05_CNNs_part_I/05_cnns_1_morning.ipynb     what the learner writes in
      .course/base/...                           the course's version each copy came from (what a merge compares with)
      .course/backups/...                        the learner's copy before each update; never deleted
      .course/opened.json                        when each part was last opened
      .course/progress.jsonl                     every judged attempt

Every file is replaced whole. An update writes backup, notebook, base, in this order, and merging is idempotent, so a
machine that stops at any moment leaves either the old notebook or the new one, and the update can be asked for again.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from dlmodule.errors import DLModuleError
from dlmodule.files import write_atomically
from dlmodule.open.merge import Merge, Notebook, merge, read_notebook, same_content, write_notebook

State = Literal["absent", "current", "newer", "damaged"]


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
            self._ours(name)
        except DLModuleError as error:
            return "damaged", str(error)
        base, course = self._base_bytes(name), course_file.read_bytes()
        if base == course:
            return "current", ""
        try:
            theirs = read_notebook(course, course_file.name)
            known = read_notebook(base, name.name) if base is not None else None
        except DLModuleError:
            known = None
        if known is not None and same_content(known, theirs):
            return "current", ""
        return "newer", ""

    def open(self, name: PurePosixPath, course_file: Path) -> Path:
        """The learner's notebook, copied from the course if it is not there yet; an existing one is left as it is."""
        path = self.path(name)
        if not path.exists():
            content = course_file.read_bytes()
            read_notebook(content, course_file.name)
            write_atomically(self._base(name), content)
            create(path, content)
        return path

    def update(self, name: PurePosixPath, course_file: Path, *, at: datetime) -> Merge:
        """Merge the course's newer version into the learner's copy, which is backed up first. Raises DLModuleError if damaged."""
        raw, ours = self._ours(name)
        content = course_file.read_bytes()
        theirs = read_notebook(content, course_file.name)
        base: Notebook | None = None
        if (known := self._base_bytes(name)) is not None:
            with contextlib.suppress(DLModuleError):  # A damaged base is an unknown one: more is kept, nothing lost.
                base = read_notebook(known, name.name)
        merged = merge(base, ours, theirs)
        self._back_up(name, raw, at=at)
        if self.path(name).read_bytes() != raw:
            raise DLModuleError(f"{name} was saved during the update; nothing was changed, so try again")
        write_atomically(self.path(name), write_notebook(merged.notebook))
        write_atomically(self._base(name), content)
        return merged

    def start_afresh(self, name: PurePosixPath, course_file: Path, *, at: datetime) -> Path:
        """Put a fresh copy in the place of a damaged notebook, which stays beside it under another name; returns that name."""
        path = self.path(name)
        aside = path.with_name(f"{path.stem}.kept-{stamp(at)}{path.suffix}.txt")
        create(aside, path.read_bytes())
        content = course_file.read_bytes()
        write_atomically(self._base(name), content)
        write_atomically(path, content)
        return aside

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

    def _base(self, name: PurePosixPath) -> Path:
        return self.private / "base" / name

    def _base_bytes(self, name: PurePosixPath) -> bytes | None:
        try:
            return self._base(name).read_bytes()
        except OSError:
            return None

    def _ours(self, name: PurePosixPath) -> tuple[bytes, Notebook]:
        try:
            raw = self.path(name).read_bytes()
        except OSError as error:
            raise DLModuleError(f"{name} cannot be read: {error.strerror}") from None
        return raw, read_notebook(raw, str(name))

    def _back_up(self, name: PurePosixPath, raw: bytes, *, at: datetime) -> None:
        target = self.private / "backups" / name
        create(target.with_name(f"{target.stem}.{stamp(at)}{target.suffix}"), raw)


def stamp(at: datetime) -> str:
    """A moment as part of a file name, good on every system."""
    return at.strftime("%Y%m%dT%H%M%S.%f")


def create(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet, whole or not at all. Raises DLModuleError where it exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
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
