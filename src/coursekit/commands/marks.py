"""``course marks``: what was marked, with deadlines, decisions and the average, for people, programs and learning platforms."""

import json
from datetime import datetime
from pathlib import Path

import click

from coursekit.errors import CourseError
from coursekit.marking import board as board_papers
from coursekit.marking import exports
from coursekit.marking.board import Candidate
from coursekit.marking.deciding import TO_BE_MARKED
from coursekit.marking.marks import AssessmentMark, Records, assessment_mark, module_mark, percent, read_records, spread
from coursekit.marking.results import Results
from coursekit.project import find_project
from coursekit.schedule.syllabus import Syllabus, syllabus_of
from coursekit.schedule.timetable import Timetable
from dlmodule.files import write_atomically


@click.command("marks")
@click.argument("results", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option(
    "--records",
    type=click.Path(path_type=Path),
    default=Path("marks.toml"),
    show_default=True,
    help="Late policy and decisions.",
)
@click.option(
    "--export", "platform", type=click.Choice([*exports.FORMATS]), help="The file that a platform imports, on stdout."
)
@click.option("--assessment", help="Which one --export writes (default: the module mark).")
@click.option(
    "--board",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write what an exam board asks for into this folder.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a learner, on stdout.")
def command(
    results: Path | None,
    records: Path,
    platform: str | None,
    assessment: str | None,
    board: Path | None,
    as_json: bool,
) -> None:
    """Work out the marks from RESULTS (a folder that `course mark` wrote; build/marks), the syllabus's deadlines and the records."""
    project = find_project()
    syllabus = syllabus_of(project)
    folder = results or project.build / "marks"
    decided = read_records(records, syllabus.zone)
    weights = {item.id: item.weight for item in syllabus.assessment}
    if assessment and assessment not in weights:
        raise CourseError(f"no assessment is called {assessment!r}; the syllabus has {', '.join(weights)}")
    candidates = _candidates(syllabus, folder, decided)
    if platform:
        click.echo(_export(platform, assessment, candidates, list(weights)), nl=False)
        return
    if board:
        _write_board(board, candidates, {item.id: item.title for item in syllabus.assessment}, decided)
    for candidate in candidates:
        _show(candidate, list(weights), as_json)
    if not as_json:
        distribution = spread([candidate.module for candidate in candidates if candidate.module is not None])
        click.echo(", ".join(f"{name} {value}" for name, value in distribution.items()))


def _candidates(syllabus: Syllabus, folder: Path, decided: Records) -> list[Candidate]:
    """Every learner of whom there is a result; what a reader should know of the marks is said on stderr."""
    marks: dict[str, dict[str, AssessmentMark | None]] = {}
    moments: dict[str, dict[str, datetime | None]] = {}
    waiting, without, timetable = 0, [], Timetable(syllabus)
    for item in syllabus.assessment:
        path = folder / f"{item.id}.sqlite"
        if not path.is_file():
            without.append(item.id)
            continue
        _, due = timetable.assessment_times(item)
        kept = Results.at(path)
        for learner, (marked, at) in kept.latest(item.id).items():
            waiting += sum(mark.status == TO_BE_MARKED for mark in marked.exercises)
            raw = percent(marked.marks, sum(mark.of for mark in marked.exercises))
            marks.setdefault(learner, {})[item.id] = assessment_mark(learner, raw, at, due, item.id, decided)
            moments.setdefault(learner, {})[item.id] = at.astimezone(syllabus.zone) if at else None
        for learner in kept.undated(item.id):
            click.echo(
                f"{learner} handed in {item.id} more than once, not always with a time; what was taken in last counts",
                err=True,
            )
        kept.close()
    if not marks:
        raise CourseError(f"no results of {' or '.join(without)}; `course mark` makes them", file=folder)
    if waiting:
        click.echo(f"{waiting} written answers are not marked yet and count as 0; see course mark --answers", err=True)
    for name in without:
        click.echo(f"{name} has no results yet and counts as 0 in every module mark", err=True)
    weights = {item.id: item.weight for item in syllabus.assessment}
    return [
        Candidate(learner, found, moments[learner], module_mark(found, weights))
        for learner, found in sorted(marks.items())
    ]


def _export(platform: str, assessment: str | None, candidates: list[Candidate], assessments: list[str]) -> str:
    """The file for a platform. CourseError for module marks while an assessment has no results: it would halve everybody's mark."""
    if assessment:
        found = ((candidate.learner, candidate.marks.get(assessment)) for candidate in candidates)
        chosen = {learner: mark.rounded for learner, mark in found if mark and mark.counts}
        return exports.FORMATS[platform](assessment, chosen)
    missing = [name for name in assessments if not any(candidate.marks.get(name) for candidate in candidates)]
    if missing:
        raise CourseError(f"module marks need results of {', '.join(missing)}; --assessment exports those of one")
    modules = {candidate.learner: candidate.module for candidate in candidates if candidate.module is not None}
    return exports.FORMATS[platform]("Module mark", modules)


def _write_board(folder: Path, candidates: list[Candidate], titles: dict[str, str], decided: Records) -> None:
    # With the mark at its beginning a spreadsheet reads it as UTF-8.
    write_atomically(
        folder / "candidates.csv", "\ufeff" + board_papers.candidates_table(candidates, list(titles), decided)
    )
    write_atomically(folder / "figures.csv", "\ufeff" + board_papers.figures_table(candidates, list(titles)))
    write_atomically(folder / "distribution.svg", board_papers.distribution(candidates, titles))
    click.echo(f"candidates.csv, figures.csv and distribution.svg in {folder}", err=True)


def _show(candidate: Candidate, assessments: list[str], as_json: bool) -> None:
    learner, total = candidate.learner, candidate.module
    each = {name: candidate.marks.get(name) for name in assessments}
    if as_json:
        report = {
            name: {"percent": str(mark.rounded), "raw": str(mark.raw), "why": mark.why} if mark else None
            for name, mark in each.items()
        }
        click.echo(
            json.dumps(
                {"learner": learner, "module_mark": None if total is None else int(total), **report}, ensure_ascii=False
            )
        )
        return
    words = [
        f"{mark.rounded}{f' ({mark.why})' if mark.why else ''}" if mark else "nothing handed in"
        for mark in each.values()
    ]
    click.echo(f"{learner}  {'-' if total is None else total}  {'  '.join(words)}")
