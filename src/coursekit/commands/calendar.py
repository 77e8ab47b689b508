"""``course calendar``: sessions, releases and deadlines as iCalendar."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

from coursekit.errors import CourseError
from coursekit.project import find_project
from coursekit.schedule.calendar import revised, to_ical
from coursekit.schedule.syllabus import syllabus_of
from coursekit.schedule.timetable import Timetable
from dlmodule.files import write_atomically


@click.command("calendar")
@click.option(
    "--start", metavar="DATE", help="The first day of another term, as 2027-01-11; the weekday must be the same."
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file (default: print)."
)
def command(start: str | None, output: Path | None) -> None:
    """Write the iCalendar of sessions, releases and deadlines."""
    timetable = Timetable(syllabus_of(find_project()))
    if start is not None:
        try:
            first = date.fromisoformat(start)
        except ValueError:
            raise CourseError(f"--start {start!r} is not a date; write 2027-01-11") from None
        timetable = timetable.shifted(first)
    content = to_ical(timetable)
    if output is None:
        click.echo(content, nl=False)
    else:
        former = output.read_bytes() if output.is_file() else None
        write_atomically(output, revised(content, former, datetime.now(UTC)))
