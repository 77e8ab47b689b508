"""Written answers: the sheet (CSV) that a marker fills in, and what it says when it comes back.

The sheet holds no marks, so a second marker who gets one of their own is blind to the first.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.marking.assessment import Assessment
from coursekit.marking.exports import quoted, safe
from coursekit.marking.marking import answer_digest
from coursekit.marking.results import AGREED, WrittenMark, counting
from coursekit.marking.submission import Submission, Unreadable, cells_of
from dlmodule.coursework.forgotten import answers

COLUMNS = ("learner", "question", "title", "of", "bands", "scheme", "answer", "answer_id", "marks", "comment")
APART = 0.25  # of a question's marks: two markers who differ by more should talk


def sheet(assessment: Assessment, submissions: Iterable[Submission]) -> str:
    """One line for each answer that was written, question by question, so that one question is marked in one go."""
    found = [(submission.learner, answers_in(submission)) for submission in submissions]
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


def answers_in(submission: Submission) -> dict[str, str]:
    """The written answers by question; none where the file cannot be read."""
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


def changed(given: Iterable[WrittenMark], written: Mapping[tuple[str, str, str], Sequence[WrittenMark]]) -> int:
    """How many of the marks take the place of other marks by the same marker."""
    kept = {
        (each.learner, each.question, each.answer, each.marker): each.marks for of in written.values() for each in of
    }
    return sum(
        kept.get((each.learner, each.question, each.answer, each.marker), each.marks) != each.marks for each in given
    )


def differences(assessment: Assessment, written: Iterable[Sequence[WrittenMark]]) -> Iterator[str]:
    """One line for each answer on which two markers are far apart and have not agreed."""
    for given in _by_several(written):
        low, high = _ends(given)
        of = _most(assessment, low.question)
        if high.marks - low.marks > APART * of and not _agreed(given):
            yield f"{low.learner}, {low.question}: {low.marker} gives {low.marks:g}, {high.marker} {high.marks:g} of {of:g}"


def differences_sheet(assessment: Assessment, written: Iterable[Sequence[WrittenMark]]) -> str:
    """Every answer that several markers read (CSV), the furthest apart first: what each gave and said, what counts, and whether to talk.

    Its columns are those of the sheet of answers too: filled in and read back by the marker ``AGREED``, its marks count.
    """
    found = sorted(_by_several(written), key=lambda given: (-_gap(given), given[0].question, given[0].learner))
    markers = sorted({mark.marker for given in found for mark in given if mark.marker != AGREED})
    head = ["learner", "question", "answer_id", "of", "difference", "far apart", "counts now"]
    head += [f"{marker}: {what}" for marker in markers for what in ("marks", "comment")]
    lines = [_difference(assessment, given, markers) for given in found]
    return quoted([[*head, "marks", "comment"], *lines])


def _difference(assessment: Assessment, given: Sequence[WrittenMark], markers: Sequence[str]) -> list[str]:
    first, by_marker = given[0], {mark.marker: mark for mark in given}
    far = "yes" if _gap(given) > APART * _most(assessment, first.question) else "no"
    counts, _ = counting(given)
    cells = [first.learner, first.question, first.answer, f"{_most(assessment, first.question):g}", f"{_gap(given):g}"]
    cells += ["agreed" if _agreed(given) else far, f"{counts:g}"]
    for marker in markers:
        mark = by_marker.get(marker)
        cells += [f"{mark.marks:g}", mark.comment] if mark else ["", ""]
    return [*cells, "", ""]


def severity(written: Iterable[Sequence[WrittenMark]]) -> Iterator[str]:
    """One line for each pair of markers: on how many answers they met, and by how much one gives more on average."""
    gaps: dict[tuple[str, str], list[float]] = defaultdict(list)
    for given in _by_several(written):
        for first, second in combinations(sorted(_independent(given), key=lambda mark: mark.marker), 2):
            gaps[first.marker, second.marker].append(first.marks - second.marks)
    for (first_name, second_name), found in sorted(gaps.items()):
        mean, apart = sum(found) / len(found), sum(map(abs, found)) / len(found)
        more, less = (first_name, second_name) if mean >= 0 else (second_name, first_name)
        yield f"{len(found)} answers read by {first_name} and {second_name}: {more} gives {abs(mean):.2f} more than {less} on average; they differ by {apart:.2f}"


def _by_several(written: Iterable[Sequence[WrittenMark]]) -> Iterator[Sequence[WrittenMark]]:
    return (given for given in written if len(_independent(given)) > 1)


def _independent(given: Sequence[WrittenMark]) -> list[WrittenMark]:
    return [mark for mark in given if mark.marker != AGREED]


def _agreed(given: Sequence[WrittenMark]) -> bool:
    return any(mark.marker == AGREED for mark in given)


def _ends(given: Sequence[WrittenMark]) -> tuple[WrittenMark, WrittenMark]:
    marks = _independent(given)
    return min(marks, key=lambda mark: mark.marks), max(marks, key=lambda mark: mark.marks)


def _gap(given: Sequence[WrittenMark]) -> float:
    low, high = _ends(given)
    return high.marks - low.marks


def _most(assessment: Assessment, question: str) -> float:
    return next((each.marks for each in assessment.questions if each.id == question), 0.0)
