"""What a learner is likely to remember of each exercise, replayed from the attempts on record.

The model of forgetting is FSRS. It is given one review for each day on which an exercise was tried: *good* where the first try of
the day was right, *hard* where a later one was, *again* where none was. So running a check five times in a row counts once,
and a record that was imported twice gives the same memory. Days are those of the calendar of the moment asked about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from fsrs import Card, Rating, Scheduler

Attempt = Mapping[str, Any]

# The shortest interval is a day, and nothing is left to chance: the same record gives the same memory.
_SCHEDULER = Scheduler(learning_steps=(), relearning_steps=(), maximum_interval=365, enable_fuzzing=False)


@dataclass(frozen=True)
class Memory:
    """What is remembered of one exercise.

    last: the day of the last try. right: whether it was right in the end on that day. due: the day on which to revise it.
    recall: how likely it is remembered at the moment asked about, 0 to 1. slips: the days on which the first try was wrong.
    """

    last: date
    right: bool
    due: date
    recall: float
    slips: int


def memories(attempts: Iterable[Attempt], *, at: datetime) -> dict[str, Memory]:
    """The memory of every exercise tried before ``at`` (aware), by its id.

    An attempt without a readable time, from after ``at``, or at an exercise not begun counts as none.
    Raises ValueError for a naive ``at``.
    """
    if at.tzinfo is None:
        raise ValueError("the moment must be an aware datetime")
    tries: dict[str, set[tuple[datetime, bool]]] = defaultdict(set)
    for attempt in attempts:
        name, status, when = attempt.get("exercise"), attempt.get("status"), _moment(attempt.get("at"), at)
        if isinstance(name, str) and status in ("right", "wrong") and when is not None and when <= at:
            tries[name].add((when, status == "right"))
    return {name: _replayed(each, at) for name, each in tries.items()}


def _replayed(tries: Iterable[tuple[datetime, bool]], at: datetime) -> Memory:
    """The memory that the ``tries`` (moment, whether right) leave."""
    days: dict[date, list[bool]] = defaultdict(list)
    for when, right in sorted(tries):
        days[when.date()].append(right)
    card = Card(card_id=0, due=_noon(min(days)))
    for day, outcomes in days.items():
        card, _ = _SCHEDULER.review_card(card, _rating(outcomes), _noon(day))
    last = max(days)
    right = any(days[last])
    return Memory(
        last=last,
        right=right,
        due=card.due.date()
        if right
        else last + timedelta(days=1),  # a mistake comes back soon, however old what it is about
        recall=_SCHEDULER.get_card_retrievability(card, _noon(at.date())),
        slips=sum(not outcomes[0] for outcomes in days.values()),
    )


def _rating(outcomes: list[bool]) -> Rating:
    """How a day went whose tries, in order, had these outcomes."""
    if outcomes[0]:
        return Rating.Good
    return Rating.Hard if any(outcomes) else Rating.Again


def _noon(day: date) -> datetime:
    """One moment for each day, so that two days in a row are one day apart whenever on them a learner worked."""
    return datetime.combine(day, time(12), UTC)


def _moment(text: object, at: datetime) -> datetime | None:
    """The time that ``text`` says, in the zone of ``at``; None where it says none."""
    try:
        when = datetime.fromisoformat(str(text))
        return when.replace(tzinfo=at.tzinfo) if when.tzinfo is None else when.astimezone(at.tzinfo)
    except (ValueError, OverflowError):
        return None
