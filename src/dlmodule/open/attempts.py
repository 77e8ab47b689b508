"""A learner's attempts as the home reads, exports and imports them.

The checks append one JSON line per attempt. Here the file is only ever read or appended to, so an import cannot lose
what a running notebook records at the same moment; a damaged line is reported, stays in the file, and the rest counts.
"""

import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlmodule.errors import DLModuleError
from dlmodule.files import read_regular

Attempt = dict[str, Any]
FORMAT = "dlmodule-progress-1"


@dataclass(frozen=True)
class Attempts:
    """What a progress file holds, and one line for each thing in it that could not be read."""

    attempts: Sequence[Attempt] = ()
    problems: Sequence[str] = field(default_factory=tuple)


def read_attempts(path: Path) -> Attempts:
    """The attempts in ``path``; a missing file is an empty one."""
    try:
        data = read_regular(path)
    except FileNotFoundError:
        return Attempts()
    except OSError as error:
        return Attempts(problems=(f"{path.name} cannot be read: {error.strerror or error}",))
    attempts: list[Attempt] = []
    damaged: list[int] = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            attempt = json.loads(line)
        except (ValueError, RecursionError):
            attempt = None
        if _is_attempt(attempt):
            attempts.append(attempt)
        else:
            damaged.append(number)
    if not damaged:
        return Attempts(attempts)
    lines = f"line {damaged[0]}" if len(damaged) == 1 else f"{len(damaged)} lines, the first is line {damaged[0]}"
    return Attempts(
        attempts, (f"{path.name} is damaged ({lines}); everything else in it counts, and nothing was changed.",)
    )


def export_attempts(path: Path) -> str:
    """All attempts as one JSON document that ``import_attempts`` reads on any machine."""
    return json.dumps({"format": FORMAT, "attempts": list(read_attempts(path).attempts)}, indent=1) + "\n"


def import_attempts(path: Path, document: bytes) -> int:
    """Append to ``path`` what ``document`` has and it has not; returns how many. Raises DLModuleError for a wrong document."""
    try:
        content = json.loads(document)
    except (ValueError, RecursionError):
        raise DLModuleError("this is not an export of progress: it is not JSON") from None
    if (
        not isinstance(content, dict)
        or content.get("format") != FORMAT
        or not isinstance(content.get("attempts"), list)
    ):
        raise DLModuleError(f"this is not an export of progress (its format is not {FORMAT})")
    if not all(map(_is_attempt, content["attempts"])):
        raise DLModuleError("this export of progress is damaged; nothing was imported")
    known = {_line(attempt) for attempt in read_attempts(path).attempts}
    fresh = [line for line in dict.fromkeys(map(_line, content["attempts"])) if line not in known]
    if fresh:
        _append(path, fresh)
    return len(fresh)


def _append(path: Path, lines: Iterable[str]) -> None:
    """One write at the end of the file, beginning a new line if an interrupted one stands there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        file.seek(0, os.SEEK_END)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            broken = file.read(1) != b"\n"
        else:
            broken = False
        file.write((("\n" if broken else "") + "".join(f"{line}\n" for line in lines)).encode())
        file.flush()
        os.fsync(file.fileno())


def _line(attempt: Attempt) -> str:
    return json.dumps(attempt, sort_keys=True)


def _is_attempt(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("exercise"), str)
        and isinstance(value.get("status"), str)
        and isinstance(value.get("at"), str)
        and all(map(_is_plain, value.values()))
    )


def _is_plain(value: object) -> bool:
    """Whether every reader of JSON takes it: NaN and Infinity are Python's own."""
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
