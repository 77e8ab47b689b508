"""``course submit ASSESSMENT [NOTEBOOK]``: one sealed file to hand in."""

import sys
from pathlib import Path

import click

from dlmodule.coursework.submitting import sealed


@click.command("submit")
@click.argument("assessment")
@click.argument("notebook", type=click.Path(path_type=Path), required=False)
@click.option(
    "--to", type=click.Path(path_type=Path), help="The sealed file (default: ASSESSMENT.zip beside the notebook)."
)
def command(assessment: str, notebook: Path | None, to: Path | None) -> None:
    """Say what is forgotten in a coursework's notebook, seal it with what is handed in beside it, and print the receipt.

    Works without a network. Exit code 1 where something looks forgotten; the file is written all the same.
    """
    receipt = sealed(assessment, notebook, to=to)
    click.echo(str(receipt))
    if receipt.forgotten:
        sys.exit(1)
