"""The glossary and the notation of the course: every term where it is first defined, every letter where it is used.

Made from ``course.json`` (which takes both from the notebooks); a part that is not out yet adds nothing. On a learner's machine
mathematics is MathML, which a browser draws by itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from dlmodule.course import Course, Day, Letter, Part, Term
from dlmodule.home.page import environment
from dlmodule.home.resume import part_label

_LEADING_AWAY = re.compile(
    r"<[^>]*\b(?:href|style|class|on\w+)=", re.IGNORECASE
)  # of \href and \style: a formula needs neither
_PIECE = re.compile(r"(?P<code>`[^`]+`)|\$(?P<formula>[^$]+)\$")


@dataclass(frozen=True)
class Place:
    """A part as the glossary names it."""

    id: str
    day: int
    label: str  # "Day 05, morning"


@dataclass(frozen=True)
class Entry:
    """A term, and the part that defines it first."""

    term: Term
    place: Place


@dataclass(frozen=True)
class Notation:
    """The letters of one part."""

    place: Place
    title: str
    letters: Sequence[Letter]


def entries(course: Course) -> list[Entry]:
    """Every term of the parts that are open, each where the course first defines it, by name. A plural is its singular's entry."""
    found: dict[str, Entry] = {}
    for day, part in course.parts():
        for term in part.terms:
            found.setdefault(term.name.casefold().removesuffix("s"), Entry(term, _place(day, part)))
    return sorted(found.values(), key=lambda entry: entry.term.name.casefold())


def notations(course: Course) -> list[Notation]:
    """The letters of each open part that lists its own, in the order of the course."""
    return [
        Notation(_place(day, part), part.title or day.title, part.letters)
        for day, part in course.parts()
        if part.letters
    ]


def render(course: Course, *, static: str = "static/") -> str:
    """The page of a learner's machine as HTML. ``course`` is as of a moment, or wholly open (``Course.as_of``)."""
    return environment().get_template("glossary.html").render(
        course=course, entries=entries(course), notations=notations(course), rich=rich, static=static
    )  # fmt: skip


def rich(text: str) -> Markup:
    """``text`` as HTML: formulas in dollars as MathML, code in backticks; everything else as it stands.

    A formula that cannot be drawn is shown as it was written.
    """
    html, end = Markup(), 0
    for piece in _PIECE.finditer(text):
        html += text[end : piece.start()]
        html += Markup("<code>{}</code>").format(piece["code"][1:-1]) if piece["code"] else _drawn(piece["formula"])
        end = piece.end()
    return html + text[end:]


def _drawn(formula: str) -> Markup:
    import latex2mathml.converter

    try:
        drawn = latex2mathml.converter.convert(formula)  # it escapes what it is given
        if not _LEADING_AWAY.search(drawn):
            return Markup(drawn)
    except Exception:  # whatever it makes of TeX that it does not know
        pass
    return Markup("<code>{}</code>").format(escape(formula))


def _place(day: Day, part: Part) -> Place:
    label = part_label(day, part).partition(" · ")[0].lower()
    return Place(day.part_id(part), day.day, f"Day {day.day:02d}, {label}")
