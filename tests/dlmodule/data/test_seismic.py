"""Seismic sections: band-limited, consistent with the geology behind them, and faults where layers break."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dlmodule.data import load, seismic, seismic_patches, seismic_sections
from dlmodule.data.seismic import Geology, sections, volume
from dlmodule.errors import DLModuleError

QUIET = Geology(noise=(0, 0), faults=(0, 0), folds=(0, 0), dip=(0, 0))


def test_shapes_and_scale():
    """Every part has its documented shape; images have standard deviation 1, masks are 0 or 1."""
    made = sections(3, height=64, width=96, seed=1)
    for part in (made.images, made.masks, made.reflectivity, made.impedance, made.age, made.salt):
        assert part.shape == (3, 1, 64, 96) and part.dtype == torch.float32
    assert made.horizons.shape == (3, 5, 96)
    assert torch.allclose(made.images.std((1, 2, 3)), torch.ones(3), atol=1e-3)
    assert set(made.masks.unique().tolist()) == {0.0, 1.0}
    assert len(made) == 3


def test_repeatable_and_prefix():
    """The same seed gives the same sections, fewer are the beginning of more, and another seed gives
    others.
    """
    five = sections(5, height=32, width=32, seed=7)
    assert torch.equal(five.images[:2], sections(2, height=32, width=32, seed=7).images)
    assert not torch.equal(five.images[:2], sections(2, height=32, width=32, seed=8).images)
    assert not torch.equal(five.images[0], five.images[1])


def test_flat_ground_is_the_same_in_every_trace():
    """Without dip, fold, fault or noise (and tilt across lines is zero on one line), every trace equals
    the first.
    """
    made = sections(4, seed=2, geology=QUIET)
    assert torch.allclose(made.images, made.images[..., :1].expand_as(made.images), atol=1e-5)
    assert float(made.masks.sum()) == 0


def test_image_is_reflectivity_through_a_wavelet():
    """Without noise, the image is, trace by trace, the reflectivity filtered by some wavelet: their
    spectra share a phase of zero.
    """
    made = sections(6, seed=3, geology=replace(QUIET, dip=(-0.2, 0.2), frequency=(0.1, 0.1)))
    wavelet = seismic.ricker(0.1)
    for image, reflectivity in zip(made.images[:, 0].numpy(), made.reflectivity[:, 0].numpy(), strict=True):
        again = np.stack([np.convolve(trace, wavelet, mode="same") for trace in reflectivity.T], 1)
        # Reflectivity was summed over fine samples, so timing is good to a fraction of a sample.
        assert np.corrcoef(image[10:-10].ravel(), again[10:-10].ravel())[0, 1] > 0.85


def test_band_limited():
    """Less than 2 % of a noiseless section's energy lies above 3 times the wavelet's peak frequency, or
    below a tenth of it.
    """
    made = sections(8, seed=4, geology=Geology(noise=(0, 0), frequency=(0.1, 0.1)))
    power = torch.fft.rfft(made.images[:, 0], dim=1).abs().square().sum((0, 2))
    frequency = torch.fft.rfftfreq(128)
    assert float(power[(frequency > 0.3) | (frequency < 0.01)].sum() / power.sum()) < 0.02


@pytest.mark.parametrize("frequency", [0.05, 0.1, 0.2])
def test_ricker(frequency):
    """The wavelet is symmetric, peaks at 1, sums to nothing, and its spectrum peaks where it says."""
    wavelet = seismic.ricker(frequency)
    assert len(wavelet) % 2 == 1 and wavelet[len(wavelet) // 2] == 1 and np.allclose(wavelet, wavelet[::-1])
    assert abs(wavelet.sum()) < 0.02
    spectrum = np.abs(np.fft.rfft(wavelet, 4096))
    assert abs(np.fft.rfftfreq(4096)[spectrum.argmax()] - frequency) < 0.01


def test_layers_break_at_faults_only():
    """Along a row, geological age jumps by more than two samples only beside a pixel of the mask; and
    there it does.
    """
    made = sections(12, seed=5, geology=Geology(faults=(2, 2), throw=(8, 12), noise=(0, 0)))
    jump = (made.age[..., 1:] - made.age[..., :-1]).abs() > 2
    near = torch.nn.functional.max_pool2d(made.masks, (1, 5), stride=1, padding=(0, 2))
    beside = torch.maximum(near[..., 1:], near[..., :-1]) > 0
    assert not bool((jump & ~beside).any())
    assert int(jump.sum()) > 0.5 * int(made.masks.sum(-1).gt(0).sum())


def test_faults_can_be_seen():
    """Neighbouring traces agree less on faults than elsewhere: a mask marks something that the image
    shows.
    """
    made = sections(12, seed=6, geology=Geology(noise=(0.1, 0.1)))
    difference = (made.images[..., 1:] - made.images[..., :-1]).abs()
    on = made.masks[..., 1:] > 0
    assert float(difference[on].mean()) > 1.5 * float(difference[~on].mean())


def test_horizons_follow_one_age():
    """A horizon is a layer's top: the age along it is the same to within a sample, wherever it is drawn."""
    made = sections(5, seed=8, geology=Geology(faults=(0, 0)))
    for age, horizons in zip(made.age[:, 0], made.horizons, strict=True):
        for horizon in horizons:
            traces = torch.nonzero(~horizon.isnan())[:, 0]
            along = age[horizon[traces].round().long().clamp(max=127), traces]
            assert len(traces) > 20 and float(along.max() - along.min()) < 2.5


def test_salt_has_no_layers_and_no_faults():
    """Inside a salt body there is no fault mask, and impedance is that of salt."""
    made = sections(6, seed=9, geology=Geology(salt=1.0))
    inside = made.salt > 0
    assert bool((inside.sum((1, 2, 3)) > 500).all())
    assert float(made.masks[inside].mean()) < 0.01
    assert 9 < float(made.impedance[inside].mean()) < 10


def test_volume():
    """A volume has three axes, and neighbouring inlines resemble each other more than distant ones."""
    cube = volume(48, 20, 32, seed=1, geology=Geology(noise=(0, 0)))
    assert cube.images.shape == cube.masks.shape == (48, 20, 32) and cube.horizons.shape == (5, 20, 32)
    step = (cube.images[:, 1:] - cube.images[:, :-1]).square().mean()
    far = (cube.images[:, 15:] - cube.images[:, :-15]).square().mean()
    assert float(step) < float(far)


@pytest.mark.parametrize("wrong", [{"count": 0}, {"count": 1, "height": 8}, {"count": 1, "width": 15}])
def test_sections_of_no_size(wrong):
    """No sections, and sections too small to hold a wavelet, are refused."""
    with pytest.raises(DLModuleError):
        sections(**wrong)


def test_patches():
    """Patches: balanced, in [0, 1] about one half, smaller a prefix of larger, and found by name."""
    data = seismic_patches("test", 500)
    assert data.x.shape == (500, 1, 64, 64) and data.classes == ("flat", "dipping", "folded", "faulted", "salt")
    assert float(data.x.min()) >= 0 and float(data.x.max()) <= 1 and abs(float(data.x.mean()) - 0.5) < 0.02
    assert data.y.bincount().tolist() == [100] * 5
    assert torch.equal(seismic_patches("test", 40).x, data.x[:40])
    assert torch.equal(load("seismic_patches", "test").x[:500], data.x)
    with pytest.raises(DLModuleError, match="1000"):
        seismic_patches("test", 1001)


def test_patches_differ_by_structure_alone():
    """Mean grey and contrast hardly tell the classes apart: what does is structure."""
    data = seismic_patches("test", 500)
    contrast = torch.stack([data.x[data.y == k].std((1, 2, 3)).mean() for k in range(5)])
    assert float(contrast.max() - contrast.min()) < 0.02


def test_sections_to_generate():
    """Sections of 32x32: balanced, a prefix, and so clean that 32 numbers keep most of what varies."""
    data = seismic_sections("test", 1000)
    assert data.x.shape == (1000, 1, 32, 32) and data.classes == ("flat", "dipping", "folded", "faulted")
    assert data.y.bincount().tolist() == [250] * 4
    assert torch.equal(seismic_sections("test", 40).x, data.x[:40])
    values = torch.linalg.svdvals(data.x.flatten(1) - data.x.flatten(1).mean(0)).square()
    assert values[:32].sum() / values.sum() > 0.85
    with pytest.raises(DLModuleError, match="2000"):
        seismic_sections("test", 2001)
