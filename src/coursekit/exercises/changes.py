"""The ways in which people mix an argument up: negated, one larger, transposed, in reverse order, left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

# From the value of an argument to its changed values, each with words in which {name} stands for the argument's name.
Change = tuple[str, Callable[[Any], Any]]
TRANSPOSED_BACK = "{name} transposed, and the result transposed back: its rows taken for its columns"


def changes(values: Sequence[Any]) -> Iterator[Change]:
    """The ways in which an argument that takes ``values`` is changed."""
    import numpy as np
    from torch import Tensor

    from dlmodule.checking.case import Code

    if all(isinstance(value, bool) for value in values):
        yield "{name} the other way round", lambda value: not value
    elif all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        yield "{name} one larger", lambda value: value + 1
        yield "{name} one smaller", lambda value: value - 1
        yield "1 for {name}", lambda value: 1
        yield "0 for {name}", lambda value: 0
    elif all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        yield "{name} negated", lambda value: -value
        yield "1 - {name} for {name}", lambda value: 1 - value
        yield "0 for {name}", lambda value: 0.0
        yield "1 for {name}", lambda value: 1.0
        yield "{name} doubled", lambda value: 2 * value
        yield "{name} halved", lambda value: value / 2
        yield "the square of {name} for {name}", lambda value: value**2
        yield "the square root of {name} for {name}", lambda value: value**0.5
        yield "1 / {name} for {name}", lambda value: 1 / value if value else value
    elif all(isinstance(value, (Tensor, np.ndarray)) for value in values):
        yield from _array_changes(values)
    elif all(isinstance(value, (list, tuple)) for value in values):
        yield "{name} in reverse order", lambda value: value[::-1]
        yield "the first item of {name} left out", lambda value: value[1:]
        yield "the last item of {name} left out", lambda value: value[:-1]
    elif all(isinstance(value, Code) for value in values):
        yield "{name} left out, its input handed on", lambda value: Code("lambda x, *rest, **named: x")


def _array_changes(values: Sequence[Any]) -> Iterator[Change]:
    kinds = {str(value.dtype).removeprefix("torch.").rstrip("0123456789") for value in values}
    dimensions = min(value.ndim for value in values)
    if kinds == {"bool"}:
        yield "{name} the other way round", lambda value: ~value
    elif kinds <= {"int", "uint"}:
        yield "{name} one larger", lambda value: value + 1
        yield "{name} one smaller", lambda value: value - 1
        yield "zeros for {name}", lambda value: value * 0
    elif kinds == {"float"}:
        yield "zeros for {name}", lambda value: value * 0
        yield "ones for {name}", lambda value: value * 0 + 1
        yield "{name} negated", lambda value: -value
        yield "{name} doubled", lambda value: 2 * value
        yield "{name} halved", lambda value: value / 2
        yield "the absolute values of {name}", lambda value: abs(value)
        yield "the squares of {name}", lambda value: value * value
    if dimensions >= 2:
        yield TRANSPOSED_BACK, transposed
        yield "{name} transposed", transposed
        yield "{name} reshaped where its last two axes should be exchanged", _reshaped
    if dimensions >= 1:
        yield "{name} in reverse order along its last axis", lambda value: _flipped(value, -1)
    if dimensions >= 2:
        yield "{name} in reverse order along its first axis", lambda value: _flipped(value, 0)
        yield "only the first of {name} along its first axis", lambda value: value[:1]


def transposed(value: Any) -> Any:
    return value.swapaxes(-1, -2) if getattr(value, "ndim", 0) >= 2 else value


def _reshaped(value: Any) -> Any:
    """The transpose of the last two axes with the numbers of a reshape: what is meant where ``reshape`` takes its place."""
    shape = (*value.shape[:-2], value.shape[-1], value.shape[-2])
    return value.reshape(shape).swapaxes(-1, -2)


def _flipped(value: Any, axis: int) -> Any:
    import numpy as np

    return np.flip(value, axis).copy() if isinstance(value, np.ndarray) else value.flip(axis)
