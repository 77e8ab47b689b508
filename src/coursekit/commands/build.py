"""``course build``: the notebooks and the keys, made from the sources."""

import sys

import click

from coursekit.build import build
from coursekit.project import find_project


@click.command("build")
@click.argument("targets", nargs=-1, metavar="[SESSION[.PART]]...")
@click.option("--no-keys", is_flag=True, help="Make the notebooks only; recording keys runs the solutions.")
def command(targets: tuple[str, ...], no_keys: bool) -> None:
    """Make the notebooks and the keys from the sources (all of them, or those named)."""
    report = build(find_project(), targets, keys=not no_keys, tell=lambda line: click.echo(line, err=True))
    for name in report.removed:
        click.echo(f"removed build/{name}")
    click.echo(f"{len(report.written)} files written" if report.written else "nothing to do")
    for draft in report.drafts:
        click.echo(f"draft, in no syllabus: {draft}")
    for overrun in report.overruns:
        click.echo(f"too long: {overrun}")
    for problem in report.problems:
        click.echo(f"course: {problem}", err=True)
    if report.problems:
        sys.exit(2)
