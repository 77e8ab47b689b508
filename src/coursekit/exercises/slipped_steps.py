"""Slips in how steps are repeated, where a slice begins and ends, and what is called beside the computation."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import Any

from coursekit.exercises.mutants import Edit, Place, with_fields


def steps(place: Place, modules: Collection[str]) -> Iterator[tuple[str, Edit]]:
    """Slips in how steps are repeated, where a sum or a slice begins and ends, and what is called beside the computation."""
    node: Any = place.node
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name))) if name != "__init__":
            yield f"without calling `{name}`", lambda n: ast.Pass()
        case ast.With(items=[ast.withitem(context_expr=ast.Call(func=ast.Attribute(attr=name)))]):
            yield f"without `{name}`", lambda n: ast.If(ast.Constant(True), n.body, [])
        case ast.AugAssign(op=ast.Add() | ast.Sub()):
            yield (
                "with the last term in place of a running sum",
                lambda n: ast.Assign([n.target], _term(n), lineno=n.lineno),
            )
            other = ast.Sub if isinstance(node.op, ast.Add) else ast.Add
            yield "with a step in the opposite direction", with_fields(op=other())
        case ast.For(iter=ast.Call(func=ast.Name("range" | "reversed"))):
            yield "with a loop that runs backwards", lambda n: with_fields(iter=_backwards(n.iter))(n)
        case ast.Break():
            yield "with a loop that goes on where it should end", lambda n: ast.Pass()
        case ast.Continue():
            yield "with a round of a loop that is not skipped", lambda n: ast.Pass()
        case ast.BoolOp():
            words = ("or", "and") if isinstance(node.op, ast.And) else ("and", "or")
            yield (
                f"with `{words[0]}` in place of `{words[1]}`",
                with_fields(op=ast.Or() if isinstance(node.op, ast.And) else ast.And()),
            )
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
            signs = ("|", "&") if isinstance(node.op, ast.BitAnd) else ("&", "|")
            yield (
                f"with `{signs[0]}` in place of `{signs[1]}`",
                with_fields(op=ast.BitOr() if isinstance(node.op, ast.BitAnd) else ast.BitAnd()),
            )
        case ast.Slice() if node.step is None:
            yield from _slices(node)
        case ast.Call(func=ast.Name("range")):
            yield "with one round of a loop too many", lambda n: with_fields(args=ending_later(n.args))(n)


def _slices(node: ast.Slice) -> Iterator[tuple[str, Edit]]:
    if node.upper is not None:
        yield "with a slice that ends one later", lambda n: with_fields(upper=plus(n.upper, 1))(n)
        yield "with a slice that ends one earlier", lambda n: with_fields(upper=plus(n.upper, -1))(n)
        yield "with a slice that runs to the end", with_fields(upper=None)
    if node.lower is not None:
        yield "with a slice that begins one later", lambda n: with_fields(lower=plus(n.lower, 1))(n)
        yield "with a slice that begins one earlier", lambda n: with_fields(lower=plus(n.lower, -1))(n)
        yield "with a slice that begins at the start", with_fields(lower=None)


def _term(node: ast.AugAssign) -> ast.expr:
    return ast.UnaryOp(ast.USub(), node.value) if isinstance(node.op, ast.Sub) else node.value


def _backwards(iterated: ast.expr) -> ast.expr:
    if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name) and iterated.func.id == "reversed":
        return iterated.args[0]
    return ast.Call(ast.Name("reversed", ast.Load()), [iterated], [])


def ending_later(arguments: list[ast.expr]) -> list[ast.expr]:
    slot = min(1, len(arguments) - 1)
    return [*arguments[:slot], plus(arguments[slot], 1), *arguments[slot + 1 :]]


def plus(node: ast.expr, step: int) -> ast.expr:
    return ast.BinOp(node, ast.Add() if step > 0 else ast.Sub(), ast.Constant(1))
