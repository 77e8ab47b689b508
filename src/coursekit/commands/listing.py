"""``course list``: the parts of the course, as a table to read or as JSON for a program."""

import json
from datetime import datetime
from typing import Any

import click

from coursekit.project import Project, find_project
from coursekit.schedule.syllabus import weekday
from coursekit.schedule.timetable import Entry, drafts, entries, relative_to_project


def listed(project: Project, entry: Entry) -> dict[str, Any]:
    """One part as ``course list --json`` gives it; paths are relative to the project's root, null where no source exists."""
    slot = entry.slot
    return {
        "day": slot.row.day,
        "session": slot.row.session,
        "part": slot.part.part,
        "title": entry.title,
        "exercises": [meta.name for meta in entry.source.exercises] if entry.source else [],
        "student": relative_to_project(project, entry.path("student")),
        "solutions": relative_to_project(project, entry.path("solutions")),
        "slides": relative_to_project(project, entry.path("slides")),
        "release_at": slot.release_at.isoformat(),
        "solutions_at": slot.solutions_at.isoformat(),
        "load": {"minutes": entry.load.minutes if entry.load else None, "slot": slot.minutes},
    }


def table(found: tuple[Entry, ...]) -> str:
    """A table for people: one line a part, days set apart by their date."""
    rows = [("day", "date", "part", "material", "solutions", "exercises", "load", "title")]
    for entry in found:
        slot = entry.slot
        source = entry.source
        what = f"{len(source.exercises)}" if source else "no source yet" if slot.part.notebook else "-"
        rows.append(
            (
                f"{slot.row.day:02d}",
                _day(slot.start),
                slot.id,
                f"{slot.release_at:%H:%M}" if slot.has_material else "-",
                f"{slot.solutions_at:%H:%M}" if slot.part.notebook else "-",
                what + (" + slides" if entry.deck else ""),
                _load(entry),
                entry.title,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _load(entry: Entry) -> str:
    """``153 of 180 min``; ``(all)`` where no exercise is marked as core, ``!`` where it overruns its slot.

    ``98 min at home`` where a talk fills the slot.
    """
    load = entry.load
    if load is None:
        return "-"
    if entry.at_home:
        return f"{load.minutes} min at home"
    return f"{load.minutes} of {entry.slot.minutes} min{'' if load.marked else ' (all)'}{' !' if entry.overrun else ''}"


def _day(moment: datetime) -> str:
    return f"{weekday(moment.date())} {moment:%Y-%m-%d}"


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, one object a part.")
def command(as_json: bool) -> None:
    """List the parts of the course: when they are released, how many exercises they hold, and whether they fit their slots.

    A load is the text at 150 words a minute, 2 minutes a prediction, and the minutes of the core exercises ("all" where none is
    marked as core). "!" marks one that fills more than 0.85 of its slot.
    """
    project = find_project()
    found = entries(project)
    if as_json:
        click.echo(json.dumps([listed(project, entry) for entry in found], ensure_ascii=False, indent=1))
    else:
        click.echo(table(found))
        for draft in drafts(project):
            click.echo(f"draft, in no syllabus: {draft.id}")
