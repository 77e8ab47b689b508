"""Scores against closed forms and SciPy, and on cases whose answer is known beforehand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from dlmodule.errors import DLModuleError
from dlmodule.measure import class_coverage, frechet_distance, precision_recall, two_sample_accuracy


def normal(count: int, features: int, seed: int) -> torch.Tensor:
    return torch.randn(count, features, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_frechet_in_one_dimension():
    """Two sets on a line: squared difference of the means plus squared difference of the standard deviations."""
    a, b = torch.tensor([[0.0], [2.0], [4.0]]), torch.tensor([[1.0], [5.0], [9.0]])
    assert frechet_distance(a, b) == pytest.approx((5 - 2) ** 2 + (4 - 2) ** 2)


@given(seed=st.integers(0, 2**31), features=st.integers(1, 6))
def test_frechet_against_scipy(seed, features):
    """The formula with SciPy's matrix square root gives the same, for any two clouds."""
    a, b = normal(40, features, seed), normal(30, features, seed + 1) @ normal(features, features, seed + 2) + 1
    first, second = (np.atleast_2d(np.cov(part.T.numpy())) for part in (a, b))
    expected = float(((a.mean(0) - b.mean(0)) ** 2).sum()) + np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert frechet_distance(b, a) == pytest.approx(frechet_distance(a, b), rel=1e-6, abs=1e-8)


@given(seed=st.integers(0, 2**31))
def test_frechet_is_zero_on_itself_and_blind_to_rotation(seed):
    """A set is at distance 0 from itself, and turning both sets changes nothing."""
    a, b = normal(30, 4, seed), normal(30, 4, seed + 1)
    turn = torch.linalg.qr(normal(4, 4, seed + 2)).Q
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-8)
    assert frechet_distance(a @ turn, b @ turn) == pytest.approx(frechet_distance(a, b), abs=1e-8)


def test_frechet_of_fewer_samples_is_larger():
    """The bias that the docstring states: between samples of the same law, smaller sets are farther apart."""
    few, many = (frechet_distance(normal(n, 16, 0), normal(n, 16, 1)) for n in (100, 2000))
    assert few > 5 * many


def test_coverage_counts_classes():
    """A class counts once it has a tenth of its real share."""
    real = torch.arange(4).repeat(100)
    assert class_coverage(real, real) == 1
    assert class_coverage(torch.zeros(400, dtype=torch.long), real) == 0.25
    rare = torch.cat([torch.zeros(390, dtype=torch.long), torch.ones(10, dtype=torch.long)])
    assert class_coverage(rare, real) == 0.5
    assert class_coverage(rare, real, least=0.2) == 0.25


def test_precision_and_recall_differ_as_they_should():
    """Samples from one of two clusters are precise and miss half; samples from the clusters and from nowhere the reverse."""
    left, right = normal(200, 2, 0) - 10, normal(200, 2, 1) + 10
    real = torch.cat([left, right])
    precision, recall = precision_recall(normal(400, 2, 2) - 10, real)
    assert precision > 0.9 and 0.4 < recall < 0.6
    far = torch.stack([normal(400, 2, 3)[:, 0], 1000 + 50 * normal(400, 2, 3)[:, 1]], dim=1)
    precision, recall = precision_recall(torch.cat([left + 0.01, right + 0.01, far]), real)
    assert 0.4 < precision < 0.6 and recall > 0.9
    with pytest.raises(DLModuleError, match="3 neighbours"):
        precision_recall(real, real[:3])


def test_two_sample_accuracy():
    """The same law: chance. Laws far apart: always told apart. Laws one unit apart: Bayes' accuracy."""
    assert two_sample_accuracy(normal(2000, 3, 0), normal(2000, 3, 1)) == pytest.approx(0.5, abs=0.05)
    assert two_sample_accuracy(normal(200, 3, 0), normal(200, 3, 1) + 20) == 1
    shifted = normal(4000, 1, 2) + 1
    assert two_sample_accuracy(normal(4000, 1, 0), shifted) == pytest.approx(0.6915, abs=0.03)  # Phi(1/2)


def test_features_must_fit():
    """Sets of different features, or of one sample, are refused."""
    with pytest.raises(DLModuleError):
        frechet_distance(normal(5, 3, 0), normal(5, 4, 0))
    with pytest.raises(DLModuleError):
        frechet_distance(normal(1, 3, 0), normal(5, 3, 0))
