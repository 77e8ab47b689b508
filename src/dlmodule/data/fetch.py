"""Where a file of a well-known set is found: ``DLMODULE_DATA`` first, then the cache, then its official address.

* Every file with a known sha256 is checked each time it is used, wherever it was found; a damaged one is
  never read.
* Only addresses known to be official are listed. A set without one is found through ``DLMODULE_DATA`` alone.
* A download goes to a temporary file beside its place and is moved there once its digest is right (Pooch), so
  one that was interrupted leaves nothing behind and the next call starts afresh.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import pooch

from dlmodule.data.cache import cache_folder
from dlmodule.errors import DLModuleError

SECONDS_WITHOUT_AN_ANSWER = 30


@dataclass(frozen=True)
class RemoteFile:
    """One file:

    ``folder/name`` under ``DLMODULE_DATA`` or the cache, its sha256 where one is known, its official
    addresses.
    """

    folder: str
    name: str
    sha256: str | None = None
    urls: tuple[str, ...] = ()


def data_folder() -> Path | None:
    """The folder of files already at hand that ``DLMODULE_DATA`` names, if any."""
    named = os.environ.get("DLMODULE_DATA")
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise DLModuleError(f"DLMODULE_DATA={named}: no such folder")
    return folder


def locate(file: RemoteFile) -> Path:
    """The path of a good copy of ``file``, downloaded if need be.

    Raises `DLModuleError` naming the file when there is none.
    """
    wanted = f"{file.folder}/{file.name}"
    at_hand = data_folder()
    if at_hand is not None and (path := at_hand / file.folder / file.name).is_file():
        if file.sha256 and digest(path) != file.sha256:
            raise DLModuleError(f"{path}: damaged or cut short (its sha256 is not {file.sha256}); copy it there again")
        return path
    where = f"not in DLMODULE_DATA={at_hand}" if at_hand else "DLMODULE_DATA is not set"
    if not file.urls:
        raise DLModuleError(f"{wanted}: {where}, and the course knows no official address for it; put the file there")
    return _download(file, where)


def digest(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _download(file: RemoteFile, where: str) -> Path:
    pooch.get_logger().setLevel("WARNING")
    folder = cache_folder() / file.folder
    if (folder / file.name).is_file() and file.sha256 and digest(folder / file.name) == file.sha256:
        return folder / file.name
    failure: Exception | None = None
    for url in file.urls:
        downloader = pooch.HTTPDownloader(progressbar=True, timeout=SECONDS_WITHOUT_AN_ANSWER)
        try:
            return Path(pooch.retrieve(url, file.sha256, fname=file.name, path=folder, downloader=downloader))
        # Pooch passes on what requests raises (an OSError) and answers a wrong digest with a ValueError.
        except (OSError, ValueError) as error:
            failure = error
    reason = str(failure).splitlines()[0] if failure and str(failure) else type(failure).__name__
    raise DLModuleError(
        f"{file.folder}/{file.name}: {where}, and it could not be downloaded from {file.urls[-1]} ({reason})"
    )
