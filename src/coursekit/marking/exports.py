"""Marks as the files that learning platforms import.

Every cell is quoted, and text that a spreadsheet would take for a formula is disarmed. A learner without a mark has no line: an empty
cell would erase what stands there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from decimal import Decimal

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def moodle(title: str, marks: Mapping[str, Decimal]) -> str:
    """For Moodle's *Grades > Import > CSV file*: map ``Username`` to the user, the other column to the grade item."""
    return quoted([["Username", title], *([learner, str(mark)] for learner, mark in sorted(marks.items()))])


def canvas(title: str, marks: Mapping[str, Decimal]) -> str:
    """For Canvas's *Grades > Import*: learners are found by ``SIS Login ID``; the points possible stand in the second line."""
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]
    possible = ["Points Possible", "", "", "", "", "100"]
    return quoted(
        [head, possible, *([learner, "", "", learner, "", str(mark)] for learner, mark in sorted(marks.items()))]
    )


def blackboard(title: str, marks: Mapping[str, Decimal]) -> str:
    """For Blackboard's *Work Offline > Upload*."""
    return quoted([["Username", title], *([learner, str(mark)] for learner, mark in sorted(marks.items()))])


FORMATS = {"moodle": moodle, "canvas": canvas, "blackboard": blackboard}


def safe(cell: str) -> str:
    """``cell``, which no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA) or cell.startswith(FORMULA) else cell


def quoted(rows: Iterable[Iterable[str]]) -> str:
    """The rows as CSV, each cell quoted and disarmed."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(
        [safe(cell) for cell in row] for row in rows
    )
    return out.getvalue()
