"""``course marks``: what was marked, with deadlines, decisions and the average, for people, programs and learning platforms."""

import json
from decimal import Decimal
from pathlib import Path

import click

from coursekit.errors import CourseError
from coursekit.marking import exports
from coursekit.marking.deciding import TO_BE_MARKED
from coursekit.marking.marks import AssessmentMark, assessment_mark, module_mark, percent, read_records, spread
from coursekit.marking.results import Results
from coursekit.project import find_project
from coursekit.schedule.syllabus import syllabus_of
from coursekit.schedule.timetable import Timetable


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
@click.option("--json", "as_json", is_flag=True, help="One JSON object a learner, on stdout.")
def command(results: Path | None, records: Path, platform: str | None, assessment: str | None, as_json: bool) -> None:
    """Work out the marks from RESULTS (a folder that `course mark` wrote; build/marks), the syllabus's deadlines and the records."""
    project = find_project()
    syllabus = syllabus_of(project)
    timetable = Timetable(syllabus)
    folder = results or project.build / "marks"
    decided = read_records(records, syllabus.zone)
    weights = {item.id: item.weight for item in syllabus.assessment}
    if assessment and assessment not in weights:
        raise CourseError(f"no assessment is called {assessment!r}; the syllabus has {', '.join(weights)}")
    marks: dict[str, dict[str, AssessmentMark | None]] = {}
    waiting = 0
    for item in syllabus.assessment:
        path = folder / f"{item.id}.sqlite"
        if not path.is_file():
            continue
        _, due = timetable.assessment_times(item)
        kept = Results.at(path)
        for learner, (marked, at) in kept.latest(item.id).items():
            waiting += sum(mark.status == TO_BE_MARKED for mark in marked.exercises)
            raw = percent(marked.marks, sum(mark.of for mark in marked.exercises))
            marks.setdefault(learner, {})[item.id] = assessment_mark(learner, raw, at, due, item.id, decided)
        kept.close()
    if not marks:
        raise CourseError(f"no results of {' or '.join(weights)}; `course mark` makes them", file=folder)
    if waiting:
        click.echo(f"{waiting} written answers are not marked yet and count as 0; see course mark --answers", err=True)
    totals = {learner: module_mark(found, weights) for learner, found in marks.items()}
    if platform:
        chosen = {name: total for name, total in totals.items() if total is not None}
        if assessment:
            chosen = {
                name: mark.rounded for name, found in marks.items() if (mark := found.get(assessment)) and mark.counts
            }
        click.echo(exports.FORMATS[platform](assessment or "Module mark", chosen), nl=False)
        return
    for learner, found in sorted(marks.items()):
        _show(learner, found, totals[learner], list(weights), as_json)
    if not as_json:
        distribution = spread([total for total in totals.values() if total is not None])
        click.echo(", ".join(f"{name} {value}" for name, value in distribution.items()))


def _show(
    learner: str, found: dict[str, AssessmentMark | None], total: Decimal | None, assessments: list[str], as_json: bool
) -> None:
    each = {name: found.get(name) for name in assessments}
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
