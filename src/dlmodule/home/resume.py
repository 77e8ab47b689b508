"""Where a learner is: what they have right, the part to go on with, and how a part is called to them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlmodule.course import Course, Day, Part

Attempt = Mapping[str, Any]


@dataclass(frozen=True)
class Resume:
    """Where to go on: a part and why."""

    id: str
    why: str
    day: int
    label: str
    title: str
    exercise: str = ""  # the first in it that is not right yet, where the part has been begun


def where_to_continue(
    course: Course, *, at: datetime, progress: Iterable[Attempt], opened: Mapping[str, str]
) -> Resume | None:
    """The part last worked on; the next one if all its exercises are right; the first that can be opened otherwise.

    ``course`` is as of the moment ``at``, or wholly open.
    """
    status = statuses(progress_list := list(progress))
    usable = [(day, part) for day, part in course.parts() if "student" in part.due]
    if not usable:
        return None
    home_of = {exercise: day.part_id(part) for day, part in usable for exercise in day.exercise_ids(part)}
    ids = [day.part_id(part) for day, part in usable]
    worked: dict[str, datetime] = {}
    places = [str(a.get("part") or home_of.get(str(a.get("exercise")), "")) for a in progress_list]
    stamps = [*opened.items(), *zip(places, (str(a.get("at")) for a in progress_list), strict=True)]
    for identity, text in stamps:
        when = _stamp(text, at)
        if identity in ids and when is not None:
            worked[identity] = max(when, worked.get(identity, when))
    if not worked:
        day, part = usable[0]
        return Resume(ids[0], "Start here", day.day, part_label(day, part), part_title(day, part))
    last = max(worked, key=lambda identity: worked[identity])
    index, why = ids.index(last), "Continue where you left off"
    day, part = usable[index]
    exercises = day.exercise_ids(part)
    if exercises and all(status.get(e) == "right" for e in exercises) and index + 1 < len(usable):
        index, why = index + 1, "All right so far: next"
        day, part = usable[index]
    names = [exercise.name for exercise in part.exercises]
    begun = any(status.get(identity) for identity in day.exercise_ids(part))
    missing = (name for name in names if status.get(f"{day.session}.{name}") != "right")
    exercise = next(missing, "") if begun else ""
    return Resume(ids[index], why, day.day, part_label(day, part), part_title(day, part), exercise)


def statuses(progress: Iterable[Attempt]) -> dict[str, str]:
    """exercise -> "right" once it was ever right, "tried" while it was only attempted."""
    status: dict[str, str] = {}
    for attempt in progress:
        name = str(attempt.get("exercise"))
        if attempt.get("status") == "right":
            status[name] = "right"
        elif attempt.get("status") not in ("not started", "not_started"):
            status.setdefault(name, "tried")
    return status


def _stamp(text: str, at: datetime) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=at.tzinfo)


def _own_title(day: Day, part: Part) -> str:
    """The part's title, if it says more than the day's."""
    return "" if part.title == day.title else part.title


def part_label(day: Day, part: Part) -> str:
    """``Morning · code-along``; the time of day alone where the kind already serves as the title."""
    kind = part.kind.replace("_", " ")
    name = part.part.replace("_", " ")
    return name.capitalize() if kind in ("", name) or not _own_title(day, part) else f"{name.capitalize()} · {kind}"


def part_title(day: Day, part: Part) -> str:
    """The part's own title, or its kind as a title: ``Exercises``."""
    kind = (part.kind or part.part).replace("_", " ")
    return _own_title(day, part) or kind[:1].upper() + kind[1:]
