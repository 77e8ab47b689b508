"""Mutants: small changes of a solution that a good check must notice.

Operators, comparisons, constants, axes, boolean flips, dropped or swapped calls, arguments and keywords, dropped statements.
What only people read (docstrings, annotations, messages of exceptions) is left alone. The order is fixed.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
}
_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.MatMult: "@"}  # fmt: skip
_AXIS_KEYWORDS = {"dim", "axis", "dims"}
# What reads or checks and does not compute: a mutant of it says nothing about the check.
_PASSIVE_CALLS = {"print", "super", "len", "isinstance", "range", "zip", "enumerate", "super().__init__"}


@dataclass(frozen=True)
class Mutant:
    """A changed definition. label: its line and the change, in words."""

    label: str
    text: str


def mutants(text: str, most: int = 60) -> list[Mutant]:
    """The mutants of a definition, each a different text; evenly thinned to at most ``most``."""
    tree = ast.parse(text)
    made: dict[str, Mutant] = {}
    original = ast.unparse(tree)
    for label, change in _changes(tree):
        other = copy.deepcopy(tree)
        if not change(other):
            continue
        ast.fix_missing_locations(other)
        try:
            written = ast.unparse(other)
            compile(written, "<mutant>", "exec")
        except (SyntaxError, ValueError):
            continue
        if written != original:
            made.setdefault(written, Mutant(label, written))
    found = list(made.values())
    if len(found) <= most:
        return found
    return [found[round(index * (len(found) - 1) / (most - 1))] for index in range(most)]


Change = Callable[[ast.Module], bool]


def _changes(tree: ast.Module) -> Iterator[tuple[str, Change]]:
    """(label, change) for every place; a change finds its node in a copy by its number in the walk."""
    skipped = _unread(tree)
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        line = f"line {getattr(node, 'lineno', '?')}"
        for words, edit in _edits(node):
            yield f"{line}: {words}", _at(number, edit)


def _at(number: int, edit: Callable[[ast.AST], None]) -> Change:
    def change(other: ast.Module) -> bool:
        for index, node in enumerate(ast.walk(other)):
            if index == number:
                edit(node)
                return True
        return False

    return change


def _edits(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in _OPERATORS:
        new = _OPERATORS[type(node.op)]
        yield f"{_SIGNS[type(node.op)]} -> {_SIGNS[new]}", lambda n: setattr(n, "op", new())
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div, ast.FloorDiv, ast.MatMult, ast.Pow)):
        yield f"operands of {_SIGNS[type(node.op)]} swapped", _swap_operands
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
        other = _COMPARISONS[type(node.ops[0])]
        yield f"{type(node.ops[0]).__name__} -> {other.__name__}", lambda n: setattr(n, "ops", [other()])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "minus sign dropped", lambda n: setattr(n, "op", ast.UAdd())
    if isinstance(node, ast.BoolOp):
        flipped = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"{type(node.op).__name__} -> {flipped.__name__}", lambda n: setattr(n, "op", flipped())
    if isinstance(node, ast.Constant):
        yield from _constants(node)
    if isinstance(node, ast.IfExp):
        yield "branches of if swapped", _swap_branches
    if isinstance(node, ast.If):
        yield "condition negated", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))  # type: ignore[attr-defined]
    if isinstance(node, ast.Call):
        yield from _calls(node)
    for field in ("body", "orelse"):
        statements = getattr(node, field, None)
        if isinstance(statements, list) and len(statements) > 1 and not isinstance(node, ast.Module):
            for index, statement in enumerate(statements):
                if _droppable(statement):
                    words = f"`{_short(statement)}` dropped (line {statement.lineno})"
                    yield words, _drop(field, index)


def _constants(node: ast.Constant) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    value = node.value
    if isinstance(value, bool):
        yield f"{value} -> {not value}", lambda n: setattr(n, "value", not value)
    elif isinstance(value, int):
        yield f"{value} -> {value + 1}", lambda n: setattr(n, "value", value + 1)
        if value > 0:
            yield f"{value} -> {value - 1}", lambda n: setattr(n, "value", value - 1)
    elif isinstance(value, float):
        changed = value * 2 if value else 1.0
        yield f"{value} -> {changed}", lambda n: setattr(n, "value", changed)


def _calls(node: ast.Call) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    name = ast.unparse(node.func)
    if name in _PASSIVE_CALLS:
        return
    if len(node.args) >= 2 and not any(isinstance(arg, ast.Starred) for arg in node.args[:2]):
        yield f"first two arguments of {name} swapped", _swap_arguments
    for index, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield f"{keyword.arg}= dropped from {name}", _drop_keyword(index)
    method = isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Name)
    if method and isinstance(node.func, ast.Attribute):
        yield f".{node.func.attr}(...) dropped", _to_receiver
    elif len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], (ast.Starred, ast.GeneratorExp)):
        yield f"{name}(...) dropped", _to_argument


def _swap_operands(node: ast.AST) -> None:
    assert isinstance(node, ast.BinOp)
    node.left, node.right = node.right, node.left


def _swap_branches(node: ast.AST) -> None:
    assert isinstance(node, ast.IfExp)
    node.body, node.orelse = node.orelse, node.body


def _swap_arguments(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    node.args[0], node.args[1] = node.args[1], node.args[0]


def _drop_keyword(index: int) -> Callable[[ast.AST], None]:
    def edit(node: ast.AST) -> None:
        assert isinstance(node, ast.Call)
        del node.keywords[index]

    return edit


def _drop(field: str, index: int) -> Callable[[ast.AST], None]:
    def edit(node: ast.AST) -> None:
        getattr(node, field)[index] = ast.Pass()

    return edit


def _to_receiver(node: ast.AST) -> None:
    """Turn ``x.f(...)`` into ``+x``, the nearest thing to leaving the call out that keeps the node's place."""
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    receiver = node.func.value
    node.func, node.args, node.keywords = ast.Name("__identity__", ast.Load()), [receiver], []


def _to_argument(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    node.func = ast.Name("__identity__", ast.Load())


def _droppable(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call) and not ast.unparse(statement).startswith(("super", "print"))
    return isinstance(statement, (ast.AugAssign, ast.If, ast.For)) or (
        isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript)
    )


def _short(statement: ast.stmt) -> str:
    text = ast.unparse(statement).partition("\n")[0]
    return text if len(text) <= 50 else text[:49] + "…"


def _unread(tree: ast.Module) -> set[int]:
    """Nodes below what only people read: docstrings, annotations, what an exception says, asserts."""
    roots: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and ast.get_docstring(node) is not None:
            roots.append(node.body[0])
        if isinstance(node, ast.arg) and node.annotation is not None:
            roots.append(node.annotation)
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            roots.append(node.returns)
        if isinstance(node, ast.AnnAssign):
            roots.append(node.annotation)
        if isinstance(node, (ast.Raise, ast.Assert, ast.JoinedStr)):
            roots.append(node)
    return {id(inner) for root in roots for inner in ast.walk(root)}
