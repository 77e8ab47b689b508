"""What one step would turn the right result into what came back? A search over the slips people make with arrays.

A transformation explains an answer only if it explains every case, and says more than chance: a constant factor must
be the same throughout several numbers, or be a size that the input has.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from dlmodule.checking.compare import distance
from dlmodule.checking.exercise import Case

Transformation = Callable[[Tensor], Tensor | None]


def explain(rights: list[Any], gots: list[Any], cases: list[Case]) -> str | None:
    """The sentence of the first transformation that turns every right value into what came back; None if there is none.

    Only real tensors are explained.
    """
    if not rights or not all(map(_comparable, rights, gots)):
        return None
    # On values that are all equal every slip looks alike: there must be something to tell them apart by.
    if not any(right.numel() > 1 and bool((right != right.flatten()[0]).any()) for right in rights):
        return None
    along = {wrong_axis(right, got, case) for right, got, case in zip(rights, gots, cases, strict=True)}
    if len(along) == 1 and None not in along:
        found = str(along.pop())
        return f"{found[0].upper()}{found[1:]}."
    for sentence, transformation in transformations(rights):
        moved = [transformation(right) for right in rights]
        if all(one is not None and _same(one, got, case) for one, got, case in zip(moved, gots, cases, strict=True)):
            return sentence
    return _constants(rights, gots, cases)


def transformations(rights: list[Tensor]) -> Iterator[tuple[str, Transformation]]:
    """Sentences and the transformations they name, the commonest slips first."""
    most = max(right.dim() for right in rights)
    yield "Your result has the opposite sign: the numbers are right up to a minus.", lambda x: -x
    if most >= 2:
        yield (
            "Your result is the transpose of the right one: rows and columns are exchanged.",
            (lambda x: x.transpose(-1, -2) if x.dim() >= 2 else None),
        )
        for order in itertools.permutations(range(most)):
            if order not in (tuple(range(most)), (*range(most - 2), most - 1, most - 2)):
                yield (
                    f"The numbers are right but the axes are in another order: yours is the right result permuted by {order}.",
                    (
                        lambda x, order=order: x.permute(order) if x.dim() == len(order) else None  # type: ignore[misc]
                    ),
                )
    for axis in range(-1, -most - 1, -1):
        yield (
            f"Your result is flipped along axis {axis}: it runs backwards there.",
            (
                lambda x, axis=axis: x.flip(axis) if x.dim() >= -axis else None  # type: ignore[misc]
            ),
        )
    if most >= 2:
        yield (
            "Your result is turned by 180 degrees: it runs backwards along the last two axes.",
            (lambda x: x.flip((-1, -2)) if x.dim() >= 2 else None),
        )
    for axis, step in itertools.product(range(-1, -most - 1, -1), (1, -1)):
        where = "late" if step == 1 else "early"
        yield (
            f"Every entry stands one place too {where} along axis {axis}: an index is off by one.",
            (
                lambda x, axis=axis, step=step: x.roll(step, axis) if x.dim() >= -axis else None  # type: ignore[misc]
            ),
        )
    if all(right.is_floating_point() for right in rights):
        for axis in range(-1, -most - 1, -1):
            yield (
                f"A softmax along axis {axis} has been applied once too often: the right result already is what you passed to it.",
                (
                    lambda x, axis=axis: x.softmax(axis) if x.dim() >= -axis else None  # type: ignore[misc]
                ),
            )
        yield "You returned the exponential of the right result: a logarithm is missing.", torch.exp
        yield (
            "You returned the logarithm of the right result: an exponential is missing, or a log is one too many.",
            torch.log,
        )
        yield "You returned the square of the right result: a square root is missing.", torch.square
        yield "You returned the square root of the right result: one square root too many.", torch.sqrt
        yield "You returned one minus the right result.", lambda x: 1 - x
        yield "You returned the reciprocal of the right result: a division is upside down.", torch.reciprocal
        yield (
            "Negative values have been set to zero: a ReLU or a clamp stands where none is asked.",
            torch.relu,
        )
        yield "You returned the absolute value of the right result: the sign is lost.", torch.abs
        yield (
            "You rounded the right result: a whole-number division or an integer dtype is at work.",
            torch.round,
        )
        yield (
            "You rounded the right result down: a whole-number division or an integer dtype is at work.",
            torch.floor,
        )


def reshaped(right: Any, got: Any, case: Case) -> str | None:
    """Why a result of another shape may have come about; None where no known slip explains it."""
    if not (isinstance(right, Tensor) and isinstance(got, Tensor)):
        return None
    along = wrong_axis(right, got, case)
    if along:
        return along
    a, b = tuple(right.shape), tuple(got.shape)
    if right.dim() >= 2 and b == (*a[:-2], a[-1], a[-2]) and _same(right.transpose(-1, -2), got, None):
        return "it is the transpose of the right result"
    if right.dim() == got.dim() <= 5 and sorted(a) == sorted(b):
        for order in itertools.permutations(range(right.dim())):
            if tuple(a[axis] for axis in order) == b and _same(right.permute(order), got, None):
                return f"the numbers are right, the axes stand in the order {order}"
    if right.numel() == got.numel():
        flat_equal = _same(right.flatten(), got.flatten(), None)
        if [size for size in a if size != 1] == [size for size in b if size != 1]:
            return (
                "an axis of length 1 is left over (a squeeze, or keepdim=False, removes it)"
                if len(b) > len(a)
                else "an axis of length 1 is missing (keepdim=True or unsqueeze keeps it)"
            ) + ("; the numbers are right" if flat_equal else "")
        if flat_equal:
            return "the numbers are right and in the right order; only the shape is not"
    if right.dim() == 1 and b == (a[0], a[0]):
        return "a column (N, 1) met a row (N,) and broadcasting made a table of all pairs"
    if len(b) == len(a) - 1:
        for axis in range(len(a)):
            if a[:axis] + a[axis + 1 :] == b:
                return f"axis {axis} has been summed, averaged or indexed away"
    if len(b) == len(a) + 1:
        for axis in range(len(b)):
            if b[:axis] + b[axis + 1 :] == a:
                return f"axis {axis} of your result should have been reduced (summed or averaged) away"
    if len(a) == len(b):
        off = [axis for axis in range(len(a)) if a[axis] != b[axis]]
        if off and all(abs(a[axis] - b[axis]) == 1 for axis in off):
            more = "too long" if b[off[0]] > a[off[0]] else "too short"
            return f"one entry {more} along axis {', '.join(map(str, off))}: look at the ends of the range"
    return None


# What a learner may have done along the wrong axis. Each takes (tensor, axis).
AXIS_OPERATIONS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "sum": lambda x, axis: x.sum(axis),
    "mean": lambda x, axis: x.double().mean(axis).to(x.dtype),
    "maximum": lambda x, axis: x.amax(axis),
    "minimum": lambda x, axis: x.amin(axis),
    "argmax": lambda x, axis: x.argmax(axis),
    "argmin": lambda x, axis: x.argmin(axis),
    "softmax": lambda x, axis: x.double().softmax(axis).to(x.dtype),
    "cumulative sum": lambda x, axis: x.cumsum(axis),
    "sort": lambda x, axis: x.sort(axis).values,
    "norm": lambda x, axis: x.double().pow(2).sum(axis).sqrt().to(x.dtype),
}


def wrong_axis(right: Any, got: Any, case: Case) -> str | None:
    """The sentence for a reduction along the wrong axis of one of the arguments; None where that is not what happened."""
    if not (isinstance(right, Tensor) and isinstance(got, Tensor)):
        return None
    for x in case.args:
        if not isinstance(x, Tensor) or x.dim() < 2 or x.dtype == torch.bool or not x.numel():
            continue
        for name, operation in AXIS_OPERATIONS.items():
            done = [operation(x, axis) for axis in range(x.dim())]
            asked = next((axis for axis, one in enumerate(done) if _same(one, right, case)), None)
            taken = next((axis for axis, one in enumerate(done) if axis != asked and _same(one, got, case)), None)
            if asked is not None and taken is not None:
                return f"you took the {name} along axis {taken}; it belongs along axis {asked}"
        without = [tuple(x.shape[:axis]) + tuple(x.shape[axis + 1 :]) for axis in range(x.dim())]
        if right.shape != got.shape and tuple(right.shape) in without and tuple(got.shape) in without:
            return "it looks as though the wrong axis has been reduced"
    return None


def _constants(rights: list[Tensor], gots: list[Tensor], cases: list[Case]) -> str | None:
    if any(right.shape != got.shape for right, got in zip(rights, gots, strict=True)):
        return None
    pairs = [(right.double(), got.double(), case) for right, got, case in zip(rights, gots, cases, strict=True)]
    offsets = [float((got - right).mean()) for right, got, _ in pairs]
    if all(
        abs(offset) > 1e-6 and distance(right + offset, got, case) <= 10
        for offset, (right, got, case) in zip(offsets, pairs, strict=True)
    ) and max(offsets) - min(offsets) < 1e-6 * max(1.0, abs(offsets[0])):
        return (
            f"Every number is too {'large' if offsets[0] > 0 else 'small'} by the same amount, {abs(offsets[0]):.4g}."
        )
    factors = []
    for right, got, case in pairs:
        scale = float((right * got).sum() / (right * right).sum()) if (right != 0).any() else 0.0
        if scale in (0.0, 1.0) or distance(right * scale, got, case) > 10:
            return None
        factors.append(scale)
    if max(factors) - min(factors) < 1e-6 * abs(factors[0]):
        return f"Your result is the right one times {factors[0]:.4g}: a constant factor is missing or too many."
    for name, sizes in _sizes(cases):
        if all(abs(factor - size) < 1e-6 * size for factor, size in zip(factors, sizes, strict=True)):
            return f"Your result is too large by a factor of {name}: you summed where a mean is asked."
        if all(abs(factor * size - 1) < 1e-6 for factor, size in zip(factors, sizes, strict=True)):
            return f"Your result is too small by a factor of {name}: you averaged where a sum is asked."
    return None


def _sizes(cases: list[Case]) -> Iterator[tuple[str, list[int]]]:
    """The sizes that a forgotten or misplaced mean would bring in, with a name for each."""
    shapes = [[tuple(arg.shape) for arg in case.args if isinstance(arg, Tensor)] for case in cases]
    for which in range(min(map(len, shapes), default=0)):
        mine = [shape[which] for shape in shapes]
        ordinal = ("first", "second", "third")[which] if which < 3 else f"{which + 1}th"
        for axis in range(min(map(len, mine))):
            yield f"the length of axis {axis} of the {ordinal} argument", [shape[axis] for shape in mine]
        yield (
            f"the number of entries of the {ordinal} argument",
            [int(torch.Size(shape).numel()) for shape in mine],
        )


def _comparable(right: Any, got: Any) -> bool:
    both = isinstance(right, Tensor) and isinstance(got, Tensor)
    return both and right.dtype != torch.bool and not right.is_complex() and right.numel() > 0


def _same(one: Tensor, got: Tensor, case: Case | None) -> bool:
    return one.shape == got.shape and distance(one, got.to(one.dtype), case) <= 1
