"""Tools that an answer may not use, and why: of a puzzle all but a few, of other exercises those that do the whole work.

`Watched` sees every torch function that is called inside it, by whichever of its names (``torch.outer(x, y)``,
``x.outer(y)``), and stops at the first that is not permitted with `NotPermitted`, whose text is the reason. What plain
Python does is not seen there; of that, `loops` finds what would make a puzzle pointless.
"""

from __future__ import annotations

import copy
import dis
import functools
import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode

_PERMITTED = {
    "making and choosing": "arange ones zeros where",
    "indexing": "__getitem__",
    "arithmetic": (
        "add sub mul div true_divide floor_divide __floordiv__ remainder pow neg abs absolute positive matmul "
        "__rsub__ __rdiv__ __rfloordiv__ __rmod__ __rpow__ __rmatmul__ __matmul__ __pos__"
    ),
    "comparisons and logic": (
        "__eq__ eq ne lt le gt ge __and__ __or__ __xor__ __rand__ __ror__ __rxor__ __invert__ logical_not "
        "bitwise_and bitwise_or bitwise_not bitwise_xor"
    ),
    "shape and kind": (
        "shape ndim dtype device T __len__ size dim numel to type bool int long float double is_floating_point"
    ),
}
PERMITTED = frozenset(name for names in _PERMITTED.values() for name in names.split())

_REASONS = {
    "it adds up along an axis out of sight. Here a sum is a matrix product: `x @ weights` multiplies and adds": (
        "sum mean prod cumsum cumprod amax amin max min any all count_nonzero std var nansum logsumexp trapezoid dot "
        "inner tensordot einsum mv mm bmm"
    ),
    "it describes the same memory with another shape. Here a new axis is an index of `None`, and another order of the "
    "entries is an index tensor": (
        "view reshape flatten ravel unsqueeze squeeze expand expand_as permute transpose movedim swapaxes t unfold "
        "as_strided unflatten contiguous broadcast_to repeat tile view_as reshape_as mT"
    ),
    "it lays tensors beside each other. Here every entry of the answer is computed at its own place, and "
    "`torch.where` chooses where it comes from": (
        "cat concat concatenate stack vstack hstack dstack row_stack column_stack pad block_diag pad_sequence"
    ),
    "it sends numbers to, or fetches them from, the places that an index names. Here one compares the index with an "
    "`arange` and multiplies with the table of zeros and ones that comes out": (
        "scatter scatter_add scatter_reduce index_add index_put index_select gather take take_along_dim bincount "
        "histc one_hot masked_select masked_scatter masked_fill nonzero argwhere index_fill index_copy"
    ),
    "it takes the numbers out of the tensor, one at a time. Here the whole tensor is worked on at once": (
        "tolist item numpy __array__ unbind __iter__ __int__ __float__ __index__ __bool__ __contains__ split chunk"
    ),
    "it makes a tensor from numbers that are already known. Here the numbers come out of an `arange`": (
        "tensor as_tensor from_numpy full new_tensor new_full full_like"
    ),
    "it counts for you. Here the numbers come out of an `arange`, and arithmetic": (
        "linspace logspace range meshgrid cartesian_prod combinations"
    ),
    "it draws the pattern itself. Here a pattern is a condition on the numbers of row and column, `i[:, None]` and `i`": (
        "eye diag diag_embed diagonal diagflat tril triu tril_indices triu_indices"
    ),
    "it moves the entries itself. Here you say for every place where its entry comes from, `x[source]`": (
        "sort argsort topk flip fliplr flipud roll rot90 unique searchsorted bucketize"
    ),
}
_REASON = {name: reason for reason, names in _REASONS.items() for name in names.split()}
_SHOWN = {"__setitem__": "x[...] = ..."}
_WRITES = "it writes into a tensor. The answer to a puzzle is an expression: it says what each entry is, all at once"
_DOES_IT = "it does a piece of the work for you. Only indexing, broadcasting and arithmetic are"

LOOP = (
    "It has a Python loop in it. Write down what the entry at a general index is, let an `arange` stand for the index, "
    "and all entries are computed at once."
)


class NotPermitted(BaseException):
    """The answer used a tool that its puzzle does not permit. A BaseException: a learner's ``except`` does not swallow it."""


class Watched(TorchFunctionMode):
    """While it is entered, a torch function that is not permitted raises `NotPermitted`."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Called by torch in place of ``func``."""
        name = _name(func)
        if name not in PERMITTED:
            raise NotPermitted(f"`{_SHOWN.get(name, name)}` is not permitted in a puzzle: {reason(name)}.")
        return func(*args, **(kwargs or {}))


class Forbidding(TorchFunctionMode):
    """While it is entered, a torch function of ``forbidden`` (name -> why not) raises `NotPermitted`."""

    def __init__(self, forbidden: Mapping[str, str]) -> None:
        super().__init__()
        self.forbidden = forbidden

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Called by torch in place of ``func``."""
        name = _name(func)
        name = name if name.startswith("__") else name.strip("_")  # in place (`relu_`) and inside (`_max_pool2d`) too
        if name in self.forbidden:
            raise NotPermitted(f"`{name}` is not permitted in this exercise: {self.forbidden[name]}")
        return func(*args, **(kwargs or {}))


def without(candidate: Any, forbidden: Mapping[str, str]) -> Any:
    """What does as ``candidate`` does, but for what is ``forbidden``: a function, a class or an object whose calls are watched."""
    if not forbidden or not callable(candidate):
        return candidate
    if inspect.isclass(candidate):
        return _watched_class(candidate, forbidden)
    if isinstance(candidate, nn.Module):  # stays a module, with the parameters that it has
        watched_module = copy.copy(candidate)
        watched_module.__class__ = _watched_class(type(candidate), forbidden)
        return watched_module
    return _watched_call(candidate, forbidden)


def _watched_call(function: Callable[..., Any], forbidden: Mapping[str, str]) -> Callable[..., Any]:
    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        with Forbidding(forbidden):
            return function(*args, **kwargs)

    return watched


def _watched_class(written: type, forbidden: Mapping[str, str]) -> type:
    """A class that is ``written``, with every method that was written for it watched, and a ``forward`` that it inherits."""
    methods = {
        name: method
        for base in reversed(written.__mro__)
        for name, method in vars(base).items()
        if isinstance(method, types.FunctionType)
        and (name in ("__init__", "forward") or not base.__module__.startswith(("torch.", "builtins")))
    }
    watched = {name: _watched_call(method, forbidden) for name, method in methods.items()}
    named = {"__module__": written.__module__, "__qualname__": written.__qualname__, "__doc__": written.__doc__}
    return type(written)(written.__name__, (written,), {**watched, **named})


def reason(name: str) -> str:
    """Why the torch function ``name`` is not permitted."""
    if name in ("__setitem__", "__set__") or (name.endswith("_") and not name.startswith("__")):
        return _WRITES
    if name.startswith("__i") and name.endswith("__") and name not in _REASON:
        return _WRITES
    return _REASON.get(name, _DOES_IT)


def loops(candidate: Any) -> bool:
    """Whether the code of a function loops: ``for``, ``while``, or a comprehension."""
    jumps = {*dis.hasjrel, *dis.hasjabs}
    return any(
        instruction.opname == "FOR_ITER" or (instruction.opcode in jumps and instruction.argval <= instruction.offset)
        for code in _codes(getattr(candidate, "__code__", None))
        for instruction in dis.get_instructions(code)
    )


def _codes(code: types.CodeType | None) -> Iterator[types.CodeType]:
    if code is not None:
        yield code
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                yield from _codes(constant)


def _name(func: Callable[..., Any]) -> str:
    """What a person calls ``func``; reading an attribute, such as ``x.shape``, goes by the attribute's name."""
    name = getattr(func, "__name__", repr(func))
    return str(getattr(getattr(func, "__self__", None), "__name__", name)) if name == "__get__" else str(name)
