"""References to days: filled in from the run's own order, and no number is written out where one is meant."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.sources.references import filled, refuse_numbers, refuse_references
from tests.coursekit.reference_course import ROOT

DAYS = {
    "07_vaes": 7,
    "08_gans": 8,
    "09_diffusion": 9,
    "13_deep_rl": 13,
    "05_cnns_1": "the session “Edges” (not in this run)",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on {day: 07_vaes}", "on day 07"),
        ("{Day: 07_vaes}'s bound", "Day 07's bound"),
        ("({day: 09_diffusion, 07_vaes})", "(days 07 and 09)"),
        ("of {day: 07_vaes, 08_gans, 09_diffusion}", "of days 07 to 09"),
        ("of {day: 07_vaes,\n08_gans, 13_deep_rl}", "of days 07, 08 and 13"),
        ("{Day: 05_cnns_1} has", "The session “Edges” (not in this run) has"),
        ("{day: 05_cnns_1, 08_gans}", "day 08"),
        ("{ledger: 07_vaes} {day 07_vaes} {day: }", "{ledger: 07_vaes} {day 07_vaes} {day: }"),
    ],
)
def test_a_reference_becomes_words(text: str, expected: str) -> None:
    """One day, two, a row of days, and one that the run leaves out."""
    assert filled(text, DAYS.__getitem__) == expected


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_the_words_say_these_days_and_no_other(numbers: list[int]) -> None:
    """Read back, whatever the order and however often each is named."""
    text = filled(f"{{day: {', '.join(f's{number}' for number in numbers)}}}", lambda name: int(name[1:]))
    found = [int(number) for number in re.findall(r"\d\d", text)]
    said = range(found[0], found[-1] + 1) if " to " in text else found
    assert list(said) == sorted(set(numbers))
    assert text.startswith("days" if len(set(numbers)) > 1 else "day ")


@pytest.mark.parametrize("text", ["as on day 05.", "Days 07 to 09", "a\nday\n12", "(day 01's)"])
def test_a_number_is_refused_at_its_line(text: str) -> None:
    """Where a session is meant, its name is asked for; days that pass are counted as they are."""
    with pytest.raises(CourseError, match="name the session") as error:
        refuse_numbers(f"one\n{text}", file=Path("morning.py"), line=10)
    assert error.value.line == (12 if text.startswith("a\n") else 11)
    for harmless in ("on day 30", "after 10 days", "today 05", "birthday 05", "day 7"):
        refuse_references(harmless, file=Path("morning.py"), line=1)
    with pytest.raises(CourseError, match="only in prose"):
        refuse_references("# {day: 07_vaes}", file=Path("morning.py"), line=1)


def test_no_text_of_the_course_names_a_day_by_its_number() -> None:
    """Notebooks, exercises, slides, briefs, documents: after a change of plan each would be wrong."""
    texts = [path for kind in ("py", "typ", "md", "toml") for path in (ROOT / "course").rglob(f"*.{kind}")]
    texts += [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "src/dlmodule").rglob("*.html"),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
    ]
    assert len(texts) > 300
    for path in texts:
        if path.name != "ledger.toml":
            refuse_numbers(path.read_text("utf-8"), file=path, line=1)
