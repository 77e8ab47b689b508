"""A top-level statement of a source or an exercise file: its text, what it binds, what it changes and what it reads."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from coursekit.sources.regions import Region, solution_lines, solution_text
from dlmodule.names import bound_names, changed_names, first_line

DEFINITIONS = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.AugAssign,
)  # fmt: skip
_COMPREHENSIONS = {"listcomp", "setcomp", "dictcomp", "genexpr"}


@dataclass(frozen=True, eq=False)  # one object a version of its file, so identity says all
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

    @cached_property
    def binds(self) -> frozenset[str]:
        """The names that it binds."""
        return frozenset(bound_names([self.node]))

    @cached_property
    def touches(self) -> frozenset[str]:
        """The names that it binds, or whose objects it changes in place where one can see it."""
        return _touched(self.node, self.binds)

    @cached_property
    def reads(self) -> tuple[frozenset[str], frozenset[str]]:
        """The global names that it reads while it runs, and those that it reads only when it is called; builtins too."""
        return reads(self.text, [self.node])


def of_cell(text: str, tree: ast.Module, regions: Collection[Region], line: int) -> Iterator[Statement]:
    """The top-level statements of a code cell that begins at ``line`` of its file, solutions included."""
    every = text.split("\n")
    for node in tree.body:
        first = first_line(node)
        own = "\n".join(every[first - 1 : node.end_lineno])
        here = [first + number - 1 for number in solution_lines(own)]  # lines of the cell
        written = frozenset(number for number, at in enumerate(here, 1) if any(r.begin < at < r.end for r in regions))
        lines = tuple(line + at - 1 for at in here)
        yield Statement(node, solution_text(own), line + first - 1, lines, written)


def of_file(text: str, tree: ast.Module) -> list[Statement]:
    """The top-level statements of a plain Python file, without ``@exercise...`` marks."""
    lines = text.split("\n")
    return [Statement(node, _undecorated(node, lines), first_line(node)) for node in tree.body]


def touching(all_statements: Sequence[Statement]) -> dict[str, list[int]]:
    """For each name the places in ``all_statements``, in order, of the statements that bind it or change it."""
    places: dict[str, list[int]] = {}
    for index, statement in enumerate(all_statements):
        for name in statement.touches:
            places.setdefault(name, []).append(index)
    return places


def reads(text: str, body: Iterable[ast.stmt]) -> tuple[frozenset[str], frozenset[str]]:
    """The global names that ``text`` reads while it runs, and those that it reads only when it is called; builtins too.

    body: the statements that ``text`` consists of.
    """
    table = symtable.symtable(text, "<slice>", "exec")
    now = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    now |= {node.target.id for node in body if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)}
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


def _undecorated(node: ast.stmt, lines: list[str]) -> str:
    marks: list[ast.expr] = getattr(node, "decorator_list", [])
    kept = [mark for mark in marks if not ast.unparse(mark).startswith("exercise")]
    body = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return "".join(f"@{ast.unparse(mark)}\n" for mark in kept) + body
