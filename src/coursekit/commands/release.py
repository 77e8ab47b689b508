"""``course release``: exactly what is due at a moment, written to a folder."""

import sys
from pathlib import Path

import click

from coursekit.build import build
from coursekit.errors import CourseError
from coursekit.notebooks.title import day_tag
from coursekit.project import find_parts, find_project
from coursekit.publish.release import changes, doubts, release_files, released_days, released_parts, write
from coursekit.publish.tags import commands, tags_of
from coursekit.schedule.syllabus import syllabus_of
from coursekit.schedule.timetable import parse_at


@click.command("release")
@click.option(
    "--at", "when", required=True, metavar="T", help="The moment, as 2022-12-02T12:00 (in the course's time zone)."
)
@click.option("--to", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder to write.")
@click.option("--dry-run", is_flag=True, help="Say which files would be written and removed; write nothing.")
@click.option("--yes", is_flag=True, help="Write although the moment lies outside the run, or many files would go.")
def command(when: str, to: Path, dry_run: bool, yes: bool) -> None:
    """Write exactly what is due at a moment: notebooks, slides, keys, the site and the installable dlmodule."""
    project = find_project()
    syllabus = syllabus_of(project)
    at = parse_at(when, syllabus)
    begun = released_parts(project, at)
    targets = [part.id for part in find_parts(project) if part.id in begun]
    # Without a target `build` would make everything; before the first day nothing needs to be made.
    problems = build(project, targets, tell=lambda line: click.echo(line, err=True)).problems if targets else []
    for problem in problems:
        click.echo(f"course: {problem}", err=True)
    if problems:
        sys.exit(2)
    files = release_files(project, at, to)
    tags = tags_of(project, at, to, files)
    written, removed = changes(files, to)
    asked = doubts(project, at, removed)
    if dry_run:
        lines = [*(f"write {name}" for name in written), *(f"remove {name}" for name in removed)]
        lines += [f"{'move' if tag.moves else 'set'} tag {tag.name}: {tag.why}" for tag in tags if not tag.optional]
        click.echo("\n".join([*lines, *(f"needs --yes: {doubt}" for doubt in asked)] or ["nothing would change"]))
        return
    if asked and not yes:
        raise CourseError(f"nothing written: {'; '.join(asked)}. Look with --dry-run; if it is meant, say --yes")
    write(files, to)
    click.echo(f"{to}: {len(written)} files written, {len(removed)} removed")
    if not (project.build / "site").is_dir():
        click.echo("The release has no site: `course site` makes one, and from then on each release has its own.")
    if days := released_days(project, at):
        newest = day_tag(syllabus.repository, days[-1])
        click.echo(f"Push it, and tag the push {newest}: that is what this day's notebooks install on Colab.")
    click.echo("\n".join(commands(to, tags)))
