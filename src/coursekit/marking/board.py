"""What an exam board asks for: a line for each candidate, the figures of each mark, and how the marks are distributed.

Everything is worked out from the same marks that are exported, so the papers of a board never differ from what learners see.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import jinja2

from coursekit.marking.exports import quoted
from coursekit.marking.marks import AssessmentMark, Records

CLASSES = ((70, "distinction"), (60, "merit"), (50, "pass"), (0, "fail"))  # from this module mark on; percent
TENTHS = 10


@dataclass(frozen=True)
class Candidate:
    """One learner. marks: by assessment, None where nothing was handed in; handed_in: when, where it is known; module: None where nothing counts."""

    learner: str
    marks: Mapping[str, AssessmentMark | None]
    handed_in: Mapping[str, datetime | None]
    module: Decimal | None


def class_of(module: Decimal) -> str:
    """What a module mark is called."""
    return next(name for least, name in CLASSES if module >= least)


def candidates_table(candidates: Sequence[Candidate], assessments: Sequence[str], records: Records) -> str:
    """A line for each candidate (CSV): of each assessment the mark before and after lateness, when it came and what was decided.

    "short of the next class": how many points of the module mark are missing, for those whom a board looks at twice.
    """
    head = ["candidate"]
    for name in assessments:
        head += [f"{name}: {what}" for what in ("raw %", "%", "handed in", "note", "decisions")]
    head += ["module mark", "class", "short of the next class"]
    return quoted([head, *(_line(candidate, assessments, records) for candidate in candidates)])


def _line(candidate: Candidate, assessments: Sequence[str], records: Records) -> list[str]:
    cells = [candidate.learner]
    for name in assessments:
        mark, at = candidate.marks.get(name), candidate.handed_in.get(name)
        decisions = "; ".join(f"{d.recorded:%Y-%m-%d} {d.reason}" for d in records.about(candidate.learner, name))
        if mark is None:
            cells += ["", "", "", "nothing handed in", decisions]
        else:
            moment = at.isoformat(sep=" ", timespec="seconds") if at else "unknown"
            counted = f"{mark.rounded}" if mark.counts else ""
            cells += [f"{mark.raw.quantize(Decimal('0.1'), ROUND_HALF_UP)}", counted, moment, mark.why, decisions]
    if candidate.module is None:
        return [*cells, "", "", ""]
    above = [least for least, _ in CLASSES if least > candidate.module]
    return [
        *cells,
        f"{candidate.module}",
        class_of(candidate.module),
        f"{above[-1] - candidate.module}" if above else "",
    ]


def figures_table(candidates: Sequence[Candidate], assessments: Sequence[str]) -> str:
    """A line for each assessment and for the module (CSV): how many, mean, spread, quartiles, and how many in each class."""
    head = [
        "",
        "candidates",
        "marks",
        "not handed in",
        "changed by lateness",
        "set aside",
        "mean",
        "standard deviation",
    ]
    head += ["least", "lower quartile", "median", "upper quartile", "most", *(name for _, name in CLASSES)]
    lines = []
    for name in assessments:
        found = [candidate.marks.get(name) for candidate in candidates]
        there = [mark for mark in found if mark is not None]
        late = sum(mark.counts and mark.percent != mark.raw for mark in there)
        aside = sum(not mark.counts for mark in there)
        lines.append([name, str(len(found)), *_figures([mark.percent for mark in there if mark.counts], (len(found) - len(there), late, aside))])  # fmt: skip
    modules = [candidate.module for candidate in candidates if candidate.module is not None]
    lines.append(["module mark", str(len(candidates)), *_figures(modules, ("", "", len(candidates) - len(modules)))])
    return quoted([head, *lines])


def _figures(marks: Sequence[Decimal], counts: Sequence[int | str]) -> list[str]:
    """The figures of one line; the standard deviation is that of the class (divided by n), the quartiles include the ends."""
    if not marks:
        return ["0", *map(str, counts), *[""] * 7, *["0"] * len(CLASSES)]
    lower, median, upper = statistics.quantiles(marks, n=4, method="inclusive") if len(marks) > 1 else [marks[0]] * 3
    values = [statistics.mean(marks), statistics.pstdev(marks), min(marks), lower, median, upper, max(marks)]
    classes = [class_of(mark) for mark in marks]
    shown = [f"{value.quantize(Decimal('0.1'), ROUND_HALF_UP)}" for value in values]
    return [str(len(marks)), *map(str, counts), *shown, *(str(classes.count(name)) for _, name in CLASSES)]


def distribution(candidates: Sequence[Candidate], titles: Mapping[str, str]) -> str:
    """Histograms in tenths, one for each assessment of ``titles`` and one for the module, as an SVG that stands alone."""
    panels = [(title, [m.percent for c in candidates if (m := c.marks.get(name)) and m.counts]) for name, title in titles.items()]  # fmt: skip
    panels.append(("Module mark", [c.module for c in candidates if c.module is not None]))
    text = (Path(__file__).parent / "templates" / "distribution.svg").read_text("utf-8")
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
    return template.render(panels=list(_panels(panels)), fail=CLASSES[-2][0])


def _panels(panels: Sequence[tuple[str, Sequence[Decimal]]]) -> Iterator[dict[str, object]]:
    for title, marks in panels:
        places = [min(int(mark) * TENTHS // 100, TENTHS - 1) for mark in marks]
        counts = [places.count(place) for place in range(TENTHS)]
        middle = statistics.median(marks) if marks else None
        yield {"title": title, "counts": counts, "most": max([1, *counts]), "median": middle, "n": len(marks)}
