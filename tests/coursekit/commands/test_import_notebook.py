"""`course import`: an ordinary notebook becomes a source that builds, and what a person must look at is told."""

from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat import v4

from coursekit.build import build
from coursekit.commands.import_notebook import command
from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.sources.imported import import_notebook
from coursekit.sources.source import parse
from tests.coursekit.reference_course import ROOT


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A course with a syllabus and nothing else."""
    (tmp_path / "course").mkdir()
    for name in ("syllabus.toml", "ledger.toml"):
        (tmp_path / "course" / name).write_bytes((ROOT / "course" / name).read_bytes())
    monkeypatch.setenv("DLMODULE_COURSE", str(tmp_path))
    return Project(tmp_path)


def notebook(path: Path, *cells: nbformat.NotebookNode) -> Path:
    """A notebook file with these cells."""
    nbformat.write(v4.new_notebook(cells=list(cells)), path)  # type: ignore[no-untyped-call]
    return path


def run(path: Path, part: str = "16_wells.morning") -> Result:
    """The command."""
    return CliRunner().invoke(command, [str(path), "--as", part], catch_exceptions=False)


def test_a_notebook_becomes_a_source_that_builds(project: Project, tmp_path: Path) -> None:
    """Title, text, code and a solution; a magic and a shell line stand as comments and are told with their cell."""
    hidden = v4.new_code_cell("answer = 42")
    hidden.metadata["tags"] = ["solution"]
    path = notebook(
        tmp_path / "wells.ipynb",
        v4.new_markdown_cell("# Wells: where to drill\n\nA question."),
        v4.new_code_cell("%matplotlib inline\n!pip install lasio\nimport math\nmath.pi"),
        v4.new_markdown_cell("# Data\n\nRead them with `%` signs."),
        hidden,
    )
    done = run(path)
    source = parse(project.source("16_wells", "morning"))
    assert source.header.title == "Wells: where to drill"
    assert "to do: cell 2: '%matplotlib inline' is no Python; it stands as a comment" in done.output
    assert "to do: cell 2: '!pip install lasio'" in done.output and "cell 4 is a solution" in done.output
    report = build(project, ["16_wells.morning"], keys=False, tell=lambda _: None)
    assert report.problems == []
    student = project.notebook("16_wells", "morning", solutions=False).read_text("utf-8")
    assert "where to drill" in student and "math.pi" in student and "answer = 42" not in student


def test_a_file_that_the_notebook_reads_is_told(project: Project, tmp_path: Path) -> None:
    """One that lies beside the notebook and stands in its code; put where the line says, it goes along."""
    for name in ("wells.csv", "other.csv"):
        (tmp_path / name).write_text("1.0")
    cell = v4.new_code_cell('text = open("wells.csv").read()\nkind = "logs.csv"')
    done = run(notebook(tmp_path / "a.ipynb", v4.new_markdown_cell("# A"), cell))
    (line,) = [line for line in done.output.splitlines() if ".csv" in line]
    assert (
        line == "to do: it reads wells.csv: put that file beside the source, and its name under `files` in the header"
    )
    source = project.source("16_wells", "morning")
    source.with_name("wells.csv").write_text("1.0")
    source.write_text(source.read_text("utf-8").replace("# data: []", "# files: [wells.csv]"), "utf-8")
    assert build(project, ["16_wells.morning"], keys=False, tell=lambda _: None).problems == []
    built = project.notebook("16_wells", "morning", solutions=False)
    assert built.with_name("wells.csv").read_text() == "1.0"


def test_nothing_is_overwritten_and_bad_input_is_one_line(project: Project, tmp_path: Path) -> None:
    """A part that is there, a name that is none, a file that is no notebook."""
    path = notebook(tmp_path / "a.ipynb", v4.new_markdown_cell("# A"))
    assert run(path).exit_code == 0
    before = project.source("16_wells", "morning").read_bytes()
    with pytest.raises(CourseError, match="there already"):
        run(path)
    assert project.source("16_wells", "morning").read_bytes() == before
    with pytest.raises(CourseError, match="names no part"):
        run(path, "wells")
    (tmp_path / "b.ipynb").write_text("{", "utf-8")
    with pytest.raises(CourseError, match="is no notebook"):
        run(tmp_path / "b.ipynb", "17_b.morning")
    assert not project.source("17_b", "morning").exists()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.text(st.sampled_from("# %!?x=1\n'\"äé \\`"), max_size=40)), max_size=5))
def test_no_text_is_lost(tmp_path: Path, cells: list[tuple[bool, str]]) -> None:
    """Every line that is not blank stands in the source, whatever it holds."""
    made = [v4.new_code_cell(text) if code else v4.new_markdown_cell(text) for code, text in cells]
    found = import_notebook(notebook(tmp_path / "n.ipynb", *made))
    for _, text in cells:
        for line in filter(None, map(str.strip, text.split("\n"))):
            assert line.lstrip("# %").strip() in found.text
