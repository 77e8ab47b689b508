"""Each wall between the rooms stands (pyproject.toml, [tool.importlinter]): one import that breaks it is refused by name."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

BREACHES = [
    ("dlmodule/training.py", "coursekit.errors", "A learner's package never needs the team's"),
    ("coursekit/sources/percent.py", "coursekit.schedule.syllabus", "The team's rooms stand on one another"),
    ("coursekit/notebooks/title.py", "coursekit.exercises.loading", "The team's rooms stand on one another"),
    ("dlmodule/course.py", "dlmodule.open.server", "The learner's rooms"),
    ("dlmodule/checking/collect/run.py", "dlmodule.checking.decide", "What runs beside the learner's code"),
    ("dlmodule/checking/decide/decide.py", "dlmodule.checking.collect.run", "What decides never runs"),
    ("coursekit/marking/inside/trying.py", "dlmodule.checking.key", "In the sandbox stands what tries answers"),
    ("coursekit/build.py", "click", "click is for commands"),
]


def walls(source: Path) -> subprocess.CompletedProcess[str]:
    """Run the import linter over the packages in ``source``."""
    command = [
        sys.executable,
        "-c",
        "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())",
    ]
    command += ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    return subprocess.run(command, capture_output=True, text=True, cwd=source, env=environment)


@pytest.mark.parametrize(("file", "imported", "contract"), BREACHES, ids=lambda value: str(value)[:40])
def test_a_breach_is_refused(tmp_path: Path, file: str, imported: str, contract: str) -> None:
    """An import across a wall, hidden in a function, breaks the contract of that wall."""
    source = tmp_path / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    with (source / file).open("a", encoding="utf-8") as module:
        module.write(f"\n\ndef breach():\n    import {imported}\n\n    return {imported}\n")
    done = walls(source)
    assert done.returncode != 0
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(contract) for line in broken), done.stdout + done.stderr


def test_the_walls_stand() -> None:
    """All contracts are kept."""
    done = walls(ROOT / "src")
    assert done.returncode == 0, done.stdout + done.stderr
