"""``course similarity ASSESSMENT SUBMISSIONS``: which notebooks a person should lay side by side."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from coursekit.errors import CourseError
from coursekit.marking import intake
from coursekit.marking.similarity import LEAST, Alike, alike, known_runs, page, runs_of_notebook
from coursekit.marking.submission import Unreadable
from coursekit.project import Project, find_project
from dlmodule.files import write_atomically


@click.command("similarity")
@click.argument("assessment")
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option(
    "--known",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="A further notebook that learners were given (as often as needed).",
)
@click.option(
    "--least",
    type=click.FloatRange(0, 1),
    default=LEAST,
    show_default=True,
    help="The share of the smaller notebook's own passages from which a pair is listed.",
)
@click.option("--page", "to", type=click.Path(path_type=Path), help="Write the passages side by side (HTML).")
@click.option("--notebook", help="The file name that counts where a learner handed in several.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a pair, on stdout.")
def command(
    assessment: str,
    submissions: Path,
    known: tuple[Path, ...],
    least: float,
    to: Path | None,
    notebook: str | None,
    as_json: bool,
) -> None:
    """List pairs of SUBMISSIONS to ASSESSMENT that share passages: a list to look at, never a verdict.

    What everybody was given is taken off (the starting notebook, the module's notebooks with their solutions), and so is what many
    learners wrote alike. Renamed variables, other comments and moved cells hide nothing. Nothing is run.
    """
    project = find_project()
    if not (project.course / assessment).is_dir():
        raise CourseError(f"the course has no session and no coursework {assessment!r}")
    handed_in = intake.submissions(submissions, notebook, assessment)
    pairs = alike(handed_in, _known(project, assessment, known), least=least)
    if to:
        write_atomically(to, page(assessment, pairs, len(handed_in)))
    for pair in pairs:
        click.echo(json.dumps(asdict(pair), ensure_ascii=False) if as_json else _line(pair))
    if not as_json:
        click.echo(
            f"{len(pairs)} pair{'' if len(pairs) == 1 else 's'} of {len(handed_in)} submissions to look at; a list, not a finding."
        )


def _known(project: Project, assessment: str, notebooks: tuple[Path, ...]) -> set[int]:
    known = set()
    for path in notebooks:
        try:
            known |= runs_of_notebook(path.read_bytes())
        except Unreadable as problem:
            raise CourseError(str(problem), file=path) from None
    return known | known_runs(project, assessment)


def _line(pair: Alike) -> str:
    cells = ", ".join(dict.fromkeys(f"{first}/{second}" for first, second in (p.cells for p in pair.passages)))
    return f"{pair.share:4.0%}  {' and '.join(pair.learners)}  ({pair.shared} fingerprints, cells {cells})"
