"""``course mock``: a learner's own notebook, marked by the real marker, with the marking shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from coursekit.commands import mock
from coursekit.errors import CourseError
from dlmodule.checking import key
from tests.coursekit.marking.assessment import SESSION, SOLUTIONS, WRONG, cells, keys, notebook

CHECKS = [f'revision.check("{SESSION}.{name}", {name})' for name in SOLUTIONS]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder, with the keys of a session."""
    key.save(tmp_path / "keys" / f"{SESSION}.safetensors", keys())
    monkeypatch.setenv("DLMODULE_KEYS", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_marking_is_shown(folder: Path) -> None:
    """Each task has its minutes as marks; half of the cases give a quarter; the reason is told, in the terminal and on the page."""
    (folder / "other.ipynb").write_bytes(notebook(cells()))
    mine = [*cells(windows=WRONG["windows"], mse=""), *CHECKS, *CHECKS, "revision.check(", "def broken("]
    (folder / "mine.ipynb").write_bytes(notebook(mine))
    done = CliRunner().invoke(mock.command, ["--page", "marking.html"], catch_exceptions=False)
    lines = done.stdout.splitlines()
    assert [line.split("  (")[0] for line in lines if " cases pass" in line] == [
        "softmax: 5 of 5", "mse: 0 of 5", "Block: 5 of 5", "descend: 5 of 5", "windows: 1.25 of 5",
    ]  # fmt: skip
    assert lines[-1].startswith("16.25 of 25 marks")
    assert "The notebook defines no `mse`." in done.stdout and "1 of 2 cases" in done.stdout
    page = (folder / "marking.html").read_text("utf-8")
    assert "<strong>65.0 %</strong>" in page and "The notebook defines no `mse`." in page
    told = [json.loads(line) for line in CliRunner().invoke(mock.command, ["mine.ipynb", "--json"]).stdout.splitlines()]
    assert [mark["marks"] for mark in told] == [5, 0, 5, 5, 1.25]


def test_what_cannot_be_marked_is_one_line(folder: Path) -> None:
    """No notebook, no mock, two of them, a damaged file, an exercise that nobody knows, a session that is not here."""

    def fails(words: str, *arguments: str) -> None:
        with pytest.raises(CourseError, match=words):
            CliRunner().invoke(mock.command, arguments, catch_exceptions=False)

    fails("no mock in")
    fails("No such file", "gone.ipynb")
    (folder / "a.ipynb").write_bytes(notebook(cells()))
    fails("is no mock", "a.ipynb")
    (folder / "a.ipynb").write_bytes(b"{")
    fails(r"a\.ipynb.*not a Jupyter notebook", "a.ipynb")
    (folder / "a.ipynb").write_bytes(notebook([f'revision.check("{SESSION}.nothing", 1)']))
    fails("has no case of it")
    (folder / "b.ipynb").write_bytes(notebook(['revision.check("../keys.x", 1)']))
    fails("2 notebooks")
    fails("is not on this computer", "b.ipynb")


def test_elsewhere_than_on_linux_it_says_who_marks_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, before anything of the sandbox is imported."""
    monkeypatch.setattr(mock.sys, "platform", "win32")
    with pytest.raises(CourseError, match="give the notebook to the team"):
        CliRunner().invoke(mock.command, [], catch_exceptions=False)
