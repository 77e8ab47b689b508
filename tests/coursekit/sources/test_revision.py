"""A revision asks again what other sessions asked: their text, their stub, their check; a wrong request names its line."""

import ast
import json
from pathlib import Path

import pytest

from coursekit.build import build
from coursekit.errors import CourseError
from coursekit.exercises.leaks import scan
from coursekit.project import Project
from coursekit.sources.load import load_of
from coursekit.sources.revision import assembled
from coursekit.sources.source import Source
from tests.coursekit.conftest import MORNING, SYLLABUS, write_course

ASKING = MORNING.replace(
    "# ## Summary\n# Done.\n",
    """\
# ### Questions to take along
#
# 1. What is twice nothing,
#    in words?
#
# <details><summary>Answer</summary>
#
# Nothing. $2\\cdot0=0$.
#
# </details>
#
# 2. And thrice?
#
# <details><summary>Answer</summary>
#
# Nothing, too.
#
# </details>
#
# **Predict.** What is the square root of 2?

# %%
prediction = ""

# %%
print(math.sqrt(2))

# %% [markdown]
# About 1.41.
#
# ## Summary
# Done.
""",
).replace("# %%\nfrom dlmodule", "# %%\nimport math\n\nfrom dlmodule")

REVISION = """\
# ---
# title: "Again"
# objectives: [do it again]
# minutes: {cpu: 1}
# ---

# %%
from dlmodule.revision.notebook import Revision

revision = Revision("02_again.morning")

# %% [markdown]
# ## In which order
# {revise: agenda}

# %% [markdown]
# ## Day 00: was left out
# {revise: 00_never}

# %% [markdown]
# ## {Day: 01_tiny}: doubling
# Twice is once and once more.
#
# {revise: 01_tiny, exercise: double, questions: [morning.1], predictions: [morning.2]}

# %% [markdown]
# ## Summary
# Done again.
"""
CHOICE = "exercise: double, questions: [morning.1], predictions: [morning.2]"


def write(root: Path, revision: str = REVISION, morning: str = ASKING) -> Project:
    """The tiny course, which asks questions, with a second session that asks them again."""
    project = write_course(root, {"morning": morning})
    folder = project.course / "02_again"
    folder.mkdir()
    (folder / "morning.py").write_text(revision, encoding="utf-8")
    day = '[[day]]\ndate = 2022-11-29\ntitle = "Again"\nsession = "02_again"\nfolder = "02"\nparts = [{ part = "morning", kind = "Q&A" }]\n'
    project.syllabus.write_text(f"{SYLLABUS}\n{day}", encoding="utf-8")
    return project


def revised(root: Path, revision: str = REVISION, morning: str = ASKING) -> Source:
    return assembled(write(root, revision, morning), "02_again", "morning")


def texts(source: Source) -> list[str]:
    return [cell.text for cell in source.cells]


def test_what_is_asked_stands_in_order_under_headings_of_its_own(tmp_path: Path) -> None:
    """The prediction with its cell and what it tells, the question with its answer, then the exercise and its check."""
    source = revised(tmp_path)
    assert [(item.id, item.title, item.minutes) for item in source.revised] == [
        ("01_tiny.morning.prediction_2", "Question 1.1", 2),
        ("01_tiny.morning.question_1", "Question 1.2", 2),
        ("01_tiny.double", "Exercise 1.1: Double", 5),
    ]
    assert [heading.text for cell in source.cells for heading in cell.headings] == [
        "In which order", "{Day: 01_tiny}: doubling", "Question 1.1", "Question 1.2", "Exercise 1.1: Double", "Summary",
    ]  # fmt: skip
    assert texts(source)[4:] == [
        "### Question 1.1\n\nPredict: What is the square root of 2?\n\nThe next cell shows it.",
        "import math\n\nprint(math.sqrt(2))",
        "About 1.41.",
        'revision.answered("01_tiny.morning.prediction_2", sure=None, right=None)',
        "### Question 1.2\n\nWhat is twice nothing,\nin words?\n\n<details><summary>Answer</summary>\n\nNothing. $2\\cdot0=0$.\n\n</details>",
        'revision.answered("01_tiny.morning.question_1", sure=None, right=None)',
        "### Exercise 1.1: Double\n\nReturn twice the number.",
        'def double(x: float) -> float:\n    """Twice x."""\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION',
        'revision.check("01_tiny.double", double)',
        "## Summary\nDone again.",
    ]


def test_the_agenda_lists_everything_that_is_asked(tmp_path: Path) -> None:
    """As one call with an id, a title and minutes for each."""
    cell = revised(tmp_path).cells[2]
    assert cell.tree is not None
    call = cell.tree.body[0]
    assert isinstance(call, ast.Expr) and isinstance(call.value, ast.Call)
    assert [ast.literal_eval(item) for item in call.value.args] == [
        ("01_tiny.morning.prediction_2", "Question 1.1", 2),
        ("01_tiny.morning.question_1", "Question 1.2", 2),
        ("01_tiny.double", "Exercise 1.1: Double", 5),
    ]


def test_the_notebooks_show_a_stub_and_a_solution_and_nothing_is_copied_to_the_session(tmp_path: Path) -> None:
    """The student version holds no answer; the exercise's line stands under its heading; the course counts it once."""
    project = write(tmp_path)
    assert build(project, keys=False).problems == []
    student, solutions = (
        json.loads(project.notebook("02_again", "morning", solutions=solutions).read_text())
        for solutions in (False, True)
    )
    code = ["".join(cell["source"]) for cell in student["cells"] if cell["cell_type"] == "code"]
    assert any("raise NotImplementedError" in text for text in code) and not any("2 * x" in text for text in code)
    assert any("2 * x" in "".join(cell["source"]) for cell in solutions["cells"])
    prose = "\n".join("".join(cell["source"]) for cell in student["cells"])
    assert "### Exercise 1.1: Double\n\n*Difficulty ●○○○○" in prose
    assert len({cell["id"] for cell in student["cells"]}) == len(student["cells"])
    days = json.loads((project.build / "course.json").read_text())["days"]
    assert [len(part["exercises"]) for day in days for part in day["parts"]] == [4, 0, 0, 0]
    assert [question["id"] for question in days[1]["parts"][0]["questions"]] == [
        "01_tiny.morning.prediction_2",
        "01_tiny.morning.question_1",
    ]


def test_a_change_of_what_is_asked_makes_the_notebook_again(tmp_path: Path) -> None:
    """In the other session's source or exercise; other sessions' notebooks stay."""
    project = write(tmp_path)
    build(project, keys=False)
    assert build(project, keys=False).written == []
    source = project.source("01_tiny", "morning")
    source.write_text(source.read_text().replace("Return twice the number.", "Return the double."))
    written = build(project, keys=False).written
    assert "notebooks/02_again/02_again_morning.ipynb" in written
    assert "Return the double." in project.notebook("02_again", "morning", solutions=False).read_text()


def test_the_leak_scan_of_a_session_looks_into_the_revision(tmp_path: Path) -> None:
    """An answer that stands in the revision's own text is found when the exercise is verified."""
    answer = "return 2 * x + 0 * (x - 1)"
    morning = ASKING.replace("return 2 * x", answer)
    telling = REVISION.replace("revision = Revision(", f"def told(x):\n    {answer}\n\n\nrevision = Revision(")
    for name, text, leaks in (("silent", REVISION, 0), ("telling", telling, 1)):
        project = write(tmp_path / name, text, morning)
        build(project, keys=False)
        assert len(scan(project, ["01_tiny"])) == leaks


def test_its_load_counts_what_it_asks(tmp_path: Path) -> None:
    """Two minutes a question, the exercise's own, and all of it is core."""
    asked, plain = (
        load_of(revised(tmp_path / name, text))
        for name, text in (("all", REVISION), ("none", REVISION.replace(f"01_tiny, {CHOICE}", "00_never")))
    )
    assert asked.core - plain.core == 2 + 2 + 5 and asked.marked
    assert plain.core == plain.every == 0


def test_what_is_for_those_who_have_time_is_no_core(tmp_path: Path) -> None:
    """`further: true` takes the exercise out of the core, and not out of the whole."""
    core = load_of(revised(tmp_path / "core", REVISION))
    further = load_of(revised(tmp_path / "further", REVISION.replace(CHOICE, f"{CHOICE}, further: true")))
    assert (core.core - further.core, core.every) == (5, further.every)


def test_without_a_choice_it_is_the_first_question_and_the_shortest_exercise_that_stands_alone(tmp_path: Path) -> None:
    """An exercise that begins from code, or that needs more than imports, is passed over; where none is left there is none."""
    assert [item.id for item in revised(tmp_path / "a", REVISION.replace(f", {CHOICE}", "")).revised] == [
        "01_tiny.morning.question_1",
        "01_tiny.double",
    ]
    leaning = ASKING.replace("    return 2 * x\n", "    return TWO * x\n").replace(
        'check = checks("01_tiny")', 'check = checks("01_tiny")\nTWO = 2'
    )
    found = revised(tmp_path / "b", REVISION.replace(f", {CHOICE}", ""), leaning).revised
    assert [item.id for item in found] == ["01_tiny.morning.question_1", "01_tiny.Counter"]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("exercise: treble", "01_tiny has no exercise 'treble'"),
        ("exercise: find_the_bug", "'find_the_bug' begins from code"),
        ("questions: [morning.3]", "01_tiny.morning has 2 questions with an answer"),
        ("questions: [evening.1]", "'evening.1' names nothing of 01_tiny; write PART.NUMBER (parts: morning)"),
        ("questions: [1]", "'1' names nothing of 01_tiny"),
        ("predictions: [morning.1]", "a cell of 01_tiny.morning does not stand alone: it needs double"),
        ("predictions: [morning.3]", "01_tiny.morning has 2 predictions"),
        ("question: [morning.1]", "write {revise: SESSION, exercise: NAME"),
        ("questions: [morning.1", "write {revise: SESSION, exercise: NAME"),
    ],
)
def test_a_wrong_request_names_its_line(tmp_path: Path, choice: str, message: str) -> None:
    """In the revision's own source, whatever is wrong with it."""
    with pytest.raises(CourseError) as caught:
        revised(tmp_path, REVISION.replace(CHOICE, choice))
    line = next(number for number, text in enumerate(REVISION.split("\n"), 1) if CHOICE in text)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'course' / '02_again' / 'morning.py'}:{line}: ")


def test_any_other_source_is_as_it_stands(tiny_course: Project) -> None:
    """Nothing is assembled where nothing is asked again."""
    source = assembled(tiny_course, "01_tiny", "morning")
    assert source.revised == () and source is assembled(tiny_course, "01_tiny", "morning")
