"""Which names a piece of Python binds and reads at its own level, found without running it."""

import ast
from collections.abc import Iterable, Iterator

Scope = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def bound_names(statements: Iterable[ast.stmt]) -> tuple[str, ...]:
    """Names that ``statements`` bind in the scope they stand in, in order, each once."""
    names: dict[str, None] = {}
    for statement in statements:
        for node in _same_scope(statement):
            if isinstance(node, Definition):
                names[node.name] = None
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names[node.id] = None
            elif isinstance(node, ast.Import | ast.ImportFrom):
                names.update((a.asname or a.name.partition(".")[0], None) for a in node.names)
            elif isinstance(node, ast.ExceptHandler) and node.name:
                names[node.name] = None
    return tuple(names)


def changed_names(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """Names that ``statements`` bind or may change in place: item and attribute stores, receivers of method calls."""
    body = list(statements)
    names = set(bound_names(body))
    for statement in body:
        for node in _same_scope(statement):
            target: ast.expr | None = None
            if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
                target = node.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                target = node.func.value
            while isinstance(target, ast.Subscript | ast.Attribute):
                target = target.value
            if isinstance(target, ast.Name):
                names.add(target.id)
    return frozenset(names)


def read_names(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """Every name that ``statements`` read anywhere, inner functions included."""
    return frozenset(
        node.id
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )


def _same_scope(node: ast.AST) -> Iterator[ast.AST]:
    """``node`` and its descendants, without entering the bodies of functions, classes and comprehensions."""
    yield node
    if isinstance(node, Scope):
        return
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        # A comprehension's targets are its own; only `:=` inside it binds outside.
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr):
                yield inner.target
        return
    for child in ast.iter_child_nodes(node):
        yield from _same_scope(child)
