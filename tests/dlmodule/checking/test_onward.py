"""After a right answer the card says how much of the part is done and what comes next, in the order of the notebook."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dlmodule.checking import Case
from dlmodule.checking import key as keys
from dlmodule.checking.judge import Check
from dlmodule.checking.progress import Progress
from tests.dlmodule.checking.conftest import MakeKey


def double(x: int) -> int:
    return 2 * x


@pytest.fixture
def check(make_key: MakeKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """A session of two parts; the notebook's order is not that of the names."""
    parts = {"zero": "morning", "one": "morning", "two": "morning", "late": "afternoon"}
    made = [
        replace(make_key(double, [Case(3)], name=name), part=part, title=f"title of {name}")
        for name, part in parts.items()
    ]
    keys.save(tmp_path / "s.safetensors", made)
    monkeypatch.setenv("DLMODULE_KEYS", str(tmp_path))
    return Check("s", Progress(tmp_path / "progress.jsonl"))


def test_the_next_exercise_of_the_part_is_named(check: Check) -> None:
    """The first unsolved one after this, then those before it; another part does not count."""
    assert check("one", double).onward == "1 of 3 exercises of this part are right. Next: title of two."
    assert check("two", double).onward == "2 of 3 exercises of this part are right. Next: title of zero."
    assert check("zero", double).onward == "All 3 exercises of this part are right."
    assert check("late", double).onward == ""
    assert check("one", double).onward == "All 3 exercises of this part are right."


def test_the_card_and_the_terminal_say_it_and_a_wrong_answer_does_not(
    check: Check, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the words of the card, escaped."""
    said = check("zero", double)
    assert "Next: title of one." in said._repr_html_() and "Next: title of one." in str(said)
    wrong = check("one", abs)
    assert wrong.onward == "" and "Next:" not in wrong._repr_html_()
    assert "Next:" in capsys.readouterr().out
