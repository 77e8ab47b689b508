"""Day 15 asks about every day that has a source, gives no answer away, and says only figures that can be computed again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import brier_score_loss

from coursekit.exercises.leaks import find, secret_lines
from coursekit.marking import mock
from coursekit.project import Project, find_parts
from coursekit.sources.percent import read
from coursekit.sources.regions import solution_text
from coursekit.sources.revision import assembled
from coursekit.sources.student import student_code
from dlmodule.revision.memory import memories
from tests.course.submissions import notebook

PROJECT = Project(Path(__file__).parents[2])
EARLIER = sorted({part.session for part in find_parts(PROJECT) if part.session < "15" and part.session[:2].isdigit()})
MOCK = assembled(PROJECT, "15_revision", "morning")
COLLEAGUE = re.compile(r"```python\n((?:@[^\n]*\n)?def .*?)```", re.DOTALL)  # a text's other code is no function
TEXT = "\n".join(cell.text for cell in read(PROJECT.source("15_revision", "morning")).cells)


@pytest.mark.parametrize("session", EARLIER)
def test_every_day_is_asked_about(session: str) -> None:
    """At least one question and one exercise of each session with a source."""
    mine = [item for item in assembled(PROJECT, "15_revision", "morning").revised if item.id.split(".")[0] == session]
    assert any(item.exercise for item in mine) and any(not item.exercise for item in mine)


def test_the_student_version_holds_no_line_of_a_solution() -> None:
    """Of no session that it asks about."""
    shown = "\n".join(cell.text if cell.tree is None else student_code(MOCK, cell) for cell in MOCK.cells)
    for session in EARLIER:
        assert find(secret_lines(PROJECT, session), shown) == []


def test_names_that_two_days_bind_are_bound_again_before_they_are_used() -> None:
    """Each exercise is defined once, so that no later day replaces an earlier answer."""
    names = [item.exercise.name for item in assembled(PROJECT, "15_revision", "morning").revised if item.exercise]
    assert len(names) == len(set(names))


def test_the_chances_that_the_text_says_are_the_models() -> None:
    """67 % without a second look, 78 % with one on day 1, 90 % with one on day 7."""
    start = datetime(2030, 3, 1, 8, tzinfo=UTC)
    for looks, said in (([0], 67), ([0, 1], 78), ([0, 7], 90)):
        record = [
            {"exercise": "x", "status": "right", "at": (start + timedelta(days=day)).isoformat()} for day in looks
        ]
        assert round(100 * memories(record, at=start + timedelta(days=30))["x"].recall) == said
    assert "90 % against 78 %" in TEXT


def test_the_share_of_test_windows_with_a_neighbour_in_training() -> None:
    """Drawn at random a fifth at a time: 96 of 100 test windows have at least one neighbour that is trained on."""
    chance = np.random.default_rng(0)
    test = chance.random(200_000) < 0.2
    inner = test[1:-1]
    either = ~test[:-2] | ~test[2:]
    assert either[inner].mean() == pytest.approx(0.96, abs=0.005) and "1-0.2^2=96" in TEXT


def test_the_worked_numbers_of_the_brier_score_and_of_chance() -> None:
    """0.185 for two answers; fewer than seven of ten right, one time in eight."""
    assert brier_score_loss([1, 0], [0.9, 0.6]) == pytest.approx(0.185)
    assert re.search(r"=0\.185\$", TEXT)
    assert binom.cdf(6, 10, 0.8) == pytest.approx(1 / 8, abs=0.005) and "One time in eight, fewer than seven" in TEXT


def mock_marks(folder: Path, definitions: Mapping[str, str]) -> dict[str, float]:
    """The shares of marks that the real marker gives the mock with its solutions, but for ``definitions``."""
    cells = [
        ("markdown", cell.text) if cell.tree is None else ("code", solution_text(cell.text)) for cell in MOCK.cells
    ]
    for name, definition in definitions.items():
        start = re.compile(rf"^def {name}\(.*", re.DOTALL | re.MULTILINE)
        cells = [
            (kind, text[: found.start()] + definition if (found := start.search(text)) and kind == "code" else text)
            for kind, text in cells
        ]
    (folder / "mock.ipynb").write_bytes(notebook(cells))
    _, marked = mock.marked(folder / "mock.ipynb")
    return {mark.exercise: mark.marks / mark.of for mark in marked.exercises}


def test_the_mocks_colleague_is_wrong_and_the_solutions_have_all_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marked as the text promises: 41 for the solutions; each of the three functions as the colleague left it loses marks, and no other does."""
    monkeypatch.setenv("DLMODULE_KEYS", str(PROJECT.keys))
    given = {
        re.findall(r"def (\w+)", code)[0]: code
        for cell in MOCK.cells
        if cell.tree is None
        for code in COLLEAGUE.findall(cell.text)
    }
    assert list(given) == ["standardise", "evaluate", "early_stopping"]
    right = mock_marks(tmp_path, {})
    assert set(right) == {*given, "ConvBlock", "DenseBlock"} and set(right.values()) == {1.0}
    for name, share in mock_marks(tmp_path, given).items():
        assert (share < 1) == (name in given), name


def test_the_mocks_marks_are_minutes() -> None:
    """41 in all, as the text says."""
    minutes = {item.id.split(".")[1]: item.minutes for item in MOCK.revised if item.exercise}
    assert sum(minutes[name] for name in ("standardise", "evaluate", "early_stopping", "ConvBlock", "DenseBlock")) == 41
    assert "41 marks" in TEXT
