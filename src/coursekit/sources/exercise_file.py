"""What an exercise file says about its exercise, read from its syntax: nothing is imported, so a build needs no torch.

Title and part are those of the notebook (see ``outline``), unless the file says them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from coursekit.errors import CourseError
from coursekit.project import Project, source_files
from coursekit.sources.outline import Place, place_of, places
from coursekit.sources.references import refuse_references

Outlines = tuple[tuple[Place, ...], ...]  # of a session's sources

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
_DEFAULTS: dict[str, Any] = {"title": "", "part": "", "move_on": 0, "starter": None, "core": False}
_OBJECTS = ("probe", "measured", "forbidden")  # keywords whose values only running the file can tell


@dataclass(frozen=True)
class Planted:
    """A bug of the starter: ``wrong`` stands there where the solution has ``right``."""

    name: str
    right: str
    wrong: str
    has_sentence: bool = True


@dataclass(frozen=True)
class ExerciseMeta:
    """The facts a notebook shows. ``starter``: the code a learner begins from, or None for an empty body.

    ``bugs``: where there are some, a learner begins from the solution with all of them in it. ``core``: whether a learner who is short of time should still do it.
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
    bugs: tuple[Planted, ...] = ()

    @property
    def begins_from_code(self) -> bool:
        """Whether a learner begins from code that runs: a starter, or the solution with bugs in it."""
        return self.starter is not None or bool(self.bugs)


def read(path: Path) -> ExerciseMeta:
    """The facts of the exercise at ``path``. Raises CourseError, with the line, for one that is missing or not a literal."""
    outlines = tuple(places(source, source.read_bytes()) for source in source_files(path.parents[1]))
    return _parse(path, path.read_bytes(), outlines)


def exercise_of(project: Project, session: str, name: str) -> ExerciseMeta:
    """The facts of an exercise of ``project``; see ``read``."""
    return project.parsed(project.exercise(session, name), _parse, _outlines(project, session))


def exercises_of(project: Project, session: str, part: str | None = None) -> dict[str, ExerciseMeta]:
    """The facts of every exercise of a session that can be read, by name.

    One that cannot be read is still being written and breaks nothing; but CourseError, as of ``read``, if ``part`` defines it.
    """
    outlines = _outlines(project, session)
    found = {}
    for path in project.exercises(session):
        try:
            found[path.stem] = project.parsed(path, _parse, outlines)
        except CourseError:
            if part is not None and defines(project, session, part, path.stem):
                raise
    return found


def defines(project: Project, session: str, part: str, name: str) -> bool:
    """Whether the source of ``part`` defines the exercise ``name``."""
    return any(place.part == part for place in place_of(name, _outlines(project, session)))


def _outlines(project: Project, session: str) -> Outlines:
    return tuple(project.parsed(path, places) for path in source_files(project.course / session))


def _parse(path: Path, content: bytes, outlines: Outlines) -> ExerciseMeta:
    try:
        tree = ast.parse(content.decode())
    except (SyntaxError, UnicodeDecodeError) as error:
        message = f"not valid Python: {getattr(error, 'msg', error)}"
        raise CourseError(message, file=path, line=getattr(error, "lineno", None)) from None
    refuse_references(content.decode(), file=path, line=1)
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
    if facts["part"] and not (path.parents[1] / f"{facts['part']}.py").is_file():
        raise CourseError(f"part {facts['part']!r} has no source {facts['part']}.py", file=path, line=call.lineno)
    _refuse_bare_mistake(tree, path)
    facts["hints"] = tuple(facts["hints"])
    facts["move_on"] = facts["move_on"] or 2 * facts["minutes"]
    description = (ast.get_docstring(tree) or "").partition("\n")[0]
    bugs = tuple(_bugs(tree, path))
    mute = [bug.name for bug in bugs if not bug.has_sentence and len(bugs) > 1]
    if mute:
        raise CourseError(f"bug {mute[0]!r} lacks its sentence, as it is one of several", file=path, line=call.lineno)
    if bugs and facts["starter"] is not None:
        raise CourseError("an exercise has a starter or bugs, not both", file=path, line=call.lineno)
    return _placed(ExerciseMeta(name=path.stem, description=description, bugs=bugs, **facts), path, outlines)


def _bugs(tree: ast.Module, path: Path) -> Iterator[Planted]:
    """The bugs that ``exercise.bug(name, right, wrong, sentence)`` plants, which are written out."""
    for statement in tree.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and _is_mark(call.func, "bug"):
            said = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
            texts = [text for text in said if isinstance(text, str)]
            if len(texts) != len(call.args) or len(texts) not in (3, 4):
                message = "write exercise.bug(name, right, wrong, sentence), all as literals"
                raise CourseError(message, file=path, line=call.lineno)
            yield Planted(texts[0], texts[1], texts[2], has_sentence=len(texts) == 4)


def _placed(facts: ExerciseMeta, path: Path, outlines: Outlines) -> ExerciseMeta:
    """``facts`` with the title and the part that the notebook says."""
    if facts.title and facts.part:
        return facts
    found = [place for place in place_of(facts.name, outlines) if facts.part in ("", place.part)]
    if len(found) > 1:
        parts = " and ".join(place.part for place in found)
        raise CourseError(f'{facts.name!r} is defined in {parts}: say which by part="..."', file=path, line=1)
    if not found:
        where = f"{facts.part}.py holds" if facts.part else "no source of this session holds"
        raise CourseError(f"{where} a definition of exercise {facts.name!r}", file=path, line=1)
    place = found[0]
    if not (facts.title or place.title):
        message = f"no heading `### Exercise N: title` above the definition of {facts.name!r}"
        raise CourseError(message, file=path.parents[1] / f"{place.part}.py", line=place.line)
    return replace(facts, title=facts.title or place.title, part=place.part)


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
            if _is_mark(decorator, "mistake"):
                message = 'a mistake needs its sentence: @exercise.mistake("You ...")'
                raise CourseError(message, file=path, line=decorator.lineno)


def _is_mark(node: ast.expr, name: str) -> bool:
    """Whether ``node`` is ``exercise.NAME``."""
    return isinstance(node, ast.Attribute) and node.attr == name and ast.unparse(node.value) == "exercise"


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
