"""Where the wrong numbers stand: a region is named only where it holds them all, and what they share only where they do."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dlmodule.checking.case import Case
from dlmodule.checking.decide.regions import region, shared, wrong_numbers


def off(right: Tensor, where: Tensor) -> Tensor:
    return torch.where(where, right + 1 + right.abs(), right)


SQUARE = torch.arange(1.0, 17.0, dtype=torch.float64).reshape(4, 4) - 8.5
ROW, COLUMN = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
PLACES: list[tuple[str, Tensor]] = [
    ("all of them first along axis 0", ROW == 0),
    ("all of them last along axis 1", COLUMN == 3),
    ("all of them on the diagonal", ROW == COLUMN),
    ("all of them above the diagonal", ROW < COLUMN),
    ("all of them below the diagonal", ROW > COLUMN),
    ("all of them off the diagonal", ROW != COLUMN),
    ("all of them at the border of the last two axes", (ROW % 3 == 0) | (COLUMN % 3 == 0)),
    ("all of them beyond the first along axis 0", ROW > 0),
    ("all of them where a negative number is expected", SQUARE < 0),
]


@pytest.mark.parametrize(("name", "where"), PLACES, ids=[name for name, _ in PLACES])
def test_a_region_is_named(name: str, where: Tensor) -> None:
    """Wrong numbers in one region only, all over it."""
    mask = wrong_numbers(SQUARE, off(SQUARE, where), Case())
    assert mask is not None and torch.equal(mask, where)
    assert region([mask], [SQUARE], [Case()]) == name


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1))
def test_a_named_region_holds_all_wrong_numbers(first: int, second: int) -> None:
    """Whatever is wrong: the region that is named holds it, in every case, by an oracle that knows its name."""
    masks = [
        torch.tensor([bits >> place & 1 for place in range(16)], dtype=torch.bool).reshape(4, 4)
        for bits in (first, second)
    ]
    named = region(masks, [SQUARE, SQUARE], [Case(), Case()])
    oracle = {
        **dict(PLACES),
        **{f"all of them first along axis {axis}": index == 0 for axis, index in enumerate((ROW, COLUMN))},
        **{f"all of them last along axis {axis}": index == 3 for axis, index in enumerate((ROW, COLUMN))},
        **{f"all of them first or last along axis {axis}": index % 3 == 0 for axis, index in enumerate((ROW, COLUMN))},
        **{f"all of them beyond the first along axis {axis}": index > 0 for axis, index in enumerate((ROW, COLUMN))},
        **{f"all of them before the last along axis {axis}": index < 3 for axis, index in enumerate((ROW, COLUMN))},
        **{
            f"all of them {words} along axis {axis}": chosen
            for axis, index in enumerate((ROW, COLUMN))
            for at in range(4)
            for words, chosen in (
                (f"at index {at}", index == at),
                (f"from index {at} on", index >= at),
                (f"up to index {at}", index <= at),
            )
        },
        "all of them where a positive number is expected": SQUARE > 0,
        "all of them where the largest number is expected": SQUARE.max() == SQUARE,
        "all of them where the smallest number is expected": SQUARE.min() == SQUARE,
    }  # fmt: skip
    if named is not None:
        assert not any(bool((mask & ~oracle[named]).any()) for mask in masks)


def test_what_the_wrong_numbers_share() -> None:
    """One number throughout, or one side; nothing where they share nothing."""
    right = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    for wrong, words in (
        (torch.tensor([1.0, 0.0, 0.0, 0.0]), "yours is 0 wherever it differs"),
        (torch.tensor([1.0, 3.0, 5.0, 9.0]), "yours is too large wherever it differs"),
        (torch.tensor([1.0, 1.0, 2.0, -4.0]), "yours is too small wherever it differs"),
        (torch.tensor([1.0, 3.0, 2.0, 9.0]), None),
    ):
        wrong = wrong.double()
        mask = wrong != right
        assert shared([mask, mask], [right, right], [wrong, wrong]) == words
