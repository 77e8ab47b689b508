"""``course list``: the parts of the course, as a table to read or as JSON for a program."""

import json
from datetime import datetime
from typing import Any

import click

from coursekit.project import Project, find_project
from coursekit.schedule.course_table import LectureRow, drafts, lecture_rows, relative_to_project
from coursekit.schedule.dates import weekday


def listed(project: Project, row: LectureRow) -> dict[str, Any]:
    """One part as ``course list --json`` gives it; paths are relative to the project's root, null where no source exists."""
    slot = row.slot
    return {
        "day": slot.day.day,
        "session": slot.day.session,
        "part": slot.part.part,
        "title": row.title,
        "exercises": [meta.name for meta in row.source.exercises] if row.source else [],
        "student": relative_to_project(project, row.path("student")),
        "solutions": relative_to_project(project, row.path("solutions")),
        "slides": relative_to_project(project, row.path("slides")),
        "release_at": slot.release_at.isoformat(),
        "solutions_at": slot.solutions_at.isoformat(),
        "load": {"minutes": row.load.minutes if row.load else None, "slot": slot.minutes},
    }


def table(lectures: tuple[LectureRow, ...]) -> str:
    """A table for people: one line a part, days set apart by their date."""
    lines = [("day", "date", "part", "material", "solutions", "exercises", "load", "title")]
    for row in lectures:
        slot = row.slot
        source = row.source
        what = f"{len(source.exercises)}" if source else "no source yet" if slot.part.notebook else "-"
        lines.append(
            (
                f"{slot.day.day:02d}",
                _day(slot.start),
                slot.id,
                f"{slot.release_at:%H:%M}" if slot.has_material else "-",
                f"{slot.solutions_at:%H:%M}" if slot.part.notebook else "-",
                what + (" + slides" if row.deck else ""),
                _load(row),
                row.title,
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    texts = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    texts.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(texts)


def _load(row: LectureRow) -> str:
    """``153 of 180 min``; ``(all)`` where no exercise is marked as core, ``!`` where it overruns its slot.

    ``98 min at home`` where a talk fills the slot.
    """
    load = row.load
    if load is None:
        return "-"
    if row.at_home:
        return f"{load.minutes} min at home"
    return f"{load.minutes} of {row.slot.minutes} min{'' if load.marked else ' (all)'}{' !' if row.overrun else ''}"


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
    rows = lecture_rows(project)
    if as_json:
        click.echo(json.dumps([listed(project, row) for row in rows], ensure_ascii=False, indent=1))
    else:
        click.echo(table(rows))
        for draft in drafts(project):
            click.echo(f"draft, in no syllabus: {draft.id}")
