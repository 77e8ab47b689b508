"""How wrong numbers are related to the right ones where no one step explains them all: row by row, in another order, or only there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from dlmodule.checking.case import Case
from dlmodule.checking.decide.differences import as_array
from dlmodule.checking.decide.factors import number_in_words
from dlmodule.checking.decide.words import ordinal

MOST = 20_000  # numbers beyond which no relation is looked for: a card is to appear at once
MOST_SLICES = 16  # each is compared with each

# The right numbers, those that came back, and the case.
Pair = tuple[Tensor, Tensor, Case]


def related(pairs: Sequence[Pair], masks: Sequence[Tensor]) -> str | None:
    """What relates the numbers of every failing case, in words; None where nothing does. masks: where they are wrong."""
    if sum(right.numel() for right, _, _ in pairs) > MOST:
        return None
    if all(_close(right, wrong) for right, wrong, _ in pairs):
        return "they agree to four digits or more: is a number rounded, or a step taken in float32?"
    found = _in_another_order(pairs) or _row_by_row(pairs)
    if found:
        return found
    chosen = [
        (right[mask], wrong[mask], [argument[mask] for argument in _arguments(case, mask)])
        for (right, wrong, case), mask in zip(pairs, masks, strict=True)
    ]
    rights, wrongs = torch.cat([each[0] for each in chosen]), torch.cat([each[1] for each in chosen])
    if len(set(rights.tolist())) < 3 or len(set(wrongs.tolist())) < 3 or not _finite(rights, wrongs):
        return None
    slots = min(len(each[2]) for each in chosen)
    for slot in range(slots):
        if _close(torch.cat([each[2][slot] for each in chosen]), wrongs):
            return f"there yours is {_name(pairs, masks, slot)} as it was given"
    return next((words for words, step in _STEPS if _close(step(rights), wrongs)), None) or _by_a_number(rights, wrongs)


_STEPS: tuple[tuple[str, Callable[[Tensor], Tensor]], ...] = (
    ("there yours has the opposite sign", torch.neg),
    ("there yours is the absolute value of what is expected", torch.abs),
    ("there yours is one minus what is expected", lambda x: 1 - x),
    ("there yours is the square of what is expected", torch.square),
    ("there yours is the square root of what is expected", torch.sqrt),
    ("there yours is one divided by what is expected", torch.reciprocal),
    ("there yours is the exponential of what is expected", torch.exp),
    ("there yours is the logarithm of what is expected", torch.log),
)


def _by_a_number(rights: Tensor, wrongs: Tensor) -> str | None:
    """One factor, or one amount, between all of them."""
    if bool((rights != 0).all()):
        factor = float((rights * wrongs).sum() / (rights * rights).sum())
        if factor not in (0.0, 1.0) and _close(rights * factor, wrongs):
            return f"there yours is {number_in_words(factor)} times what is expected"
    offset = float((wrongs - rights).mean())
    if _close(rights + offset, wrongs):
        return f"there yours is too {'large' if offset > 0 else 'small'} by {abs(offset):.4g}"
    return None


def _in_another_order(pairs: Sequence[Pair]) -> str | None:
    """Whether the right numbers are all there, in other places."""
    if not all(len(set(right.flatten().tolist())) >= 3 and _finite(right, wrong) for right, wrong, _ in pairs):
        return None
    most = min(right.dim() for right, _, _ in pairs)
    for axis in range(most if most > 1 else 0):
        if all(_slices_moved(right, wrong, axis) for right, wrong, _ in pairs):
            return f"along axis {axis} the right slices are all there, in another order"
    for axis in range(most if most > 1 else 0):
        if all(_close(right.sort(axis).values, wrong.sort(axis).values) for right, wrong, _ in pairs):
            return f"along axis {axis} the right numbers are all there, in another order"
    if all(_close(right.flatten().sort().values, wrong.flatten().sort().values) for right, wrong, _ in pairs):
        return "the right numbers are all there, in another order"
    return None


def _slices_moved(right: Tensor, wrong: Tensor, axis: int) -> bool:
    """Whether the slices along ``axis`` are those of ``right``, each once."""
    if not 2 <= right.shape[axis] <= MOST_SLICES or right.numel() == right.shape[axis]:
        return False
    ours, others = (list(array.movedim(axis, 0)) for array in (wrong, right))
    for part in ours:
        at = next((index for index, other in enumerate(others) if _close(other, part)), None)
        if at is None:
            return False
        others.pop(at)
    return True


def _row_by_row(pairs: Sequence[Pair]) -> str | None:
    """Whether each row is right but for a factor, an amount, or both, that are its own."""
    for words, inner in _rows(min(right.dim() for right, _, _ in pairs)):
        flat = [_as_rows(right, wrong, inner) for right, wrong, _ in pairs]
        least = 1 if inner == () else 2
        if all(rows.shape[1] >= 3 and rows.shape[0] >= least and _spread(rows) for rows, _ in flat):
            if all(_proportional(rows, other) for rows, other in flat):
                return f"{words} is right but for a factor of its own"
            if all(_close(rows + (other - rows).mean(1, keepdim=True), other) for rows, other in flat):
                return f"{words} is right but for an amount of its own, added throughout"
        if all(
            rows.shape[1] >= (4 if inner else 5) and _spread(rows) and _spread(other) for rows, other in flat
        ) and all(_affine(rows, other) for rows, other in flat):
            return f"{words} is right but for its scale and its level"
    return None


def _rows(dimensions: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What may count as a row, in words, and the axes that run within it."""
    if dimensions >= 2:
        yield "each row (along the last axis)", (-1,)
        yield "each column (along axis 0)", (0,)
    if dimensions >= 3:
        yield "each one along axis 0", tuple(range(1, dimensions))
        yield "each one along axis 1", (0, *range(2, dimensions))
    if dimensions >= 1:
        yield "on each case, all", ()


def _as_rows(right: Tensor, wrong: Tensor, inner: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    axes = sorted(axis % right.dim() for axis in inner or range(right.dim()))
    order = [axis for axis in range(right.dim()) if axis not in axes] + axes
    count = 1
    for axis in axes:
        count *= right.shape[axis]
    return right.permute(order).reshape(-1, count), wrong.permute(order).reshape(-1, count)


def _spread(rows: Tensor) -> bool:
    """Whether every row holds different numbers, all of them finite."""
    return bool(rows.isfinite().all()) and bool(((rows.amax(1) - rows.amin(1)) > 1e-6).all())


def _proportional(rows: Tensor, other: Tensor) -> bool:
    factors = (rows * other).sum(1, keepdim=True) / (rows * rows).sum(1, keepdim=True)
    return bool((factors.abs() > 1e-6).all()) and _close(rows * factors, other)


def _affine(rows: Tensor, other: Tensor) -> bool:
    centred, others = (array - array.mean(1, keepdim=True) for array in (rows, other))
    factors = (centred * others).sum(1, keepdim=True) / (centred * centred).sum(1, keepdim=True)
    return bool((factors.abs() > 1e-6).all()) and _close(centred * factors, others)


def _arguments(case: Case, mask: Tensor) -> list[Tensor]:
    """The arguments of the shape of what is returned."""
    arrays = [as_array(argument) for argument in case.args]
    return [array for array in arrays if array is not None and array.shape == mask.shape]


def _name(pairs: Sequence[Pair], masks: Sequence[Tensor], slot: int) -> str:
    """Which argument ``_arguments`` has at ``slot``, in words."""
    case, mask = pairs[0][2], masks[0]
    fitting = [
        index
        for index, argument in enumerate(case.args)
        if (a := as_array(argument)) is not None and a.shape == mask.shape
    ]
    return f"the {ordinal(fitting[slot])} argument"


def _finite(*arrays: Tensor) -> bool:
    return all(bool(array.isfinite().all()) for array in arrays)


def _close(first: Tensor, second: Tensor) -> bool:
    """Equal within rounding, on a scale that the middle one of the numbers sets."""
    if first.shape != second.shape or not _finite(first, second):
        return False
    middle = float(first.abs().median()) if first.numel() else 0.0
    return bool(((first - second).abs() <= 1e-4 * first.abs() + 1e-7 * middle + 1e-12).all())
