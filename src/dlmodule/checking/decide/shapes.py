"""Why results of other shapes may have come about."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from dlmodule.checking.case import Case
from dlmodule.checking.compare import distance
from dlmodule.checking.decide.factors import sizes_of
from dlmodule.checking.decide.transformations import same, wrong_axis


def shape_story(expected: list[Any], actual: list[Any], cases: list[Case]) -> str | None:
    """Why results of other shapes may have come about: a slip that explains every one of them, or None.

    Slips that the numbers show are told from one case; those that only the sizes suggest, from two of different sizes.
    """
    if expected and all(isinstance(value, (list, tuple)) for value in (*expected, *actual)):
        return _common(
            _length_story(list(right), list(wrong), case)
            for right, wrong, case in zip(expected, actual, cases, strict=True)
        )
    if not expected or not all(isinstance(value, Tensor) for value in (*expected, *actual)):
        return None
    triples = list(zip(expected, actual, cases, strict=True))
    story = _common(_shown_by_numbers(*triple) for triple in triples) or _common(_cut(*triple) for triple in triples)
    if story:
        return story
    if len({(*right.shape, -1, *wrong.shape) for right, wrong in zip(expected, actual, strict=True)}) < 2:
        return None
    return _common(
        _suggested_by_sizes(tuple(right.shape), tuple(wrong.shape))
        for right, wrong in zip(expected, actual, strict=True)
    ) or _as_long_as(expected, actual, cases)


def _common(stories: Iterable[str | None]) -> str | None:
    """The story that all cases share; None where they do not."""
    found = set(stories)
    return found.pop() if len(found) == 1 else None


def _length_story(expected: list[Any], actual: list[Any], case: Case) -> str | None:
    """What is missing of a list, or too many in it, where the rest is right."""
    shorter, longer = sorted((expected, actual), key=len)
    few, count = len(actual) < len(expected), len(shorter)
    if not shorter or len(set(map(repr, longer))) < 2:
        return None

    def alike(part: list[Any]) -> bool:
        return distance(part, shorter, case) <= 1

    one = len(longer) == count + 1
    if alike(longer[:count]):
        if few:
            return "the last is missing, the others are right" if one else "it ends too early; what is there is right"
        return "the last is one too many, the others are right" if one else "it goes on after the right ones"
    if alike(longer[-count:]):
        if few:
            return (
                "the first is missing, the others are right"
                if one
                else "the beginning is missing; what is there is right"
            )
        return "the first is one too many, the others are right" if one else "something stands before the right ones"
    return None


def _cut(right: Tensor, got: Tensor, case: Case) -> str | None:
    """Whether the numbers of one are those of the other with a piece cut off, or with an axis reduced."""
    if right.is_complex() or got.is_complex() or right.numel() < 2 or got.numel() < 2:
        return None
    if right.dim() == got.dim():
        off = [axis for axis in range(right.dim()) if right.shape[axis] != got.shape[axis]]
        if len(off) != 1:
            return None
        axis = off[0]
        few = got.shape[axis] < right.shape[axis]
        shorter, longer = (got, right) if few else (right, got)
        size, more = shorter.shape[axis], longer.shape[axis] - shorter.shape[axis]
        if not size or bool((longer == longer.flatten()[0]).all()):
            return None
        what = "missing" if few else "too many"
        if same(longer.narrow(axis, 0, size), shorter, case):
            return f"the last along axis {axis} are {what}, the rest is right"
        if same(longer.narrow(axis, more, size), shorter, case):
            return f"the first along axis {axis} are {what}, the rest is right"
        if more % 2 == 0 and same(longer.narrow(axis, more // 2, size), shorter, case):
            return f"as many are {what} at both ends of axis {axis}, the rest is right"
        return None
    larger, smaller, mine = (right, got, True) if right.dim() > got.dim() else (got, right, False)
    if larger.dim() != smaller.dim() + 1:
        return None
    for axis in range(larger.dim()):
        for words, reduce in (_REDUCED_TRUTH if larger.dtype == smaller.dtype == torch.bool else _REDUCED).items():
            if larger.shape[axis] > 1 and same(reduce(larger.double(), axis), smaller.double(), case):
                names = ("yours", "the right result") if mine else ("the right result", "yours")
                return f"{words.format(*names)} along axis {axis}"
    return None


# What the smaller of two results, {0}, is of the larger, {1}.
_REDUCED: dict[str, Callable[[Tensor, int], Tensor]] = {
    "{0} is the sum of {1}": lambda x, axis: x.sum(axis),
    "{0} is the mean of {1}": lambda x, axis: x.mean(axis),
    "{0} is the first of {1}": lambda x, axis: x.select(axis, 0),
    "{0} is the last of {1}": lambda x, axis: x.select(axis, -1),
    "{0} is the largest of {1}": lambda x, axis: x.amax(axis),
    "{0} is the diagonal of {1}": lambda x, axis: (
        x.diagonal(dim1=axis, dim2=axis + 1) if axis + 1 < x.dim() and x.dim() == 2 else x
    ),
}
_REDUCED_TRUTH: dict[str, Callable[[Tensor, int], Tensor]] = {
    "{0} says where any of {1} is true": lambda x, axis: x.amax(axis),
    "{0} says where all of {1} are true": lambda x, axis: x.amin(axis),
    **{words: reduce for words, reduce in _REDUCED.items() if "first" in words or "last" in words},
}


def _as_long_as(expected: list[Tensor], actual: list[Tensor], cases: list[Case]) -> str | None:
    """Whether the axis that has the wrong length is as long as one of the arguments throughout, and which."""
    dimensions = {value.dim() for value in (*expected, *actual)}
    if len(dimensions) != 1:
        return None
    for axis in range(dimensions.pop()):
        asked, given = ([value.shape[axis] for value in values] for values in (expected, actual))
        if asked == given or len(set(given)) < 2:
            continue
        names = {tuple(sizes): name for name, sizes in reversed(list(sizes_of(cases)))}
        if tuple(map(float, given)) in {tuple(map(float, sizes)) for sizes in names}:
            name = next(name for sizes, name in names.items() if tuple(map(float, sizes)) == tuple(map(float, given)))
            return (
                f"axis {axis} of yours is as long as {name} says"
                if name[0] == "`"
                else f"the size of axis {axis} of yours is {name}"
            )
    return None


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
            if tuple(a[axis] for axis in order) == b and same(right.permute(order), got, case):
                last_two = (*range(right.dim() - 2), right.dim() - 1, right.dim() - 2)
                if order == last_two:
                    return "it is the transpose of the right result"
                return f"the numbers are right, the axes stand in the order {order}"
    if not same(right.flatten(), got.flatten(), case):
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
