"""Which outputs a page of the site may show: those of a run of the very text, and no rehearsal's where full trainings were measured."""

import contextlib
import json
from pathlib import Path
from typing import Any

from coursekit import ledger
from coursekit.cache import digest_of
from coursekit.project import Project
from dlmodule.course import Course, Day, Part, Version


def executed(project: Project, day: Day, part: Part, version: Version) -> dict[str, Any] | None:
    """The notebook as it was run, where its outputs may be shown; None where it has to be executed first.

    A rehearsal trains for seconds. Where the ledger holds what the part's models reach at full size, its numbers would
    contradict that, so there only a full run will do.
    """
    path = part.path(version)
    built = project.build / str(path)
    if path is None or not built.is_file():
        return None
    # Outputs that cannot be read are as if it had not been executed.
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        run = json.loads((project.build / "executed" / day.session / Path(path).name).read_text(encoding="utf-8"))
        facts = run["metadata"]["dlmodule"]["executed"]
        is_present = facts["notebook"] == digest_of(built.read_text(encoding="utf-8"))
        if is_present and not (facts.get("rehearsal") and _is_measured(project, day, part)):
            return dict(run)
    return None


def unexecuted(project: Project, course: Course) -> list[str]:
    """The notebooks that are due and have no outputs to show, as arguments of ``course execute``. ``course`` is as of a moment."""
    return [
        day.part_id(part) + (" --student" if version == "student" else "")
        for day, part in course.parts()
        for version in part.due
        if version != "slides" and executed(project, day, part, version) is None
    ]


def _is_measured(project: Project, day: Day, part: Part) -> bool:
    measured = {row["id"] for row in ledger.read(project)["full"]}
    return not measured.isdisjoint(day.exercise_ids(part))
