"""What a learner hands in as a file, in every form in which an editor or a notebook writes it."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.exercises.answer_file import answer_in, python_in

PROGRAM = 'SIGN = "é"\n\n\ndef relu(z):\n    return z.clamp(min=0), SIGN\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_is_read_in_the_encoding_of_its_editor(tmp_path: Path, encoding: str, newline: str) -> None:
    """UTF-8 with a mark or none, Windows's own encodings, and either end of line."""
    path = tmp_path / "answer.py"
    path.write_bytes(PROGRAM.replace("\n", newline).encode(encoding))
    with answer_in(path, "relu") as relu:
        assert relu.__globals__["SIGN"] == "é"


def test_a_notebook_is_read_with_its_magics(tmp_path: Path) -> None:
    """Line magics, shell commands, help and cells of other languages stand in no one's way; a timed cell is Python."""
    cells = [
        "%matplotlib inline\n!pip install x\nimport math",
        "%%bash\nls | wc",
        "%%time\ndef area(r):\n    %timeit r\n    return math.pi * r * r",
        "area?",
    ]
    notebook = {"cells": [{"cell_type": "code", "source": text.splitlines(keepends=True)} for text in cells]}
    path = tmp_path / "day.ipynb"
    path.write_text(json.dumps({**notebook, "nbformat": 4}))
    with answer_in(path, "area") as area:
        assert area(1) == pytest.approx(3.14159, abs=1e-5)


def test_lines_stand_where_they_stood(tmp_path: Path) -> None:
    """A line of a program keeps its number, whatever is made harmless before it."""
    path = tmp_path / "answer.py"
    path.write_text("%load_ext x\n!ls\nx = 1\n")
    assert python_in(path).split("\n")[2] == "x = 1"


def test_a_modulo_that_begins_a_line_is_no_magic(tmp_path: Path) -> None:
    """Valid Python is left as it is."""
    path = tmp_path / "answer.py"
    path.write_text("def half(n):\n    return (n\n        % 2)\n")
    with answer_in(path, "half") as half:
        assert half(3) == 1


def test_classes_of_a_file_are_those_of_a_module(tmp_path: Path) -> None:
    """A dataclass with postponed annotations is made, and what is pickled comes back; afterwards no module is left."""
    path = tmp_path / "answer.py"
    path.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n\n"
        "@dataclass\nclass Floor:\n    value: float = 0.0\n\n\nFLOOR = Floor(2.0)\n\n\ndef floor():\n    return FLOOR\n"
    )
    with answer_in(path, "floor") as floor:
        assert pickle.loads(pickle.dumps(floor())).value == 2.0
    assert "answer" not in sys.modules


def test_only_what_the_answer_needs_is_run(tmp_path: Path) -> None:
    """A training below the answer is not run."""
    path = tmp_path / "answer.py"
    path.write_text("def relu(z):\n    return z\n\n\nprint(1 / 0)\n")
    with answer_in(path, "relu") as relu:
        assert relu(1) == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def Relu(z):\n    return z\n", "defines no 'relu'; the closest it defines: Relu"),
        ("def relu(z)\n    return z\n", "not valid Python"),
        ("import numpy as np\n\n\nrelu = np.nothing\n", "stops with AttributeError"),
        ("raise SystemExit(3)\nrelu = 1 / 0\n", "stops with ZeroDivisionError"),
    ],
)
def test_what_a_file_lacks_is_said_in_one_line(tmp_path: Path, text: str, problem: str) -> None:
    """One line names what is wrong with the file."""
    path = tmp_path / "answer.py"
    path.write_text(text)
    with pytest.raises(CourseError, match=problem) as error, answer_in(path, "relu"):
        pass
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("body", "code"), [("z.clamp(min=0)", 0), ("z", 1)])
def test_the_exit_code_is_the_verdict_in_any_encoding(tmp_path: Path, body: str, code: int) -> None:
    """A terminal that lacks a sign of the card changes nothing of the verdict."""
    import torch

    from dlmodule.checking import Case
    from dlmodule.checking import key as keys
    from dlmodule.checking.collect.run import reference
    from dlmodule.checking.key import ExerciseKey
    from dlmodule.checking.probes import call

    def relu(z: torch.Tensor) -> torch.Tensor:
        return z.clamp(min=0)

    cases = [Case(torch.tensor([-1.0, 2.0])).named("zwei Zahlen → ü")]
    key = ExerciseKey(
        "01_day", "relu", "ReLU", "morning", "function", 1, 2, (), call(), cases, reference(relu, cases, call())
    )
    keys.save(tmp_path / "keys" / "01_day.safetensors", [key])
    (tmp_path / "answer.py").write_text(f"def relu(z):\n    return {body}\n")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "DLMODULE_KEYS": str(tmp_path / "keys")}
    program = "import sys; from coursekit.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "check", "01_day.relu", str(tmp_path / "answer.py")],
        capture_output=True,
        env=environment,
    )
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
