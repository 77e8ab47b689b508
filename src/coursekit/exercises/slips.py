"""What the right answer gives when it slips in one place: a sum for a mean, a factor left out, a softmax over another axis.

Recorded with the key as are changed arguments (``variants``), so that an answer whose result is that of a slip is told which.
The sentences say what was done and never what should stand there instead.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import Any

from coursekit.exercises.mutants import Edit, Place, changed, with_fields, without_keyword

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
    for _, words, written in changed(text, _edits, within):
        made.setdefault(written, words)
    return made


def _edits(place: Place, modules: Collection[str]) -> Iterator[tuple[str, Edit]]:
    node: Any = place.node
    match node:
        case ast.Call():
            yield from _calls(node, modules)
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
        case ast.If(orelse=[]) | ast.IfExp():
            yield from _special_cases(node)
        case ast.AugAssign(target=ast.Name()) | ast.AugAssign(target=ast.Subscript()):
            yield "without one of the steps that update something", lambda n: ast.Pass()


def _special_cases(node: ast.If | ast.IfExp) -> Iterator[tuple[str, Edit]]:
    if isinstance(node, ast.If):
        yield "without one of its special cases", lambda n: ast.Pass()
        yield "with one of its special cases taken always", lambda n: with_fields(test=ast.Constant(True))(n)
    else:
        yield "with one of its special cases taken always", lambda n: n.body
        yield "without one of its special cases", lambda n: n.orelse


def _calls(node: ast.Call, modules: Collection[str]) -> Iterator[tuple[str, Edit]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
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
        ):
            yield f"with `{keyword.arg}` left out of `{name}`", without_keyword(index)
    if name == "where" and len(node.args) == 3:
        yield (
            "with the two choices of `where` exchanged",
            lambda n: with_fields(args=[n.args[0], n.args[2], n.args[1]])(n),
        )
    if name == "range" and len(node.args) == 1:
        yield "with the last round of a loop left out", lambda n: with_fields(args=[_minus_one(n.args[0])])(n)
        yield "with the first round of a loop left out", lambda n: with_fields(args=[ast.Constant(1), n.args[0]])(n)
    if name == "range" and len(node.args) == 2:
        yield (
            "with the last round of a loop left out",
            lambda n: with_fields(args=[n.args[0], _minus_one(n.args[1])])(n),
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


def _operations(node: ast.BinOp) -> Iterator[tuple[str, Edit]]:
    left, right = _called_what(node.left), _called_what(node.right)
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
            yield f"without the factor {right}" if right != _UNNAMED else "with one factor left out", lambda n: n.left
            yield f"without the factor {left}" if left != _UNNAMED else "with one factor left out", lambda n: n.right
            yield "with a sum in place of a product", with_fields(op=ast.Add())
            yield "with a quotient in place of a product", with_fields(op=ast.Div())
        case ast.Div() | ast.FloorDiv():
            yield f"without dividing by {right}" if right != _UNNAMED else "without a division", lambda n: n.left
            yield "with a product in place of a quotient", with_fields(op=ast.Mult())
            yield "with a quotient upside down", lambda n: ast.BinOp(n.right, n.op, n.left)
        case ast.Pow():
            yield f"without the power {right}" if right != _UNNAMED else "without a power", lambda n: n.left
            yield "with a product in place of a power", with_fields(op=ast.Mult())
        case ast.MatMult():
            yield "with the two factors of a matrix product exchanged", lambda n: ast.BinOp(n.right, n.op, n.left)


_UNNAMED = "one of the terms"


def _called_what(node: ast.expr) -> str:
    """A term by its name where it has one; what it is computed by is the learner's to find."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return f"{node.value}"
    return f"`{node.id}`" if isinstance(node, ast.Name) else _UNNAMED


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


def _minus_one(node: ast.expr) -> ast.expr:
    return ast.BinOp(node, ast.Sub(), ast.Constant(1))


def _with_argument(slot: int, new: ast.expr) -> Edit:
    return lambda n: with_fields(args=[*n.args[:slot], new, *n.args[slot + 1 :]])(n)


def _with_keyword(index: int, new: ast.expr) -> Edit:
    def edit(node: Any) -> ast.AST:
        node.keywords[index].value = new
        assert isinstance(node, ast.AST)
        return node

    return edit
