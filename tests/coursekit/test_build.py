"""``course build``: what it writes, when it writes, and what it removes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coursekit.build import build
from coursekit.errors import CourseError
from coursekit.exercises import proofs
from coursekit.project import Project, select_parts
from dlmodule.checking import key
from tests.coursekit.conftest import MORNING, write_course

STUDENT = "notebooks/01_tiny/01_tiny_morning.ipynb"
SOLUTIONS = "notebooks/01_tiny/01_tiny_morning_solutions.ipynb"


def contents(project: Project) -> dict[str, bytes]:
    """Every notebook and the course table, by path."""
    found = [*project.build.rglob("*.ipynb"), project.build / "course.json"]
    return {path.relative_to(project.build).as_posix(): path.read_bytes() for path in found}


def course(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``course`` in the project's folder, in a process of its own."""
    command = [sys.executable, "-c", "from coursekit.cli import main; main()", *arguments]
    env = {**os.environ, "DLMODULE_COURSE": str(project.root), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=project.root)


def test_a_build_writes_both_notebooks_and_the_course(tiny_course: Project) -> None:
    """Student version, solutions and course.json are written; a second build writes nothing."""
    report = build(tiny_course, keys=False)
    assert report.problems == []
    assert report.written == [STUDENT, SOLUTIONS, "course.json", "calendar.ics"]
    assert build(tiny_course, keys=False).written == []


def test_keys_are_recorded_once(tiny_course: Project) -> None:
    """The session's key is recorded, and again only when an exercise or source changes."""
    key = "keys/01_tiny.safetensors"
    report = build(tiny_course)
    assert report.problems == []
    assert key in report.written
    assert (tiny_course.build / key).is_file()
    assert build(tiny_course).written == []
    path = tiny_course.course / "01_tiny" / "exercises" / "double.py"
    path.write_text(path.read_text().replace("Case(3.0)", "Case(5.0)"))
    assert key in build(tiny_course).written


def test_only_what_changed_is_made_again(tmp_path: Path) -> None:
    """Changing one part of two makes that part's notebooks and the course table, nothing else."""
    other = MORNING[: MORNING.index("# %%")] + "# %% [markdown]\n# ## Only words\n"
    project = write_course(tmp_path, {"morning": MORNING, "afternoon": other})
    build(project, keys=False)
    path = project.course / "01_tiny" / "afternoon.py"
    path.write_text(other + "# More.\n")
    changed = build(project, keys=False).written
    assert changed == [
        "notebooks/01_tiny/01_tiny_afternoon.ipynb",
        "notebooks/01_tiny/01_tiny_afternoon_solutions.ipynb",
        "course.json",
        "calendar.ics",
    ]


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """Two builds in two processes, with different hash seeds, agree byte for byte."""
    made = []
    for seed in ("1", "2"):
        project = write_course(tmp_path / seed)
        command = [sys.executable, "-c", "from coursekit.cli import main; main()", "build", "--no-keys"]
        env = {**os.environ, "DLMODULE_COURSE": str(project.root), "PYTHONHASHSEED": seed}
        subprocess.run(command, check=True, env=env, capture_output=True)
        made.append(contents(project))
    assert made[0] == made[1]
    assert len(made[0]) == 3


def test_a_damaged_or_missing_file_is_made_again(tiny_course: Project) -> None:
    """The outputs are checked, not only the inputs."""
    build(tiny_course, keys=False)
    before = contents(tiny_course)
    (tiny_course.build / STUDENT).write_text("{}")
    (tiny_course.build / "course.json").unlink()
    assert set(build(tiny_course, keys=False).written) == {STUDENT, SOLUTIONS, "course.json", "calendar.ics"}
    assert contents(tiny_course) == before


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"outputs": {}, "facts": {}}', None])
def test_a_damaged_cache_costs_time_only(tiny_course: Project, damage: bytes | None) -> None:
    """Without a readable record of what was made everything is made again, the same."""
    build(tiny_course, keys=False)
    before = contents(tiny_course)
    records = [path for path in (tiny_course.build / "cache").rglob("*") if path.is_file()]
    assert records
    for path in records:
        if damage is None:
            path.unlink()
        else:
            path.write_bytes(damage)
    assert STUDENT in build(tiny_course, keys=False).written
    assert contents(tiny_course) == before


def test_an_interrupted_build_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written before an interruption stands and is not made again; the rest follows."""
    project = write_course(tmp_path, {"morning": MORNING, "probability": MORNING[: MORNING.index("# %%")]})
    import coursekit.build as module

    write = module.write_atomically

    def interrupt(path: Path, data: bytes | str) -> None:
        if "probability" in path.name:
            raise KeyboardInterrupt
        write(path, data)

    monkeypatch.setattr(module, "write_atomically", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build(project, keys=False)
    monkeypatch.undo()
    assert not list(project.build.glob("notebooks/*/*probability*"))
    written = build(project, keys=False).written
    assert STUDENT not in written
    assert "notebooks/01_tiny/01_tiny_probability.ipynb" in written


def test_stale_outputs_are_removed(tiny_course: Project) -> None:
    """Notebooks and keys whose source is gone are removed, with their folders; other products stay."""
    build(tiny_course, keys=False)
    for name in ("notebooks/02_gone/02_gone_morning.ipynb", "keys/02_gone.safetensors", "slides/02_gone/a.pdf"):
        path = tiny_course.build / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("old")
    report = build(tiny_course, keys=False)
    assert set(report.removed) == {"notebooks/02_gone/02_gone_morning.ipynb", "keys/02_gone.safetensors"}
    assert not (tiny_course.build / "notebooks" / "02_gone").exists()
    assert (tiny_course.build / "slides" / "02_gone" / "a.pdf").is_file()


def test_an_error_in_one_part_does_not_stop_the_others(tmp_path: Path) -> None:
    """The broken part keeps its former notebooks; the command names its file and line and exits with 2."""
    project = write_course(tmp_path, {"morning": MORNING, "afternoon": MORNING[: MORNING.index("# %%")]})
    build(project, keys=False)
    former = contents(project)["notebooks/01_tiny/01_tiny_afternoon.ipynb"]
    path = project.course / "01_tiny" / "afternoon.py"
    path.write_text(path.read_text() + "# %%\nx = (\n")
    (project.build / STUDENT).unlink()
    result = course(project, "build", "--no-keys")
    assert result.returncode == 2
    assert result.stderr == f"course: {path}:12: syntax error: '(' was never closed\n"
    assert contents(project)["notebooks/01_tiny/01_tiny_afternoon.ipynb"] == former
    assert (project.build / STUDENT).is_file()


def test_a_term_used_before_it_is_defined_is_an_error(tmp_path: Path) -> None:
    """It names both places, at every build until it is mended; notebooks and course are made all the same."""
    prose = "\n# %% [markdown]\n# ## Words\n# "
    early = f"{MORNING}{prose}A rule of weight decay.\n"
    later = f"{MORNING[: MORNING.index('# %%')]}{prose}The shrinking is called **weight decay**.\n"
    project = write_course(tmp_path, {"morning": early, "afternoon": later})
    path = project.course / "01_tiny"
    for _ in range(2):
        (problem,) = build(project, keys=False).problems
        assert str(problem).startswith(f"{path / 'morning.py'}:") and "'weight decay' is used before" in str(problem)
        assert f"{path / 'afternoon.py'}:" in str(problem)
    assert (project.build / "course.json").is_file()
    (path / "morning.py").write_text(MORNING, encoding="utf-8")
    assert build(project, keys=False).problems == []


def test_targets_name_sessions_and_parts(tmp_path: Path) -> None:
    """SESSION and SESSION.PART select; an unknown name is an error that lists the sessions."""
    words = MORNING[: MORNING.index("# %%")]
    project = write_course(tmp_path, {"morning": MORNING, "afternoon": words})
    assert [part.id for part in select_parts(project, ["01_tiny"])] == ["01_tiny.afternoon", "01_tiny.morning"]
    assert [part.id for part in select_parts(project, ["01_tiny.morning"])] == ["01_tiny.morning"]
    with pytest.raises(CourseError, match="01_tiny"):
        select_parts(project, ["02_none"])


def test_a_build_with_nothing_changed_imports_no_library(tiny_course: Project) -> None:
    """Neither jupytext, torch, pydantic, yaml nor nbformat is loaded where there is nothing to do."""
    build(tiny_course, keys=False)
    program = """
import json, sys
from coursekit.build import build
from coursekit.project import find_project
report = build(find_project(), keys=False)
print(json.dumps([report.written, sorted({"jupytext", "torch", "pydantic", "yaml", "nbformat", "numpy"} & set(sys.modules))]))
"""
    env = {**os.environ, "DLMODULE_COURSE": str(tiny_course.root)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, check=True)
    assert json.loads(done.stdout) == [[], []]


def test_a_draft_is_built_and_stops_nothing(tmp_path: Path) -> None:
    """Its notebooks and its key are made; the course table holds no word of it, and is made even where the draft is wrong."""
    project = write_course(tmp_path)
    shutil.copytree(project.course / "01_tiny", project.course / "16_next")
    source = project.course / "16_next" / "morning.py"
    text = MORNING.replace("01_tiny", "16_next").replace("Tiny:", "Drafted:")
    source.write_text(text)
    report = build(project)
    assert report.problems == []
    assert report.drafts == ["16_next.morning (build/notebooks/16_next/16_next_morning.ipynb)"]
    assert {"keys/16_next.safetensors", STUDENT} <= set(report.written)
    assert "Drafted" in (project.build / "notebooks/16_next/16_next_morning.ipynb").read_text()
    assert not re.search("16_next|Drafted", (project.build / "course.json").read_text())
    source.write_text(text + "\n# %%\nx = (\n")
    syllabus = project.syllabus.read_text()
    project.syllabus.write_text(syllabus.replace("A tiny course", "Another title"))
    report = build(project, keys=False)
    assert len(report.problems) == 1 and "course.json" in report.written
    assert "Another title" in (project.build / "course.json").read_text()


def test_files_still_being_written_stop_nothing_of_their_session(tmp_path: Path) -> None:
    """A part without a closed header and an exercise that is no Python, in no source: told, and all else is made and proved."""
    project = write_course(tmp_path)
    folder = project.course / "01_tiny"
    (folder / "evening.py").write_text("# ---\n# title: half a header\n# %%\n")
    (folder / "exercises" / "next_one.py").write_text("exercise = Exercise(\n")
    report = build(project, [])
    assert sorted({error.file.name for error in report.problems}) == ["evening.py", "next_one.py"]
    assert report.failed == {"01_tiny.evening"}
    assert {"course.json", "notebooks/01_tiny/01_tiny_morning.ipynb"} <= set(report.written)
    assert sorted(key.load(project.key("01_tiny"))) == ["Counter", "double", "find_the_bug", "weights"]
    assert proofs.prove(project, "01_tiny", "double").solution == "right"


def test_an_exercise_that_a_part_defines_must_be_right(tmp_path: Path) -> None:
    """The same file, where the notebook has the exercise: its part is not made."""
    project = write_course(tmp_path)
    project.exercise("01_tiny", "double").write_text("exercise = Exercise(\n")
    report = build(project, [])
    assert report.failed == {"01_tiny.morning"}
    assert "double.py:1: not valid Python" in str(report.problems[0])
