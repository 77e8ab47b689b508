"""The report: scores move as the samples get worse, between the floor and the ceilings."""

import pytest
import torch

from dlmodule import data
from dlmodule.errors import DLModuleError
from dlmodule.measure import report


@pytest.fixture(scope="module")
def real():
    """Six hundred real sections that the report does not use itself."""
    return data.load("seismic_sections").x[3000:3600]


def test_real_images_score_like_the_floor(real):
    """Other real sections are at the floor, and far below both ceilings."""
    found = report(real, "seismic_sections")
    assert found.count == 600
    assert found.samples.fid < 3 * found.real.fid < 0.1 * min(found.mean_image.fid, found.noise.fid)
    assert found.samples.coverage == 1 and abs(found.samples.told_apart - 0.5) < 0.1
    assert found.percent_of_noise == pytest.approx(100 * found.samples.fid / found.noise.fid)
    assert "real (the floor)" in str(found) and len(str(found).splitlines()) == 7


def test_noise_added_is_noticed(real):
    """The more noise is added, the larger the distance."""
    noise = torch.randn(real.shape, generator=torch.Generator().manual_seed(0))
    distances = [report(real + size * noise, "seismic_sections").samples.fid for size in (0.0, 0.05, 0.2)]
    assert distances == sorted(distances) and distances[2] > 10 * distances[0]


def test_one_class_alone_is_noticed():
    """Samples of one structure: precise, but a quarter of the classes, and low recall."""
    train = data.load("seismic_sections")
    found = report(train.x[train.y == 0][:600], "seismic_sections").samples
    assert found.coverage == 0.25 and found.recall < 0.6 < found.precision


def test_shapes_and_numbers(real):
    """Images of another size, and too few, are refused."""
    with pytest.raises(DLModuleError, match="28"):
        report(torch.zeros(200, 1, 28, 28), "seismic_sections")
    with pytest.raises(DLModuleError, match="at least 100"):
        report(real[:50], "seismic_sections")
