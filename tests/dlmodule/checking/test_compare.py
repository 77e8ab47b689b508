"""The distance that decides: 0 for what is equal, 1 at the edge of the tolerance, infinity for another kind of thing."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from torch import Tensor

from dlmodule.checking import Case
from dlmodule.checking.compare import DEFAULTS, distance, evidence_distance, gradients_distance, run_distance, tolerance
from dlmodule.checking.evidence import Evidence, Outcome, Raised

FLOATS = st.floats(-1e6, 1e6, width=32)
SHAPES = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
TENSORS = arrays(np.float64, SHAPES, elements=FLOATS).map(lambda array: torch.from_numpy(np.array(array)))
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-1000, 1000), FLOATS, st.text(max_size=4), TENSORS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(VALUES)
def test_a_value_is_no_distance_from_its_copy(value: Any) -> None:
    """Whatever it is made of, NaN and infinities among it."""
    assert distance(value, copy.deepcopy(value)) == 0


@settings(deadline=None)
@given(VALUES, VALUES)
def test_no_value_raises_and_zero_means_equal_kinds(first: Any, second: Any) -> None:
    """Any two values have a distance, none of them negative or NaN."""
    found = distance(first, second)
    assert found >= 0


@settings(deadline=None)
@given(TENSORS.filter(lambda tensor: tensor.numel() > 0), st.floats(0, 5), st.sampled_from([-1, 1]), st.data())
def test_one_number_off_by_so_many_tolerances_is_that_far(tensor: Tensor, times: float, sign: int, data: Any) -> None:
    """The distance is the size of the largest error in tolerances: right at or below 1, wrong above."""
    case = Case().within(atol=0.5)
    place = data.draw(st.integers(0, tensor.numel() - 1))
    moved = tensor.clone()
    moved.view(-1)[place] += sign * times * 0.5
    assert distance(tensor, moved, case) == pytest.approx(times, abs=1e-6)


@given(FLOATS, FLOATS, st.floats(1e-6, 1.0))
def test_a_number_counts_however_it_is_boxed(expected: float, actual: float, atol: float) -> None:
    """A Python float, a NumPy scalar and a tensor without dimensions are one number."""
    case = Case().within(atol=atol)
    found = distance(expected, actual, case)
    assert distance(expected, np.float64(actual), case) == found
    assert distance(expected, torch.tensor(actual, dtype=torch.float64), case) == found


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (torch.ones(2), torch.ones(2, 1)),
        (torch.ones(2), torch.ones(2, dtype=torch.float64)),
        (torch.ones(2), [1.0, 1.0]),
        (torch.ones(2), np.ones(2, dtype=np.float32)),
        (np.ones(2), torch.ones(2, dtype=torch.float64)),
        (1, 1.0),
        (1, True),
        (True, 1),
        (1.0, "1.0"),
        ("a", "b"),
        (None, 0),
        ([1, 2], [1]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ([1], {"0": 1}),
        (torch.tensor([1.0]), torch.tensor([math.nan])),
        (torch.tensor([math.nan]), torch.tensor([1.0])),
        (torch.tensor([math.inf]), torch.tensor([-math.inf])),
    ],
)
def test_another_kind_of_thing_is_infinitely_far(expected: Any, actual: Any) -> None:
    """Shape, dtype, container, keys, a NaN where a number is expected and the reverse."""
    assert distance(expected, actual) == math.inf


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ((1, 2), [1, 2]),
        ([1, 2], (1, 2)),
        (2.0, 2),
        (torch.tensor([math.nan, math.inf]), torch.tensor([math.nan, math.inf])),
        (torch.zeros(0, 3), torch.zeros(0, 3)),
        (True, np.True_),
        (torch.tensor([1 + 2j]), torch.tensor([1 + 2j])),
    ],
)
def test_what_an_answer_may_choose_does_not_count(expected: Any, actual: Any) -> None:
    """A list for a tuple, a whole number for a float, a boxed bool."""
    assert distance(expected, actual) == 0


def test_whole_numbers_are_exact_unless_a_case_says_otherwise() -> None:
    """A count that is off by one is as wrong as can be, but a case may allow a spread."""
    assert distance(7, 8) == distance(torch.tensor([7]), torch.tensor([8])) == 1e6
    assert distance(7, 8, Case().within(atol=2)) == 0.5
    assert distance(torch.tensor([7]), torch.tensor([8]), Case().within(atol=2)) == 0.5


@pytest.mark.parametrize("dtype", DEFAULTS)
def test_the_tolerance_follows_the_fewest_digits(dtype: torch.dtype) -> None:
    """A result of float64 from float32 arguments has float32's digits; what a case says comes before both."""
    wide = torch.ones(2, dtype=torch.float64)
    assert tolerance(wide, Case(torch.ones(1, dtype=dtype))) == DEFAULTS[dtype]
    assert tolerance(wide, Case([{"x": torch.ones(1, dtype=dtype)}])) == DEFAULTS[dtype]
    assert tolerance(wide, Case(torch.ones(1, dtype=dtype)).within(atol=0.25)) == (0.25, 0.0)


def test_a_small_gradient_is_judged_beside_the_largest() -> None:
    """It is a difference of large numbers, and has their rounding; alone it would be wrong."""
    large, small = torch.tensor([1e4], dtype=torch.float64), torch.tensor([1e-6], dtype=torch.float64)
    off = small + 5e-4
    assert gradients_distance({"0": large, "1": small}, {"0": large, "1": off}) <= 1
    assert gradients_distance({"1": small}, {"1": off}) > 100
    assert gradients_distance({"0": large}, None) == math.inf
    assert gradients_distance({"0": large}, {"0": None}) == math.inf


RETURNED = Evidence((Outcome(1.0),))
RAISED = Evidence(raised=Raised("ValueError", "size 3 of 4"))


@pytest.mark.parametrize(
    ("right", "actual", "exact", "found"),
    [
        (RETURNED, RETURNED, False, 0),
        (RETURNED, RAISED, False, math.inf),
        (RAISED, RETURNED, False, math.inf),
        (RAISED, Evidence(raised=Raised("ValueError", "something else")), False, 0),
        (RAISED, Evidence(raised=Raised("ValueError", "something else")), True, math.inf),
        (RAISED, Evidence(raised=Raised("ValueError", "size 5 of 6")), True, 0),
        (RAISED, Evidence(raised=Raised("KeyError", "size 3 of 4")), False, math.inf),
        (Evidence(timed_out=True), Evidence(timed_out=True), False, 0),
        (RETURNED, Evidence(timed_out=True), False, math.inf),
        (RETURNED, Evidence((Outcome(1.0),), changed_inputs=("x",)), False, math.inf),
        (RETURNED, Evidence((Outcome(1.0),), changed_state=("default dtype",)), False, math.inf),
        (RETURNED, Evidence((Outcome(1.0),), counts={"parameters": 3}), False, math.inf),
        (RETURNED, Evidence((Outcome(1.0, lost_gradient=True),)), False, math.inf),
    ],
)
def test_evidence_differs_by_its_end_before_its_values(
    right: Evidence, actual: Evidence, exact: bool, found: float
) -> None:
    """How a run ended, what it changed and what it counted weigh more than any number."""
    assert evidence_distance(right, actual, Case(), exact_message=exact) == found


def test_of_several_fair_views_the_nearest_counts_over_all_cases() -> None:
    """One view for the whole run: two cases that are right under different views are not right."""
    both = Evidence((Outcome(1.0), Outcome(2.0)))
    cases = [Case(), Case()]
    assert run_distance([both, both], [Evidence((Outcome(5.0), Outcome(2.0)))] * 2, cases) == 0
    mixed = [Evidence((Outcome(1.0), Outcome(5.0))), Evidence((Outcome(5.0), Outcome(2.0)))]
    assert run_distance([both, both], mixed, cases) > 1
