"""The search names the slip that was made, on random data."""

from __future__ import annotations

import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dlmodule.checking import Case
from dlmodule.checking.decide import transformations


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 60))
def test_every_transformation_is_found(seed: int, which: int) -> None:
    """Applied to random right results, a transformation is explained, by its own sentence or one that is as true."""
    generator = torch.Generator().manual_seed(seed)
    rights = [torch.rand(3, 4, 2, generator=generator, dtype=torch.float64) + 0.1 for _ in range(2)]
    everything = list(transformations.transformations(rights))
    sentence, transformation = everything[which % len(everything)]
    gots = [transformation(right) for right in rights]
    assume(all(got is not None and got.shape == right.shape for got, right in zip(gots, rights, strict=True)))
    assume(not any(torch.allclose(got, right) for got, right in zip(gots, rights, strict=True) if got is not None))
    explained = transformations.explain(rights, gots, [Case(), Case()])
    assert explained is not None
    path, found = explained
    assert path == ()
    named = dict(everything)
    if found in named:  # another sentence is fine only where it says the same of these numbers
        for right, got in zip(rights, gots, strict=True):
            moved = named[found](right)
            assert moved is not None and got is not None and torch.allclose(moved, got)
    else:
        assert found == sentence


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_noise_is_not_explained(seed: int) -> None:
    """Numbers that have nothing to do with the right ones are not explained away."""
    generator = torch.Generator().manual_seed(seed)
    rights = [torch.randn(3, 4, generator=generator, dtype=torch.float64) for _ in range(2)]
    gots = [torch.randn(3, 4, generator=generator, dtype=torch.float64) for _ in range(2)]
    assert transformations.explain(rights, gots, [Case(rights[0]), Case(rights[1])]) is None


def test_a_constant_is_not_explained_by_chance() -> None:
    """One number is any factor of any other: that is no explanation."""
    one, two = torch.tensor(2.0, dtype=torch.float64), torch.tensor(6.0, dtype=torch.float64)
    assert transformations.explain([one], [two], [Case()]) is None
