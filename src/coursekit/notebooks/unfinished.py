"""Which errors of an executed student version come from an exercise that is not written yet, and which from elsewhere.

An untouched stub raises ``NotImplementedError``, which speaks for itself, even as the cause of another error. A placeholder
(``name = ...``) or a starter, a program with a planted bug, can fail in any way and far from where it stands; so each
cell is read for names: one that a placeholder or a starter binds, or that a cell which failed for this reason would have
bound or changed, is *unfinished*, and so are the names made from it. An error in a cell that reads an unfinished name
is excused. Any other is the course's own and is reported.
"""

import ast
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from dlmodule.names import bound_names, changed_names, read_names
from dlmodule.skipping import STUB

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_UNDEFINED = re.compile(r"name '(\w+)' is not defined")


@dataclass(frozen=True)
class CellError:
    """An error that a cell ended with: the cell's id, the exception's name and text, and the line of the cell (or None)."""

    cell: str
    name: str
    text: str
    line: int | None

    def __str__(self) -> str:
        return f"{self.name}: {self.text}".strip().split("\n")[0]


def errors_of(notebook: Mapping[str, Any]) -> list[CellError]:
    """Every error that stands in the outputs of ``notebook``."""
    return [error for cell in notebook["cells"] if (error := _error(cell))]


def unfinished_only(notebook: Mapping[str, Any]) -> list[CellError]:
    """The errors of an executed student version that no unfinished exercise explains; empty where there is none."""
    unfinished: set[str] = set()
    starters = set(notebook["metadata"].get("dlmodule", {}).get("starters", ()))
    unexplained: list[CellError] = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse(_text(cell["source"]))
        placeholders = _placeholders(tree)
        unfinished |= placeholders
        unfinished |= starters & set(bound_names(tree.body))
        touched = bool(read_names(tree.body) & unfinished)
        error = _error(cell)
        if error is None:
            _pass_on(tree, unfinished, placeholders | starters)
        elif _is_stub(cell) or touched or _undefined(error) in unfinished or starters & set(bound_names(tree.body)):
            unfinished |= changed_names(tree.body)
        else:
            unexplained.append(error)
    return unexplained


def _pass_on(tree: ast.Module, unfinished: set[str], kept: Collection[str]) -> None:
    """Statement by statement: what is made from an unfinished name is unfinished; what is bound afresh is not any more."""
    for statement in tree.body:
        names = set(bound_names([statement]))
        if read_names([statement]) & unfinished:
            unfinished |= names
        elif isinstance(statement, ast.Assign | ast.FunctionDef | ast.ClassDef):
            unfinished -= names - set(kept)


def _placeholders(tree: ast.Module) -> set[str]:
    """Names bound to ``...`` at the cell's own level."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is Ellipsis:
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def _is_stub(cell: Mapping[str, Any]) -> bool:
    """Whether the cell's traceback, causes included, holds a stub's refusal or a use of ``...`` as a value."""
    for output in cell["outputs"]:
        if output["output_type"] == "error":
            trace = _ANSI.sub("", "\n".join(output.get("traceback", ())))
            if f"NotImplementedError: {STUB}" in trace or "ellipsis" in output["evalue"]:
                return True
    return False


def _undefined(error: CellError) -> str | None:
    """The name that a NameError misses."""
    found = _UNDEFINED.search(error.text) if error.name == "NameError" else None
    return found[1] if found else None


def _error(cell: Mapping[str, Any]) -> CellError | None:
    """The error among a cell's outputs."""
    for output in cell.get("outputs", ()):
        if output["output_type"] == "error":
            trace = _ANSI.sub("", "\n".join(output.get("traceback", ())))
            lines = re.findall(r"Cell In\[\d+\], line (\d+)", trace)
            return CellError(cell["id"], output["ename"], output["evalue"], int(lines[0]) if lines else None)
    return None


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
