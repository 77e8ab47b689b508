"""``course feedback ASSESSMENT``: a page for each learner."""

import hashlib
import re
from pathlib import Path

import click

from coursekit.errors import CourseError
from coursekit.marking.coursework import Coursework
from coursekit.marking.feedback import Feedback, page
from coursekit.marking.marks import assessment_mark, percent, read_records
from coursekit.marking.results import Results
from coursekit.project import Project, find_project
from coursekit.schedule.syllabus import syllabus_of
from coursekit.schedule.timetable import Timetable
from coursekit.sources.exercise_file import exercises_of
from dlmodule.files import write_atomically


@click.command("feedback")
@click.argument("assessment")
@click.option("--to", type=click.Path(path_type=Path), help="The folder (default: build/feedback/ASSESSMENT).")
@click.option(
    "--records",
    type=click.Path(path_type=Path),
    default=Path("marks.toml"),
    show_default=True,
    help="Late policy and decisions.",
)
@click.option("--results", "url", help="A database's URL (default: build/marks/ASSESSMENT.sqlite).")
def command(assessment: str, to: Path | None, records: Path, url: str | None) -> None:
    """Write a page for each learner: the mark, the diagnosis of each task, and the marker's comments; no hidden case."""
    project = find_project()
    syllabus = syllabus_of(project)
    item = next((item for item in syllabus.assessment if item.id == assessment), None)
    if item is None:
        raise CourseError(
            f"no assessment is called {assessment!r}; the syllabus has {', '.join(i.id for i in syllabus.assessment)}"
        )
    path = project.build / "marks" / f"{assessment}.sqlite"
    if url is None and not path.is_file():
        raise CourseError(f"no results of {assessment}; `course mark` makes them", file=path)
    results = Results(url) if url else Results.at(path)
    latest = results.latest(assessment)
    results.close()
    _, due = Timetable(syllabus).assessment_times(item)
    decided = read_records(records, syllabus.zone)
    marks = {
        learner: assessment_mark(
            learner, percent(marked.marks, sum(m.of for m in marked.exercises)), at, due, assessment, decided
        )
        for learner, (marked, at) in latest.items()
    }
    titles, folder = _titles(project, assessment), to or project.build / "feedback" / assessment
    of_class = [mark.rounded for mark in marks.values()]
    for learner, (marked, _) in latest.items():
        mark = marks[learner]
        text = page(Feedback(learner, item.title, marked, titles, mark.rounded, mark.why, of_class))
        write_atomically(folder / f"{_file_name(learner)}.html", text)
    click.echo(f"{len(latest)} pages in {folder}")


def _titles(project: Project, assessment: str) -> dict[str, str]:
    """What tasks, files and questions are called, in words."""
    titles = {name: meta.title for name, meta in exercises_of(project, assessment).items()}
    if Coursework.exists(project, assessment):
        public = Coursework(project, assessment).public
        titles |= {file.name: file.title for file in public.file} | {q.id: q.title for q in public.question}
    return titles


def _file_name(learner: str) -> str:
    """A name that is a file's on every system, and another one for every learner."""
    plain = re.sub(r"[^\w.@-]+", "_", learner).strip(".")[:80]
    return plain if plain == learner else f"{plain}-{hashlib.sha256(learner.encode()).hexdigest()[:8]}"
