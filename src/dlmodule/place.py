"""Where a learner's keys and attempts are, seen from the folder that a notebook or a program runs in.

Under ``course open`` the environment says it ($DLMODULE_KEYS, $DLMODULE_PROGRESS). Elsewhere (VS Code, plain Jupyter, a class's hub, a shell)
the workspace around the notebook remembers both in ``.course/place.json``. Keys are also found in the built course around this folder
(beside its ``course.json``), in the installed package, and in the course that an editable installation is part of. Nowhere else: a key
can hold code, so a folder that happens to be called ``keys`` is not trusted, nor is what belongs to another user.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_data_path

from dlmodule.files import read_regular, write_atomically

NOTE = Path(".course") / "place.json"
BUILT = (Path("build/course.json"), Path("course.json"), Path(".course/course.json"))  # as ``course.find_course``
PACKAGE = Path(__file__).parent


def note_place(workspace: Path, *, keys: Path, progress: Path) -> None:
    """Remember in ``workspace`` where its notebooks find keys and record attempts. Raises OSError."""
    text = (
        json.dumps({"keys": str(keys.resolve()), "progress": str(progress.resolve())}, indent=1, sort_keys=True) + "\n"
    )
    place = workspace / NOTE
    if not place.is_file() or read_regular(place) != text.encode():
        write_atomically(place, text)


def key_folders() -> list[Path]:
    """The folders in which keys may lie, the surest first; $DLMODULE_KEYS, where it is set, alone."""
    if os.environ.get("DLMODULE_KEYS"):
        return [Path(os.environ["DLMODULE_KEYS"])]
    noted = _noted("keys")
    around = [(folder / built).parent / "keys" for folder in _around() for built in BUILT if _is_own(folder / built)]
    checkout = PACKAGE.parents[1]
    beside = [checkout / "build" / "keys"] if (checkout / "course" / "syllabus.toml").is_file() else []
    return [*filter(None, [noted]), *around, PACKAGE / "keys", *beside]


def progress_file() -> Path:
    """Where attempts are recorded: $DLMODULE_PROGRESS, else the workspace around this folder, else the user's data folder."""
    given = os.environ.get("DLMODULE_PROGRESS")
    if given:
        return Path(given)
    return _noted("progress") or user_data_path("dlmodule") / "progress.jsonl"


def _around() -> Iterator[Path]:
    """This folder and those above it."""
    try:
        here = Path.cwd()
    except OSError:  # removed meanwhile
        return
    yield from (here, *here.parents)


def _noted(what: str) -> Path | None:
    """What the nearest workspace around this folder says of ``what``."""
    for folder in _around():
        if _is_own(folder / NOTE):
            try:
                place = json.loads(read_regular(folder / NOTE))[what]
                return Path(place) if isinstance(place, str) and Path(place).is_absolute() else None
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                return None  # damaged: the next ``course open`` writes it anew
    return None


def _is_own(path: Path) -> bool:
    """Whether ``path`` is a file of this user, or of the system's administrator."""
    try:
        owner = path.stat().st_uid
    except OSError:
        return False
    return os.name == "nt" or os.getuid() == 0 or owner in (0, os.getuid())
