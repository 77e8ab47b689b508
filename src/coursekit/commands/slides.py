"""``course slides``: the slide decks as PDF."""

import sys

import click

from coursekit.project import find_project
from coursekit.publish.slides import build_deck, page_images, select_decks, write_pages
from coursekit.schedule.syllabus import syllabus_of


@click.command("slides")
@click.argument("targets", nargs=-1, metavar="[SESSION[.DECK]]...")
@click.option("--png", is_flag=True, help="Write every page as PNG as well.")
def command(targets: tuple[str, ...], png: bool) -> None:
    """Make the slide decks (all of them, or those named) under build/slides."""
    project = find_project()
    repository = syllabus_of(project).repository
    for deck in select_decks(project, targets):
        slides = build_deck(project, deck, repository)
        if png:
            images = page_images(project, deck, repository, ppi=96)
            write_pages(project.build / "slides" / deck.session / "pages", deck, dict(enumerate(images, 1)))
        click.echo(f"build/slides/{deck.session}/{deck.name}.pdf: {len(slides)} slides")
    sys.stdout.flush()
