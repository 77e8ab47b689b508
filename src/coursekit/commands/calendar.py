"""``course calendar``: sessions, releases and deadlines as iCalendar."""

from datetime import UTC, datetime
from pathlib import Path

import click

from coursekit.project import find_project
from coursekit.schedule.calendar import revised, to_ical
from coursekit.schedule.syllabus import syllabus_of
from coursekit.schedule.timetable import Timetable
from dlmodule.files import write_atomically


@click.command("calendar")
@click.option(
    "--no-releases", is_flag=True, help="Sessions and deadlines only, not the moments at which material opens."
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file (default: print)."
)
def command(no_releases: bool, output: Path | None) -> None:
    """Write the iCalendar of sessions, releases and deadlines."""
    content = to_ical(Timetable(syllabus_of(find_project())), releases=not no_releases)
    if output is None:
        click.echo(content, nl=False)
    else:
        former = output.read_bytes() if output.is_file() else None
        write_atomically(output, revised(content, former, datetime.now(UTC)))
