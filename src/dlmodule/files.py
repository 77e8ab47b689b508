"""Files are written whole or not at all: an interrupted command leaves the old file, never half of a new one."""

import contextlib
import ctypes
import errno
import os
import secrets
import stat
import tempfile
import time
from pathlib import Path

from dlmodule.errors import DLModuleError

# What a writer that was killed left is known by its age: no write takes as long.
_ABANDONED_SECONDS = 3600.0
# linux/fs.h RENAME_EXCHANGE and sys/stdio.h RENAME_SWAP have one value; linux/fcntl.h AT_FDCWD.
_EXCHANGE, _FROM_HERE = 2, -100


def is_abandoned(path: Path) -> bool:
    """Whether ``path`` is the unfinished file or folder (``.NAME.*.part``) of a writer that was killed."""
    if not (path.name.startswith(".") and path.suffix == ".part"):
        return False
    with contextlib.suppress(FileNotFoundError):  # finished meanwhile
        return time.time() - path.stat().st_mtime > _ABANDONED_SECONDS
    return False


def write_atomically(path: Path, data: bytes | str, *, instead_of: bytes | None = None) -> bool:
    """Write ``data`` (text as UTF-8) to ``path``, making its folder; readers see the old bytes or the new, nothing between.

    instead_of: only where the file still holds these bytes at the last moment; otherwise nothing is written and False returned.
    Permissions of a file that is there are kept. Raises DLModuleError where ``path`` is a folder, a device or a pipe.
    """
    mode = _mode(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = data.encode() if isinstance(data, str) else data
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(mode)
        if instead_of is None:
            part.replace(path)
            return True
        replaced = path.read_bytes() == instead_of and _replace_only(path, part, instead_of)
        part.unlink(missing_ok=True)
        return replaced
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        raise


def _replace_only(path: Path, part: Path, instead_of: bytes) -> bool:
    """Put ``part`` in the place of ``path``, which was just seen to hold ``instead_of``; False, and put back, where another wrote since.

    Two files that are exchanged in one step show afterwards what was there at that very moment, which a look beforehand cannot. What
    comes out is then either what was expected, or newer than what went in, and goes back.
    """
    expected, put = instead_of, part.read_bytes()
    for exchanges in range(1, 100):
        if not _exchange(part, path):  # a system without it: what was seen a moment ago has to do
            part.replace(path)
            return True
        out = part.read_bytes()
        if out == expected:
            return exchanges == 1
        expected, put = put, out
    return False


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two files in one step (Linux: renameat2, macOS: renamex_np); False where the system or the disk cannot."""
    library = ctypes.CDLL(None) if os.name == "posix" else None
    names = os.fsencode(first), os.fsencode(second)
    if rename := getattr(library, "renameat2", None):
        return bool(rename(_FROM_HERE, names[0], _FROM_HERE, names[1], _EXCHANGE) == 0)
    if rename := getattr(library, "renamex_np", None):
        return bool(rename(*names, _EXCHANGE) == 0)
    return False


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


def read_regular(path: Path) -> bytes:
    """The bytes of ``path``. Raises OSError, also for a pipe or a device, which another could keep waiting for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return path.read_bytes()


def _mode(path: Path) -> int:
    """The permissions to write with: those of the file that is there, else those of any new file of this user."""
    try:
        there = path.stat()
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
    if not stat.S_ISREG(there.st_mode):
        raise DLModuleError(f"{path} is not a regular file, so nothing was written to it")
    return stat.S_IMODE(there.st_mode)
