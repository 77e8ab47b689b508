"""``course mark ASSESSMENT SUBMISSIONS``: from notebooks handed in to marks in a database."""

import json
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from coursekit.commands.mark_form import fill_in
from coursekit.errors import CourseError
from coursekit.marking import intake, rubric
from coursekit.marking.assessment import Assessment, of_session
from coursekit.marking.coursework import Coursework
from coursekit.marking.deciding import TO_BE_MARKED
from coursekit.marking.results import Results
from coursekit.marking.sandbox import environment
from coursekit.marking.scheduling import Crew, Sandboxes, Submissions, mark_with
from coursekit.project import Project, find_project, key_path
from dlmodule.files import write_atomically
from dlmodule.progress_bar import progress_bar


@click.command("mark")
@click.argument("assessment")
@click.argument("submissions", type=click.Path(path_type=Path), required=False)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default="all cores",
    help="Sandboxes side by side.",
)
@click.option("--scheduler", help="Mark on the workers of this Dask scheduler (tcp://HOST:PORT) instead of here.")
@click.option(
    "--results",
    "url",
    help="A database's URL, such as postgresql://host/name (default: build/marks/ASSESSMENT.sqlite).",
)
@click.option("--notebook", help="The file name that counts where a learner handed in several.")
@click.option("--answers", type=click.Path(path_type=Path), help="Write the sheet (CSV) of written answers to mark.")
@click.option(
    "--rubric", "sheet", type=click.Path(path_type=Path), help="Read marks and comments from a sheet filled in."
)
@click.option("--form", is_flag=True, help="Read the answers here in the terminal, one by one, instead of in a sheet.")
@click.option(
    "--marker",
    default="first",
    show_default=True,
    help="Who filled the sheet in. The mean of several counts, or what the marker `agreed` gives.",
)
@click.option(
    "--differences",
    "to_compare",
    type=click.Path(path_type=Path),
    help="Write what several markers gave, side by side (CSV).",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a learner, on stdout.")
def command(
    assessment: str,
    submissions: Path | None,
    jobs: int,
    scheduler: str | None,
    url: str | None,
    notebook: str | None,
    answers: Path | None,
    sheet: Path | None,
    form: bool,
    marker: str,
    to_compare: Path | None,
    as_json: bool,
) -> None:
    """Mark SUBMISSIONS (a folder, a zip, an LMS's download or nbgrader's submitted/) as answers to ASSESSMENT.

    ASSESSMENT is a coursework or a session. Run again, it marks only what is new; interrupted, it goes on where it stopped. Written
    answers are for a person: --answers makes a sheet of them and --rubric reads it back, or --form asks here; --differences
    compares markers.
    """
    if submissions is None and (answers or form or not (sheet or to_compare)):
        raise CourseError("say which SUBMISSIONS to mark: a folder or a zip")
    project = find_project()
    chosen = _assessment(project, assessment)
    results = Results(url) if url else Results.at(project.build / "marks" / f"{assessment}.sqlite")
    handed_in: Submissions = []
    new = 0
    if submissions is not None:
        handed_in = intake.submissions(submissions, notebook, assessment)
        with _crew(chosen, jobs, scheduler) as crew:
            new = _mark(crew, chosen, handed_in, results)
        if answers:
            # With the mark at its beginning a spreadsheet reads it as UTF-8.
            write_atomically(answers, "\ufeff" + rubric.sheet(chosen, handed_in))
    if form:
        fill_in(chosen, handed_in, results, marker)
    if sheet:
        given = rubric.read_sheet(sheet, chosen, marker)
        changed = rubric.changed(given, results.written(assessment))
        count = results.write_written(assessment, given)
        said = f", {changed} of them in the place of others that {marker} gave before" if changed else ""
        click.echo(f"{count} marks of written answers by {marker}{said}", err=True)
    if to_compare:
        read = list(results.written(assessment).values())
        write_atomically(to_compare, "\ufeff" + rubric.differences_sheet(chosen, read))
        for line in rubric.severity(read):
            click.echo(line, err=True)
    if sheet:
        for line in rubric.differences(chosen, results.written(assessment).values()):
            click.echo(f"far apart: {line}", err=True)
    _show(chosen, results, new, as_json)


def _crew(chosen: Assessment, jobs: int, scheduler: str | None) -> AbstractContextManager[Crew]:
    """Who marks. CourseError where a cluster is asked for and its library is not here."""
    if scheduler is None:
        return Sandboxes(chosen, jobs)
    try:
        from coursekit.marking.cluster import Cluster
    except ModuleNotFoundError as error:
        raise CourseError(f"--scheduler needs {error.name}: pip install 'dlmodule[cluster]'") from None
    return Cluster(scheduler, chosen)


def _mark(crew: Crew, chosen: Assessment, handed_in: Submissions, results: Results) -> int:
    with progress_bar(len(handed_in), unit="submission") as bar:

        def tell(done: int, of: int) -> None:
            bar.update(done - bar.n)

        return mark_with(crew, chosen, handed_in, results, tell)


def _show(chosen: Assessment, results: Results, new: int, as_json: bool) -> None:
    latest = results.latest(chosen.id, chosen.digest, environment())
    for learner in results.undated(chosen.id):
        click.echo(
            f"{learner} handed in more than once, not always with a time: what was taken in last counts", err=True
        )
    if as_json:
        for learner, (marked, at) in latest.items():
            exercises = {mark.exercise: mark.marks for mark in marked.exercises}
            report: dict[str, Any] = {
                "learner": learner,
                "marks": marked.marks,
                "of": chosen.marks,
                "exercises": exercises,
            }
            report |= {
                "submitted_at": at.isoformat() if at else None,
                "problem": marked.problem,
                "digest": marked.digest,
            }
            click.echo(json.dumps(report, ensure_ascii=False))
        return
    width = max((len(learner) for learner in latest), default=0)
    waiting = 0
    for learner, (marked, _) in latest.items():
        click.echo(
            f"{learner:{width}}  {marked.marks:g} of {chosen.marks:g}{'  ' + marked.problem if marked.problem else ''}"
        )
        waiting += sum(mark.status == TO_BE_MARKED for mark in marked.exercises)
    click.echo(f"{len(latest)} learners; {new} newly marked.")
    if waiting:
        click.echo(f"{waiting} written answers are still to be marked: --answers makes their sheet, --rubric reads it.")


def _assessment(project: Project, name: str) -> Assessment:
    if Coursework.exists(project, name):
        return Coursework(project, name).assessment()
    return of_session(name, project.build / key_path(name))
