"""Day 09's formulas: what its notebooks' solutions compute, Bayes' rule on a grid, autograd and simulation compute too."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from coursekit.exercises.loading import run
from coursekit.project import Project
from coursekit.sources.slicing import definitions

PROJECT = Project(Path(__file__).parents[2])
SEEDS = st.integers(0, 2**31)


@functools.cache
def notebook(name: str, part: str = "morning") -> Any:
    """What the notebook's solution calls ``name``, from its slice alone, as a key is recorded from it."""
    return run(definitions(PROJECT, "09_diffusion", part, name), f"{part}.{name}")[name]


def normal(*shape: int, seed: int) -> Tensor:
    """Standard normal numbers, float64."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def any_schedule(seed: int, steps: int) -> Tensor:
    """alpha_bar of ``steps`` steps that keep between 60 and 99 % each, float64."""
    kept = 0.6 + 0.39 * torch.rand(steps, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.cat([torch.ones(1, dtype=torch.float64), kept.cumprod(0)])


@pytest.mark.parametrize("name", ["linear_schedule", "cosine_schedule"])
@pytest.mark.parametrize("steps", [20, 100, 200, 1000])
def test_a_schedule_goes_from_data_to_noise(name: str, steps: int) -> None:
    """It has an entry for no noise, falls at every step, and ends where a standard normal start is honest."""
    alpha_bar = notebook(name)(steps)
    assert alpha_bar.shape == (steps + 1,) and alpha_bar[0] == 1
    assert (alpha_bar.diff() < 0).all() and 0 < alpha_bar[-1] < 1e-4


@given(SEEDS, st.integers(1, 6))
@settings(deadline=None)
def test_the_closed_form_has_the_moments_of_the_chain(seed: int, steps: int) -> None:
    """Mean and variance, step by step through the chain: the mean shrinks, variances add."""
    alpha_bar = any_schedule(seed, steps)
    mean, variance = torch.ones(()).double(), torch.zeros(()).double()
    for t in range(1, steps + 1):
        kept = alpha_bar[t] / alpha_bar[t - 1]
        mean, variance = kept.sqrt() * mean, kept * variance + (1 - kept)
    one, none = torch.ones(1, 1).double(), torch.zeros(1, 1).double()
    end = torch.tensor([steps])
    torch.testing.assert_close(notebook("q_sample")(one, end, none, alpha_bar)[0, 0], mean)
    torch.testing.assert_close(notebook("q_sample")(none, end, one, alpha_bar)[0, 0] ** 2, variance)


@given(SEEDS, st.floats(0.05, 1), st.integers(1, 4), st.integers(1, 3))
@settings(deadline=None)
def test_the_score_is_the_gradient_of_the_log_density(seed: int, a: float, rocks: int, features: int) -> None:
    """The density by torch.distributions, the gradient by autograd."""
    weights, means = normal(rocks, seed=seed).softmax(0), 2 * normal(rocks, features, seed=seed + 1)
    x = normal(5, features, seed=seed + 2).requires_grad_()
    std = (a * 0.4**2 + 1 - a) ** 0.5
    density = MixtureSameFamily(
        Categorical(weights), Independent(Normal(a**0.5 * means, std * torch.ones_like(means)), 1)
    )
    log_p = density.log_prob(x)  # type: ignore[no-untyped-call]
    expected = torch.autograd.grad(log_p.sum(), x)[0]
    torch.testing.assert_close(notebook("mixture_score")(x.detach(), a, weights, means, 0.4), expected)


@given(SEEDS, st.integers(2, 5))
@settings(deadline=None, max_examples=30)
def test_the_posterior_is_bayes_rule_on_a_grid(seed: int, t: int) -> None:
    """Prior times likelihood on a fine grid, normalised by its sum."""
    alpha_bar = any_schedule(seed, t)
    x0, x = normal(2, seed=seed)
    kept, before = alpha_bar[t] / alpha_bar[t - 1], alpha_bar[t - 1]
    grid = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
    log_p = -((grid - before.sqrt() * x0) ** 2) / (2 * (1 - before)) - (x - kept.sqrt() * grid) ** 2 / (2 * (1 - kept))
    p = log_p.softmax(0)
    mean = (p * grid).sum()
    expected = (mean, (p * (grid - mean) ** 2).sum())
    torch.testing.assert_close(notebook("posterior_mean_variance")(x0, x, t, alpha_bar), expected, rtol=1e-6, atol=1e-8)


@given(SEEDS, st.integers(1, 5))
@settings(deadline=None)
def test_a_step_back_is_the_posterior_at_the_predicted_data(seed: int, t: int) -> None:
    """The two ways to write the mean agree, and the variance is the posterior's: 0 in the last step."""
    alpha_bar = any_schedule(seed, 5)
    x, eps, noise = normal(3, 4, 2, seed=seed)
    mean, variance = notebook("posterior_mean_variance")(notebook("predict_x0")(x, t, eps, alpha_bar), x, t, alpha_bar)
    torch.testing.assert_close(notebook("ddpm_step")(x, t, eps, noise, alpha_bar), mean + variance.sqrt() * noise)
    assert (variance == 0) == (t == 1)


@given(SEEDS, st.integers(1, 5))
@settings(deadline=None)
def test_predicted_data_undo_the_noise(seed: int, t: int) -> None:
    """With the true noise, the data come back."""
    alpha_bar = any_schedule(seed, 5)
    x0, noise = normal(2, 3, 2, seed=seed)
    x = notebook("q_sample")(x0, torch.full((3,), t), noise, alpha_bar)
    torch.testing.assert_close(notebook("predict_x0")(x, t, noise, alpha_bar), x0)


@pytest.mark.parametrize("t", [1, 3, 5])
def test_the_floor_of_the_loss_is_alpha_bar_for_gaussian_data(t: int) -> None:
    """For standard normal data the exact score is -x, and its loss is alpha_bar; for a single point it is 0."""
    alpha_bar, count = any_schedule(0, 5), 200_000
    loss, steps = notebook("score_matching_loss"), torch.full((count,), t)
    x0, noise = normal(2, count, 1, seed=t)
    floor = loss(lambda x, _: -x, x0, steps, noise, alpha_bar)
    assert floor.item() == pytest.approx(alpha_bar[t].item(), abs=0.01)
    point = loss(lambda x, _: -x / (1 - alpha_bar[t]), 0 * x0, steps, noise, alpha_bar)
    assert point.item() == pytest.approx(0, abs=1e-12)


def test_sampling_with_the_exact_score_of_a_gaussian_gives_its_moments() -> None:
    """Ancestral sampling of N(1, 0.5^2) in 300 steps, 20,000 samples."""
    alpha_bar = notebook("linear_schedule")(300).double()
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20_000, 1, generator=generator, dtype=torch.float64)
    one = torch.ones(1, dtype=torch.float64)
    for t in range(300, 0, -1):
        a = alpha_bar[t].item()
        eps = -((1 - a) ** 0.5) * notebook("mixture_score")(x, a, one, one[:, None], 0.5)
        noise = torch.randn(x.shape, generator=generator, dtype=torch.float64)
        x = notebook("ddpm_step")(x, t, eps, noise, alpha_bar)
    assert x.mean().item() == pytest.approx(1, abs=0.02)
    assert x.std().item() == pytest.approx(0.5, abs=0.02)


def test_times_lie_apart_once_they_are_scaled() -> None:
    """The distances that the notebook quotes: 6.4 with the factor 1000, 0.30 without."""
    embed = notebook("sinusoidal_time_embedding")
    scaled = embed(torch.tensor([0.4, 0.6]), 64)
    raw = embed(torch.tensor([0.4, 0.6]) / 1000, 64)
    assert (scaled[0] - scaled[1]).norm().item() == pytest.approx(6.4, abs=0.05)
    assert (raw[0] - raw[1]).norm().item() == pytest.approx(0.30, abs=0.01)
