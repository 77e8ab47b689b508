"""The syllabus as a file: right facts are read, wrong ones are named with their line."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.schedule.syllabus import load
from coursekit.schedule.toml_lines import line_of
from tests.coursekit.reference_course import ROOT, TABLE

PATH = ROOT / "course" / "syllabus.toml"
TEXT = PATH.read_text(encoding="utf-8")


def test_the_days_are_those_of_the_lecture_table() -> None:
    """Dates, folders, sessions and parts agree with the table written down by hand."""
    read = [
        (row.date.isoformat(), row.folder, row.session, part.part, part.notebook)
        for row in load(PATH).day
        for part in row.parts
    ]
    assert sorted(read) == sorted((*row[:4], bool(row[4])) for row in TABLE)


def test_the_other_facts_are_there() -> None:
    """Fifteen days in three weeks, nine in the team, nine primers, two equal courseworks, 25 notebooks."""
    facts = load(PATH)
    assert sorted({row.day for row in facts.day}) == list(range(1, 16))
    assert (len(facts.contents), len(facts.team), len(facts.primer)) == (10, 9, 9)
    assert [item.weight for item in facts.assessment] == [0.5, 0.5]
    assert sum(part.notebook for row in facts.day for part in row.parts) == 25
    assert facts.team[0].role == "module coordinator"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('title = "CNNs part I"', 'date = "soon"\ntitle = "CNNs part I"', "day[5].date"),
        ('title = "CNNs part I"', 'date = 2022-11-25\ntitle = "CNNs part I"', "day[5].date"),
        ('folder = "05_CNNs_part_I"', 'folder = "04_RECAP_ml_concepts"', "day[5].folder"),
        ('{ part = "morning", kind = "lecture", minutes = 90,', '{ part = "night", kind = "x",', "parts[1].part"),
        ("minutes = 90,", "minutes = 190,", "parts[1].minutes"),
        ('solutions = "afternoon"', "solutions = 09:30:00", "parts[1].solutions"),
        ('timezone = "Europe/London"', 'timezone = "Europe/Atlantis"', "timezone"),
        ("weight = 0.5", "weight = 0.75", "assessment"),
        ('due = { session = "11_nlp", time = 20:00:00 }', 'due = { session = "09_diffusion", time = 20:00:00 }', "assessment[1].due"),
        ('doi = "10.1038/nature14539"', 'doi = "nature14539"', "reference[2].doi"),
        ('branch = "main"', 'twig = "main"', "repository"),
    ],
)  # fmt: skip
def test_an_error_names_file_line_and_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    """One line each: where it is, which field, what is wrong."""
    path = tmp_path / "syllabus.toml"
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CourseError) as caught:
        load(path)
    message, line = str(caught.value), caught.value.line
    assert message.startswith(f"{path}:{line}: ") and "\n" not in message
    assert field in message
    # A key that is missing and a sum that is wrong stand on no line of their own.
    assert field in ("assessment", "repository") or line == text.count("\n", 0, text.index(new)) + 1


def test_text_that_is_not_toml_is_an_error_at_its_line(tmp_path: Path) -> None:
    """tomllib's line is the error's line."""
    path = tmp_path / "syllabus.toml"
    path.write_text('title = "x"\nlevel = MSc\n', encoding="utf-8")
    with pytest.raises(CourseError) as caught:
        load(path)
    assert caught.value.line == 2
    with pytest.raises(CourseError, match="cannot be read"):
        load(tmp_path / "none.toml")


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path in parsed TOML."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, item in pairs for deeper in _paths(item, (*path, key)))]


def test_every_value_of_the_syllabus_is_found_on_its_line() -> None:
    """The text of the line holds the key, for every path that tomllib reads."""
    lines = TEXT.split("\n")
    for path in _paths(tomllib.loads(TEXT))[1:]:
        name = next(key for key in reversed(path) if isinstance(key, str))
        line = lines[line_of(TEXT, path) - 1]
        assert name in line or line.strip().startswith(("{", '"')), (path, line)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=6), st.text("ab#'[]{}=,\n", max_size=8))
def test_the_reader_of_lines_follows_any_layout(layout: list[tuple[int, int]], noise: str) -> None:
    """Blank lines, comments, nesting and brackets inside strings move no value."""
    text, expected = "", {}
    for index, (blanks, kind) in enumerate(layout):
        text += "\n" * blanks + "# = [ {\n" * (blanks % 2)
        line = text.count("\n") + 1
        quoted = '"""' + noise + '"""'
        if kind == 0:
            text += f"key{index} = {quoted} # ] }}\n"
            expected[(f"key{index}",)] = line
        elif kind == 1:
            text += f"key{index} = [ # [\n 1,\n {{ a = {quoted}, b = 2 }} ]\n"
            expected[(f"key{index}", 0)] = line + 1
            expected[(f"key{index}", 1, "b")] = line + 2 + noise.count("\n")
        else:
            text += f"key{index}.'x y' = 2022-12-02 08:00:00\n"
            expected[(f"key{index}", "x y")] = line
    tomllib.loads(text)
    assert {path: line_of(text, path) for path in expected} == expected
