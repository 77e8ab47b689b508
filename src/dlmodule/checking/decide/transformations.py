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
from dlmodule.checking.decide.differences import as_array, first_difference
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
    seen: set[Path] = set()
    for right, wrong, case in zip(expected, actual, cases, strict=True):
        if distance(right, wrong, case) > 1:
            path = first_difference(right, wrong, case)[0]
            if path not in seen:
                seen.add(path)
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
        if all(
            isinstance(argument, (Tensor, np.ndarray, list))
            and _told_apart(argument)
            and distance(argument, wrong) == 0
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
        if all(one is not None and _same(one, got, case) for one, got, case in zip(moved, gots, cases, strict=True)):
            return sentence
    return _constants(rights, gots, cases)


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


def shape_story(expected: list[Any], actual: list[Any], cases: list[Case]) -> str | None:
    """Why results of other shapes may have come about: a slip that explains every one of them, or None.

    Slips that the numbers show are told from one case; those that only the sizes suggest, from two of different sizes.
    """
    if not expected or not all(isinstance(value, Tensor) for value in (*expected, *actual)):
        return None
    stories = {
        _shown_by_numbers(right, wrong, case) for right, wrong, case in zip(expected, actual, cases, strict=True)
    }
    if len(stories) == 1 and (story := stories.pop()):
        return story
    if len({(*right.shape, -1, *wrong.shape) for right, wrong in zip(expected, actual, strict=True)}) < 2:
        return None
    stories = {
        _suggested_by_sizes(tuple(right.shape), tuple(wrong.shape))
        for right, wrong in zip(expected, actual, strict=True)
    }
    return stories.pop() if len(stories) == 1 else None


def _shown_by_numbers(right: Tensor, got: Tensor, case: Case) -> str | None:
    """A slip under which the very numbers of ``got`` come out of those of ``right``."""
    along = wrong_axis(right, got, case)
    if along:
        return along
    a, b = tuple(right.shape), tuple(got.shape)
    if right.numel() != got.numel() or right.numel() < 2 or right.is_complex():
        return None
    if right.dim() == got.dim() <= 5:
        for order in itertools.permutations(range(right.dim())):
            if tuple(a[axis] for axis in order) == b and _same(right.permute(order), got, case):
                last_two = (*range(right.dim() - 2), right.dim() - 1, right.dim() - 2)
                if order == last_two:
                    return "it is the transpose of the right result"
                return f"the numbers are right, the axes stand in the order {order}"
    if not _same(right.flatten(), got.flatten(), case):
        return None
    if [size for size in a if size != 1] == [size for size in b if size != 1]:
        return (
            "the numbers are right, and an axis of length 1 is left over (`squeeze`, or `keepdim=False`, removes it)"
            if len(b) > len(a)
            else "the numbers are right, and an axis of length 1 is missing (`keepdim=True` or `unsqueeze` keeps it)"
            if len(b) < len(a)
            else "the numbers are right, and an axis of length 1 stands in another place"
        )
    return "the numbers are right and in the right order; only the shape is not"


def _suggested_by_sizes(a: tuple[int, ...], b: tuple[int, ...]) -> str | None:
    """A slip that would give the shape ``b`` in place of ``a``, told without claiming that it happened."""
    if len(a) == 1 and a[0] > 1 and b == (a[0], a[0]):
        return "as when a column (N, 1) meets a row (N,) and broadcasting makes a table of all pairs"
    if len(b) == len(a) - 1:
        gone = [axis for axis in range(len(a)) if a[:axis] + a[axis + 1 :] == b]
        if len(gone) == 1:
            return f"as when axis {gone[0]} is summed, averaged or indexed away"
    if len(b) == len(a) + 1:
        left = [axis for axis in range(len(b)) if b[:axis] + b[axis + 1 :] == a]
        if len(left) == 1:
            return f"as when axis {left[0]} of yours should have been summed or averaged away"
    if len(a) == len(b):
        off = [axis for axis in range(len(a)) if a[axis] != b[axis]]
        if len(off) == 1 and abs(a[off[0]] - b[off[0]]) == 1:
            return f"one too {'many' if b[off[0]] > a[off[0]] else 'few'} along axis {off[0]}"
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
    if not (isinstance(right, Tensor) and isinstance(got, Tensor)) or not (_told_apart(right) and _told_apart(got)):
        return None
    for x in case.args:
        if not isinstance(x, Tensor) or x.dim() < 2 or x.dtype == torch.bool or x.is_complex() or not x.numel():
            continue
        for name, operation in AXIS_OPERATIONS.items():
            done = [operation(x, axis) for axis in range(x.dim())]
            asked = next((axis for axis, one in enumerate(done) if _same(one, right, case)), None)
            taken = next((axis for axis, one in enumerate(done) if axis != asked and _same(one, got, case)), None)
            if asked is not None and taken is not None:
                return f"you took the {name} along axis {taken}; it belongs along axis {asked}"
    return None


def _constants(rights: list[Tensor], gots: list[Tensor], cases: list[Case]) -> str | None:
    """The same number added throughout, or a factor: the same, or one that follows from the sizes of the arguments."""
    if any(right.shape != got.shape for right, got in zip(rights, gots, strict=True)):
        return None
    pairs = list(zip(rights, gots, cases, strict=True))
    several = sum(right.numel() for right in rights) > 1
    offsets = [float((got - right).mean()) for right, got, _ in pairs]
    if (
        several
        and all(
            abs(offset) > 1e-6 and distance(right + offset, got, case) <= 10
            for offset, (right, got, case) in zip(offsets, pairs, strict=True)
        )
        and max(offsets) - min(offsets) < 1e-6 * max(1.0, abs(offsets[0]))
    ):
        size = "large" if offsets[0] > 0 else "small"
        return f"Every number is too {size} by the same amount, {abs(offsets[0]):.4g}."
    factors, told = [], []
    for right, got, case in pairs:
        if not (right != 0).any():
            if distance(right, got, case) > 1:
                return None
            continue
        scale = float((right * got).sum() / (right * right).sum())
        if scale == 0.0 or distance(right * scale, got, case) > 10:
            return None
        factors.append(scale)
        told.append(case)
    if not factors or all(abs(factor - 1) < 1e-6 for factor in factors):
        return None
    if several and max(factors) - min(factors) < 1e-6 * abs(factors[0]):
        return f"Your result is the right one times {factors[0]:.4g}, everywhere."
    if max(factors) - min(factors) < 1e-6 * abs(factors[0]):
        return None
    for name, sizes in _sizes(told):
        for form, value in SCALES.items():
            wanted = [value(size) for size in sizes]
            if None not in wanted and all(
                abs(factor - float(size)) < 1e-6 * abs(float(size))  # type: ignore[arg-type]
                for factor, size in zip(factors, wanted, strict=True)
            ):
                return f"Your result is the right one times {form}, N being {name}{AS_WHEN.get(form, '')}."
    return None


# Factors that a size or a scalar argument brings in where it is forgotten, or taken once too often.
SCALES: dict[str, Callable[[float], float | None]] = {
    "N": lambda n: n,
    "1 / N": lambda n: 1 / n if n else None,
    "the square root of N": lambda n: n**0.5 if n > 0 else None,
    "1 / the square root of N": lambda n: n**-0.5 if n > 0 else None,
    "N squared": lambda n: n * n,
    "1 / N squared": lambda n: 1 / (n * n) if n else None,
    "N / (N - 1)": lambda n: n / (n - 1) if n > 1 else None,
    "(N - 1) / N": lambda n: (n - 1) / n if n > 1 else None,
    "N / (N + 1)": lambda n: n / (n + 1) if n > 0 else None,
    "(N + 1) / N": lambda n: (n + 1) / n if n > 0 else None,
    "1 - N": lambda n: 1 - n if n != 1 else None,
    "1 / (1 - N)": lambda n: 1 / (1 - n) if n != 1 else None,
    "2 N": lambda n: 2 * n,
    "N / 2": lambda n: n / 2,
}


AS_WHEN = {
    "N": ": as when one sums where a mean is asked",
    "1 / N": ": as when one takes a mean where a sum is asked",
    "N / (N - 1)": ": as when one divides by N - 1 instead of N",
    "(N - 1) / N": ": as when one divides by N instead of N - 1",
}


def _sizes(cases: list[Case]) -> Iterator[tuple[str, list[float]]]:
    """The numbers that may stand in a factor, with a name for each: scalar arguments, and the sizes of the others."""
    for index in range(min(len(case.args) for case in cases)):
        given = [case.args[index] for case in cases]
        name = f"the {ordinal(index)} argument"
        numbers = [float(value) for value in given if isinstance(value, (int, float)) and not isinstance(value, bool)]
        if len(numbers) == len(given):
            yield name, numbers
        shapes = [tuple(value.shape) for value in given if isinstance(value, (Tensor, np.ndarray))]
        if len(shapes) == len(given):
            for axis in range(min(map(len, shapes))):
                yield f"the length of axis {axis} of {name}", [shape[axis] for shape in shapes]
            yield f"the count of the numbers in {name}", [math.prod(shape) for shape in shapes]
        lengths = [len(value) for value in given if isinstance(value, (list, tuple))]
        if len(lengths) == len(given):
            yield f"the length of {name}", [float(length) for length in lengths]
    for key in sorted(set.intersection(*(set(case.kwargs) for case in cases))):
        values = [case.kwargs[key] for case in cases]
        if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
            yield f"`{key}`", [float(value) for value in values]


def _same(one: Tensor, got: Tensor, case: Case | None) -> bool:
    return one.shape == got.shape and distance(one.double(), got.double(), case) <= 1
