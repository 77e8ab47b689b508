"""`course move`: the plan is shown, then written, and nothing else of the file changes."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from coursekit.commands.move import command
from coursekit.errors import CourseError
from coursekit.schedule.syllabus import load
from tests.coursekit.reference_course import ROOT


@pytest.fixture
def syllabus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The syllabus of a course of its own."""
    (tmp_path / "course").mkdir()
    monkeypatch.setenv("DLMODULE_COURSE", str(tmp_path))
    return Path(shutil.copy(ROOT / "course" / "syllabus.toml", tmp_path / "course"))


def test_the_plan_is_written_when_asked(syllabus: Path) -> None:
    """A holiday in the second week: the plan says where the run passes over it; the file differs in one line."""
    text = syllabus.read_text("utf-8").replace(
        "breaks = []", 'breaks = [{ first = 2027-03-26, last = 2027-03-29, why = "Easter" }]'
    )
    syllabus.write_text(text, "utf-8")
    ran = CliRunner().invoke(command, ["2027-03-15"], input="y\n", catch_exceptions=False)
    assert "01  Mon 2022-11-28 -> Mon 2027-03-15  DL module intro" in ran.output
    assert "--  free: Fri 2027-03-26 to Mon 2027-03-29, Easter" in ran.output
    before, after = text.splitlines(), syllabus.read_text("utf-8").splitlines()
    changed = [line for line in after if line not in before]
    assert changed == ["start = 2027-03-15"] and len(after) == len(before)
    assert load(syllabus).day[0].date.isoformat() == "2027-03-15"
    CliRunner().invoke(command, ["2027-04-12", "--yes"], catch_exceptions=False)
    assert load(syllabus).day[0].date.isoformat() == "2027-04-12"


def test_nothing_is_written_otherwise(syllabus: Path) -> None:
    """Said no, a date that is none, a day without teaching, dates that stand with each day."""
    before = syllabus.read_bytes()
    assert "nothing written" in CliRunner().invoke(command, ["2027-03-15"], input="n\n").output
    for start, words in (("soon", "not a date"), ("2027-03-14", "no teaching day")):
        with pytest.raises(CourseError, match=words):
            CliRunner().invoke(command, [start, "--yes"], catch_exceptions=False)
    assert syllabus.read_bytes() == before
    dated = before.replace(b"start = 2022-11-28\n", b"")
    syllabus.write_bytes(dated)
    with pytest.raises(CourseError, match="field required"):
        CliRunner().invoke(command, ["2027-03-15", "--yes"], catch_exceptions=False)
