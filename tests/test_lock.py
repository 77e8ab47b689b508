"""Every library is installed by the digest of its file, on every system; a torch that is there is kept."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
ASKED = {
    "requirements.lock": ["dependencies", "staff"],
    "requirements-test.lock": ["dependencies", "staff", "test"],
}


def locked(name: str) -> dict[str, tuple[Requirement, int]]:
    """What a lock pins by canonical name, and of how many files it knows the digest. Every line of it has a meaning."""
    found = {}
    for entry in (ROOT / name).read_text("utf-8").replace(" \\\n", " ").splitlines():
        text, *digests = re.split(r"\s+--hash=sha256:", entry)
        requirement = Requirement(text)
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests), entry
        assert re.fullmatch(r"==[\w.+]+", str(requirement.specifier)), text
        found[canonicalize_name(requirement.name)] = requirement, len(digests)
    return found


@pytest.mark.parametrize("name", ASKED)
def test_all_that_is_asked_for_is_locked_with_its_digests(name: str) -> None:
    """Dependencies, extras and the build's own tools, at versions that they allow; torch alone is left out."""
    entries = locked(name)
    assert len(entries) > 150 and all(digests for _, digests in entries.values()) and "torch" not in entries
    extras = {"dependencies": PROJECT["project"]["dependencies"], **PROJECT["project"]["optional-dependencies"]}
    asked = [*PROJECT["build-system"]["requires"], *(line for extra in ASKED[name] for line in extras[extra])]
    for requirement in map(Requirement, asked):
        if requirement.name == "torch":
            continue
        pinned = str(entries[canonicalize_name(requirement.name)][0].specifier).removeprefix("==")
        assert requirement.specifier.contains(pinned), requirement


def test_the_tests_run_on_what_learners_get() -> None:
    """The larger lock holds the smaller one, at the same versions, and both what is installed here."""
    course, tests = (locked(name) for name in ASKED)
    assert {name: tests[name] for name in course} == course
    for name in ("numpy", "jupyterlab", "matplotlib", "hypothesis"):
        assert version(name) == str(tests[name][0].specifier).removeprefix("==")


@pytest.mark.parametrize("there", [True, False])
def test_make_installs_torch_only_where_there_is_none(tmp_path: Path, there: bool) -> None:
    """The line of the Makefile in an environment with a torch of another version, and in one without; a `pip` that only tells stands in its place."""
    lines = subprocess.run(
        ["make", "--dry-run", "--always-make", f"VENV={tmp_path}", f"{tmp_path}/.course"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    (line,) = [line for line in lines if "find_spec" in line]
    for package in ["pip", *(["torch"] if there else [])]:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "pip/__main__.py").write_text("import sys\nprint(*sys.argv[1:])\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    (tmp_path / "bin/python").chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(["sh", "-ec", line], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = "" if there else "--disable-pip-version-check install --quiet torch==2.13.0\n"
    assert done.stdout == expected
