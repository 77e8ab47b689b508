"""What one step would turn the right result into what came back? A search over the slips people make with arrays.

A transformation explains an answer only if it explains every case, and says more than chance: a constant factor must
be the same throughout several numbers, or be a size that the input has.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking.case import Case
from dlmodule.checking.compare import distance
from dlmodule.checking.decide.differences import as_array, first_difference, is_mask
from dlmodule.checking.decide.factors import constants
from dlmodule.checking.decide.words import Path, follow, ordinal

Transformation = Callable[[Tensor], Tensor | None]


def explain(expected: list[Any], actual: list[Any], cases: list[Case]) -> tuple[Path, str] | None:
    """Where, and by which one step, every expected value turns into what came back; None where no step explains all cases.

    Arrays and numbers are explained; of a tuple, list or dictionary the items, exchanged or one of them changed.
    """
    if not expected:
        return None
    found = returned_argument(expected, actual, cases) or exchanged(expected, actual, cases)
    if found:
        return (), found
    for path in _differing_paths(expected, actual, cases):
        parts = [(follow(right, path), follow(wrong, path)) for right, wrong in zip(expected, actual, strict=True)]
        if all(map(is_mask, itertools.chain.from_iterable(parts))):
            if sentence := _explain_masks(
                [torch.as_tensor(right) for right, _ in parts], [torch.as_tensor(w) for _, w in parts]
            ):
                return path, sentence
            continue
        pairs = [
            (as_array(follow(right, path)), as_array(follow(wrong, path)))
            for right, wrong in zip(expected, actual, strict=True)
        ]
        if any(right is None or wrong is None for right, wrong in pairs):
            continue
        sentence = _explain_arrays([pair[0] for pair in pairs], [pair[1] for pair in pairs], cases)  # type: ignore[misc]
        if sentence:
            return path, sentence
    return None


def _differing_paths(expected: list[Any], actual: list[Any], cases: list[Case]) -> Iterator[Path]:
    """Where the values first differ, in each case that differs; the whole value first where it is no container."""
    earlier: set[Path] = set()
    for right, wrong, case in zip(expected, actual, cases, strict=True):
        if distance(right, wrong, case) > 1:
            path = first_difference(right, wrong, case)[0]
            if path not in earlier:
                earlier.add(path)
                if all(_leads_somewhere(value, path) for value in (*expected, *actual)):
                    yield path


def _leads_somewhere(value: Any, path: Path) -> bool:
    try:
        return follow(value, path) is not None
    except (IndexError, KeyError, TypeError, AttributeError):
        return False


def returned_argument(expected: list[Any], actual: list[Any], cases: list[Case]) -> str | None:
    """Whether one of the arguments came back as it was given, where that is not what is expected."""
    if not any(distance(right, wrong, case) > 1 for right, wrong, case in zip(expected, actual, cases, strict=True)):
        return None
    for index in range(min(len(case.args) for case in cases)):
        given = [case.args[index] for case in cases]
        if any(map(_told_apart, given)) and all(
            isinstance(argument, (Tensor, np.ndarray, list)) and distance(argument, wrong) == 0
            for argument, wrong in zip(given, actual, strict=True)
        ):
            return f"It returns its {ordinal(index)} argument as it was given, unchanged."
    return None


def _told_apart(argument: Any) -> bool:
    """Whether an argument is more than zeros, which much else may be as well."""
    array = as_array(argument)
    return array is not None and array.numel() > 1 and bool((array != array.flatten()[0]).any())


def exchanged(expected: list[Any], actual: list[Any], cases: list[Case]) -> str | None:
    """Whether two of the values that are returned stand in each other's place."""
    sequences = (list, tuple)
    lengths = {len(value) if isinstance(value, sequences) else -1 for value in (*expected, *actual)}
    if len(lengths) != 1 or not 2 <= (length := lengths.pop()) <= 6:
        return None
    for first, second in itertools.combinations(range(length), 2):
        order = list(range(length))
        order[first], order[second] = second, first
        moved = [[right[index] for index in order] for right in expected]
        if all(distance(right, wrong, case) <= 1 for right, wrong, case in zip(moved, actual, cases, strict=True)):
            return f"The {ordinal(first)} and the {ordinal(second)} of the {length} values are exchanged: each is right, in the other's place."
    return None


def _explain_masks(rights: list[Tensor], gots: list[Tensor]) -> str | None:
    """The sentence of the first transformation of truth values that turns every array into what came back."""
    if (
        sum(right.numel() for right in rights) < 6
        or len({bool(value) for right in rights for value in right.flatten()}) < 2
    ):
        return None
    axes = range(-1, -max(right.dim() for right in rights) - 1, -1)
    candidates: list[tuple[str, Transformation]] = [
        ("Every truth value is the other way round: True stands where False is expected.", torch.logical_not),
        ("Your result is True everywhere.", torch.ones_like),
        ("Your result is False everywhere.", torch.zeros_like),
        (
            "Your result is the transpose of the right one: rows and columns are exchanged.",
            lambda x: x.transpose(-1, -2) if x.dim() >= 2 else None,
        ),
        (
            "Your result is the transpose of the right one, with True and False exchanged.",
            lambda x: ~x.transpose(-1, -2) if x.dim() >= 2 else None,
        ),
    ]
    for axis in axes:
        candidates.append(
            (
                f"Your result is flipped along axis {axis}: it runs backwards there.",
                lambda x, axis=axis: x.flip(axis) if x.dim() >= -axis else None,  # type: ignore[misc]
            )
        )
        for step, where in ((1, "late"), (-1, "early")):
            candidates.append(
                (
                    f"Every truth value stands one place too {where} along axis {axis}: an index is off by one.",
                    lambda x, axis=axis, step=step: _shifted(x, axis, step),  # type: ignore[misc]
                )
            )
    for sentence, transformation in candidates:
        moved = [transformation(right) for right in rights]
        if all(new is not None and torch.equal(new, got) for new, got in zip(moved, gots, strict=True)):
            return sentence
    return None


def _shifted(x: Tensor, axis: int, step: int) -> Tensor | None:
    return x.roll(step, axis) if x.dim() >= -axis else None


def _explain_arrays(rights: list[Tensor], gots: list[Tensor], cases: list[Case]) -> str | None:
    """The sentence of the first transformation that turns every array into what came back."""
    numbers = torch.cat([right.flatten() for right in rights])
    if not (bool((numbers != numbers[0]).any()) or is_particular(float(numbers[0]))):
        return None  # on values that are all equal every slip looks alike
    along = {wrong_axis(right, got, case) for right, got, case in zip(rights, gots, cases, strict=True)}
    if len(along) == 1 and None not in along:
        found = str(along.pop())
        return f"{found[0].upper()}{found[1:]}."
    for sentence, transformation in transformations(rights):
        moved = [transformation(right) for right in rights]
        if all(
            result is not None and same(result, got, case) for result, got, case in zip(moved, gots, cases, strict=True)
        ):
            return sentence
    return _with_an_argument(rights, gots, cases) or constants(rights, gots, cases)


# What may have been done with an argument after the right result was there. Each takes (right result, argument).
COMBINATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "the right one plus {argument}": torch.add,
    "the right one minus {argument}": torch.sub,
    "the right one times {argument}": torch.mul,
    "the right one divided by {argument}": torch.div,
    "{argument} minus the right one": lambda right, argument: argument - right,
}


def _with_an_argument(rights: list[Tensor], gots: list[Tensor], cases: list[Case]) -> str | None:
    """Whether one of the arguments was added, subtracted, multiplied or divided once too often, or never."""
    for index in range(min(len(case.args) for case in cases)):
        arguments = [as_array(case.args[index]) for case in cases]
        if any(argument is None or argument.numel() < 2 for argument in arguments):
            continue
        for words, combine in COMBINATIONS.items():
            if all(
                _combined(combine, right, argument, got, case)
                for right, argument, got, case in zip(rights, arguments, gots, cases, strict=True)
            ):
                return f"Your result is {words.format(argument=f'the {ordinal(index)} argument')}."
    return None


def _combined(combine: Callable[..., Tensor], right: Tensor, argument: Tensor | None, got: Tensor, case: Case) -> bool:
    try:
        return same(combine(right, argument), got, case)
    except RuntimeError:  # shapes that do not go together
        return False


def is_particular(number: float) -> bool:
    """Whether a number is one that hardly two ways of computing share: no half, third or quarter of a whole."""
    return math.isfinite(number) and abs(number * 12 - round(number * 12)) > 1e-6


def transformations(rights: list[Tensor]) -> Iterator[tuple[str, Transformation]]:
    """Sentences and the transformations they name, the commonest slips first."""
    most = max(right.dim() for right in rights)
    yield "Your result has the opposite sign: the numbers are right up to a minus.", lambda x: -x
    yield "Your result is zero everywhere.", torch.zeros_like
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
            f"Every number stands one place too {where} along axis {axis}, with the ends joined: an index is off by one.",
            (
                lambda x, axis=axis, step=step: x.roll(step, axis) if x.dim() >= -axis else None  # type: ignore[misc]
            ),
        )
    for axis in range(-1, -most - 1, -1):
        yield (
            f"A softmax along axis {axis} has been applied once too often: the right result already is what you passed to it.",
            (
                lambda x, axis=axis: x.softmax(axis) if x.dim() >= -axis else None  # type: ignore[misc]
            ),
        )
    yield (
        "Your result is the exponential of the right one: a logarithm is missing, or an exponential is one too many.",
        torch.exp,
    )
    yield (
        "Your result is the logarithm of the right one: an exponential is missing, or a logarithm is one too many.",
        torch.log,
    )
    yield (
        "Your result is the square of the right one: a square root is missing, or a square is one too many.",
        torch.square,
    )
    yield (
        "Your result is the square root of the right one: a square is missing, or a square root is one too many.",
        torch.sqrt,
    )
    yield "Your result is one minus the right one.", lambda x: 1 - x
    yield "Your result is one divided by the right one: a division is upside down.", torch.reciprocal
    yield (
        "Your result is the right one with zero in place of its negative numbers.",
        torch.relu,
    )
    yield "Your result is the absolute value of the right one: the sign is lost.", torch.abs
    yield (
        "Your result is the right one rounded to whole numbers.",
        torch.round,
    )
    yield (
        "Your result is the right one rounded down to whole numbers.",
        torch.floor,
    )


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
    if not (isinstance(right, Tensor) and isinstance(got, Tensor)) or not (_told_apart(right) and _told_apart(got)):
        return None
    for x in case.args:
        if not isinstance(x, Tensor) or x.dim() < 2 or x.dtype == torch.bool or x.is_complex() or not x.numel():
            continue
        for name, operation in AXIS_OPERATIONS.items():
            done = [operation(x, axis) for axis in range(x.dim())]
            asked = next((axis for axis, result in enumerate(done) if same(result, right, case)), None)
            taken = next((axis for axis, result in enumerate(done) if axis != asked and same(result, got, case)), None)
            if asked is not None and taken is not None:
                return f"you took the {name} along axis {taken}; it belongs along axis {asked}"
    return None


def same(result: Tensor, got: Tensor, case: Case | None) -> bool:
    return result.shape == got.shape and distance(result.double(), got.double(), case) <= 1
