"""What the right answer gives when it slips in one place: a sum for a mean, a factor left out, a softmax over another axis.

Recorded with the key as are changed arguments (``variants``), so that an answer whose result is that of a slip is told which.
The sentences say what was done and never what should stand there instead.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Collection, Iterator
from typing import Any

from coursekit.exercises.mutants import Edit, Place, changed, with_fields
from coursekit.exercises.slipped_calls import UNNAMED, called_what, calls
from coursekit.exercises.slipped_steps import steps

_EQUALITY: dict[type[ast.cmpop], tuple[type[ast.cmpop], str]] = {
    ast.Lt: (ast.LtE, "included in"),
    ast.LtE: (ast.Lt, "excluded from"),
    ast.Gt: (ast.GtE, "included in"),
    ast.GtE: (ast.Gt, "excluded from"),
}
_REVERSED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
}


def slips(text: str, within: Collection[int] | None = None) -> dict[str, str]:
    """Programs that differ from ``text`` by one slip, each with its words: "with the mean in place of the sum".

    within: the lines of ``text``, from 1, that may change (default: all).
    """
    made: dict[str, str] = {}
    arguments = _arguments(text)
    for edits in (_edits, steps, functools.partial(_conditions, arguments=arguments)):
        for _, words, written in changed(text, edits, within):
            made.setdefault(written, words)
    for words, written in _in_another_order(text, within):
        made.setdefault(written, words)
    return made


def _arguments(text: str) -> set[str]:
    """The names of the arguments, which a learner knows too."""
    found = {
        argument.arg for node in ast.walk(ast.parse(text)) if isinstance(node, ast.arguments) for argument in _all(node)
    }
    return found - {"self"}


def _all(arguments: ast.arguments) -> list[ast.arg]:
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _edits(place: Place, modules: Collection[str]) -> Iterator[tuple[str, Edit]]:
    node: Any = place.node
    match node:
        case ast.Call():
            yield from calls(node, modules)
        case ast.BinOp():
            yield from _operations(node)
        case ast.Attribute(attr="T" | "mT"):
            yield "without a transpose", lambda n: n.value
        case ast.Compare(ops=[op]) if type(op) in _EQUALITY:
            other, done = _EQUALITY[type(op)]
            yield f"with equality {done} a comparison", with_fields(ops=[other()])
            yield "with a comparison the other way round", with_fields(ops=[_REVERSED[type(op)]()])
        case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield "without a minus sign", lambda n: n.operand
        case ast.UnaryOp(op=ast.Not() | ast.Invert()):
            yield "without a negation", lambda n: n.operand
        case ast.Subscript(slice=ast.Constant(value=0)) if isinstance(node.ctx, ast.Load):
            yield "with the last item for the first", with_fields(slice=ast.Constant(-1))
        case ast.Subscript(slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1))):
            yield "with the first item for the last", with_fields(slice=ast.Constant(0))
        case ast.AugAssign(target=ast.Name()) | ast.AugAssign(target=ast.Subscript()):
            yield "without one of the steps that update something", lambda n: ast.Pass()


def _conditions(place: Place, modules: Collection[str], arguments: Collection[str]) -> Iterator[tuple[str, Edit]]:
    """A condition that counts as never or always met; it is known by the arguments it speaks of."""
    node: Any = place.node
    if not isinstance(node, ast.If | ast.IfExp):
        return
    names = dict.fromkeys(
        inner.id for inner in ast.walk(node.test) if isinstance(inner, ast.Name) and inner.id in arguments
    )
    which = f"its condition on {' and '.join(f'`{name}`' for name in names)}" if names else "one of its conditions"
    if isinstance(node, ast.IfExp):
        yield f"where {which} counts as always met", lambda n: n.body
        yield f"where {which} counts as never met", lambda n: n.orelse
        return
    yield f"where {which} counts as never met", with_fields(test=ast.Constant(False))
    yield f"where {which} counts as always met", with_fields(test=ast.Constant(True))
    if node.orelse:
        yield f"with the two branches of {which} exchanged", lambda n: with_fields(body=n.orelse, orelse=n.body)(n)


def _operations(node: ast.BinOp) -> Iterator[tuple[str, Edit]]:
    left, right = called_what(node.left), called_what(node.right)
    match node.op:
        case ast.Add():
            yield f"without adding {right}", lambda n: n.left
            yield f"without adding {left}", lambda n: n.right
            yield "with a minus in place of a plus", with_fields(op=ast.Sub())
        case ast.Sub():
            yield f"without subtracting {right}", lambda n: n.left
            yield "with a plus in place of a minus", with_fields(op=ast.Add())
            yield "with a difference taken the other way round", lambda n: ast.BinOp(n.right, n.op, n.left)
        case ast.Mult():
            yield f"without the factor {right}" if right != UNNAMED else "with one factor left out", lambda n: n.left
            yield f"without the factor {left}" if left != UNNAMED else "with one factor left out", lambda n: n.right
            yield "with a quotient in place of a product", with_fields(op=ast.Div())
        case ast.Div() | ast.FloorDiv():
            yield f"without dividing by {right}" if right != UNNAMED else "without a division", lambda n: n.left
            yield "with a product in place of a quotient", with_fields(op=ast.Mult())
            yield "with a quotient upside down", lambda n: ast.BinOp(n.right, n.op, n.left)
        case ast.Pow():
            yield f"without the power {right}" if right != UNNAMED else "without a power", lambda n: n.left
            yield "with a product in place of a power", with_fields(op=ast.Mult())
        case ast.MatMult():
            yield "with the two factors of a matrix product exchanged", lambda n: ast.BinOp(n.right, n.op, n.left)


def _in_another_order(text: str, within: Collection[int] | None) -> Iterator[tuple[str, str]]:
    """Two steps that follow each other in a loop or function, taken in the other order."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(node, ast.FunctionDef | ast.For | ast.While | ast.With) or not isinstance(body, list):
            continue
        for index in range(len(body) - 1):
            pair = body[index : index + 2]
            simple = all(isinstance(each, ast.Assign | ast.AugAssign | ast.Expr) for each in pair)
            if not simple or (within is not None and not {each.lineno for each in pair} <= set(within)):
                continue
            body[index : index + 2] = pair[::-1]
            yield "with two of its steps in the other order", ast.unparse(tree)
            body[index : index + 2] = pair
