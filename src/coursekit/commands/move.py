"""``course move``: the whole run to another term."""

from datetime import date

import click

from coursekit.errors import CourseError
from coursekit.project import find_project
from coursekit.schedule.dates import weekday
from coursekit.schedule.syllabus import Syllabus, moved, syllabus_of
from dlmodule.files import write_atomically


@click.command("move")
@click.argument("start")
@click.option("--yes", is_flag=True, help="Write without asking.")
def command(start: str, yes: bool) -> None:
    """Move the run so that its first day is START (2027-01-11): show the plan, then write it to the syllabus.

    The days follow on the weekdays from START on, over the syllabus's breaks; one with an afternoon passes over a weekday that has
    none.
    """
    try:
        first = date.fromisoformat(start)
    except ValueError:
        raise CourseError(f"{start!r} is not a date; write 2027-01-11") from None
    project = find_project()
    before, content = syllabus_of(project), project.syllabus.read_bytes()
    changed, after = moved(project.syllabus, content, first)
    click.echo("\n".join(plan(before, after)))
    if yes or click.confirm(f"Write this to {project.syllabus}?"):
        write_atomically(project.syllabus, changed)
        click.echo("written; publish it with `course calendar -o run.ics` and `course release`")
    else:
        click.echo("nothing written")


def plan(before: Syllabus, after: Syllabus) -> list[str]:
    """One line a day, from where to where; the breaks among them where the run passes over them."""
    lines = [
        (new.date, f"{new.day:02d}  {_shown(old.date)} -> {_shown(new.date)}  {new.title}")
        for old, new in zip(before.day, after.day, strict=True)
    ]
    first, last = after.day[0].date, after.day[-1].date
    for each in after.breaks:
        if first <= each.first <= last:
            until = f" to {_shown(each.last)}" if each.last else ""
            lines.append((each.first, f"--  free: {_shown(each.first)}{until}, {each.why}"))
    return [line for _, line in sorted(lines, key=lambda entry: entry[0])]


def _shown(day: date) -> str:
    return f"{weekday(day)} {day}"
