"""A submitted notebook's answers: each exercise's definition, found by name and run with no more than it needs.

Cells may stand in any order, twice, or be broken: a cell that is not Python is left out, a stub does not hide an answer, and
where an answer takes more than definitions (a loop fills it, say) the whole notebook is run, its errors tolerated.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coursekit.sources import slicing
from coursekit.sources.statements import Statement, of_file
from dlmodule.errors import DLModuleError
from dlmodule.names import bound_names

NOTEBOOK = Path("notebook")
MISSING = object()
CHEAP = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Answers:
    """The answers in ``cells``, the texts of a notebook's code cells. Cell magics and shell lines are not run.

    instead: code by name that stands in the place of what the notebook defines under this name.
    """

    def __init__(self, cells: Sequence[str], instead: Mapping[str, str] | None = None) -> None:
        self.broken: list[str] = []
        self._ran: list[Statement] = []
        instead = instead or {}
        # What is put in comes first: the notebook's imports, below it, go on as they are.
        self.statements = [statement for text in instead.values() for statement in _parsed(text, "<reference>")]
        for number, cell in enumerate(map(without_magics, cells), 1):
            file = f"<cell {number}>"
            linecache.cache[file] = (len(cell), None, cell.splitlines(keepends=True), file)
            try:
                own = list(_parsed(cell, file))
            except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
                self.broken.append(f"cell {number}: {type(error).__name__}")
                continue
            self.statements += [statement for statement in own if not instead.keys() & set(statement.binds)]
        self._whole: dict[str, Any] | None = None

    def named(self, name: str) -> Any:
        """What the notebook defines as ``name``; ``MISSING`` where it does not. Raises what the notebook raises."""
        every = self._without_stubs(name)
        if not any(name in statement.binds for statement in every):
            return MISSING
        try:
            chosen = slicing.needed(every, [name], NOTEBOOK)
        except DLModuleError:
            return self._run_whole(every).get(name, MISSING)
        self._ran += chosen
        try:
            scope = _namespace()
            for statement in chosen:
                _run(statement, scope)
            return scope[name]
        except Exception:
            # Perhaps what it needs stands below it, as in a notebook run out of order. Definitions cost nothing; the whole
            # notebook may hold a training.
            cheap = list(filter(_is_cheap, every))
            self._ran += cheap
            scope = _in_any_order(cheap)
            if name in scope and not self._lacks(scope, name, every):
                return scope[name]
            whole = self._run_whole(every)
            if name not in whole:
                raise
            return whole[name]

    def reach_out(self) -> bool:
        """Whether what was run since this was last asked writes into a module (``torch.relu = ...``): other answers would meet it."""
        nodes = [node for statement in self._ran for node in ast.walk(statement.node)]
        self._ran.clear()
        imported = set(bound_names(node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)))
        return not imported.isdisjoint(_owner(place) for place in _written_into(nodes))

    @staticmethod
    def _lacks(scope: Mapping[str, Any], name: str, every: Sequence[Statement]) -> bool:
        """Whether the notebook binds something that the definition of ``name`` reads and ``scope`` does not hold."""
        bound = {each for statement in every for each in statement.binds}
        read = {each for statement in every if name in statement.binds for names in statement.reads for each in names}
        return bool(read & bound - scope.keys())

    def _without_stubs(self, name: str) -> list[Statement]:
        """The statements, less untouched stubs of ``name`` where an answer to it stands too, before or after."""
        binding = [statement for statement in self.statements if name in statement.binds]
        stubs = [statement for statement in binding if _is_stub(statement.node)]
        if not stubs or len(stubs) == len(binding):
            return self.statements
        return [statement for statement in self.statements if statement not in stubs]

    def _run_whole(self, every: Sequence[Statement]) -> dict[str, Any]:
        """The namespace after all statements, in order; those that failed are tried once more."""
        if self._whole is None:
            self._ran += filter(_is_cheap, every)  # what else it does, it does to every answer
            scope = self._whole = _namespace()
            waiting = list(every)
            for _ in range(2):
                waiting = [statement for statement in waiting if not _succeeds(statement, scope)]
        return self._whole


def _written_into(nodes: Iterable[ast.AST]) -> Iterator[ast.expr]:
    """The objects whose attributes or items are bound or deleted."""
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            yield node.value
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("setattr", "delattr"):
            yield from node.args[:1]


def _owner(place: ast.expr) -> str:
    """The name that an expression such as ``torch.nn.Module`` begins with, else ""."""
    while isinstance(place, ast.Attribute | ast.Subscript):
        place = place.value
    return place.id if isinstance(place, ast.Name) else ""


def _parsed(text: str, file: str) -> Iterator[Statement]:
    """The statements of ``text``, each knowing where a traceback finds its lines."""
    for statement in of_file(text, ast.parse(text, file)):
        statement.node._file = file  # type: ignore[attr-defined]
        yield statement


def without_magics(cell: str) -> str:
    """The cell without shell lines and magics; a cell magic takes its whole cell along."""
    if cell.lstrip().startswith("%%"):
        return ""
    kept = []
    for line in cell.split("\n"):
        code = line.lstrip()
        kept.append(line[: len(line) - len(code)] + "pass" if code[:1] in ("%", "!", "?") else line)
    return "\n".join(kept)


def _namespace() -> dict[str, Any]:
    return {"__name__": "__main__", "__builtins__": __builtins__}


def _run(statement: Statement, scope: dict[str, Any]) -> None:
    exec(compile(ast.Module([statement.node], []), statement.node._file, "exec"), scope)  # type: ignore[attr-defined]


def _in_any_order(statements: Sequence[Statement]) -> dict[str, Any]:
    """The namespace after ``statements``, each run once, as soon as it does not fail; those that always fail are left out."""
    scope = _namespace()
    waiting: list[Statement] = list(statements)
    while True:
        failed = [statement for statement in waiting if not _succeeds(statement, scope)]
        if not failed or len(failed) == len(waiting):
            return scope
        waiting = failed


def _is_cheap(statement: Statement) -> bool:
    return isinstance(statement.node, CHEAP)


def _succeeds(statement: Statement, scope: dict[str, Any]) -> bool:
    try:
        _run(statement, scope)
    except (Exception, SystemExit):
        return False
    return True


def _is_stub(node: ast.stmt) -> bool:
    """Whether a definition is still to be written: it does nothing but raise NotImplementedError, or is ``...``."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return isinstance(node.value, ast.Constant) and node.value.value is ...
    raised = [inner.exc for inner in ast.walk(node) if isinstance(inner, ast.Raise)]
    names = [getattr(error.func if isinstance(error, ast.Call) else error, "id", "") for error in raised]
    return "NotImplementedError" in names
