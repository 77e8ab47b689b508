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
import functools
import symtable
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.sources.names import bound_names, changed_names
from coursekit.sources.regions import solution_lines, solution_text
from coursekit.sources.source import Source, parse

DEFINITIONS = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.AugAssign,
)  # fmt: skip
_FIXED = DEFINITIONS[:5]  # what these bind is a module, function or class: calling its methods is not changing it
_BUILTINS = frozenset(dir(builtins))
_COMPREHENSIONS = {"listcomp", "setcomp", "dictcomp", "genexpr"}


@dataclass(frozen=True)
class Statement:
    """A top-level statement of a source: its syntax, its text without markers, and its line in the file.

    lines: for each line of ``text`` its line in the file. written: those lines of ``text``, from 1, that stand in a
    solution region, which is what a learner writes.
    """

    node: ast.stmt
    text: str
    line: int
    lines: tuple[int, ...] = ()
    written: frozenset[int] = frozenset()

    @functools.cached_property
    def binds(self) -> frozenset[str]:
        """The names that it binds."""
        return frozenset(bound_names([self.node]))

    @functools.cached_property
    def touches(self) -> frozenset[str]:
        """The names that it binds, or whose objects it changes in place where one can see it."""
        return _touched(self.node, self.binds)


@dataclass(frozen=True)
class Slice:
    """The text that an exercise needs, and which of its lines (from 1) are the exercise's solution.

    lines: for each line of ``text`` its line in the source file; 0 for the blank ones between statements.
    """

    text: str
    lines: tuple[int, ...]
    written: frozenset[int]


@functools.lru_cache(maxsize=64)
def statements(source: Source) -> tuple[Statement, ...]:
    """Every top-level statement of a source's code cells, in order, solutions included."""
    found = []
    for cell in source.cells:
        if cell.kind != "code" or cell.tree is None:
            continue
        every = cell.text.split("\n")
        for node in cell.tree.body:
            first = _first_line(node)
            text = "\n".join(every[first - 1 : node.end_lineno])
            here = [first + line - 1 for line in solution_lines(text)]  # lines of the cell
            written = frozenset(
                number for number, line in enumerate(here, 1) if any(r.begin < line < r.end for r in cell.regions)
            )
            lines = tuple(cell.line + line - 1 for line in here)
            found.append(Statement(node, solution_text(text), cell.line + first - 1, lines, written))
    return tuple(found)


def definitions(project: Project, session: str, part: str, name: str) -> str:
    """Python text that defines ``name`` as the notebook ``session.part`` does, and nothing it does not need."""
    return slice_of(parse(project.course / session / f"{part}.py"), [name])


def slice_of(source: Source, names: list[str]) -> str:
    """The slice that ``names`` need, in source order. CourseError for a name without a definition."""
    return "\n\n".join(one.text for one in slice_statements(source, names)) + "\n"


def slice_statements(source: Source, names: list[str]) -> list[Statement]:
    """As ``slice_of``, statement by statement."""
    return needed(statements(source), names, source.path)


def exercise_slice(source: Source, name: str) -> Slice:
    """The slice of the exercise ``name``, and the lines of it that its solution fills (all of its definition, if no region)."""
    chosen = slice_statements(source, [name])
    others = {meta.name for meta in source.exercises} - {name}
    lines: list[int] = []
    written: set[int] = set()
    own: set[int] = set()
    for index, one in enumerate(chosen):
        if index:
            lines.append(0)
        binds = one.binds
        if name in binds or not binds & others:
            written |= {len(lines) + number for number in one.written}
        if name in binds:
            own = {len(lines) + number for number in range(1, len(one.lines) + 1)}
        lines += one.lines
    return Slice("\n\n".join(one.text for one in chosen) + "\n", tuple(lines), frozenset(written or own))


def own_definition(source: Source, name: str) -> Statement:
    """The statement that defines the exercise ``name`` itself (the last one)."""
    return [one for one in slice_statements(source, [name]) if name in one.binds][-1]


def borrowed(source: Source, text: str) -> list[str]:
    """Names that the Python file ``text`` reads and does not bind, and the notebook ``source`` does."""
    now, later = reads(text)
    there = frozenset().union(*(statement.binds for statement in statements(source)))
    return sorted(((now | later) - set(bound_names(ast.parse(text).body))) & there)


def slice_text(text: str, names: list[str], path: Path) -> str:
    """The slice that ``names`` need of a plain Python file, such as an exercise's probe; without ``@exercise...`` marks."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise CourseError(f"not Python: {error.msg}", file=path, line=error.lineno) from None
    return "\n\n".join(one.text for one in needed(of_file(text, tree), names, path)) + "\n"


def of_file(text: str, tree: ast.Module) -> list[Statement]:
    """The top-level statements of a plain Python file."""
    lines = text.split("\n")
    return [Statement(node, _undecorated(node, lines), _first_line(node)) for node in tree.body]


def needed(every: Sequence[Statement], names: Iterable[str], path: Path) -> list[Statement]:
    """Those of ``every`` that defining and calling ``names`` takes, in order. CourseError for a name without a definition."""
    touching: dict[str, list[int]] = {}
    for index, statement in enumerate(every):
        for name in statement.touches:
            touching.setdefault(name, []).append(index)
    chosen: set[int] = set()
    # (name, statement before which it was bound, statement during which it is used); None is the end of the notebook.
    waiting: list[tuple[str, int | None, int | None]] = []
    for name in names:
        if name not in touching:
            raise CourseError(f"defines no {name!r}", file=path)
        # An exercise may give its name back when it is done: `del sum`.
        gone = next((i for i in touching[name] if isinstance(every[i].node, ast.Delete)), None)
        waiting.append((name, gone, None))
    met = set(waiting)
    while waiting:
        name, before, at = waiting.pop()
        last = _last(every, touching.get(name, []), name, before, path)
        if last is None:
            last = _last(every, touching.get("*", []), "*", before, path)  # perhaps `from somewhere import *`
        if last is None:
            continue  # a builtin, or read before it is bound: the notebook would fail there itself
        chosen.add(last)
        now, later = (_not_builtin(names, touching) for names in _every_read(every[last].text))
        wanted = [(one, last, use) for one in now for use in (last, at)] + [(one, at, at) for one in later]
        if _may_call_at_once(every[last].node):
            wanted += [(one, last, last) for one in later]
        for request in wanted:
            if request not in met:
                met.add(request)
                waiting.append(request)
    return [every[index] for index in sorted(chosen)]


def _last(every: Sequence[Statement], touching: Sequence[int], name: str, before: int | None, path: Path) -> int | None:
    """The last statement before ``before`` that binds ``name``, or changes it. CourseError where it is no definition."""
    earlier = [index for index in touching if before is None or index < before]
    for index in reversed(earlier):
        statement = every[index]
        if isinstance(statement.node, DEFINITIONS):
            return index
        if isinstance(statement.node, ast.Delete):
            return None  # what `del sum` leaves is Python's own, or nothing
        binds = name in statement.binds
        held = next((every[i].node for i in reversed(earlier) if i < index and name in every[i].binds), None)
        if not binds and (held is None or isinstance(held, _FIXED)):
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


def _touched(node: ast.stmt, binds: frozenset[str]) -> frozenset[str]:
    names = set(binds)
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            for part in ast.walk(target):
                base: ast.expr = part if isinstance(part, ast.Subscript | ast.Attribute) else ast.Constant(None)
                stored = isinstance(base, ast.Subscript | ast.Attribute) and isinstance(base.ctx, ast.Store)
                while isinstance(base, ast.Subscript | ast.Attribute):
                    base = base.value
                if stored and isinstance(base, ast.Name):
                    names.add(base.id)
        if isinstance(node, ast.AnnAssign) and node.value is None:
            return frozenset()
    elif isinstance(node, ast.Delete):
        names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    elif not isinstance(node, DEFINITIONS):
        names |= changed_names([node])
    return frozenset(names)


def reads(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The global names a definition reads while it runs, and those it reads only when it is called; builtins left out."""
    now, later = _every_read(text)
    return _not_builtin(now), _not_builtin(later)


def _not_builtin(names: frozenset[str], bound: Collection[str] = ()) -> frozenset[str]:
    """``names`` without Python's own, but for those that the notebook binds too."""
    return frozenset(name for name in names if name in bound or name not in _BUILTINS)


@functools.lru_cache(maxsize=4096)
def _every_read(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """As ``reads``, with the names that Python itself may give a meaning."""
    table = symtable.symtable(text, "<slice>", "exec")
    now = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    now |= {
        node.target.id
        for node in ast.parse(text).body
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    later: set[str] = set()

    def walk(scope: symtable.SymbolTable, deferred: bool) -> None:
        for child in scope.get_children():
            called = child.get_type() == "function" and child.get_name() not in _COMPREHENSIONS
            inner = deferred or called
            # A class body reads its own names from outside until it has bound them: `x = x` is both.
            names = {
                symbol.get_name()
                for symbol in child.get_symbols()
                if symbol.is_referenced() and (symbol.is_global() or child.get_type() == "class")
            }
            (later if inner else now).update(names)
            walk(child, inner)

    walk(table, False)
    return frozenset(now), frozenset(later)


def _first_line(node: ast.stmt) -> int:
    marks: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(mark.lineno for mark in marks)])


def _undecorated(node: ast.stmt, lines: list[str]) -> str:
    """A statement's text without `@exercise...` decorators, which belong to the file it stood in."""
    marks: list[ast.expr] = getattr(node, "decorator_list", [])
    kept = [mark for mark in marks if not ast.unparse(mark).startswith("exercise")]
    body = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return "".join(f"@{ast.unparse(mark)}\n" for mark in kept) + body
