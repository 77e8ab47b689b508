"""A learner's feedback: one page, with the diagnosis of each task and the marker's comments. It never shows a hidden case.

What stands in it comes from the results alone, whose reasons were made without quoting a hidden case. Everything that a learner or
a marker wrote is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import jinja2

from coursekit.marking.deciding import TO_BE_MARKED
from coursekit.marking.marking import Marked

BINS = 10  # of the histogram of a class; a class smaller than this shows none, where one could tell who is who


@dataclass(frozen=True)
class Feedback:
    """What a page says. titles: of tasks and questions, by name. percent: after lateness; why: what changed it."""

    learner: str
    title: str
    marked: Marked
    titles: Mapping[str, str]
    percent: Decimal
    why: str = ""
    of_class: Sequence[Decimal] = ()


def page(feedback: Feedback) -> str:
    """The page as HTML that stands alone."""
    marks = feedback.marked.exercises
    return _template().render(
        feedback=feedback,
        marks=[mark for mark in marks if mark.of],
        total=feedback.marked.marks,
        of=sum(mark.of for mark in marks),
        waiting=sum(mark.status == TO_BE_MARKED for mark in marks),
        bars=_histogram(feedback.of_class, feedback.percent) if len(feedback.of_class) >= BINS else [],
    )


def _histogram(percents: Sequence[Decimal], own: Decimal) -> list[dict[str, object]]:
    """How many of the class lie in each tenth, as bars whose heights are shares of the highest."""
    places = [min(int(percent) * BINS // 100, BINS - 1) for percent in percents]
    counts = [places.count(place) for place in range(BINS)]
    mine = min(int(own) * BINS // 100, BINS - 1)
    return [
        {"from": 100 * place // BINS, "count": count, "height": round(60 * count / max(counts)), "own": place == mine}
        for place, count in enumerate(counts)
    ]


def _template() -> jinja2.Template:
    text = (Path(__file__).parent / "templates" / "feedback.html").read_text("utf-8")
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
