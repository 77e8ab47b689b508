"""What no single field of a syllabus shows: days out of order, two files of one name, hours that no day has, weights off their sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from difflib import get_close_matches
from itertools import combinations
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from coursekit.schedule.dates import WEEKEND, weekday
from coursekit.schedule.release_path import VERSIONS

if TYPE_CHECKING:
    from coursekit.schedule.syllabus import Day, Part, Syllabus


Path = tuple[str | int, ...]
Report = Callable[..., None]


def contradictions(syllabus: Syllabus, sessions: Collection[str] = ()) -> list[tuple[Path, str]]:
    """What no single field shows: (path, what is wrong and what to change).

    sessions: those that the course has material of, whether or not this run teaches them.
    """
    wrong: list[tuple[Path, str]] = []

    def report(message: str, *path: str | int) -> None:
        wrong.append((path, message))

    _of_start(syllabus, report)
    _of_days(syllabus, report)
    for index, row in enumerate(syllabus.day):
        for number, part in enumerate(row.parts):
            _of_hours(
                syllabus,
                row,
                part,
                lambda message, *path, at=("day", index, "parts", number): report(message, *at, *path),
            )
    _of_meetings(syllabus, report)
    _of_assessments(syllabus, report)
    taught = {row.session for row in syllabus.day}
    for index, reference in enumerate(syllabus.reference):
        if reference.session not in taught and reference.session not in sessions:
            report(_unknown(reference.session, {*taught, *sessions}), "reference", index, "session")
    return wrong


def _of_start(syllabus: Syllabus, report: Report) -> None:
    free = {day: each.why for each in syllabus.breaks for day in each.days()}
    for index, each in enumerate(syllabus.breaks):
        if each.last is not None and each.last < each.first:
            report(f"ends on {each.last}, before it begins", "breaks", index, "last")
    if syllabus.start is not None and (syllabus.start in free or syllabus.start.weekday() in WEEKEND):
        why = free.get(syllabus.start, weekday(syllabus.start))
        report(
            f"{syllabus.start} is no teaching day ({why}); the first one after it is {syllabus.day[0].date}", "start"
        )
    for index, row in enumerate(syllabus.day):
        if row.date in free:
            report(f"{row.date} is free: {free[row.date]}", "day", index, "date")


def _of_days(syllabus: Syllabus, report: Report) -> None:
    """Dates out of order, and names that serve twice."""
    known: set[Any] = set()
    for index, row in enumerate(syllabus.day):
        before = syllabus.day[index - 1] if index else None
        if before is None and row.same_day:
            report("the first row has no day before it: delete it", "day", index, "same_day")
        if before and row.same_day and row.date != before.date:
            report(f"{row.date} is not the date of the row before it, {before.date}", "day", index, "date")
        if before and not row.same_day and row.date <= before.date:
            report(
                f"{row.date} does not come after {before.date}: change a date, or say `same_day = true`",
                "day",
                index,
                "date",
            )
        if row.folder.lower() in known:
            report(f"two rows have the folder {row.folder!r}", "day", index, "folder")
        known.add(row.folder.lower())
        names: set[str] = set()
        for number, part in enumerate(row.parts):
            here = ("day", index, "parts", number)
            for version in VERSIONS:
                # A learner's folder holds a row's notebooks side by side, so a name must serve once, on any file system.
                name = PurePosixPath(part.file.path(row.folder, part.part, version)).name
                if name.lower() in names:
                    report(f"two files of {row.folder} are called {name!r}", *here, "file")
                names.add(name.lower())
            if (row.session, part.part) in known:
                report(f"{row.session} has two parts called {part.part!r}", *here, "part")
            known.add((row.session, part.part))


def _of_hours(syllabus: Syllabus, row: Day, part: Part, report: Report) -> None:
    """Hours that do not hold together, so that other hours of the run would silently stretch or shrink the part."""
    taught = part.moved_to or row.date
    if part.part == "afternoon" and weekday(taught) in syllabus.hours.no_afternoon:
        field = "moved_to" if part.moved_to else "part"
        report(f"there are no sessions on {weekday(taught)} afternoons ({taught})", field)
    if part.cancelled and part.moved_to:
        report("is cancelled and moved: say one of the two", "moved_to")
    if (part.start is None) != (part.end is None):
        given = "start" if part.start else "end"
        report(
            "one time of day would stretch or shrink with the run's hours: write `after` and `minutes`, or both times",
            given,
        )
        return
    if part.start and (part.after or part.minutes or part.slot):
        report("times of day, and a place in a slot: say one of the two", "start")
    hours = syllabus.hours_of(part)
    if hours is None:
        lacking = syllabus.slot_of(part) is None
        report("its hours are not given: a slot, or start and end" if lacking else "goes on after midnight")
        return
    start, end = hours
    slot = syllabus.slot_of(part)
    if end <= start:
        report(f"ends at {end:%H:%M}, not after its start {start:%H:%M}", "end" if slot is None else "after")
    elif slot and end > syllabus.slot_hours(slot).end:
        left = f"it begins at {start:%H:%M} and the {slot} ends at {syllabus.slot_hours(slot).end:%H:%M}"
        report(f"{part.minutes} minutes do not fit: {left}", "minutes")
    elif (solutions := syllabus.solutions_of(part)) and solutions < end:
        report(f"solutions at {solutions:%H:%M}, before the part ends", "solutions")
    elif start < syllabus.release.material:
        report(f"starts at {start:%H:%M}, before its material is released ({syllabus.release.material:%H:%M})")


def _of_meetings(syllabus: Syllabus, report: Report) -> None:
    """Two parts at one time, which no class can attend; what is additional is for those who have time."""
    held = [
        (part.moved_to or row.date, hours, f"{row.session}.{part.part}", ("day", index, "parts", number))
        for index, row in enumerate(syllabus.day)
        for number, part in enumerate(row.parts)
        if part.part != "additional" and not part.cancelled and (hours := syllabus.hours_of(part))
    ]
    for (day, (start, end), name, _), (other, (opens, closes), _, path) in combinations(held, 2):
        if day == other and start < closes and opens < end:
            report(f"{opens:%H:%M}-{closes:%H:%M} overlaps with {name} on {day} ({start:%H:%M}-{end:%H:%M})", *path)


def _of_assessments(syllabus: Syllabus, report: Report) -> None:
    taught = {row.session for row in syllabus.day}
    for index, item in enumerate(syllabus.assessment):
        known = True
        for name, when in (("release", item.release), ("due", item.due)):
            if syllabus.row_of(when.session) is None:
                known = False
                report(
                    f"this run does not teach it; {_unknown(when.session, taught)}",
                    "assessment",
                    index,
                    name,
                    "session",
                )
        if known and syllabus.on(item.due, "end") <= syllabus.on(item.release, "start"):
            report("is due before it is released", "assessment", index, "due")
    if syllabus.assessment and abs(sum(item.weight for item in syllabus.assessment) - 1) > 1e-9:
        total = sum(item.weight for item in syllabus.assessment)
        report(f"the weights of the assessments add up to {total:g}, not to 1", "assessment")
    for name, count in Counter(item.id for item in syllabus.assessment).items():
        if count > 1:
            report(f"two assessments are called {name!r}", "assessment")


def _unknown(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"no session is called {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
