"""A learner's attempts, kept on their own machine: one JSON object a line, appended, never rewritten.

Nothing is sent anywhere. A damaged line (a machine that lost power) is passed over; the others stay.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dlmodule.checking.diagnosis import Diagnosis
from dlmodule.files import read_regular
from dlmodule.place import progress_file


@dataclass(frozen=True)
class Progress:
    """The attempts in one file. ``part``: the notebook (SESSION.PART) that those appended come from, where it is not the exercise's own."""

    path: Path
    part: str = ""

    @classmethod
    def local(cls) -> Progress:
        """This learner's progress."""
        return cls(progress_file())

    def record(self, diagnosis: Diagnosis) -> None:
        """Append one attempt at an exercise, with the figure that a training reached."""
        attempt: dict[str, Any] = {
            "exercise": diagnosis.exercise,
            "status": diagnosis.status,
            "mistake": diagnosis.mistake,
            "rung": diagnosis.rung,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        if diagnosis.figure is not None and math.isfinite(diagnosis.figure):
            attempt["figure"] = diagnosis.figure
        self.append(attempt)

    def append(self, attempt: dict[str, Any]) -> None:
        """Append one attempt; a file that cannot be written never stops a check."""
        attempt = attempt | {"part": self.part} if self.part else attempt
        if self.path.exists() and not self.path.is_file():
            return  # a pipe would keep the check waiting
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            line = (json.dumps(attempt) + "\n").encode()
            with self.path.open("ab+") as file:
                # A line cut short by a crash must not swallow this one.
                if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
                    line = b"\n" + line
                file.write(line)
        except OSError:
            pass

    def load(self) -> list[dict[str, Any]]:
        """All attempts, oldest first: exercise, status, mistake, rung, at (ISO time, UTC); of a training the figure it reached."""
        try:
            lines = read_regular(self.path).decode("utf-8", "replace").split("\n")
        except OSError:
            return []
        attempts = []
        for line in lines:
            try:
                attempt = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(attempt, dict) and isinstance(attempt.get("exercise"), str):
                attempts.append(attempt)
        return attempts

    def solved(self) -> set[str]:
        """The ids of exercises that were answered right at least once."""
        return {attempt["exercise"] for attempt in self.load() if attempt.get("status") == "right"}
