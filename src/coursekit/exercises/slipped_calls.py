"""Slips in a call: another function, none at all, another axis, an argument left out."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import Any

from coursekit.exercises.mutants import Edit, with_fields, without_keyword
from coursekit.exercises.slipped_steps import plus

NAMES = {
    "sum": "the sum", "mean": "the mean", "prod": "the product", "amax": "the largest", "amin": "the smallest",
    "max": "the largest", "min": "the smallest", "median": "the median", "var": "the variance", "std": "the standard deviation",
    "argmax": "the place of the largest", "argmin": "the place of the smallest", "norm": "the norm",
    "cumsum": "the running sum", "cumprod": "the running product", "logsumexp": "the logarithm of a sum of exponentials",
    "relu": "the ReLU", "sigmoid": "the sigmoid", "tanh": "the tanh", "softmax": "the softmax",
    "log_softmax": "the logarithm of the softmax", "exp": "the exponential", "log": "the natural logarithm",
    "log2": "the logarithm to base 2", "log10": "the logarithm to base 10", "log1p": "the logarithm of 1 + x",
    "sqrt": "the square root", "rsqrt": "1 over the square root", "square": "the square", "abs": "the absolute value",
    "sign": "the sign", "floor": "rounding down", "ceil": "rounding up", "round": "rounding", "sin": "the sine",
    "cos": "the cosine", "clamp": "the limits (`clamp`)", "clip": "the limits (`clip`)", "flip": "the flip",
    "maximum": "the larger of two", "minimum": "the smaller of two", "triu": "the upper triangle", "tril": "the lower triangle",
    "rand": "uniform numbers", "randn": "normal numbers", "reversed": "the reverse order", "sorted": "the order",
    "transpose": "the transpose", "T": "the transpose", "mT": "the transpose", "detach": "`detach()`",
    "ReLU": "a ReLU", "Sigmoid": "a sigmoid", "Tanh": "a tanh", "MaxPool2d": "a maximum pooling",
    "AvgPool2d": "an average pooling", "BatchNorm2d": "a batch normalisation", "BatchNorm1d": "a batch normalisation",
    "LayerNorm": "a layer normalisation", "Dropout": "a dropout", "Flatten": "a flattening",
}  # fmt: skip
INSTEAD = {
    "sum": ["mean"], "mean": ["sum"], "prod": ["sum"], "amax": ["mean", "sum", "amin"], "amin": ["mean", "amax"],
    "max": ["mean", "min"], "min": ["max"], "var": ["std"], "std": ["var"], "argmax": ["argmin"], "argmin": ["argmax"],
    "softmax": ["sigmoid", "log_softmax"], "log_softmax": ["softmax"], "sigmoid": ["tanh", "softmax"],
    "tanh": ["sigmoid", "relu"], "relu": ["tanh", "sigmoid", "abs"], "log": ["log2", "log10"], "floor": ["ceil", "round"],
    "ceil": ["floor", "round"], "sin": ["cos"], "cos": ["sin"], "maximum": ["minimum"], "minimum": ["maximum"],
    "triu": ["tril"], "tril": ["triu"], "rand": ["randn"], "randn": ["rand"], "cumprod": ["cumsum"], "square": ["abs"],
    "sqrt": ["square"], "ReLU": ["Tanh", "Sigmoid"], "Tanh": ["ReLU"], "MaxPool2d": ["AvgPool2d"], "AvgPool2d": ["MaxPool2d"],
}  # fmt: skip
ALONG_AN_AXIS = {
    "sum", "mean", "prod", "amax", "amin", "max", "min", "argmax", "argmin", "var", "std", "softmax", "log_softmax",
    "logsumexp", "cumsum", "cumprod", "norm", "median", "sort", "argsort", "flip", "cat", "stack", "normalize",
}  # fmt: skip
AXES = (0, 1, 2, -1)
_ORDERED = {"pow", "sub", "div", "matmul", "kl_div", "cross", "outer", "mm", "bmm", "lerp", "atan2"}
UNNAMED = "one of the terms"


def calls(node: ast.Call, modules: Collection[str]) -> Iterator[tuple[str, Edit]]:
    """The edits of a call."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    yield from _further_calls(node, name)
    for other in INSTEAD.get(name, ()):
        yield f"with {NAMES[other]} in place of {NAMES[name]}", _called(other)
    if name in NAMES:
        yield from _left_out(node, name, modules)
    if name in ALONG_AN_AXIS:
        yield from _axes(node, name)
    for index, keyword in enumerate(node.keywords):
        if keyword.arg in (
            "stride",
            "padding",
            "dilation",
            "groups",
            "bias",
            "correction",
            "weight",
            "mask",
            "reduction",
            "keepdim",
        ):
            yield f"with `{keyword.arg}` left out of `{name}`", without_keyword(index)
    if name == "where" and len(node.args) == 3:
        yield (
            "with the two choices of `where` exchanged",
            lambda n: with_fields(args=[n.args[0], n.args[2], n.args[1]])(n),
        )
    if name == "range" and len(node.args) == 1:
        yield "with the last round of a loop left out", lambda n: with_fields(args=[plus(n.args[0], -1)])(n)
        yield "with the first round of a loop left out", lambda n: with_fields(args=[ast.Constant(1), n.args[0]])(n)
    if name == "range" and len(node.args) == 2:
        yield (
            "with the last round of a loop left out",
            lambda n: with_fields(args=[n.args[0], plus(n.args[1], -1)])(n),
        )


def _left_out(node: ast.Call, name: str, modules: Collection[str]) -> Iterator[tuple[str, Edit]]:
    """The edits that hand on what goes into a call."""
    words = f"without {NAMES[name]}"
    if name[0].isupper():  # a layer
        yield words, lambda n: with_fields(args=[], keywords=[], func=_sibling(n.func, "Identity"))(n)
    elif isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value).split(".")[0] not in modules:
        yield words, lambda n: n.func.value
    elif node.args and not isinstance(node.args[0], ast.Starred):
        yield words, lambda n: n.args[0]


def _axes(node: ast.Call, name: str) -> Iterator[tuple[str, Edit]]:
    for slot, argument in enumerate(node.args):
        if (axis := _integer(argument)) is not None:
            for other in [other for other in AXES if other != axis]:
                yield f"with `{name}` along axis {other}", _with_argument(slot, ast.Constant(other))
    for index, keyword in enumerate(node.keywords):
        axis = _integer(keyword.value)
        if keyword.arg in ("dim", "axis") and axis is not None:
            for other in [other for other in AXES if other != axis]:
                yield f"with `{name}` along axis {other}", _with_keyword(index, ast.Constant(other))
            if name not in ("cat", "stack", "softmax", "log_softmax"):
                yield f"with `{name}` over all axes", without_keyword(index)
    if len(node.args) == 1 and _integer(node.args[0]) is not None and isinstance(node.func, ast.Attribute):
        yield f"with `{name}` over all axes", with_fields(args=[])


def _further_calls(node: ast.Call, name: str) -> Iterator[tuple[str, Edit]]:
    if name in ("var", "std"):
        given = {keyword.arg: keyword for keyword in node.keywords}
        biased = any(
            isinstance(each.value, ast.Constant) and not each.value.value
            for key, each in given.items()
            if key in ("correction", "unbiased")
        )
        kept = [keyword for keyword in node.keywords if keyword.arg not in ("correction", "unbiased")]
        yield (
            f"with {NAMES[name]} {'divided by N - 1' if biased else 'divided by N'}",
            with_fields(keywords=[*kept, ast.keyword("correction", ast.Constant(1 if biased else 0))]),
        )
    if name == "sqrt":
        yield from _small_number(node)
    for index, keyword in enumerate(node.keywords):
        value = keyword.value
        if keyword.arg is None:
            continue
        if isinstance(value, ast.Constant) and isinstance(value.value, bool):
            yield (
                f"with `{keyword.arg}` of `{name}` the other way round",
                _with_keyword(index, ast.Constant(not value.value)),
            )
        if keyword.arg in ("dim", "axis") and isinstance(value, ast.Tuple) and len(value.elts) >= 2:
            for left_out in range(len(value.elts)):
                rest = [element for at, element in enumerate(value.elts) if at != left_out]
                shown = ast.unparse(ast.Tuple(rest, ast.Load()))
                yield f"with `{name}` along the axes {shown} only", _with_keyword(index, ast.Tuple(rest, ast.Load()))
            yield f"with `{name}` over all axes", without_keyword(index)
    if isinstance(node.func, ast.Attribute) and len(node.args) == 2 and name in _ORDERED:
        yield f"with the two arguments of `{name}` exchanged", lambda n: with_fields(args=n.args[::-1])(n)


def _small_number(node: ast.Call) -> Iterator[tuple[str, Edit]]:
    """What guards a division, outside of the root where it stands inside."""
    inner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
    if not (
        isinstance(inner, ast.BinOp)
        and isinstance(inner.op, ast.Add)
        and isinstance(inner.right, ast.Name | ast.Constant)
    ):
        return
    small = called_what(inner.right)

    def moved(n: Any) -> ast.AST:
        whole = n.args[0] if n.args else n.func.value
        if n.args:
            n.args[0] = whole.left
        else:
            n.func.value = whole.left
        return ast.BinOp(n, ast.Add(), whole.right)

    yield f"with {small} added after the square root", moved


def called_what(node: ast.expr) -> str:
    """A term by its name where it has one; what it is computed by is the learner's to find."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return f"{node.value}"
    return f"`{node.id}`" if isinstance(node, ast.Name) else UNNAMED


def _integer(node: ast.expr) -> int | None:
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
    return None


def _called(other: str) -> Edit:
    """The call of ``other`` on the same arguments."""
    return lambda n: with_fields(func=_sibling(n.func, other))(n)


def _sibling(function: ast.expr, other: str) -> ast.expr:
    """The function called ``other`` that stands where ``function`` does."""
    if isinstance(function, ast.Attribute):
        return ast.Attribute(function.value, other, ast.Load())
    return ast.Name(other, ast.Load())


def _with_argument(slot: int, new: ast.expr) -> Edit:
    return lambda n: with_fields(args=[*n.args[:slot], new, *n.args[slot + 1 :]])(n)


def _with_keyword(index: int, new: ast.expr) -> Edit:
    def edit(node: Any) -> ast.AST:
        node.keywords[index].value = new
        assert isinstance(node, ast.AST)
        return node

    return edit
