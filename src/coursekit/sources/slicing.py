"""The slice of a notebook that one name needs: its definition, then the last top-level binding of each free name, recursively.

Keys are recorded from such slices, never from a whole notebook, so no training cell runs when one exercise changes. Only
definitions belong to a slice: imports, functions, classes and assignments. A name that a loop, a bare call or another
statement binds or changes is refused.

"Last" is meant as Python means it. What a statement reads while it runs is the last binding before it; what a function
reads when it is called is the last binding before the call: the end of the notebook, or, where a statement of the slice
calls it on the way, that statement. A slice keeps both where they differ.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.sources import statements
from coursekit.sources.source import Source, source_of
from coursekit.sources.statements import DEFINITIONS, Statement, of_file
from dlmodule.names import bound_names

_FIXED = DEFINITIONS[:5]  # what these bind is a module, function or class: calling its methods is not changing it
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True)
class Slice:
    """The text that an exercise needs, and which of its lines (from 1) are the exercise's solution.

    lines: for each line of ``text`` its line in the source file; 0 for the blank ones between statements.
    """

    text: str
    lines: tuple[int, ...]
    written: frozenset[int]


def definitions(project: Project, session: str, part: str, name: str) -> str:
    """Python text that defines ``name`` as the notebook ``session.part`` does, and nothing it does not need."""
    return slice_of(source_of(project, session, part), [name])


def slice_of(source: Source, names: list[str]) -> str:
    """The slice that ``names`` need, in source order. CourseError for a name without a definition."""
    return "\n\n".join(statement.text for statement in slice_statements(source, names)) + "\n"


def slice_statements(source: Source, names: list[str]) -> list[Statement]:
    """As ``slice_of``, statement by statement."""
    return needed(source.statements, names, source.path, source.touching)


def exercise_slice(source: Source, name: str) -> Slice:
    """The slice of the exercise ``name``, and the lines of it that its solution fills (all of its definition, if no region)."""
    chosen = slice_statements(source, [name])
    others = {meta.name for meta in source.exercises} - {name}
    lines: list[int] = []
    written: set[int] = set()
    own: set[int] = set()
    for index, statement in enumerate(chosen):
        if index:
            lines.append(0)
        binds = statement.binds
        if name in binds or not binds & others:
            written |= {len(lines) + number for number in statement.written}
        if name in binds:
            own = {len(lines) + number for number in range(1, len(statement.lines) + 1)}
        lines += statement.lines
    return Slice("\n\n".join(statement.text for statement in chosen) + "\n", tuple(lines), frozenset(written or own))


def own_definition(source: Source, name: str) -> Statement:
    """The statement that defines the exercise ``name`` itself (the last one)."""
    return [statement for statement in slice_statements(source, [name]) if name in statement.binds][-1]


def borrowed(source: Source, text: str) -> list[str]:
    """Names that the Python file ``text`` reads and does not bind, and the notebook ``source`` does."""
    body = ast.parse(text).body
    now, later = statements.reads(text, body)
    return sorted(((now | later) - set(bound_names(body))) & source.binds)


def slice_text(text: str, names: list[str], path: Path) -> str:
    """The slice that ``names`` need of a plain Python file, such as an exercise's probe; without ``@exercise...`` marks."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise CourseError(f"not Python: {error.msg}", file=path, line=error.lineno) from None
    return "\n\n".join(statement.text for statement in needed(of_file(text, tree), names, path)) + "\n"


def needed(
    all_statements: Sequence[Statement],
    names: Iterable[str],
    path: Path,
    touching: Mapping[str, Sequence[int]] | None = None,
) -> list[Statement]:
    """Those of ``all_statements`` that defining and calling ``names`` takes, in order. CourseError for a name without a definition.

    touching: see ``statements.touching``.
    """
    touching = statements.touching(all_statements) if touching is None else touching
    chosen: set[int] = set()
    # (name, statement before which it was bound, statement during which it is used); None is the end of the notebook.
    waiting: list[tuple[str, int | None, int | None]] = []
    for name in names:
        if name not in touching:
            raise CourseError(f"defines no {name!r}", file=path)
        # An exercise may give its name back when it is done: `del sum`.
        gone = next((i for i in touching[name] if isinstance(all_statements[i].node, ast.Delete)), None)
        waiting.append((name, gone, None))
    requested = set(waiting)
    while waiting:
        name, before, at = waiting.pop()
        last = _last(all_statements, touching.get(name, []), name, before, path)
        if last is None:
            last = _last(all_statements, touching.get("*", []), "*", before, path)  # perhaps `from somewhere import *`
        if last is None:
            continue  # a builtin, or read before it is bound: the notebook would fail there itself
        chosen.add(last)
        now, later = (_not_builtin(names, touching) for names in all_statements[last].reads)
        requests = [(read, last, use) for read in now for use in (last, at)] + [(read, at, at) for read in later]
        if _may_call_at_once(all_statements[last].node):
            requests += [(read, last, last) for read in later]
        for request in requests:
            if request not in requested:
                requested.add(request)
                waiting.append(request)
    return [all_statements[index] for index in sorted(chosen)]


def _last(
    all_statements: Sequence[Statement], touching: Sequence[int], name: str, before: int | None, path: Path
) -> int | None:
    """The last statement before ``before`` that binds ``name``, or changes it. CourseError where it is no definition."""
    earlier = [index for index in touching if before is None or index < before]
    for index in reversed(earlier):
        statement = all_statements[index]
        if isinstance(statement.node, DEFINITIONS):
            return index
        if isinstance(statement.node, ast.Delete):
            return None  # what `del sum` leaves is Python's own, or nothing
        binds = name in statement.binds
        holder = next(
            (all_statements[i].node for i in reversed(earlier) if i < index and name in all_statements[i].binds), None
        )
        if not binds and (holder is None or isinstance(holder, _FIXED)):
            continue  # `plot.use_style()` does not change what `plot` is
        kind = (
            "bare call"
            if isinstance(statement.node, ast.Expr)
            else f"{type(statement.node).__name__.lower()} statement"
        )
        message = f"{name!r} is {'bound' if binds else 'changed'} by a {kind}, not by a definition; a check cannot depend on it"
        raise CourseError(message, file=path, line=statement.line)
    return None


def _may_call_at_once(node: ast.stmt) -> bool:
    """Whether a function written in the statement may be called before the statement is done: a lambda, a decorated one."""
    return isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) or bool(getattr(node, "decorator_list", []))


def reads(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The global names a definition reads while it runs, and those it reads only when it is called; builtins left out."""
    now, later = statements.reads(text, ast.parse(text).body)
    return _not_builtin(now), _not_builtin(later)


def _not_builtin(names: frozenset[str], bound: Collection[str] = ()) -> frozenset[str]:
    """``names`` without Python's own, but for those that the notebook binds too."""
    return frozenset(name for name in names if name in bound or name not in _BUILTINS)
