"""``course check SESSION.EXERCISE FILE``: judge an answer from the shell, with the words of the notebook's card.

FILE is a program or a notebook. Of it only the definitions that the answer needs are run, so it may hold training and
checks too. Where the answer is made by a loop or a call, all of it is run. What it prints goes to stderr.
"""

from __future__ import annotations

import dataclasses
import io
import json
import sys
from pathlib import Path

import click

from coursekit.errors import CourseError
from coursekit.exercises.answer_file import answer_in
from coursekit.exercises.record import record_session
from coursekit.project import find_project


@click.command()
@click.argument("exercise")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The diagnosis as one object, on stdout.")
@click.option("--hint", type=click.IntRange(1), help="Show hint N of a wrong answer too.")
def command(exercise: str, file: Path, as_json: bool, hint: int | None) -> None:
    """Judge the answer to EXERCISE (SESSION.EXERCISE) that FILE defines. Exit code 0: right; 1: not right; 2: bad input."""
    from dlmodule.checking import judge, key

    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a sign shows another; the verdict stands
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    session, dot, name = exercise.partition(".")
    if not dot or not name:
        raise CourseError(f"{exercise!r} is not SESSION.EXERCISE")
    try:
        where = key.find(session)
    except Exception:
        # In a clone of the course, a key that is not there yet is recorded now.
        project = find_project()
        if not (project.course / session).is_dir():
            raise CourseError(f"no session is called {session!r}") from None
        where = record_session(project, session)
    known = key.load(where)
    if name not in known:
        raise CourseError(f"{session} has no exercise {name!r}; it has {', '.join(sorted(known))}")
    with answer_in(file, name) as answer:
        diagnosis = judge(exercise, answer)
    if as_json:
        report = {k: v for k, v in dataclasses.asdict(diagnosis).items() if k not in ("expected", "got", "hints")}
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        click.echo(str(diagnosis))
        if hint and not diagnosis.right and hint <= len(diagnosis.hints):
            click.echo(f"  Hint {hint}: {diagnosis.hints[hint - 1]}")
    sys.exit(2 if diagnosis.status == "could not check" else 0 if diagnosis.right else 1)
