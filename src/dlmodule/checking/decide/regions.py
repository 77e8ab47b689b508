"""Where in an array the wrong numbers stand (at an end, on the diagonal, where an argument is negative), and what they share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking.case import Case
from dlmodule.checking.compare import tolerance
from dlmodule.checking.decide.differences import as_numbers
from dlmodule.checking.decide.words import ordinal

Named = tuple[str, Tensor]


def wrong_numbers(expected: Any, actual: Any, case: Case) -> Tensor | None:
    """A boolean array that marks the numbers out of tolerance; None where two values are no arrays of one shape."""
    right, wrong = as_numbers(expected), as_numbers(actual)
    if right is None or wrong is None or right.shape != wrong.shape:
        return None
    atol, rtol = tolerance(expected if isinstance(expected, Tensor) else right, case)
    return ~torch.isclose(wrong, right, rtol=rtol, atol=atol, equal_nan=True)


def region(masks: list[Tensor], rights: list[Tensor], cases: list[Case]) -> str | None:
    """The name of one region that holds all the wrong numbers of every case, and is no more than half of any array."""
    least = 3 if len(masks) == 1 else 2
    if not masks or any(mask.dim() == 0 or mask.numel() < least or mask.all() for mask in masks):
        return None
    named = [dict(_regions(*of_case)) for of_case in zip(masks, rights, cases, strict=True)]
    for name in named[0]:
        if all(name in regions and _holds(regions[name], mask) for regions, mask in zip(named, masks, strict=True)):
            return name
    return None


def shared(masks: list[Tensor], rights: list[Tensor], wrongs: list[Tensor]) -> str | None:
    """What all the wrong numbers of every case have in common: that they are one number, or err to one side."""
    if sum(int(mask.sum()) for mask in masks) < 2:
        return None
    wrong = torch.cat([array[mask] for array, mask in zip(wrongs, masks, strict=True)])
    right = torch.cat([array[mask] for array, mask in zip(rights, masks, strict=True)])
    if bool((wrong == wrong[0]).all()) and not bool((right == right[0]).all()):
        return f"yours is {wrong[0].item():.6g} wherever it differs"
    if len(wrong) >= 3 and len(masks) >= 2:
        where = "on every case that fails" if all(mask.numel() == 1 for mask in masks) else "wherever it differs"
        if bool((wrong > right).all()):
            return f"yours is too large {where}"
        if bool((wrong < right).all()):
            return f"yours is too small {where}"
    return None


def _holds(place: Tensor, mask: Tensor) -> bool:
    return bool((mask & ~place).sum() == 0) and (2 * int(place.sum()) <= place.numel() or torch.equal(place, mask))


def _regions(mask: Tensor, right: Tensor, case: Case) -> Iterator[Named]:
    """Regions of an array of this shape by name, the narrowest first."""
    for axis in range(mask.dim()):
        size, indices = mask.shape[axis], torch.arange(mask.shape[axis])
        if size < 2:
            continue
        shape = [-1 if other == axis else 1 for other in range(mask.dim())]
        along = f" along axis {axis}" if mask.dim() > 1 else ""
        for name, chosen in (
            (f"all of them first{along}", indices == 0),
            (f"all of them last{along}", indices == size - 1),
            (f"all of them first or last{along}", (indices == 0) | (indices == size - 1)),
            (f"all of them beyond the first{along}", indices > 0),
            (f"all of them before the last{along}", indices < size - 1),
        ):
            yield name, chosen.reshape(shape).expand(mask.shape)
    if mask.dim() >= 2 and min(mask.shape[-2:]) >= 3:
        border = torch.ones(mask.shape[-2:], dtype=torch.bool)
        border[1:-1, 1:-1] = False
        if not border.all():
            yield "all of them at the border of the last two axes", border.expand(mask.shape)
    if mask.dim() >= 2 and mask.shape[-1] == mask.shape[-2] >= 2:
        row, column = torch.meshgrid(torch.arange(mask.shape[-2]), torch.arange(mask.shape[-1]), indexing="ij")
        for name, chosen in (
            ("all of them on the diagonal", row == column),
            ("all of them above the diagonal", row < column),
            ("all of them below the diagonal", row > column),
            ("all of them off the diagonal", row != column),
        ):
            yield name, chosen.expand(mask.shape)
    if mask.sum() >= 2:
        yield "all of them where the largest number is expected", right == right.max()
        yield "all of them where the smallest number is expected", right == right.min()
    for words, chosen in (("zero", right == 0), ("a negative number", right < 0), ("a positive number", right > 0)):
        if not chosen.all():
            yield f"all of them where {words} is expected", chosen
    given = [(f"the {ordinal(index)} argument", argument) for index, argument in enumerate(case.args)]
    for name, argument in [*given, *((f"`{key}`", argument) for key, argument in case.kwargs.items())]:
        array = as_numbers(argument)
        if array is None or not array.dim() or (spread := _spread(array, mask)) is None:
            continue
        if isinstance(argument, (Tensor, np.ndarray)) and str(argument.dtype).endswith("bool"):
            yield f"all of them where {name} is True", spread == 1
            yield f"all of them where {name} is False", spread == 0
            continue
        yield f"all of them where {name} is zero", spread == 0
        yield f"all of them where {name} is negative", spread < 0
        yield f"all of them where {name} is positive", spread > 0
        yield f"all of them where {name} is above 1", spread > 1
        yield f"all of them where {name} is not zero", spread != 0
    for axis in range(mask.dim()):
        yield from _stretches(mask, axis)


def _stretches(mask: Tensor, axis: int) -> Iterator[Named]:
    """One index along an axis, those from it on, those up to it."""
    size, indices = mask.shape[axis], torch.arange(mask.shape[axis])
    found = mask.movedim(axis, 0).reshape(size, -1).any(1).nonzero().flatten()
    if size < 3 or not len(found):
        return
    shape = [-1 if other == axis else 1 for other in range(mask.dim())]
    along = f" along axis {axis}" if mask.dim() > 1 else ""
    first, last = int(found[0]), int(found[-1])
    for name, chosen in (
        (f"all of them at index {first}{along}", indices == first),
        (f"all of them from index {first} on{along}", indices >= first),
        (f"all of them up to index {last}{along}", indices <= last),
    ):
        if first == last or "at index" not in name:
            yield name, chosen.reshape(shape).expand(mask.shape)


def _spread(array: Tensor, mask: Tensor) -> Tensor | None:
    """An argument of the shape of the result, or of its first axes, spread over it; None where it is of another."""
    if array.shape == mask.shape:
        return array
    if array.dim() < mask.dim() and array.shape == mask.shape[: array.dim()] and array.numel() > 1:
        return array.reshape(*array.shape, *[1] * (mask.dim() - array.dim())).expand(mask.shape)
    return None
