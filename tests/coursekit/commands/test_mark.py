"""``course mark`` and ``course marks``, from a folder of submissions to the file that a learning platform imports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from coursekit.commands import mark, marks
from coursekit.errors import CourseError
from dlmodule.checking import key
from tests.coursekit.marking.assessment import STUBS, WRONG, cells, keys, notebook

ROOT = Path(__file__).parents[3]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course with the module's syllabus, the key of a coursework, and what nbgrader collected for it."""
    (tmp_path / "course").mkdir()
    shutil.copy(ROOT / "course" / "syllabus.toml", tmp_path / "course")
    (tmp_path / "build" / "keys").mkdir(parents=True)
    key.save(tmp_path / "build" / "keys" / "coursework_1.safetensors", keys())
    for learner, moment, texts in (
        ("ada", "2022-12-12 19:59:59 UTC", cells()),
        ("bob", "2022-12-12 20:00:01 UTC", cells(mse=WRONG["mse"])),
        ("eve", "2022-12-14 12:00:00 UTC", cells()),
        ("zoe", "2022-12-12 10:00:00 UTC", ["# nothing", *STUBS.values()]),
    ):
        folder = tmp_path / "submitted" / learner / "coursework_1"
        folder.mkdir(parents=True)
        (folder / "coursework_1.ipynb").write_bytes(notebook(texts))
        (folder / "timestamp.txt").write_text(moment)
    monkeypatch.setenv("DLMODULE_COURSE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: object, *arguments: str) -> Result:
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)  # type: ignore[arg-type]
    assert done.exit_code == 0, done.output
    return done


def test_from_submissions_to_a_platforms_file(course: Path) -> None:
    """Ada in time has all, Bob a second late is capped, Eve two days late has nothing until her extension is recorded."""
    told = [
        json.loads(line)
        for line in run(mark.command, "coursework_1", "submitted", "--jobs", "1", "--json").stdout.splitlines()
    ]
    assert {one["learner"]: one["marks"] for one in told} == {"ada": 5, "bob": 4, "eve": 5, "zoe": 0}
    assert "0 newly marked" in run(mark.command, "coursework_1", "submitted").stdout

    def percentages() -> dict[str, str]:
        lines = [json.loads(line) for line in run(marks.command, "--json").stdout.splitlines()]
        return {line["learner"]: line["coursework_1"]["percent"] for line in lines}

    assert percentages() == {"ada": "100.0", "bob": "50.0", "eve": "0.0", "zoe": "0.0"}
    (course / "marks.toml").write_text(
        '[[decision]]\nlearner = "eve"\nassessment = "coursework_1"\nreason = "EC-1"\n'
        "recorded = 2022-12-15T09:00:00\nuntil = 2022-12-14T12:00:00\n"
    )
    assert percentages() == {"ada": "100.0", "bob": "50.0", "eve": "100.0", "zoe": "0.0"}
    exported = run(marks.command, "--export", "moodle", "--assessment", "coursework_1").stdout
    assert exported.splitlines() == [
        '"Username","coursework_1"',
        '"ada","100.0"',
        '"bob","50.0"',
        '"eve","100.0"',
        '"zoe","0.0"',
    ]
    listed = run(marks.command, "--board", "board")
    assert "count 4, mean 31.3" in listed.stdout  # coursework 2 is not handed in: 50, 25, 50, 0
    assert "coursework_2 has no results yet and counts as 0" in listed.stderr
    candidates = (course / "board" / "candidates.csv").read_text("utf-8-sig").splitlines()
    assert candidates[3].startswith('"eve","100.0","100.0","2022-12-14 12:00:00+00:00","extended to')
    assert candidates[3].endswith('"2022-12-15 EC-1","","","","nothing handed in","","50","pass","10"')
    assert "100.0" in (course / "board" / "figures.csv").read_text("utf-8-sig")
    assert "<svg" in (course / "board" / "distribution.svg").read_text("utf-8")
    # Half of everybody's mark is missing: this file would tell a platform that they failed.
    with pytest.raises(CourseError, match="need results of coursework_2"):
        CliRunner().invoke(marks.command, ["--export", "canvas"], catch_exceptions=False)


def test_a_resubmission_without_a_time_is_the_last_and_is_told(course: Path) -> None:
    """A download that says no times holds Zoe's second try: it counts over her dated first one, and both commands say that it is a guess."""
    run(mark.command, "coursework_1", "submitted", "--jobs", "1")
    (course / "again").mkdir()
    (course / "again" / "zoe.ipynb").write_bytes(notebook(["# again", *cells()]))
    said = "zoe handed in more than once, not always with a time"
    marked = run(mark.command, "coursework_1", "again", "--jobs", "1", "--json")
    assert said in marked.stderr and "ada" not in marked.stderr
    assert {one["learner"]: one["marks"] for one in map(json.loads, marked.stdout.splitlines())}["zoe"] == 5
    assert "zoe handed in coursework_1 more than once" in run(marks.command).stderr


def test_without_results_it_says_what_makes_them(course: Path) -> None:
    """One line that names the command."""
    with pytest.raises(CourseError, match="course mark"):
        CliRunner().invoke(marks.command, [], catch_exceptions=False)


def test_without_a_key_it_says_what_makes_it(course: Path) -> None:
    """One line that names the command."""
    with pytest.raises(CourseError, match="course build coursework_2"):
        CliRunner().invoke(mark.command, ["coursework_2", "submitted"], catch_exceptions=False)
