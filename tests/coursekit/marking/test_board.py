"""What a board gets: each candidate's line, figures that numpy confirms, and a plot that counts everybody once."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from coursekit.marking.board import Candidate, candidates_table, class_of, distribution, figures_table
from coursekit.marking.marks import AssessmentMark, Decision, Records

LONDON = ZoneInfo("Europe/London")
AT = datetime(2022, 12, 12, 20, 5, tzinfo=LONDON)
CAPPED = AssessmentMark("=ada", Decimal(72), Decimal(50), why="late by 0 h 05 min: at most 50")
ASIDE = AssessmentMark("bob", Decimal(12), Decimal(12), counts=False, why="set aside")
FULL = AssessmentMark("eve", Decimal(88), Decimal(88))
ADA = Candidate("=ada", {"coursework_1": CAPPED, "coursework_2": None}, {"coursework_1": AT}, Decimal(25))
BOB = Candidate("bob", {"coursework_1": ASIDE, "coursework_2": FULL}, {"coursework_2": None}, Decimal(69))
RECORDS = Records(decisions=(Decision("bob", "coursework_1", AT, "EC-17", set_aside=True),))
NAMES = ("coursework_1", "coursework_2")


def rows(text: str) -> list[dict[str, str]]:
    """The lines of a CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def test_a_candidates_line_says_what_changed_the_mark() -> None:
    """Before and after lateness, when it came, the decision with its date, the class and what is missing to the next."""
    ada, bob = rows(candidates_table([ADA, BOB], NAMES, RECORDS))
    assert ada["candidate"] == "'=ada"
    assert (ada["coursework_1: raw %"], ada["coursework_1: %"]) == ("72.0", "50.0")
    assert (ada["coursework_1: handed in"], ada["coursework_1: note"]) == (
        "2022-12-12 20:05:00+00:00",
        "late by 0 h 05 min: at most 50",
    )
    assert (ada["coursework_2: %"], ada["coursework_2: note"]) == ("", "nothing handed in")
    assert (ada["module mark"], ada["class"], ada["short of the next class"]) == ("25", "fail", "25")
    assert (bob["coursework_1: raw %"], bob["coursework_1: %"], bob["coursework_1: decisions"]) == (
        "12.0",
        "",
        "2022-12-12 EC-17",
    )
    assert (bob["coursework_2: handed in"], bob["class"], bob["short of the next class"]) == ("unknown", "merit", "1")


@pytest.mark.parametrize(
    ("mark", "name"),
    [(100, "distinction"), (70, "distinction"), (69, "merit"), (60, "merit"), (50, "pass"), (49, "fail"), (0, "fail")],
)
def test_classes_begin_where_they_begin(mark: int, name: str) -> None:
    """On the whole number."""
    assert class_of(Decimal(mark)) == name


def cohort(count: int) -> list[Candidate]:
    """Candidates with random marks."""
    marks = np.random.default_rng(0).integers(0, 1001, count) / 10
    return [
        Candidate(str(n), {"c": AssessmentMark(str(n), Decimal(str(m)), Decimal(str(m)))}, {}, Decimal(round(m)))
        for n, m in enumerate(marks)
    ]


def test_the_figures_are_numpys() -> None:
    """Mean, standard deviation and quartiles of 57 marks; a set-aside mark and a missing one count in their own columns alone."""
    candidates = cohort(57)
    marks = np.array([float(c.marks["c"].percent) for c in candidates if c.marks["c"]])
    (line, module) = rows(figures_table(candidates, ["c"]))
    expected = [marks.mean(), marks.std(), marks.min(), *np.quantile(marks, [0.25, 0.5, 0.75]), marks.max()]
    names = ("mean", "standard deviation", "least", "lower quartile", "median", "upper quartile", "most")
    assert [float(line[name]) for name in names] == pytest.approx(expected, abs=0.0501)
    assert sum(int(module[name]) for name in ("distinction", "merit", "pass", "fail")) == 57
    first, second, module = rows(figures_table([ADA, BOB], NAMES))
    assert [first[name] for name in ("candidates", "marks", "not handed in", "changed by lateness", "set aside")] == [
        "2",
        "1",
        "0",
        "1",
        "1",
    ]
    assert [second[name] for name in ("marks", "not handed in", "mean", "lower quartile")] == ["1", "1", "88.0", "88.0"]
    (empty, _) = rows(figures_table([ADA], ["coursework_2"]))
    assert (empty["marks"], empty["mean"], empty["fail"]) == ("0", "", "0")


def test_the_plot_counts_every_mark_once() -> None:
    """Well-formed, a panel for each mark, with its counts in words for who cannot see it, and a title that cannot break it."""
    candidates = cohort(57)
    text = distribution(candidates, {"c": "A & <B>"})
    drawing = ElementTree.fromstring(text)
    description = next(drawing.iter("{http://www.w3.org/2000/svg}desc")).text or ""
    assert "A & <B>" in description
    counts = [int(count) for count in re.findall(r"(\d+) from", description)]
    assert sum(counts[:10]) == sum(counts[10:]) == 57
    assert counts[9] == sum(c.marks["c"].percent >= 90 for c in candidates if c.marks["c"])
    assert "0 marks" in distribution([], {"c": "C"})
