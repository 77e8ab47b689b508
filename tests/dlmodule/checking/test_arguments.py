"""An argument that changes nothing, and should, is named; one that does is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from dlmodule.checking import Case, probes
from dlmodule.checking.judge import judge_with
from dlmodule.checking.key import Effect
from tests.dlmodule.checking.conftest import MakeKey


def blend(x: Tensor, y: Tensor, share: float) -> Tensor:
    return share * x.sin() + (1 - share) * y.cos()


def numbers(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda x, y, share: 0.3 * x.sin() + y.exp() * x.tanh(), "`share` has no effect"),
        (lambda x, y, share: share * x.cos() * x.exp(), "`y` has no effect"),
        (lambda x, y, share: torch.zeros_like(x) + 0.1234, "None of its arguments has an effect"),
        (lambda x, y, share: share * x.tan() - y.tanh(), None),
    ],
)
def test_an_idle_argument_is_named(make_key: MakeKey, wrong: Callable[..., Tensor], words: str | None) -> None:
    """What is said is what happens when the argument changes."""
    cases = [Case(numbers(2, 3, seed=seed), numbers(2, 3, seed=seed + 9), 0.25 * seed) for seed in (1, 2)]
    x, y, share = cases[0].args
    effects = [
        Effect("x", "`x` doubled", 0, Case(2 * x, y, share)),
        Effect("y", "`y` doubled", 0, Case(x, 2 * y, share)),
        Effect("share", "`share` doubled", 0, Case(x, y, 2 * share)),
    ]
    key = replace(make_key(blend, cases), effects=effects)
    message = judge_with(key, wrong).message
    assert words in message if words else "no effect" not in message and "None of its" not in message


def test_what_has_no_name_is_called_by_words(make_key: MakeKey) -> None:
    """The gradient that reaches an operation of an engine is an argument of its pull, which may call it as it likes."""
    arriving, a = np.array([1.0, 3.0]), np.array([2.0, 5.0])
    key = make_key(lambda a: (a * a, lambda grad: (2 * a * grad,)), [Case(arriving, a)], probes.vjp())
    effects = [Effect("the gradient that arrives", "the gradient that arrives doubled", 0, Case(2 * arriving, a))]
    said = judge_with(replace(key, effects=effects), lambda a: (a * a, lambda grad: (7.3 * a**3,)))
    assert "The gradient that arrives has no effect: with the gradient that arrives doubled" in said.message
