"""What cost a class most: counted rightly, ordered by it, and without anybody being told apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from coursekit.commands.insights import command
from coursekit.errors import CourseError
from coursekit.marking.deciding import NOT_STARTED, RIGHT, TO_BE_MARKED, WRONG, ExerciseMark
from coursekit.marking.insights import Whereabouts, agenda, insights, read_exports, whereabouts
from coursekit.marking.marking import Marked


def marked(*statuses: str) -> list[Marked]:
    """A class in which each learner has one of ``statuses`` in `fit`, and all have `evaluate` right."""
    return [
        Marked(
            f"d{number}",
            (
                ExerciseMark("evaluate", RIGHT, 6, 6, 1, 1, ""),
                ExerciseMark("fit", status, {RIGHT: 8, WRONG: 4}.get(status, 0), 8, 0, 1, "", "kept_by_reference" if status == WRONG else ""),
                ExerciseMark("critic_step", WRONG, 0, 0, 0, 1, ""),
                ExerciseMark("D1", TO_BE_MARKED, 0, 6, 0, 0, ""),
            ),
        )
        for number, status in enumerate(statuses)
    ]  # fmt: skip


def attempt(exercise: str, status: str, mistake: str | None = None) -> dict[str, object]:
    """One attempt as a progress file holds it."""
    return {"exercise": exercise, "status": status, "mistake": mistake, "at": "2022-12-01T10:00:00+00:00"}


def test_marks_are_counted_by_exercise() -> None:
    """The share lost, who did not start, and a mistake that three made; what counts for nothing or waits is left out."""
    found = insights({"coursework_2": marked(WRONG, WRONG, WRONG, RIGHT, NOT_STARTED)}, [])
    assert [insight.exercise for insight in found] == ["coursework_2.fit", "coursework_2.evaluate"]
    fit = found[0]
    assert (fit.learners, fit.not_started, fit.mistakes) == (5, 1, [("kept_by_reference", 3)])
    assert fit.lost == pytest.approx(1 - (3 * 4 + 8) / 40)
    assert found[1].lost == 0


def test_attempts_are_counted_until_the_first_right_one() -> None:
    """Two solved it in one and three attempts, one gave up after two: two on average; a mistake counts once a learner."""
    name = "05_cnns_1.output_size"
    wrong, right = attempt(name, "wrong", "rounded_up"), attempt(name, "right")
    found = insights({}, [[right, wrong], [wrong, wrong, right], [wrong, wrong]])
    assert [(i.tried, i.solved, i.attempts, i.mistakes) for i in found] == [(3, 2, 2.0, [("rounded_up", 3)])]


def test_nobody_is_told_apart() -> None:
    """An exercise or a mistake of fewer than three learners is left out."""
    assert insights({"coursework_2": marked(WRONG, WRONG)}, []) == []
    (fit, _) = insights({"coursework_2": marked(WRONG, WRONG, RIGHT)}, [])
    assert fit.mistakes == []


def test_the_agenda_says_what_was_asked_and_what_cost_most() -> None:
    """Requests with how often, then the exercises with the sentence of the check."""
    found = insights({"coursework_2": marked(WRONG, WRONG, WRONG)}, [])
    text = agenda(
        found,
        {"coursework_2.fit": "keep the best epoch"},
        {"coursework_2.fit.kept_by_reference": "They go on changing."},
        ["attention  again", "attention again", ""],
    )
    assert "- attention again (2 times)" in text
    assert text.index("### keep the best epoch") < text.index("`coursework_2.evaluate`")
    assert "50% of the marks were lost" in text and "- 3 learners: They go on changing." in text


def test_exports_are_read_and_others_refused(tmp_path: Path) -> None:
    """A file for each learner; one that is no export is named."""
    (tmp_path / "a.json").write_text(
        json.dumps({"format": "dlmodule-progress-1", "attempts": [attempt("s.e", "right")]})
    )
    assert [len(each) for each in read_exports(tmp_path)] == [1]
    sealed = {"exercise": "coursework_1", "status": "sealed", "at": "2022-12-12T10:00:00+00:00", "receipt": "ab"}
    (tmp_path / "a.json").write_text(json.dumps({"attempts": [attempt("s.e", "right"), sealed]}))
    assert [len(each) for each in read_exports(tmp_path)] == [1]  # a receipt is no attempt at an exercise
    for content in ("{", "[]", '{"attempts": [1]}', '{"attempts": {"a": 1}}'):
        (tmp_path / "b.json").write_text(content)
        with pytest.raises(CourseError, match=r"b\.json.*no progress"):
            read_exports(tmp_path)


def test_who_is_where_is_read_from_what_learners_sent(tmp_path: Path) -> None:
    """Each exercise counts once, right if it ever was; the last is the latest in time, not in the file."""
    late = {**attempt("05_cnns_1.fit", "wrong"), "at": "2022-12-02T10:00:00+00:00"}
    tries = [
        late,
        attempt("01_tiny.double", "wrong"),
        attempt("01_tiny.double", "right"),
        attempt("01_tiny.double", "wrong"),
    ]
    (tmp_path / "ada.json").write_text(json.dumps({"attempts": tries}), "utf-8")
    (tmp_path / "bob.json").write_text(json.dumps({"attempts": []}), "utf-8")
    assert whereabouts(tmp_path) == [Whereabouts("ada", 2, 1, "05_cnns_1.fit"), Whereabouts("bob", 0, 0, "-")]
    (tmp_path / "bob.json").write_text("[]", "utf-8")
    with pytest.raises(CourseError, match="is no progress"):
        whereabouts(tmp_path)


def test_the_command_says_who_is_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only when asked: the usual summary names nobody."""
    (tmp_path / "course").mkdir()
    (tmp_path / "course/syllabus.toml").touch()
    (tmp_path / "sent").mkdir()
    (tmp_path / "sent/ada.json").write_text(json.dumps({"attempts": [attempt("01_tiny.double", "right")]}), "utf-8")
    monkeypatch.setenv("DLMODULE_COURSE", str(tmp_path))
    asked = CliRunner().invoke(command, ["--attempts", str(tmp_path / "sent"), "--learners"])
    assert "ada: 1 of 1 solved, last 01_tiny.double" in asked.output, asked.exception
    assert "ada" not in CliRunner().invoke(command, ["--attempts", str(tmp_path / "sent")]).output
    assert CliRunner().invoke(command, ["--learners"]).exit_code == 2
