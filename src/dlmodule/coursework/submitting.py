"""From the notebook in a folder to one sealed file, and what to mend before it is handed in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dlmodule.coursework.forgotten import forgotten, missing_files, unsaved
from dlmodule.coursework.given import hand_in_path, read_given
from dlmodule.coursework.receipts import receipt_line
from dlmodule.coursework.sealing import digest, seal
from dlmodule.errors import DLModuleError
from dlmodule.files import write_atomically


@dataclass(frozen=True)
class Receipt:
    """The sealed file, its digest, when it was sealed, and what looks forgotten, a sentence each."""

    path: Path
    digest: str
    at: datetime
    forgotten: tuple[str, ...]

    def __str__(self) -> str:
        """The words for the learner."""
        lines = [f"- {sentence}" for sentence in self.forgotten]
        if lines:
            count = "One thing looks" if len(lines) == 1 else f"{len(lines)} things look"
            lines = [
                f"{count} forgotten:",
                *lines,
                "",
                "It is sealed all the same. Mend it and seal it again: the last file counts.",
                "",
            ]
        else:
            lines = ["Nothing looks forgotten.", ""]
        lines += [f"Upload   {self.path}", f"Sealed   {self.at:%Y-%m-%d %H:%M:%S} UTC", f"Receipt  {self.digest}"]
        return "\n".join(lines)


def submit(assessment: str, notebook: str | Path | None = None) -> None:
    """Seal the coursework's notebook and what is handed in beside it, and print the receipt; see ``sealed``."""
    try:
        print(sealed(assessment, Path(notebook) if notebook else None))
    except DLModuleError as error:
        print(f"Not sealed: {error}")


def sealed(assessment: str, notebook: Path | None = None, *, to: Path | None = None) -> Receipt:
    """Write the sealed file of ``notebook`` (default: the newest of the assessment in this folder) and say what is forgotten.

    to: the file (default: ``ASSESSMENT.zip`` beside the notebook). A notebook with gaps is sealed too: at a deadline something is
    better than nothing. DLModuleError where there is no notebook that can be read.
    """
    from dlmodule.checking.progress import Progress

    path = notebook or _newest(Path.cwd(), assessment)
    content = _content(path)
    given = read_given(assessment)
    sentences = [
        *unsaved(path, assessment, given, Progress.local().load()),
        *missing_files(path.parent, assessment, given),
        *forgotten(_parsed(path, content), given),
    ]
    files = {}
    for asked in given.asked:
        file = hand_in_path(path.parent, assessment, asked.name)
        if file.is_file():
            files[f"{asked.name}.safetensors"] = file.read_bytes()
    at = datetime.now(UTC)
    data = seal(assessment, content, files, at)
    target = to or path.parent / f"{assessment}.zip"
    write_atomically(target, data)
    Progress.local().append(receipt_line(assessment, digest(data), at))
    return Receipt(target, digest(data), at, tuple(sentences))


def _newest(folder: Path, assessment: str) -> Path:
    found = [path for path in sorted(folder.glob("*.ipynb")) if _is_of(path, assessment)]
    if not found:
        raise DLModuleError(f"no notebook of {assessment} in {folder}: go to its folder, or name the file")
    return max(found, key=lambda path: path.stat().st_mtime)


def _is_of(path: Path, assessment: str) -> bool:
    try:
        known = _parsed(path, _content(path)).get("metadata", {}).get("dlmodule", {})
        return bool(known.get("session") == assessment and known.get("version") != "solutions")
    except (DLModuleError, AttributeError):
        return False


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DLModuleError(f"{path}: {error.strerror or 'cannot be read'}") from None


def _parsed(path: Path, content: bytes) -> dict[str, Any]:
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        notebook = None
    if not isinstance(notebook, dict):
        raise DLModuleError(f"{path} is not a notebook: save it again")
    return notebook
