"""An exercise with everything that is needed to try its answers: solution, stub, mistakes and alternatives, ready to run.

Imports the exercise file (and torch with it), so it is used where answers are run: recording, verifying, measuring.
"""

from __future__ import annotations

import ast
import importlib.util
import linecache
import types
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.sources import slicing
from coursekit.sources.exercise_file import exercise_of
from coursekit.sources.source import Source, source_of
from coursekit.sources.student import student_definition

if TYPE_CHECKING:
    from dlmodule.checking.exercise import Alternative, Exercise, Mistake

A = TypeVar("A", bound="Mistake | Alternative")


@dataclass(frozen=True)
class Loaded:
    """An exercise ready to be tried. ``text``: the solution's own definition; ``slice``: with all it needs.

    kind: "function", "class" or "value". candidates are what ``check`` would be given.
    """

    session: str
    name: str
    kind: str
    exercise: Exercise
    source: Source
    slice: str
    text: str
    solution: Any
    stub: Any
    mistakes: tuple[Mistake, ...]
    alternatives: tuple[Alternative, ...]

    @property
    def id(self) -> str:
        """``session.exercise``."""
        return f"{self.session}.{self.name}"


def load(project: Project, session: str, name: str) -> Exercise:
    """The ``Exercise`` of a file, with the names its notebook defines in scope of its mistakes and alternatives."""
    return load_whole(project, session, name).exercise


def load_whole(project: Project, session: str, name: str) -> Loaded:
    """Everything about one exercise. CourseError, with file and line, for whatever in it cannot be used."""
    path = project.exercise(session, name)
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("[!_]*.py"))) or "none"
        raise CourseError(f"no exercise {session}.{name}; {session} has {known}")
    module = _import(path, f"{session}_{name}")
    exercise, facts = module.exercise, exercise_of(project, session, name)
    exercise.title, exercise.part = facts.title, facts.part
    source = source_of(project, session, facts.part)
    whole = slicing.slice_of(source, [name])
    scope = run(whole, f"{session}.{name}")
    _lend_names(module, source, path, scope)
    own = slicing.own_definition(source, name)
    kind = {ast.ClassDef: "class", ast.FunctionDef: "function"}.get(type(own.node), "value")
    mistakes = tuple(_resolved(mistake, whole, own.text, name, path) for mistake in exercise.all_mistakes())
    return Loaded(
        session,
        name,
        kind,
        exercise,
        source,
        whole,
        own.text,
        scope[name],
        _stub(source, name, whole, own.text),
        mistakes,
        tuple(_resolved(alternative, whole, own.text, name, path) for alternative in exercise.alternatives),
    )


def run(text: str, name: str) -> dict[str, Any]:
    """The namespace that ``text`` defines. Its lines can be quoted by tracebacks."""
    file = f"<{name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope: dict[str, Any] = {"__name__": f"answer_{name.replace('.', '_')}", "__identity__": lambda x: x}
    exec(compile(text, file, "exec"), scope)
    return scope


def with_definition(whole: str, own: str, other: str) -> str:
    """The slice ``whole`` with the definition ``own`` replaced by ``other``."""
    before, found, after = whole.rpartition(own)
    assert found, "the slice holds the definition it was made for"
    return before + other + after


def _import(path: Any, name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(f"exercise_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except CourseError:
        raise
    except Exception as error:
        line = error.lineno if isinstance(error, SyntaxError) else _line_in(path, error)
        raise CourseError(f"{type(error).__name__}: {error}", file=path, line=line) from error
    from dlmodule.checking.exercise import Exercise

    if not isinstance(getattr(module, "exercise", None), Exercise):
        raise CourseError("no `exercise = Exercise(...)` at top level", file=path, line=1)
    return module


def _line_in(path: Any, error: BaseException) -> int | None:
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == str(path):
            line = step.tb_lineno
        step = step.tb_next
    return line


def _lend_names(module: types.ModuleType, source: Source, path: Any, scope: dict[str, Any]) -> None:
    """Put the notebook's names that the exercise file uses and does not define into its scope.

    Those that the solution's slice defines are the same objects, so that a mistake and the solution agree on them.
    """
    text = path.read_text("utf-8")
    now, later = slicing.reads(text)
    free = {name for name in now | later if not hasattr(module, name)}
    unknown = sorted(free - source.binds - {"__file__", "__name__"})
    if unknown:
        raise CourseError(
            f"{unknown[0]!r} is defined neither here nor in {source.path.name}",
            file=path,
            line=_first_use(text, unknown[0]),
        )
    missing = sorted(free - set(scope))
    if missing:
        scope = {**run(slicing.slice_of(source, missing), f"{path.stem}_names"), **scope}
    for name in free:
        setattr(module, name, scope[name])


def _first_use(text: str, name: str) -> int | None:
    uses = [node.lineno for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name) and node.id == name]
    return min(uses, default=None)


def _resolved(answer: A, whole: str, own: str, name: str, path: Any) -> A:
    """The mistake or alternative with its candidate: edits are applied to the solution's own text."""
    if not answer.edits:
        return replace(answer, candidate=answer.candidate(), is_value=False) if answer.is_value else answer
    # A value's edit may concern a statement that the value is made from.
    kind = type(answer).__name__.lower()
    target = own if all(edit.old in own for edit in answer.edits) else whole
    edited = target
    for edit in answer.edits:
        found = target.count(edit.old)
        if found != edit.count or edited.count(edit.old) != found:
            message = f"{kind} {answer.name!r}: {edit.old!r} occurs {found} times in the solution, not {edit.count}"
            if found == edit.count:
                message = f"{kind} {answer.name!r}: {edit.old!r} is changed by another edit"
            raise CourseError(message, file=path, line=_edit_line(path, answer.name))
        edited = edited.replace(edit.old, edit.new)
    text = with_definition(whole, own, edited) if target is own else edited
    try:
        candidate = run(text, f"{name}.{answer.name}")[name]
    except Exception as error:
        message = f"{kind} {answer.name!r}: the edited solution does not run ({type(error).__name__}: {error})"
        raise CourseError(message, file=path, line=_edit_line(path, answer.name)) from error
    return replace(answer, candidate=candidate)


def _edit_line(path: Any, name: str) -> int | None:
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        if f'"{name}"' in line:
            return number
    return None


def _stub(source: Source, name: str, whole: str, own: str) -> Any:
    """What a learner has before writing anything: the student version's definition, run in the solution's place."""
    text = student_definition(source, name)
    if not text.strip():
        return ...
    return run(with_definition(whole, own, text), f"{name}.stub").get(name, ...)
