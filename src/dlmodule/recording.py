"""Whether keys are being recorded just now: a lock beside them, which the system takes back from a recorder that was killed."""

from pathlib import Path

from filelock import FileLock, Timeout

_LOCK = ".recording"


def recording(keys: Path) -> FileLock:
    """The lock that is held, as a context, by whoever records keys into the folder ``keys``; others wait for it."""
    keys.mkdir(parents=True, exist_ok=True)
    return FileLock(keys / _LOCK)


def is_recording(keys: Path) -> bool:
    """Whether somebody is recording keys into the folder ``keys``."""
    try:
        if (keys / _LOCK).is_file():
            with FileLock(keys / _LOCK, timeout=0):
                pass
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written to, in which nobody records
        pass
    return False
