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


@given(SEEDS, st.integers(1, 5))
@settings(deadline=None)
def test_ddim_with_all_fresh_noise_is_the_mornings_step(seed: int, t: int) -> None:
    """eta = 1 and s = t - 1: the same mean and the same variance, written in another way (inputs that no clamp touches)."""
    alpha_bar = any_schedule(seed, 5)
    x, eps, noise = 0.1 * normal(3, 4, 2, seed=seed)
    actual = notebook("ddim_step", "afternoon")(x, t, t - 1, eps, noise, alpha_bar, 1.0)
    torch.testing.assert_close(actual, notebook("ddpm_step")(x, t, eps, noise, alpha_bar))


@given(SEEDS, st.floats(0, 1))
@settings(deadline=None)
def test_ddim_finds_a_single_point_in_any_steps(seed: int, eta: float) -> None:
    """If the data are one point, its exact noise leads there, in few steps as in many."""
    alpha_bar = any_schedule(seed, 8)
    step, point = notebook("ddim_step", "afternoon"), torch.tensor([1.5, -2.0], dtype=torch.float64)
    x = normal(3, 2, seed=seed)
    for t, s in ((8, 5), (5, 2), (2, 0)):
        eps = (x - alpha_bar[t].sqrt() * point) / (1 - alpha_bar[t]).sqrt()
        x = step(x, t, s, eps, normal(3, 2, seed=seed + t), alpha_bar, eta)
    torch.testing.assert_close(x, point.expand(3, 2))


def test_deterministic_ddim_keeps_the_variance_of_gaussian_data() -> None:
    """N(0, 0.5^2) by its exact noise, which is linear in x: standard deviation 0.5 after many steps, whatever the start."""
    alpha_bar = notebook("cosine_schedule")(1000).double()
    step, x = notebook("ddim_step", "afternoon"), torch.ones(1, dtype=torch.float64)
    for t in range(1000, 0, -1):
        a = alpha_bar[t]
        x = step(x, t, t - 1, (1 - a).sqrt() * x / (a * 0.25 + 1 - a), torch.zeros(1).double(), alpha_bar)
    assert x.item() == pytest.approx(0.5, abs=0.005)


@given(SEEDS)
@settings(deadline=None)
def test_v_is_a_rotation(seed: int) -> None:
    """Noise and data come back from v, and v has variance 1 where both have."""
    alpha_bar = any_schedule(seed, 5)
    x0, noise = normal(2, 6, 3, seed=seed)
    t = torch.full((6,), 3)
    x, v = notebook("q_sample")(x0, t, noise, alpha_bar), notebook("velocity", "afternoon")(x0, noise, t, alpha_bar)
    torch.testing.assert_close(notebook("noise_of", "afternoon")(x, v, 3, alpha_bar), noise)
    torch.testing.assert_close(x**2 + v**2, x0**2 + noise**2)


def gaussian_velocity(x: Tensor, t: Tensor) -> Tensor:
    """Mean of noise - x0 given x_t, for data N(1, 0.5^2): both are Gaussian, so it is a regression."""
    variance = (1 - t) ** 2 * 0.25 + t**2
    return -1 + (t - (1 - t) * 0.25) / variance * (x - (1 - t))


def test_the_loss_of_flow_matching_is_least_at_the_conditional_mean() -> None:
    """The exact velocity of a Gaussian beats the same velocity, disturbed either way."""
    loss = notebook("flow_matching_loss", "afternoon")
    noise, x0 = normal(2, 100_000, seed=0)
    x0, t = 1 + 0.5 * x0, torch.rand(100_000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    exact = loss(gaussian_velocity, x0, noise, t).item()
    for change in (0.1, -0.1):
        assert loss(lambda x, t, c=change: gaussian_velocity(x, t) + c, x0, noise, t).item() > exact
        assert loss(lambda x, t, c=change: gaussian_velocity(x, t) + c * x, x0, noise, t).item() > exact


def test_eulers_error_halves_when_the_steps_double() -> None:
    """The exact flow takes N(0, 1) to N(1, 0.5^2) along x -> 1 + x / 2: a method of first order."""
    sample, x = notebook("euler_sample", "afternoon"), torch.linspace(-2, 2, 9, dtype=torch.float64)
    errors = [(sample(gaussian_velocity, x, steps) - (1 + x / 2)).abs().max().item() for steps in (100, 200)]
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.1)
    assert errors[1] < 0.01


@given(SEEDS)
@settings(deadline=None)
def test_inpainting_honours_what_is_known(seed: int) -> None:
    """Whatever the sampler does, the known pixels are exact at the end, and the others are the sampler's."""
    alpha_bar, known = any_schedule(seed, 4), normal(2, 5, seed=seed)
    mask = torch.tensor([True, False, True, False, False])
    noise = normal(2, 2, 5, seed=seed + 1)
    x = notebook("inpaint", "afternoon")(lambda x, t, s: x + s, 0 * known, known, mask, noise, alpha_bar, [4, 2, 0])
    assert torch.equal(x[:, mask], known[:, mask])
    assert torch.equal(x[:, ~mask], torch.full((2, 3), 2.0, dtype=torch.float64))


def test_the_network_takes_mnist_and_sections_and_uses_all_it_is_given() -> None:
    """28 x 28 and 32 x 32; another time, another class, another image: another answer."""
    torch.manual_seed(0)
    network = notebook("TimeUNet", "afternoon")(16, 24, 4)
    for p in network.parameters():
        torch.nn.init.normal_(p, std=0.1)
    with torch.no_grad():
        for side in (28, 32):
            x, t, y = torch.randn(2, 1, side, side), torch.tensor([0.2, 0.7]), torch.tensor([0, 4])
            v = network(x, t, y)
            assert v.shape == x.shape
            for other in (network(x, t / 2, y), network(x, t, y.flip(0)), network(x.flip(0), t, y)):
                assert not torch.allclose(other, v, atol=1e-4)


def test_an_average_of_equal_models_stays_and_a_decay_of_zero_copies() -> None:
    """The two ends of a moving average."""
    update, model, other = notebook("ema_update", "afternoon"), torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    before = other.weight.detach().clone()
    update(other, other, 0.7)
    torch.testing.assert_close(other.weight.detach(), before)
    update(other, model, 0.0)
    assert torch.equal(other.weight, model.weight) and other.weight.requires_grad
