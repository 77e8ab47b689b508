"""Solution regions: the lines between ``### BEGIN SOLUTION`` and ``### END SOLUTION``, and what takes their place.

    inside a function   raise NotImplementedError("...your code here...")
    inside a class      the names it defines: methods that raise, attributes that are ``...``
    at top level        ``name = ...`` for each exercise bound in it (else for each name bound in it)

Lines here are 1-based and count within the cell.
"""

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from dlmodule.names import Definition, bound_names, first_line
from dlmodule.skipping import STUB

_EXACT = re.compile(r"(?P<indent>\s*)### (?P<which>BEGIN|END) SOLUTION")
# Whatever looks like a marker and is not one would print the solution in the student version.
_ALIKE = re.compile(r"#.*\b(BEGIN|END)\s*_?SOLUTION\b", re.IGNORECASE)


class RegionError(Exception):
    """A wrong marker, with the line in its cell."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Region:
    """One solution region: its marker lines, what encloses it and what it binds there."""

    begin: int
    end: int
    indent: str
    inside: Literal["function", "class", "top"]
    owner: str | None  # the top-level def or class it stands in
    statements: tuple[ast.stmt, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names the region binds in the scope it stands in."""
        return bound_names(self.statements)


def find_regions(text: str, tree: ast.Module) -> tuple[Region, ...]:
    """The regions of a code cell, in order. Raises RegionError for unbalanced, nested, empty or crossing ones."""
    if "SOLUTION" not in text.upper():
        return ()
    regions: list[Region] = []
    lines = text.split("\n")
    open_at: int | None = None
    for number, line in enumerate(lines, start=1):
        marker = _EXACT.fullmatch(line)
        if marker is None:
            if _ALIKE.search(line):
                raise RegionError("a marker is written exactly `### BEGIN SOLUTION` or `### END SOLUTION`", number)
        elif marker["which"] == "BEGIN":
            if open_at is not None:
                raise RegionError(f"BEGIN SOLUTION inside the region begun {number - open_at} lines above", number)
            open_at = number
        elif open_at is None:
            raise RegionError("END SOLUTION without a BEGIN SOLUTION", number)
        else:
            regions.append(_region(tree, open_at, number, lines))
            open_at = None
    if open_at is not None:
        raise RegionError("BEGIN SOLUTION without an END SOLUTION in this cell", open_at)
    return tuple(regions)


def _region(tree: ast.Module, begin: int, end: int, lines: list[str]) -> Region:
    """The region between two marker lines of the cell ``tree`` was parsed from."""
    statements = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and begin < first_line(n) < end]
    if not statements:
        raise RegionError("the solution region holds no statement", begin)
    crossing = next((n for n in statements if (n.end_lineno or 0) > end), None)
    if crossing is not None:
        raise RegionError("the solution region ends inside a statement that it does not hold whole", end)
    enclosing = [
        node
        for node in ast.walk(tree)
        if isinstance(node, Definition)
        and first_line(node) < begin < (node.end_lineno or 0)
        and all((n.end_lineno or 0) <= (node.end_lineno or 0) for n in statements)
    ]
    enclosing.sort(key=first_line)
    for node in ast.walk(tree):
        cut = isinstance(node, Definition) and first_line(node) < begin < (node.end_lineno or 0) < end
        if cut and node not in enclosing:
            raise RegionError("the solution region runs past the body it begins in", begin)
    held = {child for node in statements for child in ast.walk(node) if child is not node}
    outermost = tuple(n for n in statements if n not in held)
    innermost = enclosing[-1] if enclosing else None
    inside: Literal["function", "class", "top"] = (
        "top" if innermost is None else "class" if isinstance(innermost, ast.ClassDef) else "function"
    )
    first = lines[first_line(outermost[0]) - 1]
    indent = first[: len(first) - len(first.lstrip())]
    return Region(begin, end, indent, inside, enclosing[0].name if enclosing else None, outermost)


def stub(region: Region, exercises: Collection[str]) -> list[str]:
    """The lines that stand in the student version where ``region`` stood."""
    indent = region.indent
    refusal = f'raise NotImplementedError("{STUB}")'
    if region.inside == "function":
        return [f"{indent}{refusal}"]
    if region.inside == "class":
        methods = {n.name for n in region.statements if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
        lines: list[str] = []
        for name in region.names:
            if name in methods:
                if lines:
                    lines.append("")
                lines += [f"{indent}def {name}(self, *args, **kwargs):", f"{indent}    {refusal}"]
            else:
                lines.append(f"{indent}{name} = ...  # your code here")
        return lines or [f"{indent}...  # your code here"]
    names = [name for name in region.names if name in exercises] or list(region.names)
    return [f"{indent}{name} = ...  # your code here" for name in names] or [f"{indent}...  # your code here"]


def solution_text(text: str) -> str:
    """The cell without its marker lines."""
    return "\n".join(line for line in text.split("\n") if not _EXACT.fullmatch(line))


def solution_lines(text: str) -> list[int]:
    """For each line of ``solution_text(text)``, its line in ``text``."""
    return [n for n, line in enumerate(text.split("\n"), start=1) if not _EXACT.fullmatch(line)]


def student_text(
    text: str, tree: ast.Module, regions: tuple[Region, ...], exercises: Collection[str], starters: dict[str, str]
) -> str:
    """The cell with every region replaced by its stub, or by the starter of the exercise that it belongs to."""
    lines = text.split("\n")
    edits: list[tuple[int, int, list[str]]] = []  # first line, last line, replacement
    replaced: set[Region] = set()
    for name, starter in starters.items():
        span = span_of(name, tree, regions)
        if span is not None:
            edits.append((*span, starter.split("\n")))
            replaced.update(r for r in regions if span[0] <= r.begin and r.end <= span[1])
    edits += [(r.begin, r.end, stub(r, exercises)) for r in regions if r not in replaced]
    for first, last, replacement in sorted(edits, key=lambda edit: edit[0], reverse=True):
        lines[first - 1 : last] = replacement
    return "\n".join(lines)


def span_of(name: str, tree: ast.Module, regions: tuple[Region, ...]) -> tuple[int, int] | None:
    """First and last line of the top-level region or statement that binds ``name``; None where none does."""
    for region in regions:
        if region.inside == "top" and name in region.names:
            return region.begin, region.end
    for statement in tree.body:
        if name in bound_names([statement]):
            first, last = first_line(statement), statement.end_lineno or statement.lineno
            # The END marker of a body's last region is a comment, which the syntax tree does not count to the body.
            inner = [r.end for r in regions if first <= r.begin <= last]
            return first, max([last, *inner])
    return None
