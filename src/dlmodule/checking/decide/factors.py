"""A number that was added throughout, or a factor: constant, or one that follows from the sizes of the arguments."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from torch import Tensor

from dlmodule.checking.case import Case
from dlmodule.checking.compare import distance
from dlmodule.checking.decide.words import ordinal


def constants(rights: list[Tensor], gots: list[Tensor], cases: list[Case]) -> str | None:
    """The same number added throughout, or a factor: the same, or one that follows from the sizes of the arguments."""
    if any(right.shape != got.shape for right, got in zip(rights, gots, strict=True)):
        return None
    if not all(bool(numbers.isfinite().all()) for numbers in (*rights, *gots)):
        return None  # whatever is done to nan gives nan
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
        return f"Every number is too {size} by the same amount, {number_in_words(abs(offsets[0]))}."
    return _amount_by_sizes(offsets, pairs) or _factor(pairs, several)


def _amount_by_sizes(offsets: list[float], pairs: list[tuple[Tensor, Tensor, Case]]) -> str | None:
    """Whether what was added follows from a size or a number that was given, and is not the same for all."""
    if max(offsets) - min(offsets) < 1e-6 or any(
        distance(right + offset, got, case) > 10 for offset, (right, got, case) in zip(offsets, pairs, strict=True)
    ):
        return None
    for name, sizes in sizes_of([case for _, _, case in pairs]):
        for form, value in AMOUNTS.items():
            wanted = [value(size) for size in sizes]
            if all(
                abs(offset - size) < 1e-6 * max(1.0, abs(size)) for offset, size in zip(offsets, wanted, strict=True)
            ):
                return f"Your result is the right one {form}, N being {name}."
    return None


AMOUNTS: dict[str, Callable[[float], float]] = {
    "plus N": lambda n: n,
    "minus N": lambda n: -n,
    "plus N - 1": lambda n: n - 1,
    "minus N - 1": lambda n: 1 - n,
    "plus N / 2": lambda n: n / 2,
    "minus N / 2": lambda n: -n / 2,
    "plus the logarithm of N": lambda n: math.log(n) if n > 0 else math.inf,
    "minus the logarithm of N": lambda n: -math.log(n) if n > 0 else math.inf,
}


def _factor(pairs: list[tuple[Tensor, Tensor, Case]], several: bool) -> str | None:
    factors, telling = [], []
    for right, got, case in pairs:
        if not (right != 0).any():
            if distance(right, got, case) > 1:
                return None
            continue
        scale = float((right * got).sum() / (right * right).sum())
        if scale == 0.0 or distance(right * scale, got, case) > 10:
            return None
        factors.append(scale)
        telling.append(case)
    if not factors or all(abs(factor - 1) < 1e-6 for factor in factors):
        return None
    if several and max(factors) - min(factors) < 1e-6 * abs(factors[0]):
        return f"Your result is the right one times {number_in_words(factors[0])}, everywhere."
    if max(factors) - min(factors) < 1e-6 * abs(factors[0]):
        return None
    for name, sizes in sizes_of(telling):
        for form, value in SCALES.items():
            wanted = [value(size) for size in sizes]
            if None not in wanted and all(
                abs(factor - float(size)) < 1e-6 * abs(float(size))  # type: ignore[arg-type]
                for factor, size in zip(factors, wanted, strict=True)
            ):
                return f"Your result is the right one times {form}, N being {name}{AS_WHEN.get(form, '')}."
    return None


# Factors and amounts with a meaning of their own.
MEANINGS = (
    (1 / math.log(2), "1 / ln 2: as with the logarithm to base 2 in place of the natural one"),
    (math.log(2), "ln 2: as with the natural logarithm in place of that to base 2"),
    (1 / math.log(10), "1 / ln 10: as with the logarithm to base 10 in place of the natural one"),
    (math.log(10), "ln 10: as with the natural logarithm in place of that to base 10"),
    (180 / math.pi, "180 / pi: degrees in place of radians"),
    (math.pi / 180, "pi / 180: radians in place of degrees"),
    (2 * math.pi, "2 pi"),
    (1 / (2 * math.pi), "1 / (2 pi)"),
    (math.pi, "pi"),
    (math.log(2 * math.pi) / 2, "half the logarithm of 2 pi"),
    (math.log(2 * math.pi), "the logarithm of 2 pi"),
)


def number_in_words(number: float) -> str:
    """A factor or an amount, and what it is where it is a number that everybody knows."""
    known = next((words for value, words in MEANINGS if abs(abs(number) - value) < 1e-6 * value), "")
    return f"{number:.4g}{f' ({known})' if known else ''}"


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


def sizes_of(cases: list[Case]) -> Iterator[tuple[str, list[float]]]:
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
