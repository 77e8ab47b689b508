"""Planted bugs: the learner begins from the solution with all of them in it, and nothing else is changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.exercises.loading import load_whole
from coursekit.project import Project
from coursekit.sources.source import parse
from coursekit.sources.student import student_definition
from tests.coursekit.conftest import EXERCISES, MORNING, write_course

PLANTED = (
    re.sub(r'starter="""\n.*?""",', "", EXERCISES["find_the_bug"], flags=re.DOTALL)
    + """
exercise.bug("too_many", "len(numbers)", "(len(numbers) + 1)", "You divide by one too many.")
exercise.bug("one_short", "sum(numbers)", "sum(numbers[1:])", "The first is left out.", left="a number is missing")
exercise.bug("sign", "return ", "return -", "The sign is wrong.")
exercise.edit("twice_wrong", ("sum(", "/ len"), ("max(", "/ 2 / len"), "Two places.")
exercise.variant("with_a_float", "len(numbers)", "float(len(numbers))")
"""
)


def planted(tmp_path: Path, text: str = PLANTED) -> Project:
    return write_course(tmp_path, exercises={**EXERCISES, "find_the_bug": text})


def test_the_starter_has_every_bug_and_no_marker(tmp_path: Path) -> None:
    """Docstring and all else stand as they are."""
    source = parse(planted(tmp_path).course / "01_tiny" / "morning.py")
    assert student_definition(source, "find_the_bug") == (
        'def find_the_bug(numbers: list[float]) -> float:\n    """The mean of numbers."""\n'
        "    return -sum(numbers[1:]) / (len(numbers) + 1)"
    )


def test_each_bug_and_each_combination_is_a_mistake(tmp_path: Path) -> None:
    """Three bugs make three single mistakes and three pairs before the author's own; all three together are the starter."""
    loaded = load_whole(planted(tmp_path), "01_tiny", "find_the_bug")
    made = {mistake.name: mistake.sentence for mistake in loaded.mistakes[:6]}
    assert made == {
        "too_many": "You divide by one too many.",
        "one_short": "The first is left out.",
        "sign": "The sign is wrong.",
        "too_many_and_one_short": "Two bugs are left: too many, and a number is missing.",
        "too_many_and_sign": "Two bugs are left: too many, and sign.",
        "one_short_and_sign": "Two bugs are left: a number is missing, and sign.",
    }
    assert [mistake.candidate([1.0, 2.0]) for mistake in loaded.mistakes[:6]] == [1.0, 1.0, -1.5, 2 / 3, -1.0, -1.0]
    assert [mistake.name for mistake in loaded.mistakes[6:]] == ["one_less", "summed", "largest", "twice_wrong"]
    assert loaded.mistakes[-1].candidate([1.0, 2.0]) == 0.5
    assert loaded.stub([1.0, 2.0]) == -2 / 3
    assert loaded.solution([1.0, 2.0]) == 1.5
    variant = loaded.alternatives[-1]
    assert (variant.name, variant.candidate([1.0, 2.0])) == ("with_a_float", 1.5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"sum(numbers)", "sum(numbers[1:])"', '"max(numbers)", "sum"', r"'max\(numbers\)' occurs 0 times in the solution"),
        ('"len(numbers)", "(len', '"numbers)", "(len', r"'numbers\)' occurs 2 times in the solution"),
        ('"return ", "return -"', '"numbers) / len", "2"', "changed by a bug before it"),
        ('"return ", "return -"', 'OLD, "return -"', r"find_the_bug.py:\d+: write exercise.bug\(name, right, wrong, sentence\)"),
        (', "The sign is wrong."', "", r"find_the_bug.py:\d+: bug 'sign' lacks its sentence"),
        ("minutes=5,", 'minutes=5, starter="x",', r"find_the_bug.py:\d+: an exercise has a starter or bugs, not both"),
    ],
)  # fmt: skip
def test_a_bug_that_does_not_fit_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Its text must occur once in the solution, be written out, and stand in the place of a starter."""
    assert old in PLANTED
    with pytest.raises(CourseError, match=message):
        student_definition(
            parse(planted(tmp_path, PLANTED.replace(old, new)).course / "01_tiny" / "morning.py"), "find_the_bug"
        )


def test_morning_holds_the_solution_once() -> None:
    """The tests above rest on it."""
    assert MORNING.count("sum(numbers) / len(numbers)") == 1
