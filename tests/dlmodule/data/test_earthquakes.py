"""Seismograms: the picks stand where the energy begins, in made ones and in real ones."""

import numpy as np
import pytest
import torch

from dlmodule.data import phasenet, seismograms
from dlmodule.data.fetch import data_folder
from dlmodule.errors import DLModuleError


@pytest.fixture
def real(tmp_path, monkeypatch):
    """The real traces where DLMODULE_DATA holds them; otherwise three made ones in PhaseNet's file format."""
    if data_folder() is None or not list((data_folder() / "phasenet").glob("*.npz")):
        (tmp_path / "data" / "phasenet").mkdir(parents=True)
        monkeypatch.setenv("DLMODULE_DATA", str(tmp_path / "data"))
        made = seismograms(3, samples=9_001)
        for i in range(3):
            path = tmp_path / "data" / "phasenet" / f"MADE_{i}.npz"
            np.savez(path, data=made.x[i].T.numpy().astype(float), itp=made.p[i].numpy(), its=made.s[i].numpy())
    return phasenet()


def energy_ratio(x: torch.Tensor, pick: torch.Tensor) -> torch.Tensor:
    """Energy in the second after a pick over that in the second before, (N,)."""
    parts = [
        (trace[:, k : k + 100].square().mean(), trace[:, k - 100 : k].square().mean())
        for trace, k in zip(x, pick.tolist(), strict=True)
    ]
    return torch.stack([after / before for after, before in parts])


def test_made_seismograms():
    """Shape, scale, order of the arrivals, and more energy after each pick than before it in most of them."""
    made = seismograms(60)
    assert made.x.shape == (60, 3, 3000) and made.x.dtype == torch.float32
    assert torch.allclose(made.x.std(-1), torch.ones(60, 3), atol=1e-2)
    assert bool((made.s > made.p + 50).all()) and bool((made.s < 3000).all())
    assert float((energy_ratio(made.x[:, 2:], made.p) > 1.2).float().mean()) > 0.75
    assert float((energy_ratio(made.x[:, :2], made.s) > 1.2).float().mean()) > 0.75


def test_made_are_repeatable():
    """Number i is the same whatever the count."""
    assert torch.equal(seismograms(2, seed=4).x, seismograms(5, seed=4).x[:2])


def test_real_seismograms(real):
    """PhaseNet's traces: three components of 90 s, P before S, energy rising at P."""
    assert real.x.shape[1:] == (3, 9001) and len(real) == len(real.stations) >= 3
    assert bool((real.s > real.p).all())
    assert float(energy_ratio(real.x, real.p).median()) > 2


@pytest.mark.parametrize("content", [b"", b"PK not a zip", None])
def test_damaged_trace(content, tmp_path, monkeypatch):
    """A file that is not a trace of 9,001 samples by three is refused by name."""
    (tmp_path / "phasenet").mkdir()
    monkeypatch.setenv("DLMODULE_DATA", str(tmp_path))
    path = tmp_path / "phasenet" / "broken.npz"
    if content is None:
        np.savez(path, data=np.zeros((10, 3)), itp=1, its=2)
    else:
        path.write_bytes(content)
    with pytest.raises(DLModuleError, match=r"broken\.npz"):
        phasenet()


def test_no_traces(monkeypatch):
    """Without DLMODULE_DATA the message says what to put where."""
    monkeypatch.delenv("DLMODULE_DATA", raising=False)
    with pytest.raises(DLModuleError, match="DLMODULE_DATA is not set"):
        phasenet()


@pytest.mark.parametrize("wrong", [{"count": 0}, {"count": 1, "samples": 500}])
def test_no_room(wrong):
    """No seismograms, or traces too short for two arrivals, are refused."""
    with pytest.raises(DLModuleError):
        seismograms(**wrong)
