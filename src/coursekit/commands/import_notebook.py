"""``course import``: a source from an ordinary notebook."""

from pathlib import Path

import click

from coursekit.errors import CourseError
from coursekit.project import find_project
from coursekit.sources.imported import import_notebook
from coursekit.sources.source import parse
from dlmodule.files import write_atomically


@click.command("import")
@click.argument("notebook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "part", required=True, metavar="SESSION.PART", help="The source to write, as 16_graphs.morning.")
def command(notebook: Path, part: str) -> None:
    """Write a source from NOTEBOOK: its text and code, without outputs, and say what is left to do.

    A session that the syllabus does not name is a draft: it builds and runs, and no learner is shown it.
    """
    project = find_project()
    session, dot, name = part.partition(".")
    if not dot or not name.isidentifier() or not session[:2].isdigit() or not session[2:3] == "_":
        raise CourseError(f"{part!r} names no part; write a session and a part, as 16_graphs.morning")
    path = project.source(session, name)
    if path.exists():
        raise CourseError("is there already; nothing was written", file=path)
    found = import_notebook(notebook)
    write_atomically(path, found.text)
    click.echo(f"wrote {path.relative_to(project.root)}")
    for line in found.remarks:
        click.echo(f"to do: {line}")
    try:
        parse(path)
    except CourseError as error:
        click.echo(f"to do: {error}")
    click.echo(f"next: course build {part}")
