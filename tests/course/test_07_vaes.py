"""Day 07's bounds, codes and scores: what its notebooks' solutions compute, distributions, quadrature and SciPy compute too."""

from __future__ import annotations

import functools
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.vq import vq
from scipy.linalg import subspace_angles
from scipy.stats import norm
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence

from coursekit.exercises.loading import run
from coursekit.project import Project
from coursekit.sources.slicing import definitions

PROJECT = Project(Path(__file__).parents[2])
SEEDS = st.integers(0, 2**31)


@functools.cache
def notebook(name: str, part: str = "morning") -> Any:
    """What the notebook's solution calls ``name``, from its slice alone, as a key is recorded from it."""
    return run(definitions(PROJECT, "07_vaes", part, name), f"vaes.{part}.{name}")[name]


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(SEEDS, st.integers(1, 5), st.integers(1, 5), st.floats(0.1, 4))
@settings(deadline=None)
def test_kl_is_that_of_torch_distributions(seed: int, count: int, latent: int, size: float):
    """For narrow, wide and shifted posteriors."""
    mean, log_variance = size * normal(seed, count, latent), size * normal(seed + 1, count, latent)
    expected = kl_divergence(Normal(mean, log_variance.exp().sqrt()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(notebook("gaussian_kl")(mean, log_variance), expected)


@given(SEEDS, st.integers(1, 4), st.integers(1, 6), st.integers(1, 3))
@settings(deadline=None)
def test_elbo_is_log_joint_minus_log_posterior_on_average(seed: int, count: int, pixels: int, latent: int):
    """With the closed-form rate put back by hand, one draw's log p(x, z) - log q(z|x) is left."""
    x = (normal(seed, count, pixels) > 0).double()
    logits, mean, log_variance = (normal(seed + i, count, k) for i, k in ((1, pixels), (2, latent), (3, latent)))
    q = Normal(mean, (0.5 * log_variance).exp())
    z = q.mean + q.stddev * normal(seed + 4, count, latent)
    joint = Bernoulli(logits=logits).log_prob(x).sum(1) + Normal(0.0, 1.0).log_prob(z).sum(1)
    expected = joint - q.log_prob(z).sum(1)
    sampled_rate = (q.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(1)
    rate = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
    actual = notebook("bernoulli_elbo")(x, logits, mean, log_variance) + rate - sampled_rate
    torch.testing.assert_close(actual, expected)


def one_latent_number() -> tuple[Tensor, Any, Tensor, Tensor]:
    """An image of five pixels, a decoder of one latent number, and a q that fits badly."""
    weight, bias = 1.5 * normal(0, 5), normal(1, 5)
    x = torch.tensor([[1.0, 0.0, 1.0, 1.0, 0.0]], dtype=torch.float64)
    return x, lambda z: z * weight + bias, torch.full((1, 1), -0.7).double(), torch.full((1, 1), -1.0).double()


def bound(draws: int, repetitions: int) -> float:
    """The notebook's bound with ``draws`` draws, its mean over ``repetitions``."""
    x, decoder, mean, log_variance = one_latent_number()
    eps = normal(7, draws, repetitions, 1)
    logits = decoder(mean + (0.5 * log_variance).exp() * eps)
    rows = (part.expand(repetitions, -1) for part in (x, mean, log_variance))
    x, mean, log_variance = rows
    return notebook("iwae_bound", "afternoon")(x, logits, mean, log_variance, eps).mean().item()


def test_bounds_rise_to_the_evidence():
    """ELBO < IWAE(5) < IWAE(50) < log p(x), which one latent number lets us integrate; and many draws reach it."""
    x, decoder, mean, log_variance = one_latent_number()
    z = torch.linspace(-9, 9, 20_001, dtype=torch.float64)[:, None]
    density = (Bernoulli(logits=decoder(z)).log_prob(x).sum(1) + Normal(0.0, 1.0).log_prob(z)[:, 0]).exp()
    evidence = torch.trapezoid(density, z[:, 0]).log().item()
    logits = decoder(mean + (0.5 * log_variance).exp() * normal(8, 100_000, 1))
    rows = (part.expand(100_000, -1) for part in (x, mean, log_variance))
    x, mean, log_variance = rows
    elbo = notebook("bernoulli_elbo")(x, logits, mean, log_variance).mean().item()
    assert bound(1, 100_000) == pytest.approx(elbo, abs=0.05)
    found = [elbo, bound(5, 20_000), bound(50, 10_000), evidence]
    assert all(low < high for low, high in itertools.pairwise(found)), found
    assert bound(10_000, 200) == pytest.approx(evidence, abs=0.01)


@given(SEEDS, st.integers(1, 4))
@settings(deadline=None, max_examples=25)
def test_cosines_are_those_of_scipy(seed: int, latent: int):
    """Against the subspace that scikit-learn's PCA finds, whatever the decoder's columns; 1 where they span it."""
    x = normal(seed, 30, 6) * 2.0 ** -torch.arange(6) + 3
    weight = normal(seed + 1, 6, latent)
    directions = PCA(latent).fit(x.numpy()).components_.T
    expected = np.sort(np.cos(subspace_angles(directions, weight.numpy())))[::-1]
    np.testing.assert_allclose(notebook("linear_ae_is_pca")(x, weight), expected, atol=1e-7)
    mixed = torch.tensor(directions) @ (normal(seed + 2, latent, latent) + 4 * torch.eye(latent))
    np.testing.assert_allclose(notebook("linear_ae_is_pca")(x, mixed), np.ones(latent), atol=1e-7)


def test_trained_linear_autoencoder_finds_the_subspace():
    """Gradient descent on the copy alone ends in the principal directions."""
    torch.manual_seed(0)
    x = torch.randn(200, 8) * torch.tensor([3.0, 2.0, 0.5, 0.4, 0.3, 0.2, 0.2, 0.1])
    x = x - x.mean(0)
    model = torch.nn.Sequential(torch.nn.Linear(8, 2), torch.nn.Linear(2, 8))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(800):
        optimiser.zero_grad()
        (model(x) - x).square().mean().backward()
        optimiser.step()
    assert notebook("linear_ae_is_pca")(x, model[1].weight.detach()).min() > 0.999


@given(SEEDS, st.integers(2, 6), st.integers(2, 7))
@settings(deadline=None)
def test_slerp_turns_evenly_from_end_to_end(seed: int, latent: int, steps: int):
    """Between codes of equal length every step has the same length and the same angle."""
    a, b = (part / part.norm() for part in normal(seed, 2, latent))
    path = notebook("interpolate")(a, b, steps)
    torch.testing.assert_close(path[[0, -1]], torch.stack([a, b]))
    torch.testing.assert_close(path.norm(dim=1), torch.ones(steps, dtype=torch.float64))
    cosines = (path[1:] * path[:-1]).sum(1)
    torch.testing.assert_close(cosines, torch.cos(torch.acos(a @ b) / (steps - 1)).expand(steps - 1))


@pytest.mark.parametrize("side", [1, 2, 5])
def test_grid_shares_the_prior_evenly(side: int):
    """The levels of its rows and columns are the middles of equal parts."""
    grid = notebook("latent_grid")(side).double().numpy()
    levels = (np.arange(side) + 0.5) / side
    np.testing.assert_allclose(norm.cdf(grid[..., 0]), np.tile(levels, (side, 1)), atol=1e-6)
    np.testing.assert_allclose(norm.cdf(grid[..., 1]), np.tile(levels[:, None], (1, side)), atol=1e-6)


@given(SEEDS, st.floats(0, 1.5))
@settings(deadline=None)
def test_free_bits_charge_nothing_below_the_allowance(seed: int, free: float):
    """Never less than the KL or the allowance; gradients only where a dimension exceeds it; nothing free: the KL itself."""
    mean, log_variance = normal(seed, 6, 4).requires_grad_(), normal(seed + 1, 6, 4)
    by_dimension = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).mean(0)
    charged = notebook("free_bits", "afternoon")(mean, log_variance, free)
    charged.backward()
    assert mean.grad is not None
    assert charged.item() == pytest.approx(sum(max(value, free) for value in by_dimension.tolist()))
    assert torch.equal(mean.grad.abs().sum(0) > 0, by_dimension > free)


@given(SEEDS, st.integers(1, 8), st.integers(1, 5), st.integers(1, 3))
@settings(deadline=None)
def test_quantised_codes_are_those_of_scipy(seed: int, count: int, entries: int, latent: int):
    """The nearest entries; and the decoder's gradient arrives at the encoder as it was."""
    z, codebook = normal(seed, count, latent).requires_grad_(), normal(seed + 1, entries, latent)
    quantised, numbers, _ = notebook("vector_quantise", "afternoon")(z, codebook)
    expected, _ = vq(z.detach().numpy(), codebook.numpy())
    np.testing.assert_array_equal(numbers, expected)
    torch.testing.assert_close(quantised.detach(), codebook[torch.tensor(expected).long()])
    gradient = normal(seed + 2, count, latent)
    quantised.backward(gradient)
    assert torch.equal(z.grad, gradient)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=9), st.lists(st.integers(0, 4), min_size=1, max_size=9))
@settings(deadline=None)
def test_auroc_is_that_of_scikit_learn(usual: list[int], odd: list[int]):
    """Ties included, of which these scores have many."""
    expected = roc_auc_score([0] * len(usual) + [1] * len(odd), usual + odd)
    actual = notebook("detect_anomaly", "afternoon")(torch.tensor(usual).double(), torch.tensor(odd).double())
    assert actual.item() == pytest.approx(expected)


def test_more_beta_less_rate_more_distortion():
    """Along the sweep the rate falls and the distortion rises; at the end the code says nothing."""
    x = (normal(0, 40, 2) @ normal(1, 2, 12) > 0).float()
    rates, distortions = notebook("beta_sweep", "afternoon")(x, [0.1, 1.0, 50.0], hidden=16, latent=2, steps=250)
    assert rates[0] > rates[1] > rates[2] and distortions[0] < distortions[1] < distortions[2]
    mean = x.mean(0).clamp(1e-6, 1 - 1e-6)
    assert rates[2] < 0.05
    assert distortions[2].item() == pytest.approx(-Bernoulli(mean).log_prob(x).sum(1).mean().item(), abs=0.1)


def test_midpoint_of_two_draws_is_short():
    """The notebook's lengths: near the root of K for a draw, and of K/2 for the midpoint of two."""
    a, b = normal(0, 20_000, 16), normal(1, 20_000, 16)
    assert a.norm(dim=1).mean().item() == pytest.approx(math.sqrt(16), rel=0.02)
    assert ((a + b) / 2).norm(dim=1).mean().item() == pytest.approx(math.sqrt(8), rel=0.02)
