"""``course new``: the skeleton of a session or of an exercise, which verifies as it is."""

from pathlib import Path

import click

from coursekit.errors import CourseError
from coursekit.exercises.skeleton import KINDS, new_exercise, new_session
from coursekit.marking.coursework import new_private
from coursekit.project import find_project


@click.command("new")
@click.argument("target", metavar="SESSION[.EXERCISE]")
@click.option("--kind", type=click.Choice(KINDS), help="What the learner writes (default: a function).")
@click.option("--part", help="The source (default: morning for a new session, else the session's only one).")
@click.option(
    "--private",
    type=click.Path(path_type=Path),
    help="Of a coursework: the folder, outside the repository, for what is secret.",
)
def command(target: str, kind: str | None, part: str | None, private: Path | None) -> None:
    """Write a complete skeleton: the first source of SESSION, or one exercise with its cells in the source.

    With --private, of a coursework: its hidden cases and scheme, with a fresh secret seed.

    It verifies as it is; change it to what you mean, and nothing on the way is unproved. A session that the syllabus does not
    name is a draft: it builds and verifies, and no learner is shown it.
    """
    project = find_project()
    if private:
        made = new_private(project, target, private.resolve())
        click.echo(f"wrote {made}, with a seed that nobody knows; keep a copy of it in a safe place")
        click.echo(f"next: let DLMODULE_PRIVATE={made.parent}, then course build {target}")
        return
    session, dot, name = target.partition(".")
    if dot:
        source, file = new_exercise(project, session, name, kind or "function", part)
        click.echo(f"added to {source.relative_to(project.root)}; wrote {file.relative_to(project.root)}")
        if kind == "training":
            click.echo(f"first set its bar: course ledger --rehearsal {target}")
        click.echo(f"next: course verify {target}")
    elif kind:
        raise CourseError(f"--kind is an exercise's: write {target}.NAME")
    else:
        path = new_session(project, session, part or "morning")
        click.echo(f"wrote {path.relative_to(project.root)}")
        click.echo(f"next: course new {session}.NAME --kind {'|'.join(KINDS)}")
