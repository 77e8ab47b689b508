"""Written answers: the sheet that goes out, and what comes back into the marks."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from coursekit.commands import mark_form
from coursekit.errors import CourseError
from coursekit.marking import rubric
from coursekit.marking.assessment import Assessment, Question
from coursekit.marking.deciding import MARKED, TO_BE_MARKED, ExerciseMark
from coursekit.marking.marking import Marked, answer_digest
from coursekit.marking.results import Results, WrittenMark, counting
from coursekit.marking.submission import Submission
from tests.coursekit.marking.assessment import notebook

QUESTIONS = (
    Question("D1", "Why", 6, ((2, "a reason"), (4, "evidence")), "Because."),
    Question("D2", "How", 4, ((4, "so"),)),
)
ASSESSMENT = Assessment("coursework_9", (), "digest", (), QUESTIONS)
ANSWERS = {
    "ada": ("It is noisy, and\n\n1 + 1.", ""),
    "bob": ('=HYPERLINK("http://x")', "So."),
    "=eve": ("*Write here.*", "Thus."),
}


def handed_in(learner: str) -> Submission:
    """A notebook with the learner's answers."""
    cells = [
        {"cell_type": "markdown", "source": f"**Answer D{n}.**\n\n{text}"} for n, text in enumerate(ANSWERS[learner], 1)
    ]
    return Submission(learner, "x.ipynb", notebook([], cells=cells))


def sheet() -> list[dict[str, str]]:
    """The lines of the sheet that goes out."""
    return list(csv.DictReader(io.StringIO(rubric.sheet(ASSESSMENT, map(handed_in, ANSWERS)))))


def fill_in(path: Path, marks: dict[tuple[str, str], tuple[str, str]]) -> Path:
    """Write the sheet with (marks, comment) by learner and question, as a spreadsheet does."""
    lines = sheet()
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.DictWriter(file, rubric.COLUMNS)
        out.writeheader()
        for line in lines:
            line["marks"], line["comment"] = marks.get((line["learner"], line["question"]), ("", ""))
            out.writerow(line)
    return path


def test_the_sheet_holds_what_was_written_and_no_formula() -> None:
    """One line for each answer, question by question, with bands and scheme; nothing that a spreadsheet would run."""
    lines = sheet()
    assert [(line["question"], line["learner"]) for line in lines] == [
        ("D1", "ada"),
        ("D1", "bob"),
        ("D2", "bob"),
        ("D2", "'=eve"),
    ]
    assert lines[0]["answer"] == "It is noisy, and\n\n1 + 1."
    assert lines[0]["scheme"] == "Because." and lines[0]["bands"] == "2: a reason\n4: evidence"
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line.values())


def test_marks_of_two_markers_are_averaged_and_differences_are_told(tmp_path: Path) -> None:
    """The mean counts; the comments of both are kept; an answer that was not read stays to be marked; a changed one is again."""
    results = Results.at(tmp_path / "marks.sqlite")
    submission = handed_in("bob")
    found = [
        ExerciseMark(q.id, TO_BE_MARKED, 0, q.marks, 0, 0, "", answer=answer_digest(text))
        for q, text in zip(QUESTIONS, ANSWERS["bob"], strict=True)
    ]
    results.take_in("coursework_9", submission)
    results.write(Marked(submission.digest, tuple(found)), "digest", "here")
    for marker, given in (("first", "6"), ("second", "2,5")):
        path = fill_in(tmp_path / f"{marker}.csv", {("bob", "D1"): (given, f"{marker}: <b>good</b>")})
        assert results.write_written("coursework_9", rubric.read_sheet(path, ASSESSMENT, marker)) == 1
    (marked, _) = results.latest("coursework_9")["bob"]
    assert [(mark.status, mark.marks) for mark in marked.exercises] == [(MARKED, 4.25), (TO_BE_MARKED, 0)]
    assert marked.exercises[0].message == "first: <b>good</b>\nsecond: <b>good</b>"
    told = list(rubric.differences(ASSESSMENT, results.written("coursework_9").values()))
    assert told == ["bob, D1: second gives 2.5, first 6 of 6"]
    again = Submission("bob", "x.ipynb", submission.content + b" ")
    changed = tuple(ExerciseMark(q.id, TO_BE_MARKED, 0, q.marks, 0, 0, "", answer="another") for q in QUESTIONS)
    results.take_in("coursework_9", again)
    results.write(Marked(again.digest, changed), "digest", "here")
    assert [mark.status for mark in results.latest("coursework_9")["bob"][0].exercises] == [TO_BE_MARKED, TO_BE_MARKED]
    results.close()


def test_a_learner_whose_name_is_a_formula_gets_the_mark(tmp_path: Path) -> None:
    """What disarms a name for the spreadsheet is taken off again."""
    path = fill_in(tmp_path / "sheet.csv", {("'=eve", "D2"): ("4", "")})
    assert rubric.read_sheet(path, ASSESSMENT, "first") == [
        WrittenMark("=eve", "D2", answer_digest("Thus."), "first", 4.0)
    ]


@pytest.mark.parametrize(
    ("given", "words"), [("7", "D1 has 0 to 6"), ("-1", "0 to 6"), ("good", "marks are 'good'"), ("nan", "0 to 6")]
)
def test_marks_that_cannot_be_given(tmp_path: Path, given: str, words: str) -> None:
    """One line that names file and line; nothing is kept."""
    path = fill_in(tmp_path / "sheet.csv", {("bob", "D1"): (given, "")})
    with pytest.raises(CourseError, match=words) as error:
        rubric.read_sheet(path, ASSESSMENT, "first")
    assert "sheet.csv:" in str(error.value)


def test_a_sheet_of_something_else(tmp_path: Path) -> None:
    """A CSV without the columns, or a question that there is not, is one line."""
    path = tmp_path / "sheet.csv"
    path.write_text("name,mark\nada,5\n")
    with pytest.raises(CourseError, match="no column 'answer_id'"):
        rubric.read_sheet(path, ASSESSMENT, "first")
    path.write_text("learner,question,answer_id,marks\nada,D7,x,5\n")
    with pytest.raises(CourseError, match="no question 'D7'"):
        rubric.read_sheet(path, ASSESSMENT, "first")


def test_what_was_agreed_counts_and_every_difference_is_listed(tmp_path: Path) -> None:
    """Three answers, two markers: the sheet lists all three, the furthest apart first; read back by `agreed`, its marks count."""
    results = Results.at(tmp_path / "marks.sqlite")
    given = {"lg": {("ada", "D1"): 6, ("bob", "D1"): 4, ("bob", "D2"): 1}, "mm": {("ada", "D1"): 3, ("bob", "D1"): 4, ("bob", "D2"): 2}}  # fmt: skip
    for marker, marks in given.items():
        path = fill_in(
            tmp_path / f"{marker}.csv", {key: (str(mark), f"{marker} says =x") for key, mark in marks.items()}
        )
        results.write_written("coursework_9", rubric.read_sheet(path, ASSESSMENT, marker))
    written = results.written("coursework_9")
    assert list(rubric.severity(written.values())) == [
        "3 answers read by lg and mm: lg gives 0.67 more than mm on average; they differ by 1.33"
    ]
    lines = list(csv.DictReader(io.StringIO(rubric.differences_sheet(ASSESSMENT, written.values()))))
    shown = [
        (line["learner"], line["question"], line["difference"], line["far apart"], line["counts now"]) for line in lines
    ]
    assert shown == [("ada", "D1", "3", "yes", "4.5"), ("bob", "D2", "1", "no", "1.5"), ("bob", "D1", "0", "no", "4")]
    assert (lines[0]["lg: marks"], lines[0]["mm: marks"], lines[0]["mm: comment"]) == ("6", "3", "mm says =x")
    lines[0]["marks"], lines[0]["comment"] = "5", "Agreed: evidence is there."
    agreed = tmp_path / "agreed.csv"
    with agreed.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.DictWriter(file, list(lines[0]))
        out.writeheader()
        out.writerows(lines)
    results.write_written("coursework_9", rubric.read_sheet(agreed, ASSESSMENT, "agreed"))
    written = results.written("coursework_9")
    assert counting(written["ada", "D1", answer_digest(ANSWERS["ada"][0])]) == (5, "Agreed: evidence is there.")
    assert list(rubric.differences(ASSESSMENT, written.values())) == []
    results.close()


def test_marks_that_take_the_place_of_others_are_counted(tmp_path: Path) -> None:
    """Two markers who both call themselves `first` would overwrite one another; the command says how many changed."""
    results = Results.at(tmp_path / "marks.sqlite")
    first = [WrittenMark("bob", "D1", "a", "first", 4), WrittenMark("bob", "D2", "b", "first", 2)]
    assert rubric.changed(first, results.written("coursework_9")) == 0
    results.write_written("coursework_9", first)
    second = [WrittenMark("bob", "D1", "a", "first", 5), WrittenMark("bob", "D2", "b", "first", 2)]
    assert rubric.changed(second, results.written("coursework_9")) == 1
    assert rubric.changed([WrittenMark("bob", "D1", "a", "second", 5)], results.written("coursework_9")) == 0
    results.close()


@click.command()
@click.argument("path", type=Path)
@click.argument("marker")
def form(path: Path, marker: str) -> None:
    """The form as the command calls it."""
    results = Results.at(path)
    mark_form.fill_in(ASSESSMENT, [handed_in(learner) for learner in ANSWERS], results, marker)
    results.close()


def test_the_form_keeps_each_mark_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Marks that cannot be given are asked again; stopped after two, the form asks for the rest; a second marker sees no mark."""
    path = str(tmp_path / "marks.sqlite")
    said = CliRunner().invoke(form, [path, "lg"], input="7\n4,5\nGood.\n\nq\n", catch_exceptions=False).output
    assert (
        "1 of 4  D1: Why" in said
        and "It is noisy" in said
        and "right: Because." in said
        and "0 to 6, q, or Enter" in said
    )
    again = CliRunner().invoke(form, [path, "lg"], input="2\n\nq\n", catch_exceptions=False).output
    assert "1 of 3  D1" in again and "It is noisy" not in again
    second = CliRunner().invoke(form, [path, "mm"], input="q\n", catch_exceptions=False).output
    assert "1 of 4" in second and "4.5" not in second and "Good." not in second
    results = Results.at(Path(path))
    kept = {
        (m.learner, m.marker, m.marks, m.comment) for given in results.written("coursework_9").values() for m in given
    }
    assert kept == {("ada", "lg", 4.5, "Good."), ("bob", "lg", 2.0, "")}
    results.close()


def test_an_answer_cannot_steer_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Escape sequences in an answer are not printed."""
    monkeypatch.setitem(ANSWERS, "ada", ("\x1b[2Jgone\x07", ""))
    said = CliRunner().invoke(form, [str(tmp_path / "m.sqlite"), "lg"], input="q\n", color=True).output
    assert "gone" in said and "\x1b[2J" not in said and "\x07" not in said
