"""Moments: the rules of release, runs moved to other terms, clocks that change."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.schedule.dates import weekday
from coursekit.schedule.syllabus import load
from coursekit.schedule.timetable import Timetable, parse_at
from tests.coursekit.reference_course import ROOT, TABLE
from tests.coursekit.schedule.plans import planned

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


@settings(max_examples=25, deadline=None)
@given(MONDAYS)
def test_a_moved_run_keeps_weekdays_and_wall_clocks(start: date) -> None:
    """From any Monday on: the same weekday and hour as in the reference run, in whichever offset holds on that day."""
    moved = planned(str(start))
    assert moved.parts[0].start.date() == start
    for old, new in zip(RUN.parts, moved.parts, strict=True):
        for a, b in ((old.start, new.start), (old.release_at, new.release_at), (old.solutions_at, new.solutions_at)):
            assert (weekday(a.date()), a.time()) == (weekday(b.date()), b.time())
            assert b.date() - a.date() == start - RUN.parts[0].start.date()
            assert b.astimezone(UTC).astimezone(RUN.syllabus.zone).time() == a.time()


@settings(max_examples=25, deadline=None)
@example(date(2022, 10, 24), [(28, 9), (37, 9)])  # a break over the start that the file had before
@given(
    st.dates(date(2000, 1, 3), date(2060, 1, 1)).filter(lambda day: day.weekday() < 5),
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9)), max_size=4),
)
def test_days_pass_over_what_is_free(start: date, free: list[tuple[int, int]]) -> None:
    """Whatever the weekday and the breaks: days keep their order, none is free or a weekend, none has an afternoon on a Wednesday,
    and no date was passed over without a reason."""
    spans = [(start + timedelta(days=first), start + timedelta(days=first + length)) for first, length in free]
    breaks = ", ".join(f'{{ first = {first}, last = {last}, why = "break" }}' for first, last in spans)
    moved = planned(str(start), f"[{breaks}]").syllabus.day
    taken = {row.date: row for row in moved}
    assert [row.date for row in moved] == sorted(row.date for row in moved)
    day = start
    while day <= moved[-1].date:
        is_free = day.weekday() > 4 or any(first <= day <= last for first, last in spans)
        if row := taken.get(day):
            assert not is_free
            assert day.weekday() != 2 or all(part.part != "afternoon" for part in row.parts)
        else:
            assert is_free or day.weekday() == 2
        day += timedelta(days=1)


@pytest.mark.parametrize(("start", "before", "after"), [("2027-03-15", 0, 1), ("2027-10-18", 1, 0)])
def test_both_changes_of_daylight_saving(start: str, before: int, after: int) -> None:
    """A run over the change in March, and one over that in October: 09:00 stays 09:00, its offset changes in between."""
    slots = planned(start).parts
    hours = [slot.start.utcoffset() for slot in slots]
    assert hours[0] == timedelta(hours=before) and hours[-1] == timedelta(hours=after)
    assert {f"{slot.release_at:%H:%M}" for slot in slots} == {"08:00"}


@pytest.mark.parametrize(
    ("start", "breaks", "words"),
    [
        ("2027-01-16", "[]", "start: 2027-01-16 is no teaching day (Sat); the first one after it is 2027-01-18"),
        ("2027-01-11", '[{ first = 2027-01-11, why = "a strike" }]', "is no teaching day (a strike)"),
        (
            "2027-01-11",
            '[{ first = 2027-01-13, last = 2027-01-12, why = "x" }]',
            "ends on 2027-01-12, before it begins",
        ),
        ("9999-12-27", "[]", "a run that starts on 9999-12-27 ends after the last year there is"),
    ],
)
def test_a_run_that_cannot_begin_there_is_refused(start: str, breaks: str, words: str) -> None:
    """One line that says what to change."""
    with pytest.raises(CourseError) as error:
        planned(start, breaks)
    assert words in str(error.value)


def test_a_part_that_moved_takes_its_releases_along() -> None:
    """Its hours stay those of the part; the others of its day stay where they are; what to know is told."""
    moved = planned(s10_rnns__morning="moved_to = 2022-12-14, start = 14:00:00, end = 17:00:00, note = 'room 2'")
    slot = next(slot for slot in moved.parts if slot.id == "10_rnns.morning")
    assert (
        f"{slot.start:%a %H:%M} {slot.release_at:%m-%d %H:%M} {slot.solutions_at:%H:%M}"
        == "Wed 14:00 12-14 08:00 17:00"
    )
    assert slot.notice == "Moved to Wed 2022-12-14, 14:00. room 2"
    others = [slot.start for slot in moved.parts if slot.id != "10_rnns.morning"]
    assert others == [slot.start for slot in RUN.parts if slot.id != "10_rnns.morning"]
    with pytest.raises(CourseError, match=r"no sessions on Wed afternoons \(2022-12-07\)"):
        planned(s05_cnns_1__afternoon="moved_to = 2022-12-07")
    with pytest.raises(CourseError, match="cancelled and moved"):
        planned(s05_cnns_1__afternoon="moved_to = 2022-12-08, cancelled = true")


def test_a_time_is_read_in_the_zone_of_the_course() -> None:
    """Without an offset it is London's; an hour that the clocks skip is an error."""
    assert parse_at("2027-07-01T12:00", RUN.syllabus) == datetime(2027, 7, 1, 11, tzinfo=UTC)
    assert parse_at("2027-07-01T12:00+02:00", RUN.syllabus) == datetime(2027, 7, 1, 10, tzinfo=UTC)
    with pytest.raises(CourseError, match="clocks go forward"):
        parse_at("2027-03-28T01:30", RUN.syllabus)
