"""How wrong numbers are related to the right ones, and on which cases they are wrong: true of the numbers, silent by chance."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dlmodule.checking import Case
from dlmodule.checking.decide.comparison import Comparison
from dlmodule.checking.decide.relations import related
from dlmodule.checking.decide.separating import separating
from dlmodule.checking.decide.shapes import shape_story
from dlmodule.checking.evidence import Evidence


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


WRONG: list[tuple[Callable[[Tensor], Tensor], str | None]] = [
    (lambda x: x[torch.tensor([1, 2, 0])], "along axis 0 the right slices are all there, in another order"),
    (lambda x: x.sort(1).values, "along axis 1 the right numbers are all there, in another order"),
    (lambda x: x / x.norm(dim=1, keepdim=True), "each row (along the last axis) is right but for a factor of its own"),
    (lambda x: x / x.norm(dim=0), "each column (along axis 0) is right but for a factor of its own"),
    (
        lambda x: x - x.mean(1, keepdim=True),
        "each row (along the last axis) is right but for an amount of its own, added throughout",
    ),
    (
        lambda x: (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True),
        "each row (along the last axis) is right but for its scale and its level",
    ),
    (lambda x: torch.where(x < 0, -x, x), "there yours has the opposite sign"),
    (lambda x: torch.where(x < 0, x / 2, x), "there yours is 0.5 times what is expected"),
    (lambda x: torch.where(x < 0, x + 3, x), "there yours is too large by 3"),
    (lambda x: x * (1 + 2e-6), "they agree to four digits or more: is a number rounded, or a step taken in float32?"),
    (lambda x: x.sin() + x.flip(1).cos(), None),
]


@pytest.mark.parametrize(("slip", "words"), WRONG, ids=[str(words) for _, words in WRONG])
def test_a_relation_is_found(slip: Callable[[Tensor], Tensor], words: str | None) -> None:
    """Each by an array that was made so."""
    rights = [numbers(3, 5), numbers(3, 4, seed=1)]
    pairs = [(right, slip(right), Case(right)) for right in rights]
    assert related(pairs, [(wrong - right).abs() > 1e-9 for right, wrong, _ in pairs]) == words


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_unrelated_numbers_have_no_relation(seed: int) -> None:
    """Nothing is said of numbers that chance brought together."""
    rights = [numbers(3, 5, seed=2 * seed), numbers(4, 3, seed=2 * seed + 1)]
    pairs = [(right, numbers(*right.shape, seed=7 * seed + 3), Case()) for right in rights]
    assert related(pairs, [torch.ones_like(right, dtype=torch.bool) for right in rights]) is None


def comparison(case: Case, *, failing: bool) -> Comparison:
    return Comparison(case, Evidence(), Evidence(), failing)


def test_the_argument_that_tells_failing_cases_apart() -> None:
    """Only where it is the only one; else how many others are right, and nothing where all fail."""
    x = numbers(2, 3)
    given = [comparison(Case(x), failing=False), comparison(Case(x + 1), failing=False)]
    assert separating([*given, comparison(Case(x, base=7), failing=True)]) == (
        "It is wrong where `base` is given, and right on the other 2 cases."
    )
    assert separating([*given, comparison(Case(x + 2), failing=True)]) == "It is right on the other 2 cases."
    assert separating([*given, comparison(Case(x, base=7, dim=1), failing=True)]) == "It is right on the other 2 cases."
    assert separating([comparison(Case(x), failing=True)] * 3) == ""
    sides = [comparison(Case(x, dim=dim), failing=dim == 1) for dim in (0, 1, 0, 1)]
    assert separating(sides) == "It is wrong where `dim` is 1, and right on the other 2 cases."


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        (lambda x: x[:, :-1], "the last along axis 1 are missing, the rest is right"),
        (lambda x: x[:, 1:], "the first along axis 1 are missing, the rest is right"),
        (lambda x: torch.cat([x, x[:1]]), "the last along axis 0 are too many, the rest is right"),
        (lambda x: x.sum(0), "yours is the sum of the right result along axis 0"),
        (lambda x: x[:, 0], "yours is the first of the right result along axis 1"),
    ],
)
def test_what_is_cut_off(slip: Callable[[Tensor], Tensor], words: str) -> None:
    """A piece of the right result, or more than it."""
    rights = [numbers(3, 5), numbers(4, 3, seed=1)]
    assert shape_story(rights, [slip(right) for right in rights], [Case(), Case()]) == words


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        (lambda x: x[:-1], "the last is missing, the others are right"),
        (lambda x: x[1:], "the first is missing, the others are right"),
        (lambda x: [0.5, *x], "the first is one too many, the others are right"),
        (lambda x: [*x, 0.5, 0.7], "it goes on after the right ones"),
        (lambda x: x[::-1][1:], None),
    ],
)
def test_what_is_missing_of_a_list(slip: Callable[[list[float]], list[float]], words: str | None) -> None:
    """Items at one end."""
    rights = [[1.5, 2.25, 4.0], [3.25, 1.0, 0.75, 9.5]]
    assert shape_story(rights, [slip(right) for right in rights], [Case(), Case()]) == words


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        (lambda x: x.any(1), "yours says where any of the right result is true along axis 1"),
        (lambda x: x.all(0), "yours says where all of the right result are true along axis 0"),
        (lambda x: x[:, 0], "yours is the first of the right result along axis 1"),
        (lambda x: x.sum(1), "yours is the sum of the right result along axis 1"),
        (lambda x: x.T, "it is the transpose of the right result"),
        (lambda x: x[:-1], "the last along axis 0 are missing, the rest is right"),
    ],
)
def test_truth_values_of_another_shape(slip: Callable[[Tensor], Tensor], words: str) -> None:
    """Truth values are not summed: any or all of them are true."""
    rights = [numbers(3, 5, seed=4) > -0.2, numbers(4, 3, seed=1) > -0.2]
    assert shape_story(rights, [slip(right) for right in rights], [Case(), Case()]) == words
