"""``course new``: what it writes builds, verifies and keeps the style as it is, for every kind; and the documentation shows it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from coursekit.build import build
from coursekit.commands.new import command
from coursekit.errors import CourseError
from coursekit.exercises import measurements, measuring, proofs
from coursekit.exercises.skeleton import KINDS, TEMPLATES, new_exercise, new_session
from coursekit.exercises.source_rules import refused
from coursekit.project import Project
from coursekit.schedule.course_table import drafts
from coursekit.sources.source import parse
from tests.coursekit.conftest import MORNING, write_course
from tests.coursekit.reference_course import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The tiny course, and a session of which nothing is written yet."""
    made = write_course(tmp_path)
    new_session(made, "16_graphs", "morning")
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_exercise_verifies_as_it_is(project: Project, kind: str) -> None:
    """Nothing about it is a problem: neither the check, nor the source, nor the notebooks that are built from it."""
    new_exercise(project, "16_graphs", "attempt", kind, None)
    measured = measurements.select(project, [], ["rehearsal"])
    assert len(measured) == (kind == "training")
    assert measuring.measure_all(project, measured, report=lambda line: None) == []
    proof = proofs.prove(project, "16_graphs", "attempt")
    assert proof.problems == []
    assert (proof.solution, proof.stub, proof.survivors) == ("right", "not started", [])
    assert refused(project, ["16_graphs.morning"]) == []
    assert build(project, ["16_graphs"], keys=False).problems == []


def test_a_course_of_every_kind_passes_lint(project: Project) -> None:
    """`ruff check` and `ruff format` find nothing in a session that holds one exercise of each kind, and it builds."""
    for kind in KINDS:
        new_exercise(project, "16_graphs", f"a_{kind}", kind, None)
    assert build(project, ["16_graphs"], keys=False).problems == []
    shutil.copy(ROOT / "pyproject.toml", project.root)
    (project.root / "src").symlink_to(ROOT / "src")
    for arguments in (["check"], ["format", "--check"]):
        ran = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--no-cache", "course/16_graphs"],
            cwd=project.root,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stdout


def test_the_command_says_what_comes_next(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session, then an exercise in it; a training exercise has its bar set first."""
    monkeypatch.setenv("DLMODULE_COURSE", str(project.root))
    said = CliRunner().invoke(command, ["17_next"]).output
    assert said.startswith("wrote course/17_next/morning.py\n") and "--kind bug|" in said
    said = CliRunner().invoke(command, ["17_next.loop", "--kind", "training"]).output
    assert "course ledger --rehearsal 17_next.loop\nnext: course verify 17_next.loop" in said
    assert "Exercise 17.1: " in (project.course / "17_next" / "morning.py").read_text()


def test_imports_that_the_source_has_are_not_written_again(project: Project) -> None:
    """A second exercise of a kind adds no second import, and its number is the next."""
    for name in ("first", "second"):
        new_exercise(project, "16_graphs", name, "gradient", None)
    text = project.source("16_graphs", "morning").read_text()
    assert text.count("\nimport torch\n") == 1
    assert "Exercise 16.1: " in text and "Exercise 16.2: " in text


@pytest.mark.parametrize(
    ("target", "part", "words"),
    [
        ("16_graphs.a-b", None, "'a-b' cannot name an exercise"),
        ("16_graphs.plot", None, "defines 'plot' already"),
        ("16_graph.x", None, "no session '16_graph'"),
        ("16_graphs.x", "evening", "no part 'evening'; it has morning"),
        ("01_tiny.double", "morning", "double.py: is there already"),
        ("01_tiny.x", None, "has afternoon, morning: say which by --part"),
        ("16_graphs", None, "is there already"),
        ("graphs", None, "two digits and a name"),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch, target: str, part: str | None, words: str
) -> None:
    """What was there stays as it was, byte for byte."""
    (project.course / "01_tiny" / "afternoon.py").write_text(MORNING[: MORNING.index("# %%")])
    monkeypatch.setenv("DLMODULE_COURSE", str(project.root))
    before = {path: path.read_bytes() for path in project.course.rglob("*.py")}
    arguments = [target, *(["--part", part] if part else [])]
    with pytest.raises(CourseError, match=words) as caught:
        command.main(arguments, standalone_mode=False)
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in project.course.rglob("*.py")} == before


@pytest.mark.parametrize("kind", KINDS)
def test_the_documentation_shows_the_whole_template(kind: str) -> None:
    """docs/kinds_of_exercises.md holds each template's cells and file as they stand."""
    page = (ROOT / "docs" / "kinds_of_exercises.md").read_text("utf-8")
    assert f"\n## `{kind}`" in page
    for piece in (TEMPLATES / f"{kind}.txt").read_text("utf-8").split("# %% [exercise]\n"):
        assert f"```python\n{piece.rstrip()}\n```" in page


def test_the_guide_for_authors_is_true(project: Project) -> None:
    """Its example is the template of a function; its header and its day are ones that the course takes; its minimums hold."""
    page = (ROOT / "docs" / "author_an_exercise.md").read_text("utf-8")
    new_exercise(project, "16_graphs", "moving_mean", "function", None)
    cells = project.source("16_graphs", "morning").read_text().partition("# ### Exercise 16.1: ")[2]
    assert f"# ### Exercise 5.12: {cells.rstrip()}\n```" in page
    assert f"```python\n{project.exercise('16_graphs', 'moving_mean').read_text().rstrip()}\n```" in page
    header = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    day = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert header and day
    project.exercise("16_graphs", "moving_mean").unlink()
    project.source("16_graphs", "morning").write_text(header[1])
    assert parse(project.source("16_graphs", "morning")).header.minutes.cpu_fp32 == 5
    project.syllabus.write_text(project.syllabus.read_text() + "\n" + day[1])
    assert drafts(project) == []
    for least, what in ((proofs.MISTAKES, "mistakes"), (proofs.ALTERNATIVES, "alternatives"), (proofs.HINTS, "hints")):
        assert f"{least} {what}" in page
    apart = f"{proofs.APART:.0f} tolerances; {proofs.STATISTICS_APART:.0f} of statistics"
    assert apart in page and f"{proofs.MUTANTS} mutants, {proofs.KILLED:.0%} of them".replace("%", " %") in page
    assert f"{measurements.REHEARSAL_SEEDS} seeds" in page
