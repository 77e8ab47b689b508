"""``course mock NOTEBOOK``: a learner's mock, marked by the program that marks the courseworks, with the marking shown."""

import json
import sys
from dataclasses import asdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import click

from coursekit.errors import CourseError
from dlmodule.files import write_atomically


@click.command("mock")
@click.argument("notebook", type=click.Path(path_type=Path), required=False)
@click.option(
    "--page", "to", type=click.Path(path_type=Path), help="Write the marking as a page (HTML), as feedback is."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a task, on stdout.")
def command(notebook: Path | None, to: Path | None, as_json: bool) -> None:
    """Mark NOTEBOOK (default: the only one in this folder that is a mock) in a sandbox, and show each task's marks and why.

    Nothing is kept and nothing is sent. Needs Linux and bubblewrap.
    """
    if sys.platform != "linux":
        raise CourseError("the marker runs on Linux; give the notebook to the team, who mark it with the same command")
    # The sandbox's limits exist on Linux alone, and so does what reads them.
    from coursekit.marking import mock
    from coursekit.marking.feedback import Feedback, page

    chosen = notebook or _only_notebook(Path.cwd())
    assessment, found = mock.marked(chosen)
    titles = {task.name: task.key.title for task in assessment.tasks}
    if to:
        percent = (100 * Decimal(repr(found.marks)) / Decimal(repr(assessment.marks))).quantize(
            Decimal("0.1"), ROUND_HALF_UP
        )
        write_atomically(to, page(Feedback(chosen.stem, "Mock", found, titles, percent)))
    for mark in found.exercises:
        if as_json:
            click.echo(json.dumps(asdict(mark), ensure_ascii=False))
            continue
        click.echo(
            f"{mark.exercise}: {mark.marks:g} of {mark.of:g}  ({titles[mark.exercise]}; {mark.passed} of {mark.cases} cases pass)"
        )
        click.echo("\n".join(f"    {line}" for line in mark.message.splitlines()))
    if not as_json:
        click.echo(f"{found.marks:g} of {assessment.marks:g} marks, in {found.seconds:.1f} s in the sandbox.")


def _only_notebook(folder: Path) -> Path:
    found = sorted(path for path in folder.glob("*.ipynb") if "revision.check(" in path.read_text("utf-8", "replace"))
    if len(found) != 1:
        said = "no mock" if not found else f"{len(found)} notebooks with checks of a revision"
        raise CourseError(f"{said} in {folder}: name the notebook")
    return found[0]
