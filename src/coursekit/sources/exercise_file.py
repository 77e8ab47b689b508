"""What an exercise file says about its exercise, read from its syntax: nothing is imported, so a build needs no torch."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from coursekit.errors import CourseError
from coursekit.project import Project

_KINDS: dict[str, type | tuple[type, ...]] = {
    "title": str,
    "difficulty": int,
    "minutes": int,
    "move_on": int,
    "hints": (tuple, list),
    "part": str,
    "starter": (str, type(None)),
    "core": bool,
}
_DEFAULTS: dict[str, Any] = {"starter": None, "core": False}
_OBJECTS = ("probe", "measured")  # keywords whose values only running the file can tell


@dataclass(frozen=True)
class ExerciseMeta:
    """The facts a notebook shows. ``starter``: the code a learner begins from, or None for an empty body.

    ``core``: whether a learner who is short of time should still do it.
    """

    name: str
    title: str
    difficulty: int
    minutes: int
    move_on: int
    hints: tuple[str, ...]
    part: str
    starter: str | None
    description: str
    core: bool = False


def read(path: Path) -> ExerciseMeta:
    """The facts of the exercise at ``path``. Raises CourseError, with the line, for one that is missing or not a literal."""
    return _parse(path, path.read_bytes())


def exercise_of(project: Project, session: str, name: str) -> ExerciseMeta:
    """The facts of an exercise of ``project``; see ``read``."""
    return project.parsed(project.exercise(session, name), _parse)


def exercises_of(project: Project, session: str) -> dict[str, ExerciseMeta]:
    """The facts of every exercise of a session, by name; see ``read``."""
    return {path.stem: project.parsed(path, _parse) for path in project.exercises(session)}


def _parse(path: Path, content: bytes) -> ExerciseMeta:
    try:
        tree = ast.parse(content.decode())
    except (SyntaxError, UnicodeDecodeError) as error:
        message = f"not valid Python: {getattr(error, 'msg', error)}"
        raise CourseError(message, file=path, line=getattr(error, "lineno", None)) from None
    call = _exercise_call(tree)
    if call is None:
        raise CourseError("no `exercise = Exercise(...)` at top level", file=path, line=1)
    facts: dict[str, Any] = dict(_DEFAULTS)
    for keyword in call.keywords:
        if keyword.arg in _KINDS:
            facts[keyword.arg] = _literal(keyword, path)
        elif keyword.arg not in _OBJECTS:
            near = get_close_matches(str(keyword.arg), (*_KINDS, *_OBJECTS), 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise CourseError(f"Exercise knows no {keyword.arg!r}{hint}", file=path, line=keyword.value.lineno)
    missing = [name for name in _KINDS if name not in facts]
    if missing:
        raise CourseError(f"Exercise(...) lacks {', '.join(missing)}", file=path, line=call.lineno)
    if not 1 <= facts["difficulty"] <= 5:
        raise CourseError(f"difficulty is 1 to 5, not {facts['difficulty']}", file=path, line=call.lineno)
    if not (path.parents[1] / f"{facts['part']}.py").is_file():
        raise CourseError(f"part {facts['part']!r} has no source {facts['part']}.py", file=path, line=call.lineno)
    _refuse_bare_mistake(tree, path)
    facts["hints"] = tuple(facts["hints"])
    description = (ast.get_docstring(tree) or "").partition("\n")[0]
    return ExerciseMeta(name=path.stem, description=description, **facts)


def _exercise_call(tree: ast.Module) -> ast.Call | None:
    for statement in tree.body:
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and statement.targets[0].id == "exercise"
            and isinstance(statement.value, ast.Call)
        ):
            return statement.value
    return None


def _refuse_bare_mistake(tree: ast.Module, path: Path) -> None:
    """Without its sentence, ``@exercise.mistake`` would take the wrong answer for the sentence and declare nothing."""
    for statement in tree.body:
        for decorator in getattr(statement, "decorator_list", ()):
            if ast.unparse(decorator) == "exercise.mistake":
                message = 'a mistake needs its sentence: @exercise.mistake("You ...")'
                raise CourseError(message, file=path, line=decorator.lineno)


def _literal(keyword: ast.keyword, path: Path) -> Any:
    line = keyword.value.lineno
    try:
        value = ast.literal_eval(keyword.value)
    except ValueError:
        raise CourseError(f"{keyword.arg} must be written out as a literal", file=path, line=line) from None
    expected = _KINDS[str(keyword.arg)]
    if not isinstance(value, expected):
        raise CourseError(f"{keyword.arg} is {value!r}, of the wrong type", file=path, line=line)
    return value
