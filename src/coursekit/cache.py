"""What was made from what, by digest, so that nothing is made twice. Everything lies in ``build/cache`` and is safe to delete.

``kept`` and ``keep`` hold a content under the digest of all that it depends on: the recorded outcomes of an exercise, the proof
of its check. ``is_made`` and ``made`` know which files of ``build/`` a product (a notebook, a session's key, an executed notebook)
consists of. Every content stands below its own digest, and a product holds only while its files have the digests they were made
with: a cache that is lost, cut short or written over costs time, never truth. Of one name only the newest content is kept.
"""

import contextlib
import functools
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from dlmodule.files import is_abandoned, write_atomically


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


@functools.cache
def package_digest(*names: str) -> str:
    """Digest of the Python files of the packages ``names``, which stand beside this one, as they were when first asked for."""
    home = Path(__file__).resolve().parents[1]
    return digest_of_files((path for name in names for path in (home / name).rglob("*.py")), home)


class Cache:
    """What has been made in the folder ``build``, and from what. Safe beside other processes that use the same folder."""

    def __init__(self, build: Path) -> None:
        self.build = build
        self.folder = build / "cache"

    def kept(self, kind: str, name: str, digest: str) -> bytes | None:
        """The content that was kept as ``name`` under ``digest``; None where there is none, or it is damaged."""
        with contextlib.suppress(OSError):
            head, _, content = (self.folder / kind / name / digest).read_bytes().partition(b"\n")
            if head == digest_of(content).encode():
                return content
        return None

    def keep(self, kind: str, name: str, digest: str, content: bytes | str) -> None:
        """Keep ``content`` as ``name`` under ``digest``, in place of what was kept under any other."""
        data = content.encode() if isinstance(content, str) else content
        path = self.folder / kind / name / digest
        write_atomically(path, digest_of(data).encode() + b"\n" + data)
        for other in path.parent.iterdir():
            if is_abandoned(other) or (other != path and not other.name.startswith(".")):
                other.unlink(missing_ok=True)

    def once(self, kind: str, name: str, digest: str, make: Callable[[], Any]) -> Any:
        """What ``make()`` returned (plain data of JSON) under ``digest``: read where it was kept, else made and kept."""
        content = self.kept(kind, name, digest)
        if content is None:
            content = json.dumps(make()).encode()
            self.keep(kind, name, digest, content)
        return json.loads(content)

    def forget(self, kind: str, *, but: Collection[str]) -> None:
        """Remove what was kept under names that are not among ``but``."""
        for path in (self.folder / kind).iterdir() if (self.folder / kind).is_dir() else ():
            if path.name in but:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def made(self, product: str, inputs: str, outputs: Iterable[str], **facts: Any) -> None:
        """Note that ``product`` was made from what has the digest ``inputs``: the files ``outputs``, relative to build/."""
        digests = {name: self._file_digest(name) for name in outputs}
        self.keep("made", product, inputs, json.dumps({"outputs": digests, "facts": facts}))

    def facts(self, product: str, inputs: str) -> dict[str, Any] | None:
        """What was noted of ``product`` when it was made from ``inputs``; None where its files are not as they were made."""
        content = self.kept("made", product, inputs)
        if content is None:
            return None
        record = json.loads(content)
        current = all(self._file_digest(name) == digest for name, digest in record["outputs"].items())
        return dict(record["facts"]) if current else None

    def is_made(self, product: str, inputs: str) -> bool:
        """Whether ``product`` was made from ``inputs`` and its files are as they were made."""
        return self.facts(product, inputs) is not None

    def tree(self, kind: str, digest: str, make: Callable[[Path], None], *, most: int) -> Path:
        """The folder that ``make`` fills, made once for a ``digest`` and read-only to the caller; the ``most`` newest stay."""
        trees = self.folder / kind
        path, product = trees / digest, f"{kind} {digest}"
        if self.is_made(product, digest):
            path.touch()
        else:
            trees.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=trees, prefix=".", suffix=".part") as work:
                fresh = Path(work) / "tree"
                fresh.mkdir()
                make(fresh)
                shutil.rmtree(path, ignore_errors=True)
                with contextlib.suppress(OSError):  # another process made the same tree meanwhile
                    fresh.rename(path)
            files = sorted(file for file in path.rglob("*") if file.is_file())
            self.made(product, digest, (file.relative_to(self.build).as_posix() for file in files))
        for abandoned in filter(is_abandoned, list(trees.iterdir())):
            shutil.rmtree(abandoned, ignore_errors=True)
        for old in self._oldest_first(trees)[:-most]:
            shutil.rmtree(old, ignore_errors=True)
            shutil.rmtree(self.folder / "made" / f"{kind} {old.name}", ignore_errors=True)
        return path

    @staticmethod
    def _oldest_first(trees: Path) -> list[Path]:
        found = [path for path in trees.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return sorted(found, key=lambda path: path.stat().st_mtime)

    def _file_digest(self, name: str) -> str:
        path = self.build / name
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
