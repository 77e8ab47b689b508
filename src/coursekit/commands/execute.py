"""``course execute``: notebooks run in real kernels, their outputs kept."""

import json
import sys
from dataclasses import asdict

import click

from coursekit.build import build
from coursekit.notebooks.execute import Run, execute
from coursekit.project import find_project


@click.command("execute")
@click.argument("targets", nargs=-1, metavar="[SESSION[.PART]]...")
@click.option("--rehearsal", is_flag=True, help="At the size of a rehearsal: seconds instead of minutes.")
@click.option(
    "--student",
    is_flag=True,
    help="The student versions, unanswered: cells that need an exercise say so, and nothing else may stop.",
)
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(min=1), help="Notebooks at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcomes as JSON.")
def command(targets: tuple[str, ...], rehearsal: bool, student: bool, jobs: int, as_json: bool) -> None:
    """Run notebooks (all of them, or those named) in real kernels and keep their outputs."""
    project = find_project()
    report = build(project, targets, tell=lambda line: click.echo(line, err=True))
    for problem in report.problems:
        click.echo(f"course: {problem}", err=True)
    if report.problems:
        sys.exit(2)

    def tell(run: Run) -> None:
        said = "up to date" if run.reused else f"{run.seconds:.1f} s"
        click.echo(f"{'ok    ' if run.ok else 'FAILED'} {run.notebook} ({run.version}): {said}", err=as_json)
        for problem in run.problems:
            click.echo(f"       {problem}", err=as_json)

    runs = execute(project, targets, student=student, rehearsal=rehearsal, jobs=jobs, tell=tell)
    if as_json:
        click.echo(json.dumps([asdict(run) for run in runs], ensure_ascii=False, indent=1))
    if not all(run.ok for run in runs):
        sys.exit(1)
