"""The glossary holds each term once, in the words of the first notebook that is out; what it is given cannot become markup."""

from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmodule.course import Course, course_from
from dlmodule.home.glossary import entries, notations, render, rich
from tests.dlmodule.open import reference_run


def course(**terms: list[tuple[str, str]]) -> Course:
    """The reference run in which the parts named ``SESSION__PART`` define terms."""
    facts = reference_run.facts()
    for day in facts["days"]:
        for part in day["parts"]:
            part["terms"] = [{"name": n, "says": s} for n, s in terms.get(f"_{day['session']}__{part['part']}", [])]
    return course_from(facts)


def test_a_term_stands_once_where_it_is_first_defined() -> None:
    """By name whatever its case; a plural is the singular; the later definition is not shown."""
    both = course(
        _06_cnns_2__morning=[("Strides", "Later words.")],
        _05_cnns_1__morning=[("stride", "A stride is a step."), ("Adam", "Adam is an optimiser.")],
    ).as_of(None)
    assert [(entry.term.name, entry.place.label) for entry in entries(both)] == [
        ("Adam", "Day 05, morning"),
        ("stride", "Day 05, morning"),
    ]


@pytest.mark.parametrize(("clock", "out"), [("07:59", False), ("08:00", True)])
def test_a_part_that_is_not_out_adds_nothing(clock: str, out: bool) -> None:
    """Neither a term nor a letter of it is known before its material opens."""
    known = course(_06_cnns_2__morning=[("stride", "A stride is a step.")]).as_of(
        datetime.fromisoformat(f"2022-12-05T{clock}").replace(tzinfo=reference_run.LONDON)
    )
    assert bool(entries(known)) == out
    assert ("A stride is a step" in render(known)) == out


def test_letters_stand_with_their_part() -> None:
    """In the course's order, under the part's title."""
    facts = reference_run.facts()
    parts = {(day["session"], part["part"]): part for day in facts["days"] for part in day["parts"]}
    for part in parts.values():
        part["letters"] = []
    parts["05_cnns_1", "morning"]["letters"] = [
        {"letter": "$x, y$", "meaning": "image and output", "shape": "`(N, C)`"}
    ]
    known = course_from(facts).as_of(None)
    assert [(each.place.label, [letter.meaning for letter in each.letters]) for each in notations(known)] == [
        ("Day 05, morning", ["image and output"])
    ]
    page = render(known)
    assert "<code>(N, C)</code>" in page and "<mi>x</mi>" in page and "$" not in page


class Tags(HTMLParser):
    """The names of the elements and of their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        """Note them."""
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab $`\\{}_^&<>\"'=/!-frac script onload style \n"), max_size=40))
def test_nothing_written_becomes_markup(text: str) -> None:
    """Whatever a sentence holds, its HTML has MathML, code and words; what cannot be drawn is shown as written."""
    tags = Tags(str(rich(text)))
    assert not tags.names & {"script", "img", "a", "iframe", "style", "svg", "link"}
    assert not {name for name in tags.attributes if name.startswith("on")}


@pytest.mark.parametrize(
    "text",
    [
        "$<script>alert(1)</script>$",
        "$\\text{<img src=x onerror=alert(1)>}$",
        "`<b>`",
        "<b>",
        "$\\href{javascript:x}{y}$",
    ],
)
def test_hostile_words_are_shown(text: str) -> None:
    """No element of theirs, no address that runs."""
    tags = Tags(html := str(rich(text)))
    assert not tags.names & {"script", "img", "b", "a"} and 'href="javascript' not in html


def test_a_formula_that_cannot_be_drawn_is_shown_as_written() -> None:
    """The page stands all the same."""
    assert rich("so $x^$ is") == "so <code>x^</code> is"
