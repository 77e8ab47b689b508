"""The outcome page says what the record says: what was built, the figures beside the ledger's, and what to revise next."""

import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmodule.course import course_from
from dlmodule.home.outcome import SHOWN, render
from dlmodule.home.page import Local
from dlmodule.open.attempts import export_attempts, import_attempts, read_attempts
from tests.dlmodule.open import reference_run

AT = datetime(2022, 12, 16, 9, tzinfo=ZoneInfo("Europe/London"))
FACTS = reference_run.facts()
NAMES = [
    f"{day['session']}.{exercise['name']}"
    for day in FACTS["days"]
    for part in day["parts"]
    for exercise in part["exercises"]
]


def attempt(name: str, status: str, days_ago: float = 1, **more: Any) -> dict[str, Any]:
    """One attempt of day 05, unless ``name`` says a session."""
    identity = name if "." in name else f"05_cnns_1.{name}"
    return {"exercise": identity, "status": status, "at": (AT - timedelta(days=days_ago)).isoformat(), **more}


def shown(record: list[Any], *, at: datetime = AT, self_paced: bool = True, **local: Any) -> str:
    """The page's HTML."""
    course = course_from(FACTS).as_of(None if self_paced else at)
    return render(course, at=at, progress=record, local=Local(xsrf="x", workspace="/w", **local))


class Outline(HTMLParser):
    """The text of each section by its id, and the parts that forms would open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.section = ""
        self.words: dict[str, list[str]] = {}
        self.opens: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes where a section begins, and hidden fields."""
        held = dict(attrs)
        if tag == "section":
            self.section = held.get("id") or ""
        if tag == "input" and held.get("name") == "part":
            self.opens.append(str(held.get("value")))

    def handle_data(self, data: str) -> None:
        """Keeps words in the section that they stand in."""
        self.words.setdefault(self.section, []).append(data.strip())

    def text(self, section: str) -> str:
        """The words of a section, with single spaces."""
        return " ".join(word for word in self.words.get(section, []) if word)


def test_an_empty_record_is_a_page_and_a_sensible_first_revision() -> None:
    """Nothing built, no figures, and one exercise of each topic before the second of any."""
    html = shown([])
    page = Outline(html)
    assert "Nothing is on record yet" in html and "Not begun." in page.text("built")
    assert "Your figures" not in html
    assert page.opens[:2] == ["04_ml_recap.afternoon", "05_cnns_1.morning"]
    assert page.text("revise").count("not tried yet") == len(page.opens) == 6  # the core; "receptive_field" is further
    assert "Dive into Deep Learning" in page.text("onward") and "Every model" in page.text("onward")


def test_what_was_built_what_was_tried_and_what_comes_first() -> None:
    """Right once is built; wrong so far is tried, and comes first; what was right long ago comes before what is new."""
    record = [
        attempt("edge_kernels", "right", 14),
        attempt("output_size", "wrong", 6),
        attempt("conv_block", "not started", 5),
    ]
    page = Outline(shown(record))
    built = page.text("built")
    assert "1 of 6" in built and "Kernels that see edges" in built
    assert "Tried, not right yet: The size of what comes out." in built and "convolutional block" not in built
    order = re.findall(r"(The size of what|Kernels that see|Ridge|Cross-corr|A convolutional)", page.text("revise"))
    assert list(dict.fromkeys(order)) == [
        "The size of what",
        "Kernels that see",
        "Ridge",
        "Cross-corr",
        "A convolutional",
    ]
    assert "not right yet, last tried 6 days ago" in page.text("revise")


def test_a_question_of_the_revision_comes_back_once_it_was_answered() -> None:
    """Not before: the notebook asks it. A wrong answer leads to the notebook, and to no exercise."""
    facts = reference_run.facts()
    last = facts["days"][4]["parts"][1]
    last["questions"] = [{"id": "01_intro.morning.question_2", "title": "Question 1.1", "minutes": 2}]

    def page(*record: dict[str, Any]) -> Outline:
        return Outline(render(course_from(facts).as_of(None), at=AT, progress=record, local=Local("x", "/w")))

    assert "Question 1.1" not in page().text("revise")
    again = page(attempt("01_intro.morning.question_2", "wrong", 2, sure=0.9))
    assert (
        again.text("revise")
        .partition("Question 1.1")[2]
        .startswith(" Day 05 · 2 min · not right yet, last tried 2 days ago")
    )
    assert again.opens[0] == "05_cnns_1.afternoon"
    assert "Question" not in again.text("built")


def test_figures_stand_beside_the_ledgers() -> None:
    """The last check's figure, the bar, and ours; a figure below the bar is told, a missing one too."""

    def figures(*record: dict[str, Any]) -> str:
        return Outline(shown(list(record))).text("built").partition("Your figures beside ours")[2]

    passed = figures(attempt("train_lenet", "wrong", 2, figure=0.31), attempt("train_lenet", "right", 1, figure=0.8712))
    assert "87.1 %" in passed and "31.0 %" not in passed and "short of the bar" not in passed
    assert "at least 45.2 %" in passed and "84.4 % ± 3.5 (10 seeds)" in passed and "glyphs: 99.05 %" in passed
    assert "31.0 % short of the bar" in figures(attempt("train_lenet", "wrong", 2, figure=0.31))
    assert "not on record" in figures(attempt("train_lenet", "right"))
    assert figures(attempt("edge_kernels", "right")) == ""


def test_only_what_is_open_is_shown_in_a_timed_run() -> None:
    """On the evening of day 04 there is nothing of day 05, neither to build nor to revise."""
    html = shown([], at=datetime(2022, 12, 1, 20, tzinfo=AT.tzinfo), self_paced=False)
    assert "Ridge" in html and "CNNs" not in html and "Kernels that see" not in html


def test_a_damaged_record_counts_for_what_is_left_and_says_so(tmp_path: Path) -> None:
    """The page of a record with half a line in it is that of the whole lines, with one line of notice."""
    path = tmp_path / "progress.jsonl"
    import_attempts(path, export_of([attempt("edge_kernels", "right")]))
    with path.open("a") as file:
        file.write('{"exercise": "05_cnns_1.output_si')
    record = read_attempts(path)
    html = shown(list(record.attempts), notices=record.problems)
    assert "1 of 7 exercises right" in html and "damaged (line 2)" in html


def test_the_revision_is_the_same_on_the_machine_that_imports_the_export(tmp_path: Path) -> None:
    """The state is the record itself: exported, imported over an overlapping record, it asks for the same."""
    record = [
        attempt("edge_kernels", "right", 9),
        attempt("output_size", "wrong", 3),
        attempt("train_lenet", "right", 2, figure=0.9),
    ]
    here, there = tmp_path / "here.jsonl", tmp_path / "there.jsonl"
    import_attempts(here, export_of(record))
    import_attempts(there, export_of(record[:1]))
    import_attempts(there, export_attempts(here).encode())
    assert shown(list(read_attempts(there).attempts)) == shown(record)


def export_of(record: list[dict[str, Any]]) -> bytes:
    """``record`` as an exported document."""
    import json

    return json.dumps({"format": "dlmodule-progress-1", "attempts": record}).encode()


@pytest.mark.parametrize("figure", ["0.9", None, True, [1], {"a": 1}, float("nan")])
def test_a_figure_that_is_no_number_is_none(figure: Any) -> None:
    """Whatever an imported record holds there."""
    assert "not on record" in shown([attempt("train_lenet", "right", figure=figure)])


histories = st.lists(
    st.builds(attempt, st.sampled_from(NAMES), st.sampled_from(["right", "wrong", "not started"]), st.floats(-2, 60)),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(histories)
def test_any_history_gives_a_page_that_counts_what_it_shows(record: list[dict[str, Any]]) -> None:
    """As many ticks as exercises ever right; at most an hour of revision; all of it without markup from elsewhere."""
    html = shown(record)
    right = {each["exercise"] for each in record if each["status"] == "right"}
    assert "".join(re.findall(r'<ul class="built">.*?</ul>', html, re.DOTALL)).count("<li>") == len(right)
    assert len(Outline(html).opens) <= SHOWN
    assert f"{len(right)} of {len(NAMES)} exercises right" in html or not right


def test_titles_are_text_and_nothing_is_inline() -> None:
    """A title with a tag in it shows the tag; no inline style or script, which the page's policy forbids."""
    facts = reference_run.facts()
    facts["days"][4]["title"] = "<script>x</script>"
    html = render(
        course_from(facts).as_of(None), at=AT, progress=[], local=Local(xsrf='"><b>', workspace="/w", notices=["<u>"])
    )
    assert "<script>x" not in html and "<b>" not in html and "<u>" not in html
    assert not re.search(r"\sstyle=|<style|\son\w+=", html)
