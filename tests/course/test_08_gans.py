"""Day 08: what its notebooks' solutions compute, SciPy, torch's own layers and closed forms compute too."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance
from torch import Tensor, nn
from torch.nn import functional as F

from coursekit.exercises.loading import run
from coursekit.project import Project
from coursekit.sources.slicing import definitions
from dlmodule import measure

PROJECT = Project(Path(__file__).parents[2])
seeds = st.integers(0, 2**31)


@functools.cache
def notebook(part: str, name: str) -> Any:
    """What the part's solution calls ``name``, from its slice alone, as a key is recorded from it."""
    return run(definitions(PROJECT, "08_gans", part, name), f"{part}.{name}")[name]


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(seeds, st.integers(1, 30), st.floats(0.01, 2))
@settings(deadline=None)
def test_divergence_is_that_of_scipy_and_no_other_discriminator_does_better(seed: int, places: int, dx: float) -> None:
    """SciPy gives the root of JS; the value of the game is largest at the returned D."""
    p, q = (normal(places, seed=seed + k).square() + 1e-3 for k in (0, 1))
    p, q = p / p.sum() / dx, q / q.sum() / dx
    best, js = notebook("morning", "optimal_discriminator")(p, q, dx)
    assert js.item() == pytest.approx(jensenshannon(p, q) ** 2, abs=1e-9)

    def value(d: Tensor) -> float:
        return float((p * d.log() + q * (1 - d).log()).sum() * dx)

    other = (best + 0.1 * normal(places, seed=seed + 2)).clamp(0.001, 0.999)
    assert value(other) <= value(best) + 1e-12
    assert 2 * js.item() - 2 * math.log(2) == pytest.approx(value(best), abs=1e-9)


@given(seeds, st.integers(1, 9), st.integers(1, 9))
@settings(deadline=None)
def test_losses_are_those_of_torch(seed: int, real: int, fake: int) -> None:
    """Binary cross-entropy with logits; the game's value is minus the discriminator's loss."""
    a, b = 3 * normal(real, seed=seed), 3 * normal(fake, seed=seed + 1)
    bce = F.binary_cross_entropy_with_logits
    expected = bce(a, torch.ones_like(a)) + bce(b, torch.zeros_like(b))
    torch.testing.assert_close(notebook("morning", "discriminator_loss")(a, b), expected)
    loss = notebook("morning", "generator_loss")
    torch.testing.assert_close(loss(b), bce(b, torch.ones_like(b)))
    torch.testing.assert_close(loss(b, saturating=True), -bce(b, torch.zeros_like(b)))


def test_each_turn_moves_its_own_network_alone() -> None:
    """With a rate of 0 for one network, only the other moves; no turn leaves a gradient that the next one uses."""
    step = notebook("morning", "train_gan_step")
    for rate_g, rate_d in ((0.1, 0.0), (0.0, 0.1)):
        torch.manual_seed(0)
        generator, discriminator = nn.Linear(3, 2), nn.Linear(2, 1)
        before = [generator.weight.clone(), discriminator.weight.clone()]
        optimisers = (
            torch.optim.SGD(generator.parameters(), rate_g),
            torch.optim.SGD(discriminator.parameters(), rate_d),
        )
        step(generator, discriminator, *optimisers, torch.randn(8, 2), torch.randn(8, 3))
        assert torch.equal(generator.weight, before[0]) == (rate_g == 0)
        assert torch.equal(discriminator.weight, before[1]) == (rate_d == 0)


def test_a_planted_collapse_is_counted() -> None:
    """Real points cover all modes and 98.9 % of them are good; those of three modes cover three."""
    coverage, ring = notebook("morning", "mode_coverage"), notebook("morning", "ring")
    torch.manual_seed(0)
    angle = 2 * math.pi * torch.arange(8) / 8
    centres = 2 * torch.stack([angle.cos(), angle.sin()], 1)
    points = ring(20_000)
    modes, good = coverage(points, centres, 0.1)
    assert modes == 8
    assert good == pytest.approx(1 - math.exp(-4.5), abs=0.004)
    nearest = torch.cdist(points, centres).argmin(1)
    assert coverage(points[nearest < 3], centres, 0.1)[0] == 3


@given(seeds, st.integers(2, 12), st.integers(2, 6))
@settings(deadline=None)
def test_classifier_fid_is_that_of_the_course(seed: int, examples: int, features: int) -> None:
    """Few examples included, where the covariance has no full rank."""
    a, b = normal(examples, features, seed=seed), 2 * normal(examples + 3, features, seed=seed + 1) - 1
    actual = notebook("morning", "classifier_fid")(a, b)
    assert actual == pytest.approx(measure.frechet_distance(a, b), abs=1e-5, rel=1e-6)


@pytest.mark.parametrize("size", [16, 28, 32])
def test_both_networks_fit_each_other(size: int) -> None:
    """The generator's images have the size that the discriminator takes, and lie in [-1, 1]."""
    generator = notebook("morning", "DCGANGenerator")(5, 2, size)
    discriminator = notebook("morning", "DCGANDiscriminator")(2, size)
    images = generator(torch.randn(3, 5))
    assert images.shape == (3, 1, size, size)
    assert images.abs().max() <= 1
    assert discriminator(images).shape == (3,)


values = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=12)


@given(values, values)
@settings(deadline=None)
def test_emd_is_that_of_scipy(a: list[float], b: list[float]) -> None:
    """Ties and unequal sizes included."""
    actual = notebook("additional", "emd_1d")(torch.tensor(a).double(), torch.tensor(b).double())
    assert actual.item() == pytest.approx(wasserstein_distance(a, b), abs=1e-5)  # shares are float32


@given(seeds, st.integers(1, 9))
@settings(deadline=None)
def test_emd_of_equal_sizes_is_the_mean_distance_of_sorted_values(seed: int, count: int) -> None:
    a, b = normal(count, seed=seed), normal(count, seed=seed + 1)
    expected = (a.sort().values - b.sort().values).abs().mean()
    torch.testing.assert_close(notebook("additional", "emd_1d")(a, b), expected)


@given(seeds, st.sampled_from([(1, 2), (5, 2), (3, 1, 4, 5), (4, 2, 3, 3)]))
@settings(deadline=None)
def test_penalty_is_zero_at_slope_one_and_four_at_slope_three(seed: int, shape: tuple[int, ...]) -> None:
    """At any batch size and shape; and the critic can learn from it unless the slope is right."""
    direction = F.normalize(normal(math.prod(shape[1:]), seed=seed), dim=0).requires_grad_()
    x = normal(*shape, seed=seed + 1)
    for slope in (1.0, 3.0):
        penalty = notebook("additional", "gradient_penalty")(lambda x, k=slope: k * (x.flatten(1) @ direction), x)
        assert penalty.item() == pytest.approx((slope - 1) ** 2, abs=1e-12)
        (gradient,) = torch.autograd.grad(penalty, direction)
        assert gradient.norm().item() == pytest.approx(2 * (slope - 1) * slope, abs=1e-9)


@given(seeds, st.sampled_from([(4, 2), (3, 1, 4, 4)]))
@settings(deadline=None)
def test_interpolates_lie_on_the_line_at_one_share_for_each_example(seed: int, shape: tuple[int, ...]) -> None:
    x, fake = normal(*shape, seed=seed), normal(*shape, seed=seed + 1) + 5
    between = notebook("additional", "interpolates")(x, fake, generator=torch.Generator().manual_seed(seed))
    share = ((between - fake) / (x - fake)).flatten(1)
    torch.testing.assert_close(share, share[:, :1].expand_as(share))
    assert ((share >= 0) & (share <= 1)).all()
    assert share[:, 0].unique().numel() == len(x)


@pytest.mark.parametrize("layer", [nn.Linear(6, 4), nn.Conv2d(2, 5, 3)], ids=["linear", "conv"])
def test_spectral_norm_is_that_of_torch(layer: nn.Module) -> None:
    """Once both have converged; and then the largest singular value is 1."""
    original = layer.double().weight.detach().clone()
    torch.manual_seed(0)
    nn.utils.parametrizations.spectral_norm(layer, n_power_iterations=500)
    u = F.normalize(torch.ones(len(original), dtype=torch.float64), dim=0)
    actual, u = notebook("additional", "spectral_norm_")(original, u, 500)
    torch.testing.assert_close(actual, layer.weight.detach())
    assert torch.linalg.svdvals(actual.flatten(1))[0].item() == pytest.approx(1, abs=1e-6)
    assert u.norm().item() == pytest.approx(1)
