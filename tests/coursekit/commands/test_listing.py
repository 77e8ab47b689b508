"""``course list``: one object a part, without torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from coursekit.commands.listing import command, listed, table
from coursekit.project import Project
from coursekit.schedule.course_table import course_table, drafts, lecture_rows
from coursekit.schedule.syllabus import load
from coursekit.schedule.timetable import Timetable
from tests.coursekit.conftest import MORNING, write_course
from tests.coursekit.reference_course import ROOT


def test_one_object_a_part(tiny_course: Project) -> None:
    """Exercises in the order in which the source defines them; null where no source exists."""
    (tiny_course.course / "01_tiny" / "slides.typ").write_text("= Tiny")
    first, second, *_ = [listed(tiny_course, row) for row in lecture_rows(tiny_course)]
    assert first == {
        "day": 1,
        "session": "01_tiny",
        "part": "morning",
        "title": "Tiny: doubling and tripling",
        "exercises": ["double", "weights", "Counter", "find_the_bug"],
        "student": "build/notebooks/01_tiny/01_tiny_morning.ipynb",
        "solutions": "build/notebooks/01_tiny/01_tiny_morning_solutions.ipynb",
        "slides": "build/slides/01_tiny/slides.pdf",
        "release_at": "2022-11-28T08:00:00+00:00",
        "solutions_at": "2022-11-28T12:00:00+00:00",
        "load": {"minutes": 22, "slot": 180},
    }
    assert [second[key] for key in ("part", "exercises", "student", "solutions", "slides")] == [
        "afternoon",
        [],
        None,
        None,
        None,
    ]
    assert second["load"] == {"minutes": None, "slot": 180}
    assert "01_tiny.morning" in table(lecture_rows(tiny_course))
    assert course_table(tiny_course).days[0].parts[0].exercises[0].name == "double"


def test_a_source_that_the_syllabus_does_not_know_is_a_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed as one below the table, and stands neither in the table nor in the JSON."""
    project = write_course(tmp_path, {"morning": MORNING, "additional": MORNING[: MORNING.index("# %%")]})
    monkeypatch.setenv("DLMODULE_COURSE", str(tmp_path))
    assert [draft.id for draft in drafts(project)] == ["01_tiny.additional"]
    shown = CliRunner().invoke(command).stdout
    assert shown.endswith("draft, in no syllabus: 01_tiny.additional\n") and shown.count("01_tiny.additional") == 1
    assert "additional" not in CliRunner().invoke(command, ["--json"]).stdout


def test_the_command_loads_no_torch() -> None:
    """The whole course is listed as a JSON array, with neither torch nor numpy imported."""
    program = (
        "import sys\nfrom coursekit.commands.listing import command\n"
        "try: command(['--json'])\nexcept SystemExit: pass\n"
        "assert not {'torch', 'numpy', 'jupytext'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    timetable = Timetable(load(ROOT / "course" / "syllabus.toml"))
    assert [(item["session"], item["part"]) for item in found] == [
        (slot.day.session, slot.part.part) for slot in timetable.parts
    ]
    morning = next(item for item in found if (item["session"], item["part"]) == ("05_cnns_1", "morning"))
    assert "cross_correlate" in morning["exercises"]
