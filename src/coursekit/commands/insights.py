"""``course insights``: what cost the class most, and the review session's agenda made of it."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from coursekit.marking.insights import agenda, insights, read_exports, whereabouts
from coursekit.marking.results import Results
from coursekit.project import Project, find_project
from coursekit.sources.exercise_file import exercises_of
from dlmodule.errors import DLModuleError
from dlmodule.files import write_atomically


@click.command("insights")
@click.option(
    "--attempts",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of the progress that learners chose to export.",
)
@click.option(
    "--requests",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What learners asked for, a line each.",
)
@click.option("--agenda", "to", type=click.Path(path_type=Path), help="Write the review session's agenda (Markdown).")
@click.option("--learners", is_flag=True, help="Also a line for each file of --attempts: how far its learner is.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object an exercise, on stdout.")
def command(attempts: Path | None, requests: Path | None, to: Path | None, learners: bool, as_json: bool) -> None:
    """Say which exercises and which mistakes cost the class most, from build/marks and from exported attempts.

    Learners are counted, never named; what fewer than three of them did is left out. Only --learners, for a team that helps those
    who sent their progress for it, says who is where.
    """
    if learners and not attempts:
        raise click.UsageError("--learners needs --attempts")
    project = find_project()
    marked = {}
    for path in sorted((project.build / "marks").glob("*.sqlite")):
        results = Results.at(path)
        marked[path.stem] = [found for found, _ in results.latest(path.stem).values()]
        results.close()
    found = insights(marked, read_exports(attempts) if attempts else [])
    if to:
        asked = requests.read_text("utf-8").splitlines() if requests else []
        sessions = {insight.exercise.partition(".")[0] for insight in found}
        write_atomically(to, agenda(found, _titles(project, sessions), _sentences(project, sessions), asked))
    for insight in found:
        if as_json:
            click.echo(json.dumps(asdict(insight), ensure_ascii=False))
            continue
        lost = "" if insight.lost is None else f"{insight.lost:.0%} of marks lost"
        solved = (
            f"{insight.solved} of {insight.tried} solved it in {insight.attempts:g} attempts" if insight.tried else ""
        )
        often = ", ".join(f"{mistake} ({count})" for mistake, count in insight.mistakes[:3])
        click.echo("  ".join(filter(None, (insight.exercise, lost, solved, often))))
    for row in whereabouts(attempts) if learners and attempts and not as_json else ():
        click.echo(f"{row.learner}: {row.solved} of {row.tried} solved, last {row.last}")
    if not found:
        click.echo("nothing yet: no marks and no attempts of three learners or more", err=True)


def _titles(project: Project, sessions: set[str]) -> dict[str, str]:
    return {f"{s}.{name}": meta.title for s in sessions for name, meta in exercises_of(project, s).items()}


def _sentences(project: Project, sessions: set[str]) -> dict[str, str]:
    """What the checks say of each mistake, from the keys that are there."""
    from dlmodule.checking import key

    said: dict[str, str] = {}
    for session in sessions:
        try:
            keys = key.load(project.key(session))
        except DLModuleError:
            continue
        said |= {f"{each.id}.{mistake.name}": mistake.sentence for each in keys.values() for mistake in each.mistakes}
    return said
