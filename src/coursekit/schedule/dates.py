"""On which date each day of the module falls: from the start of the run, over weekends, breaks and holidays."""

from collections.abc import Container, Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from itertools import dropwhile
from operator import ge
from typing import Literal

Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
WEEKDAYS: tuple[Weekday, ...] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEKEND = (5, 6)


def weekday(day: date) -> Weekday:
    """``Mon`` to ``Sun``, whatever the machine's language."""
    return WEEKDAYS[day.weekday()]


def teaching_dates(start: date, free: Container[date]) -> Iterator[date]:
    """The dates from ``start`` on that are no weekend and not ``free``, as far as the calendar goes."""
    day = start
    while True:
        if day.weekday() not in WEEKEND and day not in free:
            yield day
        try:
            day += timedelta(days=1)
        except OverflowError:
            return


def dates_of(
    start: date,
    days: Mapping[int, bool],
    fixed: Mapping[int, date],
    free: Container[date],
    mornings_only: Container[int],
) -> dict[int, date]:
    """The date of each day of the module, in their order.

    days: by number, whether the day has an afternoon. A day takes the next teaching date; one with an afternoon passes over a
    weekday that has mornings only (0 is Monday), and the one before stays where it is. fixed: days with a date of their
    own, after which the run goes on. Days beyond the end of the calendar are left out.
    """
    found: dict[int, date] = {}
    waiting: Iterator[date] = teaching_dates(start, free)
    for number, has_afternoon in days.items():
        if number in fixed:
            own = found[number] = fixed[number]
            waiting = dropwhile(partial(ge, own), teaching_dates(own, free))  # its own date may be free, a Saturday say
            continue
        for day in waiting:
            if not (has_afternoon and day.weekday() in mornings_only):
                found[number] = day
                break
    return found
