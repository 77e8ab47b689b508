"""The slice of a notebook that one name needs: its definition, then the last top-level binding of each free name, recursively.

Keys are recorded from such slices, never from a whole notebook, so no training cell runs when one exercise changes. Only
definitions belong to a slice: imports, functions, classes and assignments. A name that only a loop or another statement
binds is refused.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from dataclasses import dataclass
from pathlib import Path

from coursekit.bindings import bound_names
from coursekit.errors import CourseError
from coursekit.paths import Project
from coursekit.regions import solution_text
from coursekit.source import Source, parse

DEFINITIONS = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.AugAssign,
)  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """A top-level statement of a source: its syntax, its text and its line in the file."""

    node: ast.stmt
    text: str
    line: int


def statements(source: Source) -> list[Statement]:
    """Every top-level statement of a source's code cells, in order, solutions included."""
    found = []
    for cell in source.cells:
        if cell.kind != "code" or cell.tree is None:
            continue
        for node in cell.tree.body:
            first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", []))])
            lines = cell.text.split("\n")[first - 1 : node.end_lineno]
            found.append(Statement(node, solution_text("\n".join(lines)), cell.line + first - 1))
    return found


def definitions(project: Project, session: str, part: str, name: str) -> str:
    """Python text that defines ``name`` as the notebook ``session.part`` does, and nothing it does not need."""
    return slice_of(parse(project.course / session / f"{part}.py"), [name])


def slice_of(source: Source, names: list[str]) -> str:
    """The slice that ``names`` need, in source order. CourseError for a name without a definition."""
    return "\n\n".join(one.text for one in slice_statements(source, names)) + "\n"


def slice_statements(source: Source, names: list[str]) -> list[Statement]:
    """As ``slice_of``, statement by statement."""
    every = statements(source)
    binders: dict[str, list[int]] = {}
    for index, statement in enumerate(every):
        for bound in bound_names([statement.node]):
            binders.setdefault(bound, []).append(index)
    for name in names:
        if name not in binders:
            raise CourseError(f"defines no {name!r}", file=source.path)
    needed: set[int] = set()
    # (name, index of the statement that reads it while it runs; None where it is read later, in a call)
    waiting: list[tuple[str, int | None]] = [(name, None) for name in names]
    met: set[tuple[str, int | None]] = set()
    while waiting:
        request = waiting.pop()
        if request in met or request[0] not in binders:
            continue
        met.add(request)
        name, reader = request
        before = [index for index in binders[name] if reader is None or index < reader]
        if not before:
            continue  # read before it is bound: the notebook would fail there itself
        index = before[-1]
        statement = every[index]
        if not isinstance(statement.node, DEFINITIONS):
            kind = type(statement.node).__name__.lower()
            message = f"{name!r} is bound by a {kind} statement, not by a definition; a check cannot depend on it"
            raise CourseError(message, file=source.path, line=statement.line)
        if index not in needed:
            needed.add(index)
            now, later = reads(statement.text)
            waiting += [(one, index) for one in now] + [(one, None) for one in later]
        if isinstance(statement.node, ast.AugAssign):
            waiting.append((name, index))
    return [every[index] for index in sorted(needed)]


def reads(text: str) -> tuple[set[str], set[str]]:
    """The global names a definition reads while it runs, and those it reads only when it is called."""
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
            inner = deferred or (child.get_type() == "function" and not child.get_name().startswith(("<", "genexpr", "listcomp", "setcomp", "dictcomp")))  # fmt: skip
            names = {s.get_name() for s in child.get_symbols() if s.is_global() and s.is_referenced()}
            (later if inner else now).update(names)
            walk(child, inner)

    walk(table, False)
    known = set(dir(builtins))
    return now - known, later - known


def own_definition(source: Source, name: str) -> Statement:
    """The statement that defines the exercise ``name`` itself (the last one)."""
    return [one for one in slice_statements(source, [name]) if name in bound_names([one.node])][-1]


def slice_text(text: str, names: list[str], path: Path) -> str:
    """The slice that ``names`` need of a plain Python file, such as an exercise's probe."""
    tree = ast.parse(text)
    lines = text.split("\n")
    kept: set[int] = set()
    waiting = list(names)
    met: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in met:
            continue
        met.add(name)
        binders = [index for index, node in enumerate(tree.body) if name in bound_names([node])]
        if not binders:
            continue
        index = binders[-1]
        node = tree.body[index]
        if not isinstance(node, DEFINITIONS):
            raise CourseError(f"{name!r} is not bound by a definition", file=path, line=node.lineno)
        if index not in kept:
            kept.add(index)
            now, later = reads(_undecorated(node, lines))
            waiting += [*now, *later]
    return "\n\n".join(_undecorated(tree.body[index], lines) for index in sorted(kept)) + "\n"


def _undecorated(node: ast.stmt, lines: list[str]) -> str:
    """A statement's text without `@exercise...` decorators, which belong to the file it stood in."""
    marks = getattr(node, "decorator_list", [])
    kept = [mark for mark in marks if not ast.unparse(mark).startswith("exercise")]
    body = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return "".join(f"@{ast.unparse(mark)}\n" for mark in kept) + body
