"""The sealed file: a zip of the notebook, what is handed in beside it, and the digest of each.

The digest of the whole file is the receipt. A file that was changed in between does not open: its content has other digests than
it says. (That proves no identity. It shows that what is marked is what was sealed.)
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dlmodule.errors import DLModuleError

NOTEBOOK, CONTENTS = "notebook.ipynb", "sealed.json"
LARGEST = 64 << 20  # bytes of all that a sealed file holds
MOST_FILES = 20
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Sealed:
    """What a sealed file holds. files: by their names, without the notebook; digest: of the sealed file itself."""

    assessment: str
    sealed_at: datetime
    notebook: bytes
    files: Mapping[str, bytes]
    digest: str


def seal(assessment: str, notebook: bytes, files: Mapping[str, bytes], at: datetime) -> bytes:
    """The sealed file. at: an aware moment."""
    members = {NOTEBOOK: notebook, **dict(sorted(files.items()))}
    digests = {name: digest(content) for name, content in members.items()}
    contents = {"assessment": assessment, "sealed_at": at.isoformat(timespec="seconds"), "files": digests}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {CONTENTS: json.dumps(contents, indent=1).encode(), **members}.items():
            info = zipfile.ZipInfo(name, _LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def is_sealed(file: bytes | Path) -> bool:
    """Whether ``file``, its content or where it lies, is meant as a sealed file; it may be damaged all the same."""
    try:
        with zipfile.ZipFile(io.BytesIO(file) if isinstance(file, bytes) else file) as archive:
            return CONTENTS in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def unseal(content: bytes) -> Sealed:
    """Open a sealed file, in memory and within limits. DLModuleError where it is none, or was changed after it was sealed."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MOST_FILES or sum(member.file_size for member in members) > LARGEST:
                raise DLModuleError(f"it holds more than {MOST_FILES} files or {LARGEST >> 20} MB")
            held = {member.filename: _read(archive, member) for member in members}
        contents = json.loads(held.pop(CONTENTS))
        if {name: digest(data) for name, data in held.items()} != contents["files"] or NOTEBOOK not in held:
            raise DLModuleError("it was changed after it was sealed")
        moment = datetime.fromisoformat(contents["sealed_at"])
        return Sealed(str(contents["assessment"]), moment, held.pop(NOTEBOOK), held, digest(content))
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
        NotImplementedError,
        EOFError,
    ) as error:
        raise DLModuleError(f"it is damaged ({type(error).__name__})") from None


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member; what it says of its size may be a lie."""
    with archive.open(member) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise DLModuleError(f"it holds more than {LARGEST >> 20} MB")
    return content


def digest(content: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
