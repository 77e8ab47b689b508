"""Written answers: the sheet (CSV) that a marker fills in, and what it says when it comes back.

The sheet holds no marks, so a second marker who gets one of their own is blind to the first.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.marking.assessment import Assessment
from coursekit.marking.exports import safe
from coursekit.marking.marking import answer_digest
from coursekit.marking.results import WrittenMark
from coursekit.marking.submission import Submission, Unreadable, cells_of
from dlmodule.coursework.forgotten import answers

COLUMNS = ("learner", "question", "title", "of", "bands", "scheme", "answer", "answer_id", "marks", "comment")
APART = 0.25  # of a question's marks: two markers who differ by more should talk


def sheet(assessment: Assessment, submissions: Iterable[Submission]) -> str:
    """One line for each answer that was written, question by question, so that one question is marked in one go."""
    found = [(submission.learner, _answers(submission)) for submission in submissions]
    out = io.StringIO()
    lines = csv.writer(out, quoting=csv.QUOTE_ALL)
    lines.writerow(COLUMNS)
    for question in assessment.questions:
        bands = "\n".join(f"{marks:g}: {text}" for marks, text in question.bands)
        for learner, texts in found:
            if text := texts.get(question.id, ""):
                row = [
                    learner,
                    question.id,
                    question.title,
                    f"{question.marks:g}",
                    bands,
                    question.scheme,
                    text,
                    answer_digest(text),
                    "",
                    "",
                ]
                lines.writerow([safe(cell) for cell in row])
    return out.getvalue()


def _answers(submission: Submission) -> dict[str, str]:
    try:
        return answers(cells_of(submission.content)) if not submission.problem else {}
    except Unreadable:
        return {}


def read_sheet(path: Path, assessment: Assessment, marker: str) -> list[WrittenMark]:
    """The marks in a sheet that was filled in; a line without a mark is left for later.

    CourseError, naming the line, for a question that there is not, or marks that cannot be given.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(_marks(csv.DictReader(file), path, assessment, marker))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"cannot be read: {error}", file=path) from None


def _marks(lines: csv.DictReader[str], path: Path, assessment: Assessment, marker: str) -> Iterator[WrittenMark]:
    missing = sorted({"learner", "question", "answer_id", "marks"} - set(lines.fieldnames or ()))
    if missing:
        raise CourseError(f"has no column {missing[0]!r}; `course mark --answers` makes a sheet", file=path, line=1)
    most = {question.id: question.marks for question in assessment.questions}
    for row in lines:
        given = (row["marks"] or "").strip().replace(",", ".")
        if not given:
            continue
        if row["question"] not in most:
            message = f"{assessment.id} has no question {row['question']!r}; it has {', '.join(most) or 'none'}"
            raise CourseError(message, file=path, line=lines.line_num)
        try:
            marks = float(given)
        except ValueError:
            marks = -1.0
        if not 0 <= marks <= most[row["question"]]:
            message = f"marks are {given!r}; {row['question']} has 0 to {most[row['question']]:g}"
            raise CourseError(message, file=path, line=lines.line_num)
        # A spreadsheet shows what `safe` put before a name that looks like a formula.
        learner = row["learner"].removeprefix("'")
        yield WrittenMark(learner, row["question"], row["answer_id"], marker, marks, (row.get("comment") or "").strip())


def differences(assessment: Assessment, written: Iterable[Sequence[WrittenMark]]) -> Iterator[str]:
    """One line for each answer on which two markers are far apart."""
    most = {question.id: question.marks for question in assessment.questions}
    for marks in written:
        low, high = (choose(marks, key=lambda mark: mark.marks) for choose in (min, max))
        if high.marks - low.marks > APART * most.get(low.question, 0):
            yield (
                f"{low.learner}, {low.question}: {low.marker} gives {low.marks:g}, {high.marker} {high.marks:g} "
                f"of {most[low.question]:g}"
            )
