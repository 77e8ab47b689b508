"""``course check SESSION.EXERCISE FILE.py``: judge an answer from the shell, with the words of the notebook's card.

Of the file only the definitions that the answer needs are run, so it may be a whole notebook with training and checks in
it. Where the answer is made by a loop or a call, all of it is run. What it prints goes to stderr.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import json
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from coursekit.errors import CourseError
from coursekit.exercises.record import record_session
from coursekit.project import find_project
from coursekit.sources import slicing
from coursekit.sources.names import bound_names


def answer_in(path: Path, name: str) -> Any:
    """What the file at ``path`` defines as ``name``. CourseError where the file fails or does not define it."""
    try:
        text = path.read_text("utf-8")
        tree = ast.parse(text, filename=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"cannot be read: {error}", file=path) from None
    except SyntaxError as error:
        raise CourseError(f"not valid Python: {error.msg}", file=path, line=error.lineno) from None
    if not any(name in bound_names([node]) for node in tree.body):
        raise CourseError(f"defines no {name!r}", file=path)
    # An answer that a loop or a call takes part in has no slice; then the whole file is run.
    with contextlib.suppress(CourseError):
        tree = ast.Module([one.node for one in slicing.needed(slicing.of_file(text, tree), [name], path)], [])
    scope: dict[str, Any] = {"__name__": "answer", "__file__": str(path)}
    try:
        with contextlib.redirect_stdout(sys.stderr):
            exec(compile(tree, str(path), "exec"), scope)
    except (Exception, SystemExit) as error:
        own = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        raise CourseError(
            f"stops with {type(error).__name__}: {error}", file=path, line=own[-1] if own else None
        ) from None
    if name not in scope:
        raise CourseError(f"defines no {name!r}", file=path)
    return scope[name]


@click.command()
@click.argument("exercise")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The diagnosis as one object, on stdout.")
@click.option("--hint", type=click.IntRange(1), help="Show hint N of a wrong answer too.")
def command(exercise: str, file: Path, as_json: bool, hint: int | None) -> None:
    """Judge the answer to EXERCISE (SESSION.EXERCISE) that FILE defines. Exit code 0: right; 1: not right; 2: bad input."""
    from dlmodule.checking import judge, key

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
    diagnosis = judge(exercise, answer_in(file, name))
    if as_json:
        told = {k: v for k, v in dataclasses.asdict(diagnosis).items() if k not in ("expected", "got", "hints")}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(str(diagnosis))
        if hint and not diagnosis.right and hint <= len(diagnosis.hints):
            click.echo(f"  Hint {hint}: {diagnosis.hints[hint - 1]}")
    sys.exit(2 if diagnosis.status == "could not check" else 0 if diagnosis.right else 1)
