"""Why results of other shapes may have come about."""

from __future__ import annotations

import itertools
from typing import Any

from torch import Tensor

from dlmodule.checking.case import Case
from dlmodule.checking.decide.transformations import same, wrong_axis


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
