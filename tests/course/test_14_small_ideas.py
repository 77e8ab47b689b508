"""Day 14: what its solutions compute, SciPy, plain loops, convolutions and exact solutions compute too."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit
from torch import nn
from torch.nn import functional as F

from coursekit.exercises.loading import run
from coursekit.project import Project
from coursekit.sources.slicing import definitions

PROJECT = Project(Path(__file__).parents[2])
few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**31)


@functools.cache
def notebook(name: str) -> Any:
    """What the notebook's solution calls ``name``, from its slice alone, as a key is recorded from it."""
    return run(definitions(PROJECT, "14_state_of_the_art", "morning", name), f"small_ideas.{name}")[name]


def normal(seed: int, *shape: int) -> torch.Tensor:
    """Standard normal numbers, float64."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_scaling_law_is_that_of_scipy() -> None:
    """Least squares over all three numbers at once finds the law that trying exponents finds."""
    size = torch.tensor([1e3, 3e3, 1e4, 3e4, 1e5], dtype=torch.float64)
    loss = 1.2 + 6 * size**-0.25 + 0.01 * normal(0, 5)
    actual = notebook("fit_scaling_law")(size, loss, torch.linspace(0.02, 1, 2000, dtype=torch.float64))
    expected, _ = curve_fit(lambda p, e, a, b: e + a * p**-b, size.numpy(), loss.numpy(), p0=(1, 5, 0.3), maxfev=20_000)
    np.testing.assert_allclose([float(value) for value in actual], expected, rtol=0.02)


@few
@given(seed=seeds, rank=st.integers(1, 4), alpha=st.floats(0.1, 30))
def test_merged_lora_is_the_same_function_of_low_rank(seed: int, rank: int, alpha: float) -> None:
    """Merged and unmerged agree for a B that is not zero, and the change of the weights has the rank it should."""
    base = nn.Linear(7, 5).double()
    layer = notebook("LoRALinear")(base, rank, alpha)
    layer.B.data = normal(seed, 5, rank)
    x, merged = normal(seed + 1, 3, 7), layer.merged()
    torch.testing.assert_close(merged(x), layer(x))
    change = merged.weight - base.weight
    assert torch.linalg.matrix_rank(change, atol=1e-10) <= rank
    torch.testing.assert_close(change, alpha / rank * layer.B @ layer.A)


def test_contrastive_loss_of_unrelated_vectors_is_near_the_logarithm() -> None:
    """At scale 1, N unrelated pairs cost about ln N; the same permutation of both sides changes nothing."""
    image, text = normal(0, 256, 64), normal(1, 256, 64)
    loss = notebook("clip_loss")(image, text, torch.tensor(0.0))
    assert loss.item() == pytest.approx(math.log(256), abs=0.05)
    order = torch.randperm(256, generator=torch.Generator().manual_seed(0))
    assert notebook("clip_loss")(image[order], text[order], torch.tensor(0.0)).item() == pytest.approx(loss.item())


@few
@given(seed=seeds, places=st.integers(1, 12), ratio=st.floats(0, 0.9))
def test_restore_brings_patches_back(seed: int, places: int, ratio: float) -> None:
    """Visible patches, followed by anything, gathered by ``restore`` stand where they stood."""
    patches = normal(seed, 3, places, 2)
    visible, mask, restore = notebook("mae_mask")(patches, normal(seed + 1, 3, places), ratio)
    filled = torch.cat([visible, torch.full((3, places - visible.shape[1], 2), math.nan, dtype=torch.float64)], 1)
    back = filled.gather(1, restore[..., None].expand(-1, -1, 2))
    torch.testing.assert_close(back[~mask], patches[~mask])
    assert back[mask].isnan().all()


def test_distillation_at_a_high_temperature_matches_centred_logits() -> None:
    """Hinton's limit: the soft term becomes half the mean squared difference of centred logits, over K."""
    student, teacher = normal(0, 6, 5), normal(1, 6, 5)
    loss = notebook("distillation_loss")(student, teacher, torch.zeros(6, dtype=torch.long), 1e4, 0.0)
    gap = (student - student.mean(1, keepdim=True)) - (teacher - teacher.mean(1, keepdim=True))
    assert loss.item() == pytest.approx((gap.square().sum(1).mean() / (2 * 5)).item(), rel=1e-3)


@few
@given(seed=seeds, size=st.floats(1e-4, 1e4), shift=st.floats(-3, 3))
def test_int8_is_off_by_half_a_step_at_most(seed: int, size: float, shift: float) -> None:
    """Within the range the error is half a step, or one step beside the clamp; zero stays zero."""
    w = size * (normal(seed, 4, 9) + shift)
    w[:, 0] = 0
    q, step, zero = notebook("quantise_int8")(w)
    back = (q.double() - zero[:, None]) * step[:, None]
    assert ((back - w).abs() <= 1.0001 * step[:, None]).all()
    assert ((back - w).abs() <= 0.5001 * step[:, None]).double().mean() >= 0.9
    assert (back[:, 0] == 0).all()


@few
@given(seed=seeds, steps=st.integers(1, 20))
def test_scan_is_its_recurrence_and_a_convolution_where_nothing_changes(seed: int, steps: int) -> None:
    """Step by step in NumPy; and with constant inputs a convolution with sum_s w c exp(delta rate k) delta."""
    x, delta, rate = normal(seed, steps, 3), normal(seed + 1, steps, 3).exp(), -normal(seed + 2, 3, 2).exp()
    write, read = normal(seed + 3, steps, 2), normal(seed + 4, steps, 2)
    h, rows = np.zeros((3, 2)), []
    for t in range(steps):
        decay = np.exp(delta[t].numpy()[:, None] * rate.numpy())
        h = decay * h + (delta[t] * x[t]).numpy()[:, None] * write[t].numpy()
        rows.append((h * read[t].numpy()).sum(1))
    scan = notebook("selective_scan")
    np.testing.assert_allclose(scan(x, delta, rate, write, read).numpy(), np.stack(rows), rtol=1e-9, atol=1e-9)
    same = [v[:1].expand(steps, -1) for v in (delta, write, read)]
    k = torch.arange(steps)[:, None, None]
    kernel = (torch.exp(k * delta[0][:, None] * rate) * write[0] * read[0]).sum(2) * delta[0]
    expected = torch.stack([(kernel[: t + 1].flip(0) * x[: t + 1]).sum(0) for t in range(steps)])
    torch.testing.assert_close(scan(x, same[0], rate, same[1], same[2]), expected, rtol=1e-8, atol=1e-8)


@few
@given(seed=seeds, edges=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=9))
def test_messages_do_not_depend_on_the_numbering(seed: int, edges: list[tuple[int, int]]) -> None:
    """Renumbered nodes give renumbered results."""
    source, target = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).T
    h, a, b = normal(seed, 5, 2), normal(seed + 1, 2, 3), normal(seed + 2, 2, 3)
    order = torch.randperm(5, generator=torch.Generator().manual_seed(seed))
    place = order.argsort()
    send = notebook("message_passing")
    torch.testing.assert_close(send(h[order], place[source], place[target], a, b), send(h, source, target, a, b)[order])


def test_exact_solution_has_no_residual() -> None:
    """The notebook's exact solution solves the heat equation, and begins and ends as it should."""
    t, x = torch.rand(2, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact = notebook("exact")
    residual = notebook("pinn_residual")(lambda t, x: exact(t, x, 0.3), t, x, torch.tensor(0.3, dtype=torch.float64))
    assert residual.abs().max() < 1e-9
    torch.testing.assert_close(exact(torch.zeros_like(x), x), notebook("warm")(x))
    grid = notebook("finite_differences")(0.05)
    line = [torch.linspace(0, 1, n, dtype=torch.float64) for n in grid.shape]
    truth = exact(*torch.meshgrid(*line, indexing="ij"), 0.05)
    assert ((grid - truth).norm() / truth.norm()).item() < 0.005


def test_a_fourier_layer_with_the_right_weights_is_the_wave_equation_on_any_grid() -> None:
    """Multipliers cos(2 pi k c t): exact on 64 and on 256 points."""
    layer = notebook("FourierLayer")(1, 1, 12)
    layer.weight.data = torch.cos(2 * math.pi * torch.arange(12) * 0.3).to(torch.cfloat)[None, None]
    for points in (64, 256):
        u = notebook("profiles")(3, points, 0)
        half = 0.3 * points
        k = torch.fft.fftfreq(points, 1 / points)
        moved = [torch.fft.ifft(torch.fft.fft(u) * torch.exp(side * 2j * math.pi * k * half / points)).real for side in (1, -1)]  # fmt: skip
        torch.testing.assert_close(layer(u), (moved[0] + moved[1]) / 2, atol=1e-5, rtol=1e-4)


@few
@given(seed=seeds, members=st.integers(1, 5))
def test_ensemble_has_the_moments_of_its_mixture(seed: int, members: int) -> None:
    """Those of torch's mixture distribution."""
    mean, variance = normal(seed, members, 4), normal(seed + 1, members, 4).exp()
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(4, members)), torch.distributions.Normal(mean.T, variance.T.sqrt())
    )
    mu, sigma2 = notebook("deep_ensemble")(mean, variance)
    torch.testing.assert_close(mu, mixture.mean)
    torch.testing.assert_close(sigma2, mixture.variance)


def test_a_single_process_takes_the_ordinary_step() -> None:
    """With an all-reduce that changes nothing, the step is that of the mean loss."""
    torch.manual_seed(0)
    ours, ordinary = nn.Linear(3, 4).double(), nn.Linear(3, 4).double()
    ordinary.load_state_dict(ours.state_dict())
    x, y = normal(0, 6, 3), torch.tensor([0, 1, 2, 3, 1, 0])
    notebook("ddp_step")(ours, x, y, torch.optim.SGD(ours.parameters(), lr=0.5), lambda tensor: None)
    F.cross_entropy(ordinary(x), y).backward()
    torch.optim.SGD(ordinary.parameters(), lr=0.5).step()
    torch.testing.assert_close(ours.weight, ordinary.weight)
