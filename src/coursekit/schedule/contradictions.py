"""What no single field of a syllabus shows: days out of order, two files of one name, hours that no day has, weights off their sum."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from coursekit.schedule.dates import WEEKEND, weekday
from coursekit.schedule.release_path import VERSIONS

if TYPE_CHECKING:
    from coursekit.schedule.syllabus import Syllabus


def contradictions(syllabus: Syllabus) -> list[tuple[tuple[str | int, ...], str]]:
    """What no single field shows: (path, what is wrong), the first first."""
    wrong: list[tuple[tuple[str | int, ...], str]] = []

    def report(message: str, *path: str | int) -> None:
        wrong.append((path, message))

    free = {day: each.why for each in syllabus.breaks for day in each.days()}
    for index, each in enumerate(syllabus.breaks):
        if each.last is not None and each.last < each.first:
            report(f"ends on {each.last}, before it begins", "breaks", index, "last")
    if syllabus.start is not None and (syllabus.start in free or syllabus.start.weekday() in WEEKEND):
        why = free.get(syllabus.start, weekday(syllabus.start))
        report(
            f"{syllabus.start} is no teaching day ({why}); the first one after it is {syllabus.day[0].date}", "start"
        )
    earlier: set[Any] = set()
    for index, row in enumerate(syllabus.day):
        if row.date in free:
            report(f"{row.date} is free: {free[row.date]}", "day", index, "date")
        before = syllabus.day[index - 1] if index else None
        if before and (row.day < before.day or (row.day == before.day) != (row.date == before.date)):
            report(f"day {row.day} follows day {before.day}", "day", index, "day")
        if before and row.date < before.date:
            report(f"{row.date} comes after {before.date}", "day", index, "date")
        if row.folder.lower() in earlier:
            report(f"two rows have the folder {row.folder!r}", "day", index, "folder")
        earlier.add(row.folder.lower())
        names: set[str] = set()
        for number, part in enumerate(row.parts):
            here = ("day", index, "parts", number)
            for version in VERSIONS:
                # A learner's folder holds a row's notebooks side by side, so a name must serve once, on any file system.
                name = PurePosixPath(part.file.path(row.folder, part.part, version)).name
                if name.lower() in names:
                    report(f"two files of {row.folder} are called {name!r}", *here, "file")
                names.add(name.lower())
            if (row.session, part.part) in earlier:
                report(f"{row.session} has two parts called {part.part!r}", *here, "part")
            earlier.add((row.session, part.part))
            taught = part.moved_to or row.date
            if part.part == "afternoon" and weekday(taught) in syllabus.hours.no_afternoon:
                field = "moved_to" if part.moved_to else "part"
                report(f"there are no sessions on {weekday(taught)} afternoons ({taught})", *here, field)
            if part.cancelled and part.moved_to:
                report("is cancelled and moved: say one of the two", *here, "moved_to")
            hours = syllabus.hours_of(part)
            if hours is None:
                report("its hours are not given: start and end", *here)
                continue
            start, end = hours
            if end <= start:
                report(f"ends at {end:%H:%M}, not after its start {start:%H:%M}", *here, "end")
            elif part.solutions is not None and part.solutions < end:
                report(f"solutions at {part.solutions:%H:%M}, before the part ends", *here, "solutions")
            elif start < syllabus.release.material:
                report("starts before its material is released", *here)
    days = {row.day for row in syllabus.day}
    for index, item in enumerate(syllabus.assessment):
        for name, when in (("release", item.release), ("due", item.due)):
            if when.day not in days:
                report(f"the module has no day {when.day}", "assessment", index, name, "day")
        if (item.due.day, item.due.time) <= (item.release.day, item.release.time):
            report("is due before it is released", "assessment", index, "due")
    for index, reference in enumerate(syllabus.reference):
        if reference.day not in days:
            report(f"the module has no day {reference.day}", "reference", index, "day")
    for name in ("account_day", "setup_day"):
        if getattr(syllabus.colab, name) not in days:
            report(f"the module has no day {getattr(syllabus.colab, name)}", "colab", name)
    if syllabus.assessment and abs(sum(item.weight for item in syllabus.assessment) - 1) > 1e-9:
        total = sum(item.weight for item in syllabus.assessment)
        report(f"the weights of the assessments add up to {total:g}, not to 1", "assessment")
    for name, count in Counter(item.id for item in syllabus.assessment).items():
        if count > 1:
            report(f"two assessments are called {name!r}", "assessment")
    return wrong
