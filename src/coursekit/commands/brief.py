"""``course brief COURSEWORK``: what a coursework asks for, as a page and a PDF."""

from pathlib import Path

import click

from coursekit.project import find_project
from coursekit.publish import brief
from dlmodule.files import write_atomically


@click.command("brief")
@click.argument("coursework")
@click.option("--to", type=click.Path(path_type=Path), help="The folder (default: build/briefs).")
def command(coursework: str, to: Path | None) -> None:
    """Write the brief of COURSEWORK: COURSEWORK.md and COURSEWORK.pdf. A release holds both once the coursework is out."""
    project = find_project()
    folder = to or project.build / "briefs"
    write_atomically(folder / f"{coursework}.md", brief.page(project, coursework))
    write_atomically(folder / f"{coursework}.pdf", brief.pdf(project, coursework))
    click.echo(f"{folder / coursework}.md and .pdf")
