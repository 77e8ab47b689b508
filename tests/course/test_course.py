"""The course itself: every check proved, every notebook run in a real kernel, every measurement current."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coursekit import ledger
from coursekit.exercises import measurements
from coursekit.project import Project, find_parts

PROJECT = Project(Path(__file__).parents[2])
COURSE = [sys.executable, "-c", "from coursekit.cli import main; main()"]
SESSIONS = sorted({path.parents[1].name for path in PROJECT.exercises()})
PARTS = [part.id for part in find_parts(PROJECT)]


def course(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a ``course`` command as a team would."""
    run = {**os.environ, "DLMODULE_COURSE": str(PROJECT.root), **environment}
    return subprocess.run([*COURSE, *arguments], capture_output=True, text=True, env=run, cwd=PROJECT.root)


@pytest.fixture(scope="session")
def built() -> Path:
    """The course as `course build` makes it, keys included."""
    ran = course("build")
    assert ran.returncode == 0, ran.stderr
    return PROJECT.build


@pytest.mark.parametrize("session", SESSIONS)
def test_every_check_is_proved(built: Path, session: str) -> None:
    """`course verify`: solution, stub, mistakes, alternatives, mutants, other processors, and nothing secret in what a learner receives."""
    ran = course("verify", session, "--json", "--portable")
    assert ran.returncode == 0, ran.stderr
    proofs: list[dict[str, Any]] = json.loads(ran.stdout)
    assert proofs
    for proof in proofs:
        assert (proof["solution"], proof["stub"]) == ("right", "not started")
        assert len(proof["mistakes"]) >= 3 and all(mistake["met"] for mistake in proof["mistakes"])
        assert proof["alternatives"]["accepted"] == proof["alternatives"]["total"] >= 2
        assert proof["measured"] or proof["mutants"]["killed"] >= 0.95 * proof["mutants"]["total"] > 0


@pytest.mark.kernel
@pytest.mark.parametrize("part", PARTS)
def test_solutions_run_clean(built: Path, part: str) -> None:
    """Every solutions notebook runs from top to bottom in a real kernel, at rehearsal size."""
    ran = course("execute", part, "--rehearsal")
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.kernel
@pytest.mark.parametrize("part", PARTS)
def test_student_versions_run_unanswered_from_top_to_bottom(built: Path, part: str) -> None:
    """A cell that needs an exercise says which and is passed over; nothing else stops a student version."""
    ran = course("execute", part, "--rehearsal", "--student")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_measurements_are_current() -> None:
    """Each measured exercise has a ledger row of its present source; what is stale is named."""
    assert measurements.stale(PROJECT) == []


def test_every_figure_that_the_prose_quotes_is_measured(built: Path) -> None:
    """No notebook says "not yet measured"."""
    notebooks = sorted((built / "notebooks").rglob("*.ipynb"))
    assert notebooks
    assert [path.name for path in notebooks if ledger.UNMEASURED in path.read_text("utf-8")] == []


def test_two_builds_in_two_processes_are_byte_identical(tmp_path: Path) -> None:
    """Notebooks, course.json: the same sources give the same bytes."""
    digests = []
    for name in ("one", "two"):
        root = tmp_path / name
        root.mkdir()
        (root / "course").symlink_to(PROJECT.course)
        ran = course("build", "--no-keys", DLMODULE_COURSE=str(root), PYTHONHASHSEED=(name == "one" and "1") or "2")
        assert ran.returncode == 0, ran.stderr
        files = sorted(
            p for p in (root / "build").rglob("*") if p.suffix in (".ipynb", ".json") and "cache" not in p.parts
        )
        assert len(files) > 2 * len(PARTS)
        digests.append([(p.relative_to(root).as_posix(), hashlib.sha256(p.read_bytes()).hexdigest()) for p in files])
    assert digests[0] == digests[1]


def test_list_is_machine_readable(built: Path) -> None:
    """One object per part, with the fields other programs rely on; paths exist."""
    ran = course("list", "--json")
    assert ran.returncode == 0, ran.stderr
    rows = {f"{row['session']}.{row['part']}": row for row in json.loads(ran.stdout)}
    row = rows["05_cnns_1.morning"]
    fields = [
        "day",
        "session",
        "part",
        "title",
        "exercises",
        "student",
        "solutions",
        "slides",
        "release_at",
        "solutions_at",
        "load",
    ]
    assert list(row) == fields
    assert row["day"] == 5 and row["exercises"][0] == "cross_correlate"
    assert row["release_at"] == "2022-12-02T08:00:00+00:00" and row["solutions_at"] == "2022-12-02T12:00:00+00:00"
    for name in ("student", "solutions"):
        assert (PROJECT.root / row[name]).is_file()
