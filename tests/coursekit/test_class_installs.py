"""The README of a class, followed word by word in a folder with a space and an umlaut: clone, install, open; later pull, install, open.

The environment is new, and no index is asked: what a learner would download is found in the libraries of this one.
"""

import json
import os
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.coursekit.test_whole_term import Term, term
from tests.dlmodule.open.running import Running, opened

__all__ = ["term"]  # a fixture

pytestmark = pytest.mark.kernel
PART = {"part": "01_graphs.morning", "version": "student"}
SQUARED = """
from dlmodule.checking import checks
import dlmodule

def double(x: float) -> float:
    return x * x

print(dlmodule.__file__)
checks("01_graphs")(double)
"""


class Learner:
    """Somebody who has the class's README, and a folder of their own."""

    def __init__(self, folder: Path, term: Term) -> None:
        self.folder, self.term = folder, term
        self.clone, self.workspace = folder / "course", folder / "Meine Übungen"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DLMODULE", "PYTHON", "PIP"))}
        libraries = sysconfig.get_path("purelib")
        self.environment = {**kept, "PYTHONPATH": libraries, "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"}

    def lines(self) -> list[str]:
        """The commands of the README, as they stand there; the repository is the one on this machine."""
        block = re.findall(r"```sh\n(.*?)```", (self.term.to / "README.md").read_text("utf-8"), re.DOTALL)[0]
        address = "https://github.com/someone/course.git"
        assert address in block
        return block.replace(address, f'"{self.term.bare.as_uri()}"').splitlines()

    def shell(self, *lines: str, cwd: Path) -> str:
        """What the commands print; each has to succeed."""
        done = subprocess.run(
            ["bash", "-ec", "\n".join(lines)], cwd=cwd, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def opened(self) -> "Iterator[Running]":
        """The last command of the README."""
        command = [str(self.clone / ".venv/bin/course"), "open", "--no-browser"]
        return opened(self.clone / "build", self.workspace, command=command)  # type: ignore[return-value]

    def check(self) -> str:
        """What a wrong answer is told in the folder of the workspace, as in VS Code or a shell."""
        folder = self.workspace / "01_graphs"
        return self.shell(f"'{self.clone}/.venv/bin/python' -c '{SQUARED}'", cwd=folder)

    def attempts(self) -> list[str]:
        """The exercises of all recorded attempts."""
        lines = (self.workspace / ".course/progress.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line)["exercise"] for line in lines]


def test_a_class_installs_and_upgrades_and_keeps_what_it_wrote(
    term: Term, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Day 01 from its tag; then a correction is pulled: the check says the new words, and notebook and progress are there."""
    term.publish("2022-11-28T08:00")
    (folder := tmp_path / "Zoë Müller").mkdir()
    learner = Learner(folder, term)
    *install, last = learner.lines()
    assert last == ".venv/bin/course open"
    learner.shell(*install, cwd=folder)
    monkeypatch.setenv("PYTHONPATH", learner.environment["PYTHONPATH"])
    with learner.opened() as course:  # type: ignore[attr-defined]
        assert course.ask("open", {**PART, "_xsrf": course.log_in()})[0] == 303
    notebook = next(learner.workspace.rglob("*exercises.ipynb"))
    notebook.write_text(notebook.read_text("utf-8").replace("raise NotImplementedError", "return x * x"), "utf-8")
    said = learner.check()
    assert str(learner.clone / ".venv") in said and "You squared the number." in said
    assert learner.attempts() == ["01_graphs.double"]

    exercise = term.project.exercise("01_graphs", "double")
    exercise.write_text(exercise.read_text("utf-8").replace("You squared the number.", "That is the square."), "utf-8")
    source = term.project.source("01_graphs", "morning")
    source.write_text(source.read_text("utf-8").replace("## Doubling", "## Doubling, mended"), "utf-8")
    said, _ = term.publish("2022-11-28T12:00")
    assert "move v1.2-day01: changed: keys/01_graphs.safetensors" in said
    pull = "git pull --quiet"
    assert "`git pull`, install once more with the same command" in (learner.clone / "README.md").read_text("utf-8")
    learner.shell(pull, *(line for line in install if "pip install" in line), cwd=learner.clone)
    with learner.opened() as course:  # type: ignore[attr-defined]
        token = course.log_in()
        assert "Bring in the newer version" in course.ask("")[2]
        assert course.ask("update", {**PART, "_xsrf": token})[0] == 303
    text = notebook.read_text("utf-8")
    assert "return x * x" in text and "Doubling, mended" in text
    assert "That is the square." in learner.check()
    assert learner.attempts() == ["01_graphs.double"] * 2
