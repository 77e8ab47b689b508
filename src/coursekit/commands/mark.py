"""``course mark ASSESSMENT SUBMISSIONS``: from notebooks handed in to marks in a database."""

import json
import os
from pathlib import Path
from typing import Any

import click

from coursekit.marking import intake
from coursekit.marking.assessment import Assessment, of_session
from coursekit.marking.results import Results
from coursekit.marking.sandbox import environment
from coursekit.marking.scheduling import mark_all
from coursekit.project import Project, find_project, key_path
from dlmodule.progress_bar import progress_bar


@click.command("mark")
@click.argument("assessment")
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default="all cores",
    help="Sandboxes side by side.",
)
@click.option(
    "--results",
    "url",
    help="A database's URL, such as postgresql://host/name (default: build/marks/ASSESSMENT.sqlite).",
)
@click.option("--notebook", help="The file name that counts where a learner handed in several.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a learner, on stdout.")
def command(
    assessment: str, submissions: Path, jobs: int, url: str | None, notebook: str | None, as_json: bool
) -> None:
    """Mark SUBMISSIONS (a folder, a zip, an LMS's download or nbgrader's submitted/) as answers to ASSESSMENT, a session.

    Run again, it marks only what is new; interrupted, it goes on where it stopped.
    """
    project = find_project()
    chosen = _assessment(project, assessment)
    handed_in = intake.submissions(submissions, notebook)
    results = Results(url) if url else Results.at(project.build / "marks" / f"{assessment}.sqlite")
    with progress_bar(len(handed_in), unit="submission") as bar:

        def tell(done: int, of: int) -> None:
            bar.update(len(handed_in) - of + done - bar.n)

        new = mark_all(chosen, handed_in, results, jobs=jobs, tell=tell)
    latest = results.latest(chosen.id, chosen.digest, environment())
    if as_json:
        for learner, (marked, at) in latest.items():
            exercises = {mark.exercise: mark.marks for mark in marked.exercises}
            told: dict[str, Any] = {
                "learner": learner,
                "marks": marked.marks,
                "of": chosen.marks,
                "exercises": exercises,
            }
            told |= {"submitted_at": at.isoformat() if at else None, "problem": marked.problem}
            click.echo(json.dumps(told, ensure_ascii=False))
        return
    width = max((len(learner) for learner in latest), default=0)
    for learner, (marked, _) in latest.items():
        click.echo(
            f"{learner:{width}}  {marked.marks:g} of {chosen.marks:g}{'  ' + marked.problem if marked.problem else ''}"
        )
    click.echo(f"{len(latest)} learners; {new} newly marked.")


def _assessment(project: Project, name: str) -> Assessment:
    return of_session(name, project.build / key_path(name))
