"""What a class receives speaks to learners: no `make`, and no command that their `course` does not have."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coursekit.cli import COMMANDS
from coursekit.project import Project, find_parts
from coursekit.publish import brief
from coursekit.publish.release_pages import GUIDE, readme, released_course
from coursekit.publish.slides import find_decks
from coursekit.schedule.course_table import course_table
from coursekit.schedule.syllabus import syllabus_of
from coursekit.sources.source import source_of
from dlmodule.__main__ import course as learners_course

PROJECT = Project(Path(__file__).parents[2])
LATER = datetime(2100, 1, 1, tzinfo=UTC)
TEAMS = "|".join(sorted(COMMANDS.keys() - learners_course.commands.keys()))
# In prose "the course builds" is English; a command stands in backticks, at the beginning of a line, or behind a path.
COMMAND = re.compile(
    rf"(?:`|^\s*[$!]?\s*|/|\\n)course (?:{TEAMS})\b|`make\b|^\s*make [a-z]+$|\bmake (?:course|test|install)\b", re.M
)
# Its text is part of every key's digest: a word changed there records all keys anew.
RECORDED = PROJECT.root / "src/dlmodule/checking/serialise.py"


def test_the_pattern_finds_what_it_is_for() -> None:
    """The team's README and guide are full of such commands; what a learner has is none of them."""
    for name in ("README.md", "docs/teach_the_course.md"):
        assert len(COMMAND.findall((PROJECT.root / name).read_text("utf-8"))) > 5
    assert not COMMAND.findall("`course open`, `course submit coursework_1`, and you make a model")
    assert "build" in TEAMS and "open" not in TEAMS.split("|")


def test_the_pages_of_a_release() -> None:
    """README with its lecture table, the guide for learners, and the briefs of the courseworks."""
    syllabus = syllabus_of(PROJECT)
    known = course_table(PROJECT).as_of(LATER)
    pages = [readme(released_course(known, syllabus), guide=True), (PROJECT.root / GUIDE).read_text("utf-8")]
    pages += [brief.page(PROJECT, item.id) for item in syllabus.assessment]
    assert (
        "git pull" in pages[0]
        and ".venv/bin/course open" in pages[0]
        and "All times are those of Europe/London" in pages[0]
    )
    assert "course submit coursework_1" in pages[0] and "*CPU*" in pages[0]
    assert [COMMAND.findall(page) for page in pages] == [[]] * len(pages)


@pytest.mark.parametrize("part", find_parts(PROJECT), ids=lambda part: part.id)
def test_the_notebooks(part: object) -> None:
    """Text and code, solutions included."""
    source = source_of(PROJECT, part.session, part.name)  # type: ignore[attr-defined]
    found = [(cell.line, word) for cell in source.cells for word in COMMAND.findall(cell.text)]
    assert found == []


def test_the_slides() -> None:
    """The text of every deck, with its notes."""
    found = [(deck.id, COMMAND.findall(deck.path.read_text("utf-8"))) for deck in find_decks(PROJECT)]
    assert found and not [each for each in found if each[1]]


def test_what_the_package_says_to_a_learner() -> None:
    """Every text in the code but docstrings. What the team is told where its package is installed stands in one place."""
    found = []
    for path in sorted((PROJECT.root / "src/dlmodule").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        if path != RECORDED:
            found += [(path.name, n.value) for n in texts if id(n) not in docstrings and COMMAND.search(n.value)]
    assert found == [("advice.py", "run `course build`")]
    pages = [path.read_text("utf-8") for path in (PROJECT.root / "src/dlmodule").rglob("*.html")]
    assert pages and not [page for page in pages if COMMAND.search(page)]
