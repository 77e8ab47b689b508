"""The revision notebook's tool: an agenda of what was recorded, answers that count once, and a confidence that is measured."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from dlmodule.checking.key import save
from dlmodule.checking.progress import Progress
from dlmodule.errors import DLModuleError
from dlmodule.home.resume import statuses
from dlmodule.open.attempts import export_attempts, import_attempts
from dlmodule.revision.notebook import Answer, Revision, binned, brier
from tests.dlmodule.open import reference_run

matplotlib.use("Agg")
NOW = datetime(2022, 12, 16, 9, tzinfo=UTC)
ITEMS = [
    ("01_a.neuron", "Exercise 1.1", 5),
    ("01_a.morning.question_1", "Question 1.1", 2),
    ("02_b.outer", "Exercise 2.1", 3),
]


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The morning of the exam, until a test says otherwise."""
    return Clock()


@pytest.fixture
def revision(tmp_path: Path, clock: Clock) -> Revision:
    """A revision with an empty record."""
    return Revision("15_revision.morning", Progress(tmp_path / "progress.jsonl"), clock)


def test_the_agenda_shows_one_item_of_each_day_first_and_then_what_went_wrong(
    revision: Revision, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """By lines of text where no notebook runs."""
    revision.agenda(*ITEMS)
    first = capsys.readouterr().out.splitlines()
    assert first == [
        "1. Exercise 1.1 (day 01, 5 min): not tried yet",
        "2. Exercise 2.1 (day 02, 3 min): not tried yet",
        "3. Question 1.1 (day 01, 2 min): not tried yet",
    ]
    clock.now = NOW - timedelta(days=3)
    revision.answered("01_a.morning.question_1", sure=0.9, right=False)
    clock.now = NOW
    capsys.readouterr()
    revision.agenda(*ITEMS, shown=1)
    assert capsys.readouterr().out == "1. Question 1.1 (day 01, 2 min): not right yet, last tried 3 days ago\n"


def test_nothing_is_recorded_until_both_are_filled_in(revision: Revision, capsys: pytest.CaptureFixture[str]) -> None:
    """An untouched cell says what to do; a wrong value is one clear line, and is not kept."""
    revision.answered("01_a.morning.question_1", sure=None, right=None)
    revision.answered("01_a.morning.question_1", sure=0.7, right=None)
    assert capsys.readouterr().out.count("Fill in sure") == 2
    wrong: list[dict[str, Any]] = [
        {"sure": 70, "right": True},
        {"sure": "0.7", "right": True},
        {"sure": True, "right": True},
    ]
    for values in [
        *wrong,
        {"sure": float("nan"), "right": True},
        {"sure": 0.5, "right": "yes"},
        {"sure": 0.5, "right": 1},
    ]:
        with pytest.raises(DLModuleError):
            revision.answered("01_a.morning.question_1", **values)
    assert revision.answers() == []
    revision.reliability()
    assert "No question is answered yet" in capsys.readouterr().out


def test_answers_are_attempts_that_an_export_carries_and_the_home_reads(revision: Revision, tmp_path: Path) -> None:
    """The confidence stands beside them; the home counts no exercise for a question."""
    revision.answered("01_a.morning.question_1", sure=0.75, right=True)
    there = tmp_path / "there.jsonl"
    import_attempts(there, export_attempts(tmp_path / "progress.jsonl").encode())
    copied = Progress(there).load()
    assert copied == [
        {
            "exercise": "01_a.morning.question_1",
            "status": "right",
            "at": "2022-12-16T09:00:00+00:00",
            "sure": 0.75,
            "part": "15_revision.morning",
        }
    ]
    assert Revision("15_revision.morning", Progress(there)).answers() == [Answer(0.75, True)]
    assert statuses(copied) == {"01_a.morning.question_1": "right"}


def test_an_exercise_is_judged_by_its_own_days_check(
    revision: Revision, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under its own id, with the notebook it was asked in beside it; an untouched stub is no attempt that counts."""
    (tmp_path / "keys").mkdir()
    save(tmp_path / "keys" / "05_cnns_1.safetensors", [reference_run.key()])
    monkeypatch.setenv("DLMODULE_KEYS", str(tmp_path / "keys"))
    statuses_found = [revision.check("05_cnns_1.edge_kernels", answer).status for answer in (..., 14, 15)]
    assert statuses_found == ["not started", "wrong", "right"]
    attempts = Progress(tmp_path / "progress.jsonl").load()
    assert {attempt["exercise"] for attempt in attempts} == {"05_cnns_1.edge_kernels"}
    assert {attempt["part"] for attempt in attempts} == {"15_revision.morning"}
    assert statuses(attempts) == {"05_cnns_1.edge_kernels": "right"}
    assert "Right" in capsys.readouterr().out


def test_running_the_notebook_again_counts_an_answer_once(
    revision: Revision, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last answer to each question is the one that counts."""
    for sure, right in ((0.9, False), (0.9, False), (0.5, True)):
        revision.answered("01_a.morning.question_1", sure=sure, right=right)
    revision.answered("02_b.morning.question_1", sure=1, right=True)
    assert revision.answers() == [Answer(0.5, True), Answer(1.0, True)]
    capsys.readouterr()
    revision.reliability()
    assert "2 questions: right 100%, on average 75% sure, Brier score 0.125" in capsys.readouterr().out


answers = st.lists(st.builds(Answer, st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


@given(answers)
def test_the_brier_score_is_scikit_learns(given_answers: list[Answer]) -> None:
    """Confidence is the probability of being right."""
    expected = brier_score_loss([a.right for a in given_answers], [a.sure for a in given_answers], pos_label=True)
    assert brier(given_answers) == pytest.approx(expected)


@given(answers)
def test_the_fifths_of_the_diagram_hold_every_answer_once(given_answers: list[Answer]) -> None:
    """Weighted by how many they hold, the points give the mean confidence and the share right."""
    points = binned(given_answers)
    count = sum(several for _, _, several in points)
    assert count == len(given_answers) and len(points) <= 5
    mean_sure = sum(sure * several for sure, _, several in points) / count
    assert mean_sure == pytest.approx(sum(a.sure for a in given_answers) / count)
    assert sum(right * several for _, right, several in points) == pytest.approx(sum(a.right for a in given_answers))
