"""The first cell of every notebook in a learner's installation: what `pip install dlmodule` brings, and nothing of the team's."""

import contextlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from coursekit.project import Project, find_parts
from coursekit.sources.source import source_of

PROJECT = Project(Path(__file__).parents[2])

# Any import of an installed module that a learner would not have fails as if it were not there; a warning is an error.
PROGRAM = """
import importlib.abc, json, sys, warnings

missing, cells = json.load(sys.stdin)

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
warnings.simplefilter("error")
for part, cell in cells:
    try:
        exec(compile(cell, part, "exec"), {"__name__": "__main__"})
    except BaseException as error:
        print(f"{part}: {type(error).__name__}: {error}")
"""


def installed_with(lines: Sequence[str]) -> set[str]:
    """The distributions that come with what the requirements ``lines`` ask for, by canonical name."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = _asked_for(lines, frozenset())
    while waiting:
        if (each := waiting.pop()) in found:
            continue
        found.add(each)
        with contextlib.suppress(PackageNotFoundError):  # for another system
            waiting += _asked_for(requires(each[0]) or [], each[1])
    return {name for name, _ in found}


def _asked_for(lines: Sequence[str], extras: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    """(name, extras) of the requirements that count on this machine."""
    environments = [{"extra": extra} for extra in ("", *extras)]
    return [
        (canonicalize_name(requirement.name), frozenset(requirement.extras))
        for requirement in map(Requirement, lines)
        if requirement.marker is None or any(map(requirement.marker.evaluate, environments))
    ]


def test_the_first_cell_of_every_notebook_runs_without_a_warning() -> None:
    """Red text under the first cell of the first day is what a learner would see, and the team would not."""
    own = installed_with(tomllib.loads((PROJECT.root / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"])
    assert {"torch", "ipywidgets", "tqdm"} <= own and not {"sphinx", "nbgrader", "hypothesis"} & own
    missing = [
        module
        for module, distributions in packages_distributions().items()
        if not own & set(map(canonicalize_name, distributions)) and module not in ("pip", "setuptools", "coverage")
    ]
    assert {"sphinx", "hypothesis", "pytest"} <= set(missing)
    cells = []
    for part in find_parts(PROJECT):
        source = source_of(PROJECT, part.session, part.name)
        cells.append((part.id, next(c.text for c in source.cells if c.tree is not None)))
    assert len(cells) > 15
    environment = {**os.environ, "DLMODULE_KEYS": str(PROJECT.keys), "MPLBACKEND": "agg"}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([missing, cells]),
        capture_output=True,
        text=True,
        env=environment,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
