"""What a learner got wrong, and how long ago, decides what comes first; the clock is passed in, never read."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmodule.revision.agenda import Item, agenda
from dlmodule.revision.memory import memories

AT = datetime(2022, 12, 16, 9, tzinfo=ZoneInfo("Europe/London"))
ITEMS = [
    Item(f"{topic}.{name}", topic, f"{name} of {topic}", 5) for topic in ("01", "02", "03") for name in ("a", "b", "c")
]
NAMES = [item.id for item in ITEMS]


def attempt(name: str, status: str, days_ago: float, **more: Any) -> dict[str, Any]:
    """One line of a record."""
    return {"exercise": name, "status": status, "at": (AT - timedelta(days=days_ago)).isoformat(), **more}


def order(record: list[dict[str, Any]], at: datetime = AT) -> list[str]:
    """The ids in the order in which they are to be revised."""
    return [entry.item.id for entry in agenda(ITEMS, record, at=at)]


records = st.lists(
    st.builds(
        attempt,
        st.sampled_from(NAMES),
        st.sampled_from(["right", "wrong", "not started"]),
        st.floats(-3, 400, allow_nan=False),
    ),
    max_size=30,
)


def test_who_has_done_nothing_begins_with_one_item_of_each_topic() -> None:
    """A round over all topics in the course's order, then the second of each."""
    assert order([]) == ["01.a", "02.a", "03.a", "01.b", "02.b", "03.b", "01.c", "02.c", "03.c"]
    assert {entry.why for entry in agenda(ITEMS, [], at=AT)} == {"not tried yet"}


def test_a_learners_history_by_hand() -> None:
    """Wrong long ago; wrong yesterday, about as urgent as right long ago; then what is new; then what is fresh."""
    record = [
        attempt("01.a", "right", 12),
        attempt("01.b", "wrong", 12),
        attempt("02.a", "wrong", 1),
        attempt("03.a", "right", 0.1),
        attempt("03.b", "wrong", 5),
        attempt("03.b", "right", 4.99),
    ]
    assert order(record)[:4] == ["01.b", "02.a", "01.a", "03.b"]
    assert order(record)[-1] == "03.a"
    why = {entry.item.id: entry.why for entry in agenda(ITEMS, record, at=AT)}
    assert why["01.b"] == "not right yet, last tried 12 days ago"
    assert why["01.a"] == "right 12 days ago; time to look again"
    assert why["02.a"] == "not right yet, last tried yesterday"
    assert why["03.a"] == "right today; fresh"
    assert why["03.b"] == "right 5 days ago, after a wrong try; time to look again"


def test_what_is_right_again_and_again_comes_back_ever_later() -> None:
    """Three right answers, each on the day it is due: the intervals grow; one wrong answer and it is back the next day."""
    record: list[dict[str, Any]] = []
    day, intervals = AT, []
    for _ in range(3):
        record.append({"exercise": "01.a", "status": "right", "at": day.isoformat()})
        due = memories(record, at=day)["01.a"].due
        intervals.append((due - day.date()).days)
        day += timedelta(days=intervals[-1])
    assert 1 < intervals[0] < intervals[1] < intervals[2]
    record.append({"exercise": "01.a", "status": "wrong", "at": day.isoformat()})
    assert (memories(record, at=day)["01.a"].due - day.date()).days < intervals[0]


def test_the_days_are_the_learners() -> None:
    """Half past eleven in the evening and half past midnight are two days in London, and one in New York."""
    record = [
        {"exercise": "01.a", "status": "wrong", "at": "2022-12-10T23:30:00+00:00"},
        {"exercise": "01.a", "status": "right", "at": "2022-12-11T00:30:00+00:00"},
    ]
    assert memories(record, at=AT)["01.a"].last == date(2022, 12, 11)
    assert memories(record, at=AT.astimezone(ZoneInfo("America/New_York")))["01.a"].last == date(2022, 12, 10)


@given(records, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_of_the_record_matters(record: list[dict[str, Any]], chance: Any) -> None:
    """A record that was imported twice, in any order, says the same."""
    shuffled = record + record
    chance.shuffle(shuffled)
    assert agenda(ITEMS, shuffled, at=AT) == agenda(ITEMS, record, at=AT)


@given(records)
def test_the_future_and_what_was_not_begun_say_nothing(record: list[dict[str, Any]]) -> None:
    """Only tries up to the moment count: a clock that was wrong for a day moves nothing."""
    past = [each for each in record if datetime.fromisoformat(each["at"]) <= AT and each["status"] != "not started"]
    assert memories(record, at=AT) == memories(past, at=AT)


@given(records)
def test_every_item_once_and_neighbours_of_different_topics(record: list[dict[str, Any]]) -> None:
    """Two neighbours share a topic only where all that is as urgent and still waits does."""
    entries = agenda(ITEMS, record, at=AT)
    assert sorted(entry.item.id for entry in entries) == sorted(NAMES)
    known = memories(record, at=AT)

    def urgency(item: Item) -> int:
        memory = known.get(item.id)
        return 1 if memory is None else 0 if memory.due <= AT.date() or not memory.right else 2

    for place, (one, other) in enumerate(itertools.pairwise(entries)):
        assert urgency(one.item) <= urgency(other.item)
        if one.item.topic == other.item.topic:
            waiting = [e.item for e in entries[place + 1 :] if urgency(e.item) == urgency(other.item)]
            assert {item.topic for item in waiting} == {one.item.topic}


@given(records.filter(bool), st.integers(1, 300))
def test_memory_fades_and_never_grows_by_waiting(record: list[dict[str, Any]], days: int) -> None:
    """Between two looks without a try the chance to remember falls, and stays a probability."""
    later = AT + timedelta(days=days)
    past = [each for each in record if datetime.fromisoformat(each["at"]) <= AT]
    now, then = memories(past, at=AT), memories(past, at=later)
    assert now.keys() == then.keys()
    for name in now:
        assert 0 < then[name].recall < now[name].recall <= 1 or now[name].recall == then[name].recall == 1


@given(records, st.sampled_from(NAMES))
def test_a_wrong_try_today_makes_nothing_less_urgent(record: list[dict[str, Any]], name: str) -> None:
    """It is due no later than without it, and is not counted as known."""
    before = memories(record, at=AT).get(name)
    first = attempt(name, "wrong", 0.3)
    elsewhere = [
        each for each in record if each["exercise"] != name or datetime.fromisoformat(each["at"]).date() < AT.date()
    ]
    after = memories([*elsewhere, first], at=AT)[name]
    assert not after.right and (after.due - AT.date()).days == 1
    assert before is None or after.slips >= memories(elsewhere, at=AT).get(name, before).slips


damage = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.lists(st.none(), max_size=1))


@given(st.lists(st.fixed_dictionaries({}, optional={"exercise": damage, "status": damage, "at": damage}), max_size=8))
def test_nothing_in_a_damaged_record_stops_the_agenda(record: list[dict[str, Any]]) -> None:
    """Whatever stands in a field, the order of a person who has done nothing comes out."""
    assert order(record) == order([])


def test_times_at_the_ends_of_the_calendar_and_naive_ones() -> None:
    """A time that no zone can hold counts as none; one without a zone is in the learner's; a naive moment is refused."""
    record = [
        {"exercise": "01.a", "status": "right", "at": "0001-01-01T00:00:00+14:00"},
        {"exercise": "01.b", "status": "right", "at": "9999-12-31T23:59:59-12:00"},
        {"exercise": "01.c", "status": "right", "at": "2022-12-16T08:00:00"},
    ]
    assert set(memories(record, at=AT)) == {"01.c"}
    assert memories([{**record[0], "at": "0001-01-02T00:00:00+00:00"}], at=AT.astimezone(UTC))["01.a"].recall > 0
    with pytest.raises(ValueError, match="aware"):
        memories([], at=datetime(2022, 12, 16))
