"""From marks in the results to a module mark: deadlines, lateness, extensions, the average, and how each is rounded.

Nothing here is kept: marks are worked out anew from what was handed in, when, and the dated records of decisions about learners. A
decision taken after marking therefore changes what it concerns and nothing else.

All marks are exact decimals in percent. A coursework is rounded to one decimal, the module mark to a whole number, both halves up, and
the module mark is made from the unrounded ones.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from coursekit.errors import CourseError
from coursekit.toml_text import tables_of


@dataclass(frozen=True)
class LatePolicy:
    """Handed in up to ``hours`` late, a coursework has at most ``cap`` percent; later, nothing."""

    cap: Decimal = Decimal(50)
    hours: float = 24.0


@dataclass(frozen=True)
class Decision:
    """A dated record about one learner's assessment. until: an extension; else ``set_aside``: it does not count, or ``uncapped``: late, unpenalised."""

    learner: str
    assessment: str
    recorded: datetime
    reason: str
    until: datetime | None = None
    set_aside: bool = False
    uncapped: bool = False


@dataclass(frozen=True)
class Records:
    """The late policy of a run and the decisions about its learners, in the order they were taken."""

    late: LatePolicy = LatePolicy()
    decisions: tuple[Decision, ...] = ()

    def about(self, learner: str, assessment: str) -> list[Decision]:
        """The decisions about this learner's assessment, by date."""
        found = [each for each in self.decisions if (each.learner, each.assessment) == (learner, assessment)]
        return sorted(found, key=lambda decision: decision.recorded)


@dataclass(frozen=True)
class AssessmentMark:
    """A learner's percentage for one assessment. raw: before lateness; why: what changed it, in words, else ""."""

    learner: str
    raw: Decimal
    percent: Decimal
    counts: bool = True
    why: str = ""

    @property
    def rounded(self) -> Decimal:
        """To one decimal, halves up."""
        return self.percent.quantize(Decimal("0.1"), ROUND_HALF_UP)


def percent(marks: float, of: float) -> Decimal:
    """``marks`` of ``of`` in percent; marks are sums of decimal fractions, so they are read as they print."""
    return 100 * Decimal(repr(round(marks, 9))) / Decimal(repr(of))


def assessment_mark(
    learner: str, raw: Decimal, handed_in: datetime | None, due: datetime, assessment: str, records: Records
) -> AssessmentMark:
    """The mark after lateness. handed_in: None where nobody knows, which is in time; on the second of the deadline is in time."""
    decisions = records.about(learner, assessment)
    if any(decision.set_aside for decision in decisions):
        return AssessmentMark(learner, raw, raw, counts=False, why="set aside")
    extended = [decision.until for decision in decisions if decision.until]
    until = extended[-1] if extended else due
    # Compared as moments: across a clock change, differences of wall-clock times in one zone are an hour wrong.
    late = handed_in.astimezone(UTC) - until.astimezone(UTC) if handed_in else timedelta(0)
    if late <= timedelta(0):
        return AssessmentMark(learner, raw, raw, why=f"extended to {until:%a %d %b %H:%M}" if extended else "")
    if any(decision.uncapped for decision in decisions):
        return AssessmentMark(learner, raw, raw, why="late, not penalised")
    if late > timedelta(hours=records.late.hours):
        return AssessmentMark(learner, raw, Decimal(0), why=f"more than {records.late.hours:g} hours late")
    return AssessmentMark(
        learner, raw, min(raw, records.late.cap), why=f"late by {_span(late)}: at most {records.late.cap:g}"
    )


def module_mark(marks: Mapping[str, AssessmentMark | None], weights: Mapping[str, float]) -> Decimal | None:
    """The weighted average of what counts, a whole number; nothing handed in is 0. None where nothing counts.

    An assessment that was set aside gives its weight to the others.
    """
    total = weight = Decimal(0)
    for name, share in weights.items():
        mark = marks.get(name)
        if mark is None or mark.counts:
            total += Decimal(repr(share)) * (mark.percent if mark else 0)
            weight += Decimal(repr(share))
    return (total / weight).quantize(Decimal(1), ROUND_HALF_UP) if weight else None


def read_records(path: Path, zone: ZoneInfo) -> Records:
    """The records in a TOML file; wall-clock times are of ``zone``. CourseError for what is not understood; no file: no decisions."""
    if not path.is_file():
        return Records()
    try:
        content = tables_of(path.read_text("utf-8"), path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"cannot be read: {error}", file=path) from None
    unknown = sorted(set(content) - {"late", "decision"})
    if unknown:
        raise CourseError(f"{unknown[0]!r} is neither [late] nor [[decision]]", file=path)
    try:
        late = {
            name: Decimal(repr(value)) if name == "cap" else float(value)
            for name, value in content.get("late", {}).items()
        }
        decisions = tuple(_decision(item, zone) for item in content.get("decision", []))
        return Records(LatePolicy(**late), decisions)  # type: ignore[arg-type]
    except (TypeError, ValueError, ArithmeticError) as error:
        raise CourseError(str(error).replace("Decision.__init__()", "a decision"), file=path) from None


def _decision(item: dict[str, Any], zone: ZoneInfo) -> Decision:
    fields: dict[str, Any] = {
        name: _moment(value, zone) if name in ("recorded", "until") else value for name, value in item.items()
    }
    decision = Decision(**fields)
    if (decision.until is not None) + decision.set_aside + decision.uncapped != 1:
        raise ValueError(f"a decision about {decision.learner} has to have one of until, set_aside and uncapped")
    return decision


def _moment(value: object, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        raise ValueError(f"{value!r} is no date with a time, such as 2022-12-13T20:00:00")
    return value if value.tzinfo else value.replace(tzinfo=zone)


def _span(late: timedelta) -> str:
    minutes = -(-int(late.total_seconds() + 0.999) // 60)
    return f"{minutes // 60} h {minutes % 60:02} min"


def spread(marks: Sequence[Decimal]) -> dict[str, Decimal | int]:
    """What an exam board asks of a distribution: count, mean, median, least and most, and how many fail (below 50)."""
    ordered = sorted(marks)
    if not ordered:
        return {"count": 0}
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    mean = (sum(ordered, Decimal(0)) / len(ordered)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return {
        "count": len(ordered), "mean": mean, "median": median, "least": ordered[0], "most": ordered[-1],
        "below 50": sum(mark < 50 for mark in ordered),
    }  # fmt: skip
