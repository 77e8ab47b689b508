"""The notebooks of a source, with nbformat and nbgrader as oracles."""

import json
import re
import warnings
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from coursekit.errors import CourseError
from coursekit.notebooks.notebook import Notebook, make, to_json
from coursekit.notebooks.title import core_or_further, install_cell
from coursekit.project import Project
from coursekit.sources.exercise_file import exercise_of
from coursekit.sources.source import parse

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import nbformat
    from nbgrader.nbgraderformat import MetadataValidator


@dataclass(frozen=True)
class Repository:
    """Where the tiny course is said to be published."""

    owner: str = "someone"
    name: str = "course"
    branch: str = "main"
    tag: str = "v1.2"


FIGURES = {"01_tiny.double.nothing.accuracy": "90.1 % ± 0.2 (10 seeds)"}


@pytest.fixture(params=["student", "solutions"])
def notebook(request: pytest.FixtureRequest, tiny_course: Project) -> Notebook:
    """The tiny course's notebook, in either version."""
    return made(tiny_course, solutions=request.param == "solutions")


def made(project: Project, *, solutions: bool) -> Notebook:
    source = parse(project.course / "01_tiny" / "morning.py")
    return make(
        source,
        solutions=solutions,
        repository=Repository(),
        figure=FIGURES.__getitem__,
        days=lambda name: int(name[:2]),
    )


def texts(notebook: Notebook, kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_nbformat_accepts_it_and_writes_the_same_bytes(notebook: Notebook) -> None:
    """The notebook is valid nbformat 4.5, and its text is what nbformat itself would write."""
    node: Any = nbformat.from_dict(json.loads(to_json(notebook)))
    nbformat.validate(node)
    assert nbformat.writes(node).rstrip("\n") + "\n" == to_json(notebook)


def test_nbgrader_accepts_its_metadata(notebook: Notebook) -> None:
    """nbgrader's validator of schema 3 accepts both versions; points are the difficulties."""
    node: Any = nbformat.from_dict(json.loads(to_json(notebook)))
    MetadataValidator().validate_nb(node)
    graded = [cell.metadata.nbgrader for cell in node.cells if "nbgrader" in cell.metadata]
    assert {m.grade_id: m.points for m in graded if m.grade} == {
        "double_check": 1,
        "weights_check": 2,
        "Counter_check": 3,
        "find_the_bug_check": 2,
    }
    assert [m.grade_id for m in graded if m.solution] == ["double", "weights", "Counter", "find_the_bug"]


def test_the_title_cell_comes_from_the_header(notebook: Notebook) -> None:
    """Title, badge, objectives, prerequisites, minutes and data stand in the first cell; nothing comes from another host."""
    title = texts(notebook, "markdown")[0]
    assert title.startswith("# Tiny: doubling and tripling")
    suffix = "_solutions" if "(solutions)" in title else ""
    place = f"someone/course/blob/main/notebooks/01_tiny/01_tiny_morning{suffix}.ipynb"
    assert f"(https://colab.research.google.com/github/{place})" in title
    for fact in ("- double a number", "`00_before`", "`glyphs`", "everything 22 min", "1.5 minutes on an older one"):
        assert fact in title
    assert "![" not in title and "<img" not in title


def test_prose_is_completed(notebook: Notebook) -> None:
    """Ledger figures are filled in, and each exercise's heading is followed by its line."""
    prose = texts(notebook, "markdown")
    assert "The model reaches 90.1 % ± 0.2 (10 seeds)." in prose[1]
    line = "*Difficulty ●○○○○ (1 of 5, warm-up) · about 5 minutes · move on after 10*"
    assert prose[2] == f"### Exercise 1.1: double\n\n{line}\n\nReturn twice the number."


def test_a_heading_says_which_exercises_are_core(tiny_course: Project) -> None:
    """A learner who is short of time sees in the table of contents which ones to do; a heading over both kinds names each."""
    meta = exercise_of(tiny_course, "01_tiny", "double")
    core, further = replace(meta, core=True), replace(meta, name="halve", core=False)
    heading = "### Exercise 1.1: twice"
    assert core_or_further(heading, [core]) == f"{heading} (core)"
    assert core_or_further(heading, [further, further]) == f"{heading} (further)"
    assert core_or_further(heading, [core, further]) == f"{heading} (double: core, halve: further)"


def test_a_notebook_marks_its_core_where_an_exercise_says_so(tiny_course: Project) -> None:
    """The title says what the words mean; where no exercise is core, nothing is marked."""
    unmarked = texts(made(tiny_course, solutions=False), "markdown")
    assert "### Exercise 1.1: double\n" in unmarked[2] and "(core)" not in unmarked[0]
    file = tiny_course.course / "01_tiny/exercises/double.py"
    file.write_text(
        file.read_text(encoding="utf-8").replace("minutes=5,", "minutes=5,\n    core=True,", 1), encoding="utf-8"
    )
    marked = texts(made(Project(tiny_course.root), solutions=False), "markdown")
    assert "### Exercise 1.1: double (core)\n" in marked[2] and "marked (core)" in marked[0]


def test_the_student_version_holds_no_solution(tiny_course: Project) -> None:
    """Stubs, placeholders and starters stand where solutions stood."""
    code = texts(made(tiny_course, solutions=False), "code")
    assert (
        'def double(x: float) -> float:\n    """Twice x."""\n    raise NotImplementedError("...your code here...")'
        in code
    )
    assert "weights = ...  # your code here" in code
    assert "def find_the_bug(numbers: list[float]) -> float:\n    return sum(numbers) / numbers" in code
    assert not re.search(r"SOLUTION|2 \* x|half|calls \+= 1|len\(numbers\)", "\n".join(code))


def test_the_solutions_are_whole(tiny_course: Project) -> None:
    """Solutions stand without their markers."""
    code = "\n".join(texts(made(tiny_course, solutions=True), "code"))
    assert "SOLUTION" not in code and "NotImplementedError" not in code
    assert "return 2 * x" in code and "weights = [half, 2 * half]" in code


def test_both_versions_share_their_cell_ids(tiny_course: Project) -> None:
    """A cell is the same cell in both versions."""
    student, solutions = (made(tiny_course, solutions=s) for s in (False, True))
    assert [c["id"] for c in student["cells"]] == [c["id"] for c in solutions["cells"]]
    assert len({c["id"] for c in student["cells"]}) == len(student["cells"])


def test_the_install_cell_does_nothing_elsewhere_and_leaves_torch_alone() -> None:
    """Outside Colab nothing runs; on Colab dlmodule comes from the day's tag, without its dependencies."""
    text = install_cell(Repository(), 5)
    scope: dict[str, Any] = {}
    exec(text, scope)
    assert "missing" not in scope
    assert '"--no-deps", "dlmodule @ git+https://github.com/someone/course@v1.2-day05"' in text
    assert "torch" not in text.replace("torch that", "")


def test_a_starter_that_is_no_python_is_an_error(tiny_course: Project) -> None:
    """A broken starter is refused at the cell where it would stand."""
    path = tiny_course.course / "01_tiny" / "exercises" / "find_the_bug.py"
    path.write_text(path.read_text().replace("-> float:\n    return sum(numbers) / numbers\n", "->\n"))
    with pytest.raises(CourseError, match=r"morning\.py:\d+: the student version of this cell is not Python"):
        made(tiny_course, solutions=False)


@pytest.mark.parametrize(
    ("template", "scheme"),
    [("https://example.org/{owner}/{name}/new?title={title}&body={body}", "https"), ("mailto:team@example.org?subject={title}&body={body}", "mailto")],
)  # fmt: skip
def test_each_exercise_has_a_link_to_report_a_problem(tiny_course: Project, template: str, scheme: str) -> None:
    """It names session, exercise and the version that the notebook installs, in an address that a browser reads back; without a template there is none."""
    source = parse(tiny_course.course / "01_tiny" / "morning.py")
    notebook = make(
        source, solutions=False, repository=Repository(), figure=FIGURES.__getitem__, days=int, day=7, report=template
    )
    addresses = [
        address
        for text in texts(notebook, "markdown")
        for address in re.findall(r"\[report a problem\]\((\S+)\)", text)
    ]
    assert len(addresses) == len(source.exercises)
    for address, meta in zip(addresses, source.exercises, strict=True):
        parts = urlsplit(address)
        fields = parse_qs(parts.query)
        assert scheme == "mailto" or parts.path == "/someone/course/new"
        assert parts.scheme == scheme and set(fields) in ({"title", "body"}, {"subject", "body"})
        assert (
            f"01_tiny.{meta.name}" in fields["body"][0]
            and "v1.2-day07" in fields["body"][0]
            and meta.title in fields["body"][0]
        )
    assert "report a problem" not in to_json(made(tiny_course, solutions=False))
