"""Moments: the rules of release, runs moved to other terms, clocks that change."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.schedule.syllabus import load, weekday
from coursekit.schedule.timetable import Timetable, parse_at
from tests.coursekit.reference_course import ROOT, TABLE

RUN = Timetable(load(ROOT / "course" / "syllabus.toml"))
MONDAYS = st.integers(0, 52 * 60).map(lambda weeks: date(2000, 1, 3) + timedelta(weeks=weeks))


def test_release_and_solutions_follow_the_rules() -> None:
    """Material at 08:00 on its day; solutions at the end of the part, day 12's at 17:00."""
    for day, folder, _, part, solutions in TABLE:
        slot = next(s for s in RUN.parts if (s.day.folder, s.part.part) == (folder, part))
        assert f"{slot.release_at:%Y-%m-%dT%H:%M}" == f"{day}T08:00"
        if solutions:
            assert f"{slot.solutions_at:%Y-%m-%dT%H:%M}" == f"{day}T{solutions}"


def test_the_courseworks_have_their_times() -> None:
    """Four days, and three hours."""
    times = [tuple(f"{t:%a %H:%M}" for t in RUN.assessment_times(item)) for item in RUN.syllabus.assessment]
    assert times == [("Fri 14:00", "Mon 20:00"), ("Fri 14:00", "Fri 17:00")]


@given(MONDAYS)
def test_a_moved_run_keeps_weekdays_and_wall_clocks(start: date) -> None:
    """Whatever the term: the same weekday and hour as in the reference run, in whichever offset holds on that day."""
    moved = RUN.shifted(start)
    assert moved.parts[0].start.date() == start
    for old, new in zip(RUN.parts, moved.parts, strict=True):
        for a, b in ((old.start, new.start), (old.release_at, new.release_at), (old.solutions_at, new.solutions_at)):
            assert (weekday(a.date()), a.time()) == (weekday(b.date()), b.time())
            assert b.date() - a.date() == start - RUN.parts[0].start.date()
            assert b.astimezone(UTC).astimezone(RUN.syllabus.zone).time() == a.time()
    assert moved.shifted(RUN.parts[0].start.date()).syllabus == RUN.syllabus


@pytest.mark.parametrize(("start", "before", "after"), [("2027-03-15", 0, 1), ("2027-10-18", 1, 0)])
def test_both_changes_of_daylight_saving(start: str, before: int, after: int) -> None:
    """A run over the change in March, and one over that in October: 09:00 stays 09:00, its offset changes in between."""
    slots = RUN.shifted(date.fromisoformat(start)).parts
    hours = [slot.start.utcoffset() for slot in slots]
    assert hours[0] == timedelta(hours=before) and hours[-1] == timedelta(hours=after)
    assert {f"{slot.release_at:%H:%M}" for slot in slots} == {"08:00"}


def test_another_weekday_is_refused() -> None:
    """The error offers the next day that fits."""
    with pytest.raises(CourseError, match=r"2027-01-12 is a Tue.*2027-01-18"):
        RUN.shifted(date(2027, 1, 12))
    with pytest.raises(CourseError, match="last year"):
        RUN.shifted(date(9999, 12, 27))


def test_a_time_is_read_in_the_zone_of_the_course() -> None:
    """Without an offset it is London's; an hour that the clocks skip is an error."""
    assert parse_at("2027-07-01T12:00", RUN.syllabus) == datetime(2027, 7, 1, 11, tzinfo=UTC)
    assert parse_at("2027-07-01T12:00+02:00", RUN.syllabus) == datetime(2027, 7, 1, 10, tzinfo=UTC)
    with pytest.raises(CourseError, match="clocks go forward"):
        parse_at("2027-03-28T01:30", RUN.syllabus)
