"""A learner who skips an exercise runs the rest: lent the course's own where its solution is out, told what is needed where not."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dlmodule.skipping import STUB
from dlmodule.skipping.cells import Skipping, is_unwritten

REFUSE = f'raise NotImplementedError("{STUB}")'
EXERCISES = ("double", "weights", "Scale", "quadruple")
GIVEN = f"def double(x):\n    {REFUSE}"
SOLVED = "FACTOR_OF_TWO = 2\n\n\ndef double(x):\n    return FACTOR_OF_TWO * x"
# (id, student version, solutions) of each code cell
CELLS = [
    ("double", GIVEN, SOLVED),
    ("weights", "weights = ...  # your code here", "weights = [1, 2, 3]"),
    (
        "scale",
        f"class Scale:\n    def __init__(self, by):\n        {REFUSE}\n\n    def __call__(self, x):\n        {REFUSE}",
        "class Scale:\n    def __init__(self, by):\n        self.by = by\n\n    def __call__(self, x):\n        return self.by * double(x)",
    ),
    ("quadruple", f"def quadruple(x):\n    {REFUSE}", "def quadruple(x):\n    return double(double(x))"),
]


class Checked:
    """Stands for a notebook's ``check``: remembers whether what it was given was written."""

    def __init__(self) -> None:
        self.given: list[bool] = []

    def __call__(self, answer: Any) -> None:
        self.given.append(not is_unwritten(answer))


def write_course(folder: Path, solutions_at: datetime | None) -> None:
    """A built course of one part with the two notebooks."""
    book = folder / "build" / "notebooks" / "s"
    book.mkdir(parents=True)
    for version, column in (("student", 1), ("solutions", 2)):
        cells: list[dict[str, Any]] = []
        for number, cell in enumerate(CELLS, start=1):
            cells.append(
                {"cell_type": "markdown", "id": f"h{number}", "source": [f"### Exercise 5.{number}: {cell[0]}\n"]}
            )
            cells.append({"cell_type": "code", "id": cell[0], "source": cell[column].splitlines(keepends=True)})
        (book / f"{version}.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    part = {
        "part": "morning", "student": "notebooks/s/student.ipynb", "solutions": "notebooks/s/solutions.ipynb",
        "release_at": "2022-01-01T08:00:00+00:00", "solutions_at": solutions_at and solutions_at.isoformat(),
        "exercises": [{"name": name, "title": name} for name in EXERCISES],
    }  # fmt: skip
    day = {"day": 1, "date": "2022-01-01", "title": "d", "session": "s", "parts": [part]}
    (folder / "build" / "course.json").write_text(
        json.dumps({"title": "t", "self_paced": solutions_at is None, "days": [day]})
    )


class Notebook:
    """A shell in which every cell of the student version has been run."""

    def __init__(self) -> None:
        self.shell = InteractiveShell()
        self.check = Checked()
        self.shell.user_ns["check"] = self.check
        Skipping(self.shell, "s", lambda value: isinstance(value, Checked)).begin()
        for _, given, _ in CELLS:
            assert self.run(given).success

    def run(self, code: str) -> Any:
        """Run one cell as a kernel does."""
        return self.shell.run_cell(code)

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]


@pytest.fixture
def lending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """Self-paced: every solution is out."""
    write_course(tmp_path, None)
    monkeypatch.setenv("DLMODULE_KEYS", str(tmp_path / "build" / "keys"))
    monkeypatch.delenv("DLMODULE_SELF_PACED", raising=False)
    yield Notebook()


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """A class before its solutions are out."""
    write_course(tmp_path, datetime.now(UTC) + timedelta(days=1))
    monkeypatch.setenv("DLMODULE_KEYS", str(tmp_path / "build" / "keys"))
    monkeypatch.delenv("DLMODULE_SELF_PACED", raising=False)
    yield Notebook()


@pytest.mark.parametrize(
    ("code", "result", "used"),
    [
        ("y = double(4)", 8, ["double"]),
        ("y = sum(weights)", 6, ["weights"]),
        ("y = quadruple(3)", 12, ["double", "quadruple"]),
        ("def thrice(x):\n    return double(x) + x\n\ny = thrice(2)", 6, ["double"]),
        ("y = [Scale(3)(w) for w in weights]", [6, 12, 18], ["Scale", "double", "weights"]),
    ],
)
def test_a_cell_is_lent_what_it_uses_and_the_stub_is_back_afterwards(
    lending: Notebook, capsys: pytest.CaptureFixture[str], code: str, result: object, used: list[str]
) -> None:
    """Directly, through a given function, or through another exercise; one line for each, with its number."""
    before = {name: lending[name] for name in EXERCISES}
    assert lending.run(code).success
    assert lending["y"] == result
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Using")]
    numbers = {name: number for number, name in enumerate(("double", "weights", "Scale", "quadruple"), start=1)}
    assert sorted(lines) == sorted(
        f"Using the course's `{name}` (exercise 5.{numbers[name]}): yours is not written yet." for name in used
    )
    assert {name: lending[name] for name in EXERCISES} == before


def test_what_was_made_with_a_lent_class_works_in_later_cells(lending: Notebook) -> None:
    """Its methods call exercises that are unwritten too."""
    assert lending.run("model = Scale(10)").success
    assert lending.run("y = model(1)").success
    assert lending["y"] == 20


def test_a_check_is_never_lent_an_answer(lending: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither alone nor beside other code in its cell."""
    lending.run("check(double)")
    lending.run("check(quadruple); y = 1")
    assert lending.check.given == [False, False]
    assert "Using" not in capsys.readouterr().out


def test_what_the_learner_wrote_is_used_right_or_wrong(lending: Notebook) -> None:
    """Also beneath a lent exercise that calls it."""
    lending.run("def double(x):\n    return x + 100")
    lending.run("y = quadruple(1)")
    assert lending["y"] == 201
    lending.run("def double(x):\n    return x / 0")
    assert isinstance(lending.run("y = double(1)").error_in_exec, ZeroDivisionError)


def test_the_source_of_what_is_lent_is_not_shown(lending: Notebook) -> None:
    """``inspect`` finds no line of it."""
    lending.run("import inspect\ntry:\n    y = inspect.getsource(double)\nexcept OSError:\n    y = None")
    assert lending["y"] is None


def test_a_helper_of_the_solution_does_not_replace_a_name_of_the_learner(lending: Notebook) -> None:
    """FACTOR_OF_TWO stands beside the solution; here the learner uses the name."""
    lending.run("FACTOR_OF_TWO = 'mine'")
    lending.run("y = 1 if double else 0")
    assert lending["FACTOR_OF_TWO"] == "mine"


@pytest.mark.parametrize(
    ("code", "needs"),
    [
        ("y = double(4)", "double` (exercise 5.1)"),
        ("y = sum(weights)", "weights` (exercise 5.2)"),
        ("y = Scale(3)", "Scale` (exercise 5.3)"),
        (
            "try:\n    y = double(1)\nexcept NotImplementedError as error:\n    raise ValueError from error",
            "double` (exercise 5.1)",
        ),
    ],
)
def test_before_the_solution_is_out_a_cell_says_what_it_needs_and_counts_as_run(
    waiting: Notebook, capsys: pytest.CaptureFixture[str], code: str, needs: str
) -> None:
    """One line, no traceback; what follows from it says the same."""
    assert waiting.run(code).success
    assert waiting.run("z = y + 1").success
    assert waiting.run("print(z)").success
    said = capsys.readouterr()
    assert said.out.splitlines() == [f"This cell needs `{needs}, which is not written yet. Go on with the next."] * 3
    assert said.err == ""


def test_any_other_error_is_shown_as_always(waiting: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the learner's own stays one, before and after a cell was skipped; what is bound anew is fine again."""
    waiting.run("y = double(4)")
    capsys.readouterr()
    for code, kind in (
        ("1 / 0", ZeroDivisionError),
        ("undefined", NameError),
        ("raise NotImplementedError('mine')", NotImplementedError),
    ):
        result = waiting.run(code)
        assert isinstance(result.error_in_exec, kind) and not result.success
        assert kind.__name__ in capsys.readouterr().out
    waiting.run("y = 5")
    assert isinstance(waiting.run("y / 0").error_in_exec, ZeroDivisionError)


def test_without_a_course_nothing_is_lent_and_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook far from its course, or beside a damaged one."""
    (tmp_path / "course.json").write_text("[" * 100_000)
    monkeypatch.setenv("DLMODULE_KEYS", str(tmp_path / "keys"))
    notebook = Notebook()
    assert notebook.run("y = double(4)").success
    assert notebook.run("y = 3").success and notebook["y"] == 3
