"""Which names a piece of Python binds and reads at its own level, found without running it."""

import ast
from collections.abc import Iterable, Iterator

Scope = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSION = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def bound_names(statements: Iterable[ast.stmt]) -> tuple[str, ...]:
    """Names that ``statements`` bind in the scope they stand in, in order, each once."""
    names: dict[str, None] = {}
    for statement in statements:
        for node in same_scope(statement):
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
        for node in same_scope(statement):
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


def first_line(node: ast.stmt) -> int:
    """The line where a statement begins, its decorators included."""
    marks: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(mark.lineno for mark in marks)])


def same_scope(node: ast.AST) -> Iterator[ast.AST]:
    """``node`` and its descendants in order, without entering the bodies of functions, classes and comprehensions."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _COMPREHENSION):
            # A comprehension's targets are its own; only `:=` inside it binds outside.
            yield from (inner.target for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
        elif not isinstance(node, Scope):
            waiting += reversed(list(ast.iter_child_nodes(node)))
