"""``course site``: the static web site."""

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from coursekit.build import build
from coursekit.project import find_project
from coursekit.publish.site import build_site
from coursekit.schedule.syllabus import syllabus_of
from coursekit.schedule.timetable import parse_at


@click.command("site")
@click.option("--at", "when", metavar="TIME", help="What is due at TIME, as 2022-12-02T12:00. Default: now.")
@click.option(
    "--everything", is_flag=True, help="Also what is not due: every solution. For the team, or a course taken alone."
)
@click.option("-o", "--to", type=click.Path(path_type=Path), metavar="DIR", help="Where to. Default: build/site.")
def command(when: str | None, everything: bool, to: Path | None) -> None:
    """Build the static web site, with what is due and nothing else."""
    if when and everything:
        raise click.UsageError("--at and --everything exclude each other")
    project = find_project()
    at = parse_at(when, syllabus_of(project)) if when else None if everything else datetime.now(UTC)
    report = build(project, keys=False)
    if report.problems:
        raise report.problems[0]
    folder = to or project.build / "site"
    start = time.perf_counter()
    missing = build_site(project, at=at, to=folder)
    click.echo(f"{folder / 'index.html'} ({time.perf_counter() - start:.1f} s)")
    if missing:
        click.echo(f"{len(missing)} pages show no outputs, and say so; run")
        click.echo("\n".join(f"  course execute {target}" for target in missing))
