"""A mock: exercises from any sessions in a learner's notebook, marked as a coursework is, with the learner's own keys.

What is marked is what the notebook checks, ``revision.check("SESSION.EXERCISE", answer)``, below the heading ``## A mock ...`` and above
the next of its level; all of the notebook where there is no such heading. A task has as many marks as its exercise should
take minutes, and a wrong answer has half of the share of cases that pass.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coursekit.cache import digest_of
from coursekit.errors import CourseError
from coursekit.marking.assessment import Assessment, task_of
from coursekit.marking.marking import Marked, mark
from coursekit.marking.sandbox import Sandbox
from coursekit.marking.submission import Submission, Unreadable, cells_of, code_cells, text_of
from dlmodule.place import key_folders

if TYPE_CHECKING:
    from dlmodule.checking.key import ExerciseKey

PARTIAL = 0.5
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)


def marked(notebook: Path) -> tuple[Assessment, Marked]:
    """The notebook's assessment and its marks. CourseError where it cannot be read, checks nothing, or has no keys here."""
    try:
        content = notebook.read_bytes()
        code_cells(content)  # refuses what is beyond all measure
        exercises = list(dict.fromkeys(_checked(_section(cells_of(content)))))
    except (OSError, Unreadable) as error:
        raise CourseError(str(getattr(error, "strerror", None) or error), file=notebook) from None
    if not exercises:
        raise CourseError('is no mock: it has no cell `revision.check("SESSION.EXERCISE", answer)`', file=notebook)
    assessment = _assessment([_key(exercise) for exercise in exercises])
    with Sandbox(assessment.trials) as sandbox:
        return assessment, mark(assessment, Submission("you", notebook.name, content), sandbox)


def _assessment(keys: Sequence[ExerciseKey]) -> Assessment:
    tasks = tuple(task_of(key, float(key.minutes), PARTIAL) for key in keys)
    return Assessment("mock", tasks, digest_of("mock", *(key.id for key in keys)))


def _section(cells: Sequence[Mapping[str, Any]]) -> list[str]:
    """The code of the mock's cells."""
    found: list[str] = []
    inside = begun = False
    for cell in cells:
        text = text_of(cell)
        if cell.get("cell_type") == "markdown" and (heading := HEADING.search(text)):
            inside = heading[1].startswith("A mock")
            begun |= inside
        elif cell.get("cell_type") == "code" and inside:
            found.append(text)
    return found if begun else [text_of(cell) for cell in cells if cell.get("cell_type") == "code"]


def _checked(cells: Sequence[str]) -> Iterator[str]:
    """The ids of the exercises that ``cells`` check, in order."""
    for cell in cells:
        try:
            tree = ast.parse(cell)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "revision.check" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str) and "." in first.value:
                    yield first.value


def _key(exercise: str) -> ExerciseKey:
    """The key of an exercise that can be tried anew: a training is measured, not tried."""
    from dlmodule.checking import key

    session, _, name = exercise.partition(".")
    for folder in key_folders():
        path = folder / f"{session}.safetensors"
        if path.is_file():
            found = key.load(path).get(name)
            if found is None or found.bar is not None:
                raise CourseError(f"{exercise} cannot be marked: {path.name} has no case of it")
            return found
    raise CourseError(
        f"{exercise} cannot be marked: {session}.safetensors is not on this computer; open the course once"
    )
