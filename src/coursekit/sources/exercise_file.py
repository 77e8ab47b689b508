"""What an exercise file says about its exercise, read from its syntax: nothing is imported, so a build needs no torch."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit.cache import remembered
from coursekit.errors import CourseError

_KINDS: dict[str, type | tuple[type, ...]] = {
    "title": str,
    "difficulty": int,
    "minutes": int,
    "move_on": int,
    "hints": (tuple, list),
    "part": str,
    "starter": (str, type(None)),
}


@dataclass(frozen=True)
class ExerciseMeta:
    """The facts a notebook shows. ``starter``: the code a learner begins from, or None for an empty body."""

    name: str
    title: str
    difficulty: int
    minutes: int
    move_on: int
    hints: tuple[str, ...]
    part: str
    starter: str | None
    description: str


def read(path: Path) -> ExerciseMeta:
    """The facts of the exercise at ``path``. Raises CourseError, with the line, for one that is missing or not a literal."""
    return _parse(path, path.read_bytes())


@remembered
def _parse(path: Path, content: bytes) -> ExerciseMeta:
    try:
        tree = ast.parse(content.decode())
    except (SyntaxError, UnicodeDecodeError) as error:
        message = f"not valid Python: {getattr(error, 'msg', error)}"
        raise CourseError(message, file=path, line=getattr(error, "lineno", None)) from None
    call = _exercise_call(tree)
    if call is None:
        raise CourseError("no `exercise = Exercise(...)` at top level", file=path, line=1)
    facts: dict[str, Any] = {"starter": None}
    for keyword in call.keywords:
        if keyword.arg in _KINDS:
            facts[keyword.arg] = _literal(keyword, path)
    missing = [name for name in _KINDS if name not in facts]
    if missing:
        raise CourseError(f"Exercise(...) lacks {', '.join(missing)}", file=path, line=call.lineno)
    if not 1 <= facts["difficulty"] <= 5:
        raise CourseError(f"difficulty is 1 to 5, not {facts['difficulty']}", file=path, line=call.lineno)
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
