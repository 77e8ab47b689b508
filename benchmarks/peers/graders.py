"""The graders that `benchmarks/marking.py` is compared with: stock nbgrader and Otter-Grader, each in a virtual environment of its own.

They are no dependency of ours: `Peers` makes a temporary folder with `python -m venv` and pip, with the torch that is compared, and takes
it away again. (Otter gets nbgrader's setuptools: it still imports `pkg_resources`.) Both mark the very notebooks that `course mark`
marks, by tests that ask the same of an answer as our cases do.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ASSIGNMENT = "ps1"
NOTEBOOK = f"{ASSIGNMENT}.ipynb"
NEEDED = (f"torch=={importlib.metadata.version('torch').split('+')[0]}", "ipykernel")
PACKAGES = {"nbgrader": ("nbgrader",), "otter": ("otter-grader", "setuptools<81")}


class Peers:
    """Both graders, installed; ``with`` takes them away."""

    def __init__(self, tests: Mapping[str, Sequence[str]], cells: Mapping[str, str]) -> None:
        """tests: statements that fail for a wrong answer, by exercise; cells: the exercises' starting cells."""
        self._folder = Path(tempfile.mkdtemp(prefix="graders-"))
        self._tests, self._cells = tests, cells
        try:
            for name, packages in PACKAGES.items():
                self._install(name, packages)
            self._zip = self._otter_zip()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Peers:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self._folder)

    def versions(self) -> dict[str, str]:
        """What was installed."""
        asked = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]), 'torch', m.version('torch'))"
        return {
            name: subprocess.check_output([self._python(name), "-c", asked, packages[0]], text=True).strip()
            for name, packages in PACKAGES.items()
        }

    def nbgrader_course(self, name: str, submissions: Mapping[str, bytes]) -> list[str]:
        """A course of nbgrader's with these submissions, by learner; the command that marks all of them, to be run in its folder."""
        course = self._folder / name
        (course / "source" / ASSIGNMENT).mkdir(parents=True)
        # It waits no longer than 4 s for a cell's output, which an import of torch may take where the disk is cold.
        config = f"c = get_config()\nc.CourseDirectory.course_id = {name!r}\nc.ExecutePreprocessor.iopub_timeout = 60\n"
        (course / "nbgrader_config.py").write_text(config)
        (course / "source" / ASSIGNMENT / NOTEBOOK).write_bytes(nbgrader_notebook(self._cells, self._tests))
        nbgrader = [self._python("nbgrader"), "-m", "nbgrader"]
        self.run([*nbgrader, "generate_assignment", ASSIGNMENT], course)
        for learner, content in submissions.items():
            folder = course / "submitted" / learner / ASSIGNMENT
            folder.mkdir(parents=True)
            (folder / NOTEBOOK).write_bytes(content)
        return [*nbgrader, "autograde", ASSIGNMENT]

    def nbgrader_marks(self, name: str) -> dict[str, float]:
        """The marks in the course's gradebook, by learner."""
        asked = (
            "from nbgrader.api import Gradebook\nimport json\n"
            f"with Gradebook('sqlite:///gradebook.db') as book:\n"
            f"    print(json.dumps({{s.student.id: s.score for s in book.assignment_submissions({ASSIGNMENT!r})}}))\n"
        )
        said = subprocess.check_output([self._python("nbgrader"), "-c", asked], text=True, cwd=self._folder / name)
        return dict(json.loads(said))

    def otter(self, name: str, learner: str, content: bytes) -> list[str]:
        """The command by which Otter marks this submission, to be run in ``folder(name)``."""
        folder = self._folder / name
        (folder / learner).mkdir(parents=True)
        (folder / f"{learner}.ipynb").write_bytes(content)
        otter = [self._python("otter"), "-W", "ignore", "-m", "otter"]
        return [*otter, "run", "--no-logo", "-a", str(self._zip), "-o", learner, f"{learner}.ipynb"]

    def otter_marks(self, name: str, learner: str) -> float:
        """The marks that Otter's results file gives."""
        results = json.loads((self._folder / name / learner / "results.json").read_text())
        return float(sum(test.get("score", 0.0) for test in results["tests"]))

    def folder(self, name: str) -> Path:
        """Where the commands of ``name`` are run."""
        return self._folder / name

    @staticmethod
    def run(command: Sequence[str], folder: Path) -> None:
        """Run it; its words are shown only where it fails."""
        # nbgrader starts alembic by its name.
        here = {**os.environ, "PATH": os.pathsep.join((str(Path(command[0]).parent), os.environ["PATH"]))}
        done = subprocess.run(command, cwd=folder, env=here, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command[-4:])} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")

    def _install(self, name: str, packages: Sequence[str]) -> None:
        home = self._folder / f"venv-{name}"
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", str(self._constraints()), *NEEDED, *packages], check=True)

    def _constraints(self) -> Path:
        """Our versions without their digests: with them pip would refuse what the lock does not hold, which is the graders."""
        lock = (ROOT / "requirements-test.lock").read_text()
        path = self._folder / "constraints.txt"
        pinned = re.findall(r"^[\w.-]+==[\w.+-]+", lock, re.MULTILINE)
        # The graders bring a setuptools of their own; ours is what our own build needs.
        path.write_text("\n".join(pin for pin in pinned if not pin.startswith("setuptools==")))
        return path

    def _python(self, name: str) -> str:
        return str(self._folder / f"venv-{name}" / "bin" / "python")

    def _otter_zip(self) -> Path:
        """Otter's tests, in the zip that `otter generate` makes."""
        tests = self._folder / "otter" / "tests"
        tests.mkdir(parents=True)
        for name, statements in self._tests.items():
            (tests / f"{name}.py").write_text(f"OK_FORMAT = True\n\ntest = {otter_test(name, statements)!r}\n")
        made = self._folder / "autograder.zip"
        generate = [self._python("otter"), "-W", "ignore", "-m", "otter", "generate", "-t", "tests", "-o", str(made)]
        self.run([*generate, "--no-environment", "--no-requirements"], tests.parent)
        assert zipfile.is_zipfile(made)
        return made


def otter_test(name: str, statements: Sequence[str]) -> dict[str, Any]:
    """A test in Otter's OK format, worth one point for all its statements together."""
    code = "\n".join(f">>> {statement}" for statement in statements)
    suite = {"cases": [{"code": code}], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    return {"name": name, "points": 1, "suites": [suite]}


def nbgrader_notebook(cells: Mapping[str, str], tests: Mapping[str, Sequence[str]]) -> bytes:
    """The notebook with a cell to answer in and one that nbgrader grades for each exercise; the text before the first is "" in ``cells``."""
    made = []
    for name, text in cells.items():
        made.append(_cell(name or "preamble", text, solution=bool(name)))
        if name:
            made.append(_cell(f"{name}-tests", "\n".join(tests.get(name, ())), grade=True))
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


def _cell(id: str, text: str, *, solution: bool = False, grade: bool = False) -> dict[str, Any]:
    form = {
        "schema_version": 3,
        "grade_id": id,
        "solution": solution,
        "grade": grade,
        "locked": not solution,
        "task": False,
    }
    metadata = {"nbgrader": form | ({"points": 1} if grade else {})}
    return {"cell_type": "code", "id": id, "source": text, "metadata": metadata, "outputs": [], "execution_count": None}
