"""A learner's page says what was found, in words that no learner's or marker's text can turn into anything else."""

from __future__ import annotations

from decimal import Decimal

from coursekit.marking.deciding import MARKED, RIGHT, TO_BE_MARKED, WRONG, ExerciseMark
from coursekit.marking.feedback import Feedback, page
from coursekit.marking.marking import Marked

EVIL = "<script>alert(1)</script>"
MARKS = (
    ExerciseMark("softmax", RIGHT, 4, 4, 2, 2, "Right on all 2 cases."),
    ExerciseMark("fit", WRONG, 3, 6, 1, 2, f"It stops with {EVIL}"),
    ExerciseMark("critic_step", WRONG, 0, 0, 0, 2, "Your other choice counts."),
    ExerciseMark("D1", MARKED, 2.5, 4, 0, 0, f"Well seen. {EVIL}"),
    ExerciseMark("D2", TO_BE_MARKED, 0, 4, 0, 0, "", answer="abc"),
)


def feedback(**changes: object) -> Feedback:
    """Feedback for a learner with a name that means harm."""
    marked = Marked("d1ge57", MARKS)
    facts = {
        "learner": EVIL,
        "title": "Coursework 9",
        "marked": marked,
        "titles": {"fit": "keep the best"},
        "percent": Decimal("52.8"),
    }
    return Feedback(**{**facts, **changes})  # type: ignore[arg-type]


def test_the_page_says_marks_reasons_comments_and_the_receipt() -> None:
    """All of it, escaped; what counts for nothing is left out; an answer that waits is told."""
    text = page(feedback(why="late by 0 h 05 min: at most 50"))
    for words in (
        "52.8 %",
        "9.5 of 18 marks",
        "late by 0 h 05 min",
        "d1ge57",
        "fit: keep the best",
        "Well seen.",
        "1 of your answers in words is not marked",
    ):
        assert words in text
    assert EVIL not in text and "&lt;script&gt;" in text
    assert "critic_step" not in text


def test_a_small_class_shows_no_distribution() -> None:
    """Below ten learners one could tell who is who."""
    few, many = [Decimal(n) for n in range(0, 90, 10)], [Decimal(n) for n in range(0, 101, 10)]
    assert "<svg" not in page(feedback(of_class=few))
    shown = page(feedback(of_class=many))
    assert "2 from 90" in shown and shown.count("#D55E00") == 1
