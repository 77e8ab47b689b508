"""The site's page of terms and letters, in markdown that Sphinx sets and its search finds."""

from collections.abc import Mapping

from dlmodule.course import Course
from dlmodule.home.glossary import entries, notations


def glossary_page(course: Course, pages: Mapping[str, str]) -> str:
    """The page of ``course`` as of a moment. ``pages``: the address of each part's page, by its id."""
    terms = []
    for entry in entries(course):
        name = entry.term.name
        page = pages.get(entry.place.id)
        where = f"[{entry.place.label}]({page}.ipynb)" if page else entry.place.label
        terms += [f"{name[:1].upper()}{name[1:]}", f": {_line(entry.term.says)} ({where})", ""]
    letters = []
    for notation in notations(course):
        letters += [
            f"### {notation.place.label}: {notation.title}",
            "",
            "| letter | meaning | shape |",
            "|---|---|---|",
        ]
        letters += [f"| {row.letter} | {row.meaning} | {row.shape} |" for row in notation.letters]
        letters.append("")
    return "\n".join(
        [
            "# Glossary and notation",
            "",
            "Every term in the words of the notebook that defines it first, and the letters of each notebook.",
            "",
            "## Terms",
            "",
            *(terms or ["No notebook that is released defines a term yet.", ""]),
            "## Notation",
            "",
            *(letters or ["No notebook that is released lists its letters yet.", ""]),
        ]
    )


def _line(text: str) -> str:
    """``text`` as one line of markdown in which an underscore or a bracket outside formulas and code is itself."""
    pieces = text.replace("\n", " ").split("$")
    pieces[::2] = [piece.replace("[", "\\[").replace("<", "\\<").replace("*", "\\*") for piece in pieces[::2]]
    return "$".join(pieces)
