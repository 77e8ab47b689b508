"""Inputs for cases: what a name promises of its numbers."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from dlmodule.checking import inputs

SHAPES = st.lists(st.integers(1, 4), max_size=3).map(tuple)


@given(SHAPES, st.integers(0, 2**31))
def test_noise_is_its_seed(shape: tuple[int, ...], seed: int) -> None:
    """Of the asked shape, the same again, another for another seed, and torch's own state is left alone."""
    before = torch.get_rng_state()
    x = inputs.noise(*shape, seed=seed)
    assert (x.shape, x.dtype) == (torch.Size(shape), torch.float64)
    assert torch.equal(x, inputs.noise(*shape, seed=seed))
    assert not torch.equal(x, inputs.noise(*shape, seed=seed + 1))
    assert torch.equal(torch.get_rng_state(), before)
    array = inputs.noise_array(*shape, seed=seed)
    assert (array.shape, array.dtype) == (shape, np.float64)
    assert np.array_equal(array, inputs.noise_array(*shape, seed=seed))


@given(SHAPES, st.floats(0.1, 2), st.floats(-1, 1))
def test_ramp_and_waves(shape: tuple[int, ...], step: float, start: float) -> None:
    """The ramp counts along the last axis first, and waves are its sine."""
    ramp = inputs.ramp(*shape)
    assert ramp.flatten().tolist() == list(range(torch.Size(shape).numel()))
    assert ramp.shape == torch.Size(shape)
    assert torch.allclose(inputs.waves(*shape, step=step, start=start), torch.sin(start + step * ramp))


def test_small_inputs_read_as_written() -> None:
    """A row is what is written, in float64."""
    assert torch.equal(inputs.row(1, 2.5, 4), torch.tensor([1.0, 2.5, 4.0], dtype=torch.float64))
    assert inputs.ramp(2, 3).tolist() == [[0, 1, 2], [3, 4, 5]]
