"""Deadlines, lateness, decisions, averages and exports: each by the clock and the arithmetic, not by the code."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.marking.exports import FORMATS
from coursekit.marking.marks import (
    AssessmentMark,
    Decision,
    Records,
    assessment_mark,
    module_mark,
    percent,
    read_records,
)

LONDON = ZoneInfo("Europe/London")
DUE = datetime(2022, 12, 12, 20, tzinfo=LONDON)
RECORDED = datetime(2022, 12, 11, tzinfo=LONDON)


def mark(handed_in: datetime | None, due: datetime = DUE, *decisions: Decision, raw: int = 72) -> AssessmentMark:
    """Ada's mark of coursework_1."""
    return assessment_mark("ada", Decimal(raw), handed_in, due, "coursework_1", Records(decisions=decisions))


@pytest.mark.parametrize(
    "due",
    [
        DUE,
        datetime(2023, 3, 26, 1, 30, tzinfo=LONDON) - timedelta(hours=1),  # the night the clocks go forward
        datetime(2023, 3, 26, 20, tzinfo=LONDON),
        datetime(2022, 10, 30, 1, 30, tzinfo=LONDON, fold=0),  # the hour there is twice
        datetime(2022, 10, 30, 1, 30, tzinfo=LONDON, fold=1),
        datetime(2022, 10, 29, 20, tzinfo=LONDON),
    ],
)
def test_the_deadline_to_the_second(due: datetime) -> None:
    """One second before and on it: in full. One after: capped. A day of 24 real hours later: the cap ends, clock change or not."""
    moment = due.astimezone(UTC)
    second, day = timedelta(seconds=1), timedelta(hours=24)
    got = [mark(moment + shift, due).percent for shift in (-second, 0 * second, second, day, day + second)]
    assert got == [72, 72, 50, 50, 0]


def test_an_unknown_moment_is_in_time() -> None:
    """Where nothing says when it was handed in, nobody is late."""
    assert mark(None).percent == 72


def test_a_low_mark_is_not_raised_to_the_cap() -> None:
    """At most the cap, not the cap."""
    assert mark(DUE + timedelta(hours=1), raw=31).percent == 31


def decision(**what: object) -> Decision:
    return Decision("ada", "coursework_1", RECORDED, "EC-17", **what)  # type: ignore[arg-type]


def test_decisions_recompute() -> None:
    """An extension moves the deadline, the last one holds; late may go unpenalised; a coursework may be set aside."""
    late = DUE + timedelta(hours=30)
    assert mark(late).percent == 0
    assert mark(late, DUE, decision(until=DUE + timedelta(days=2))).percent == 72
    shorter = Decision("ada", "coursework_1", RECORDED + timedelta(1), "EC-17", until=DUE + timedelta(hours=29))
    assert mark(late, DUE, decision(until=DUE + timedelta(days=2)), shorter).percent == 50
    assert mark(late, DUE, decision(uncapped=True)).percent == 72
    assert not mark(late, DUE, decision(set_aside=True)).counts
    other = Decision("bob", "coursework_1", RECORDED, "EC-18", uncapped=True)
    assert mark(late, DUE, other).percent == 0


@given(st.decimals(0, 100, places=3), st.decimals(0, 100, places=3))
def test_the_average_is_exact_and_rounds_halves_up(first: Decimal, second: Decimal) -> None:
    """The module mark is floor(average + 1/2) in exact fractions, of unrounded marks."""
    marks = {"a": AssessmentMark("x", first, first), "b": AssessmentMark("x", second, second)}
    average = (Fraction(first) + Fraction(second)) / 2
    assert module_mark(marks, {"a": 0.5, "b": 0.5}) == int(average + Fraction(1, 2))


def test_nothing_handed_in_counts_as_zero_and_set_aside_does_not() -> None:
    """80 and nothing is 40; 80 and one set aside is 80."""
    good = AssessmentMark("x", Decimal(80), Decimal(80))
    aside = AssessmentMark("x", Decimal(10), Decimal(10), counts=False)
    assert module_mark({"a": good, "b": None}, {"a": 0.5, "b": 0.5}) == 40
    assert module_mark({"a": good, "b": aside}, {"a": 0.5, "b": 0.5}) == 80


def test_thirds_sum_to_the_whole() -> None:
    """Ten exercises at a tenth of a mark are all of one mark, whatever binary floats make of it."""
    assert percent(sum([0.1] * 10), 1.0) == 100


@pytest.mark.parametrize("platform", FORMATS)
@given(name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_exports_hold_every_name_and_no_formula(platform: str, name: str) -> None:
    """Read back by a CSV reader: the name is there, and no cell begins as a formula does."""
    rows = list(csv.reader(io.StringIO(FORMATS[platform]("Coursework 1", {name: Decimal("61.5")}))))
    assert rows[-1][-1] == "61.5" and rows[-1][0].removeprefix("'") == name.removeprefix("'")
    assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@")) for row in rows for cell in row)


RECORDS = """
[late]
cap = 40
hours = 48
[[decision]]
learner = "ada"
assessment = "coursework_1"
recorded = 2022-12-11T09:00:00
reason = "EC-17"
until = 2022-12-14T20:00:00
"""


def test_records_are_read_in_the_syllabus_zone(tmp_path: Path) -> None:
    """Times are wall-clock times where the module is taught."""
    path = tmp_path / "marks.toml"
    path.write_text(RECORDS)
    records = read_records(path, LONDON)
    assert (records.late.cap, records.late.hours) == (40, 48)
    assert records.decisions[0].until == datetime(2022, 12, 14, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[late]", "[lat]", "'lat' is neither"),
        ("until = 2022-12-14T20:00:00", "", "one of until, set_aside and uncapped"),
        ("until = 2022-12-14T20:00:00", "until = 3", "no date with a time"),
        ('reason = "EC-17"', "", "reason"),
        ("cap = 40", "cup = 40", "cup"),
        ("cap = 40", "cap = ", "cannot be read"),
    ],
)
def test_a_wrong_record_is_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    """A decision that is not understood is refused, never passed over."""
    path = tmp_path / "marks.toml"
    path.write_text(RECORDS.replace(old, new))
    with pytest.raises(CourseError, match=said):
        read_records(path, LONDON)
