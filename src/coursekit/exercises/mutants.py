"""Mutants: small changes of a solution that a good check must notice.

Operators, comparisons, constants, axes, boolean flips, dropped or swapped calls, arguments, keywords, branches and
statements. Only what the learner writes is changed, and of that only what is computed: docstrings, annotations, the words
of exceptions, and arguments that no result can depend on (``device=``, ``inplace=``) are left alone. The order is that of
the text.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from coursekit.cache import digest_of

_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_ONE_WAY = (ast.Sub, ast.Div, ast.FloorDiv, ast.MatMult, ast.Pow, ast.Mod)  # operands that may not change places
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
_SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|",
}  # fmt: skip
# Calls that read, show or repeat and compute nothing of the result themselves.
_PASSIVE = {"print", "super", "len", "isinstance", "range", "zip", "enumerate", "super().__init__"}
_COMMUTATIVE = {"max", "min", "maximum", "minimum", "add", "mul", "dot", "logaddexp", "equal", "allclose", "isclose"}
_WITHOUT_EFFECT = {"device", "inplace", "strict", "non_blocking", "memory_format"}
_MODULES = {"torch", "F", "nn", "np", "math"}
_TINY = 1e-6  # a constant this small guards a division; its only test is to be absent

Edit = Callable[[Any], ast.AST]


@dataclass(frozen=True)
class Mutant:
    """A changed definition. label: its line and the change, in words."""

    label: str
    text: str


class Place(NamedTuple):
    """Where a node hangs in a syntax tree."""

    parent: ast.AST
    field: str
    slot: int | None
    node: ast.AST

    def put(self, new: ast.AST) -> None:
        """Hang ``new`` there instead."""
        if self.slot is None:
            setattr(self.parent, self.field, new)
        else:
            getattr(self.parent, self.field)[self.slot] = new


def mutants(text: str, within: Collection[int] | None = None, lines: Sequence[int] | None = None) -> list[Mutant]:
    """The mutants of a definition, each a different program, in the order of the text.

    within: the lines of ``text``, from 1, that may change (default: all). lines: for each line of ``text`` the line number
    that labels give it (default: its own).
    """
    made: dict[str, Mutant] = {}
    for line, words, written in changed(text, _edits, within):
        shown = lines[line - 1] if lines is not None else line
        made.setdefault(written, Mutant(f"line {shown}: {words}", written))
    return list(made.values())


def changed(
    text: str,
    edits: Callable[[Place, Collection[str]], Iterator[tuple[str, Edit]]],
    within: Collection[int] | None = None,
) -> Iterator[tuple[int, str, str]]:
    """``(line, words, program)`` for each edit that makes another program of ``text``, in the order of the text.

    edits: from a place, and the names of the modules in scope, to edits of its node, each in words.
    """
    tree = ast.parse(text)
    original = ast.unparse(tree)
    modules = _MODULES | {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    skipped = _unread(tree)
    for place in list(_places(tree)):
        line = getattr(place.node, "lineno", None)
        if line is None or id(place.node) in skipped or (within is not None and line not in within):
            continue
        for words, edit in edits(place, modules):
            place.put(edit(copy.deepcopy(place.node)))
            written = _written(tree)
            place.put(place.node)
            if written is not None and written != original:
                yield line, words, written


def sample(mutants: Sequence[Mutant], most: int, always: Collection[str] = ()) -> list[Mutant]:
    """``most`` of ``mutants``, chosen by the digest of their text, so that the same program has the same sample; in their order.

    Those whose label holds one of the words ``always`` are taken beside them.
    """
    named = {mutant for mutant in mutants if any(part in mutant.label for part in always)}
    others = sorted((mutant for mutant in mutants if mutant not in named), key=lambda mutant: digest_of(mutant.text))
    chosen = named.union(others[:most])
    return [mutant for mutant in mutants if mutant in chosen]


def _written(tree: ast.Module) -> str | None:
    """The tree as text; None where it is no program."""
    try:
        text = ast.unparse(tree)
        compile(text, "<mutant>", "exec")
    except (SyntaxError, ValueError):
        return None
    return text


def _places(tree: ast.AST) -> Iterator[Place]:
    """Every place below ``tree``, in the order of the text."""
    for field, value in ast.iter_fields(tree):
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.AST):
                yield Place(tree, field, index, node)
                yield from _places(node)


def _edits(place: Place, modules: Collection[str]) -> Iterator[tuple[str, Edit]]:
    node: Any = place.node
    if isinstance(node, ast.stmt):
        yield from _statements(node)
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _OPERATORS:
        new = _OPERATORS[type(node.op)]
        yield f"{_SIGNS[type(node.op)]} -> {_SIGNS[new]}", with_fields(op=new())
    if isinstance(node, ast.BinOp) and isinstance(node.op, _ONE_WAY):
        yield f"operands of {_SIGNS[type(node.op)]} swapped", lambda n: ast.BinOp(n.right, n.op, n.left)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
        other = _COMPARISONS[type(node.ops[0])]
        yield f"{type(node.ops[0]).__name__} -> {other.__name__}", with_fields(ops=[other()])
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.UAdd):
        sign = {ast.USub: "minus sign", ast.Not: "not", ast.Invert: "~"}[type(node.op)]
        yield f"{sign} dropped", lambda n: n.operand
    elif isinstance(node, ast.BoolOp):
        flipped = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"{type(node.op).__name__} -> {flipped.__name__}", with_fields(op=flipped())
    elif isinstance(node, ast.IfExp):
        yield "branches of if swapped", lambda n: ast.IfExp(n.test, n.orelse, n.body)
    elif isinstance(node, ast.Constant) and not isinstance(place.parent, ast.Expr):
        yield from _constants(node)
    elif isinstance(node, ast.Call):
        yield from _calls(node, modules)
    elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(place.parent, ast.Return):
        yield "returned pair swapped", lambda n: ast.Tuple(n.elts[::-1], n.ctx)


def _statements(node: ast.stmt) -> Iterator[tuple[str, Edit]]:
    if isinstance(node, ast.If | ast.While) and not isinstance(node.test, ast.Constant):
        yield "condition negated", lambda n: with_fields(test=ast.UnaryOp(ast.Not(), n.test))(n)
    if _droppable(node):
        yield f"`{_short(node)}` dropped", lambda n: ast.Pass()


def _constants(node: ast.Constant) -> Iterator[tuple[str, Edit]]:
    value = node.value
    others: list[bool | int | float] = []
    if isinstance(value, bool):
        others = [not value]
    elif isinstance(value, int):
        others = [value + 1, *([value - 1] if value > 0 else [])]
    elif isinstance(value, float):
        others = [0.0 if 0 < abs(value) < _TINY else value * 2 if value else 1.0]
    for other in others:
        yield f"{value!r} -> {other!r}", with_fields(value=other)


def _calls(node: ast.Call, modules: Collection[str]) -> Iterator[tuple[str, Edit]]:
    name = ast.unparse(node.func)
    last = re.split(r"\W", name)[-1]
    if name in _PASSIVE:
        return
    plain = not any(isinstance(arg, ast.Starred) for arg in node.args)
    method = isinstance(node.func, ast.Attribute) and _root(node.func) not in {*modules, "self"}
    if len(node.args) >= 2 and plain and last not in _COMMUTATIVE:
        yield (
            f"first two arguments of {last} swapped",
            lambda n: with_fields(args=[n.args[1], n.args[0], *n.args[2:]])(n),
        )
    if node.args and plain and len(node.args) + method >= 2:
        yield f"last argument of {last} dropped", lambda n: with_fields(args=n.args[:-1])(n)
    for index, keyword in enumerate(node.keywords):
        if keyword.arg is not None and keyword.arg not in _WITHOUT_EFFECT:
            yield f"{keyword.arg}= dropped from {last}", without_keyword(index)
    if last[:1].isupper() or last == "contiguous":
        return  # what makes a layer, or only moves memory, has nothing to be replaced by
    if method:
        yield f".{last}(...) dropped", lambda n: n.func.value
    elif node.args and plain:
        yield f"{name}(...) dropped", lambda n: n.args[0]


def with_fields(**fields: Any) -> Callable[[Any], ast.AST]:
    """The edit that sets ``fields`` of a node."""

    def edit(node: Any) -> ast.AST:
        for name, value in fields.items():
            setattr(node, name, value)
        assert isinstance(node, ast.AST)
        return node

    return edit


def without_keyword(index: int) -> Edit:
    """The edit that leaves out a call's keyword argument number ``index``."""
    return lambda node: with_fields(keywords=[keyword for at, keyword in enumerate(node.keywords) if at != index])(node)


def _root(node: ast.expr) -> str:
    """The name that a chain of attributes begins with; empty where it begins with something else."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _droppable(node: ast.stmt) -> bool:
    """Statements whose absence leaves a program that runs: changes of what there is, not first bindings."""
    match node:
        case ast.Expr(value=ast.Call()):
            return not ast.unparse(node).startswith(("super", "print"))
        case ast.Assign(targets=[ast.Name(id=name)]):
            return any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(node.value))
        case ast.Assign(targets=[ast.Subscript()]) | ast.AugAssign() | ast.Break() | ast.Continue():
            return True
        case ast.If() | ast.For():
            return not any(isinstance(inner, ast.Return) for inner in ast.walk(node)) or isinstance(node, ast.If)
    return False


def _short(node: ast.stmt) -> str:
    text = ast.unparse(node).partition("\n")[0]
    return text if len(text) <= 50 else text[:49] + "…"


def _unread(tree: ast.Module) -> set[int]:
    """Nodes below what only people read: docstrings, annotations, what an exception says, asserts."""
    roots: list[ast.AST | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node) is not None:
            roots.append(node.body[0])
        if isinstance(node, ast.arg | ast.AnnAssign):
            roots.append(node.annotation)
        if isinstance(node, ast.FunctionDef):
            roots.append(node.returns)
        if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr):
            roots.append(node)
    return {id(inner) for root in roots if root is not None for inner in ast.walk(root)}
