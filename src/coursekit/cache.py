"""What the last build made from what, so that a build with nothing changed reads files and does nothing else.

An entry maps a product (a part, a session's key) to the digest of everything it was made from and the digests of the files
made. It holds only while those files still have these digests; a manifest that is lost or wrong costs time, never truth.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from dlmodule.files import write_atomically

T = TypeVar("T")


def digest_of(*pieces: bytes | str) -> str:
    """SHA-256 over ``pieces``, each with its length, so that no two sequences of pieces agree."""
    total = hashlib.sha256()
    for piece in pieces:
        data = piece.encode() if isinstance(piece, str) else piece
        total.update(f"{len(data)}:".encode())
        total.update(data)
    return total.hexdigest()


def digest_of_files(paths: Iterable[Path], root: Path) -> str:
    """Digest of the names below ``root`` and the contents of the files among ``paths``."""
    pieces: list[bytes | str] = []
    for path in sorted(paths):
        if path.is_file():
            pieces += [path.relative_to(root).as_posix(), path.read_bytes()]
    return digest_of(*pieces)


def package_digest(*names: str) -> str:
    """Digest of the Python files of the packages ``names``, which stand beside this one."""
    home = Path(__file__).resolve().parents[1]
    return digest_of_files((path for name in names for path in (home / name).rglob("*.py")), home)


def remembered(parse: Callable[[Path, bytes], T]) -> Callable[[Path, bytes], T]:
    """``parse``, which is called once for each version of a file: a command asks for the same ledger or source many times.

    What is returned is shared by all who ask, so nobody writes into it.
    """
    known: dict[Path, tuple[bytes, T]] = {}

    @functools.wraps(parse)
    def recall(path: Path, content: bytes) -> T:
        before = known.get(path)
        if before is None or before[0] != content:
            before = known[path] = (content, parse(path, content))
        return before[1]

    return recall


class Manifest:
    """The record of a build, kept as one JSON file below ``folder``, where the files made stand too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "cache" / "manifest.json"
        self.entries: dict[str, dict[str, Any]] = {}
        self._saved = ""
        try:
            self._saved = self.path.read_text(encoding="utf-8")
            entries = json.loads(self._saved)
            self.entries = {k: v for k, v in entries.items() if {"inputs", "outputs"} <= v.keys()}
        except (FileNotFoundError, ValueError, AttributeError):
            self.entries = {}

    def current(self, product: str, inputs: str) -> bool:
        """Whether ``product`` was made from ``inputs`` and its files are as they were made."""
        entry = self.entries.get(product)
        return (
            entry is not None
            and entry["inputs"] == inputs
            and all(self._file_digest(name) == digest for name, digest in entry["outputs"].items())
        )

    def record(self, product: str, inputs: str, outputs: Iterable[str]) -> None:
        """Notes that ``product`` was made from ``inputs``: the files ``outputs``, relative to the folder."""
        digests: Mapping[str, str] = {name: self._file_digest(name) for name in outputs}
        self.entries[product] = {"inputs": inputs, "outputs": digests}

    def keep_only(self, products: Iterable[str]) -> None:
        """Forgets every product that is not among ``products``."""
        wanted = set(products)
        self.entries = {name: entry for name, entry in self.entries.items() if name in wanted}

    def save(self) -> None:
        """Writes the record, where it changed."""
        text = json.dumps(self.entries, indent=1, sort_keys=True) + "\n"
        if text != self._saved:
            write_atomically(self.path, text)
            self._saved = text

    def _file_digest(self, name: str) -> str:
        path = self.folder / name
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
