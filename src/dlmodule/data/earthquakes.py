"""Three-component seismograms with the arrivals of P and S: real ones, and made ones that need no download.

A made seismogram is background noise of the station's own colour, then a P wave, then a later and stronger S
wave. Each arrival rises in a few hundredths of a second and decays as scattered energy (the coda) does; its
frequency falls with distance. P is strongest on the vertical component, S on the horizontals. The time from P
to S is distance over 8 km/s, as in an average crust, so distance can be read off a trace as seismologists do.
"""

import zipfile
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlmodule.data.fetch import data_folder
from dlmodule.errors import DLModuleError

RATE = 100.0  # samples a second
SECONDS_BEFORE_P = 30.0  # in the real traces, where P is always at this time
PHASENET_SAMPLES = 9_001


@dataclass(frozen=True)
class Seismograms:
    """x: (N, 3, T) float32, each trace of zero mean and unit standard deviation; components east, north,
    vertical.

    p, s: (N,) int64, sample numbers of the two arrivals; rate: samples a second; stations: one name a
    seismogram.
    """

    x: Tensor
    p: Tensor
    s: Tensor
    rate: float
    stations: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.p)


def phasenet() -> Seismograms:
    """Seismograms of northern California and beyond with an analyst's picks (Zhu and Beroza 2019,
    doi:10.1093/gji/ggy423).

    x (N, 3, 9001) at 100 samples a second, from the .npz files of ``DLMODULE_DATA/phasenet``. P is always at
    30 s, so crop at random before a network learns to answer "30 s".
    """
    folder = data_folder()
    if folder is None or not (paths := sorted((folder / "phasenet").glob("*.npz"))):
        where = f"not in DLMODULE_DATA={folder}" if folder else "DLMODULE_DATA is not set"
        raise DLModuleError(
            f"phasenet/*.npz: {where}, and the course knows no official address for it; put the files there"
        )
    traces, p, s = [], [], []
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as file:
                trace, first, second = file["data"], int(file["itp"]), int(file["its"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DLModuleError(f"{path}: not a PhaseNet seismogram, or damaged ({error})") from error
        if trace.shape != (PHASENET_SAMPLES, 3):
            raise DLModuleError(f"{path}: data has shape {trace.shape}, not ({PHASENET_SAMPLES}, 3)")
        traces.append(_standardised(trace.T))
        p.append(first)
        s.append(second)
    return Seismograms(
        torch.from_numpy(np.stack(traces)), torch.tensor(p), torch.tensor(s), RATE, tuple(path.stem for path in paths)
    )


def seismograms(count: int, *, samples: int = 3_000, seed: int = 0) -> Seismograms:
    """``count`` made seismograms of ``samples`` samples at 100 a second; number i is the same whatever
    ``count`` is.
    """
    if count < 1 or samples < 1_000:
        raise DLModuleError(f"seismograms needs a count of at least 1 and 1000 samples, got {count} and {samples}")
    made = [_shaken(samples, np.random.default_rng(np.random.SeedSequence((seed, i)))) for i in range(count)]
    return Seismograms(
        torch.from_numpy(np.stack([trace for trace, _, _ in made])),
        torch.tensor([p for _, p, _ in made]),
        torch.tensor([s for _, _, s in made]),
        RATE,
        tuple(f"made-{seed}-{i}" for i in range(count)),
    )


def _shaken(samples: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], int, int]:
    p = int(rng.uniform(0.15, 0.5) * samples)
    longest = (samples - p) / RATE * 0.7
    delay = np.exp(rng.uniform(np.log(0.8), np.log(np.clip(longest, 1.0, 15.0))))  # seconds between the arrivals
    s = p + round(delay * RATE)
    distance = 8.0 * delay  # km
    corner = rng.uniform(8, 16) / (1 + distance / 60)  # Hz: high frequencies are absorbed on the way
    snr = 10 ** rng.uniform(0.25, 1.6)
    ground = np.stack([_coloured(samples, rng.uniform(1, 3), rng.uniform(8, 25), rng) for _ in range(3)])
    # The ocean's hum, at periods of a few seconds: on some stations it is louder than everything else.
    hum = rng.exponential(0.8)
    ground += hum * np.stack([_coloured(samples, 0.15, 0.35, rng) for _ in range(3)])
    s_strength = rng.uniform(1.5, 4.0)
    for component in range(3):
        vertical = component == 2
        p_wave = _arrival(samples, p, corner, 0.25 * delay + 0.4, rng) * (1.0 if vertical else rng.uniform(0.2, 0.6))
        s_wave = _arrival(samples, s, 0.7 * corner, 0.5 * delay + 1.0, rng) * (
            rng.uniform(0.3, 0.6) if vertical else 1.0
        )
        ground[component] += snr * (p_wave + s_strength * s_wave)
    return _standardised(ground), p, s


def _arrival(samples: int, start: int, corner: float, decay: float, rng: np.random.Generator) -> NDArray[np.floating]:
    """A burst that begins at ``start``: scattered energy around ``corner`` Hz under a sharp rise and a
    slow decay (seconds).
    """
    since = (np.arange(samples) - start) / RATE
    after = np.maximum(since, 0)
    envelope = (1 - np.exp(-after / 0.04)) * (0.25 + 0.75 * np.exp(-after / (0.3 * decay))) * np.exp(-after / decay)
    # The direct wave itself: a few clear swings with a definite first motion.
    direct = np.sin(2 * np.pi * corner * 0.8 * after) * np.exp(-after * corner / 3) * rng.choice((-1.0, 1.0))
    return np.where(since > 0, envelope * _coloured(samples, 0.5 * corner, 1.5 * corner, rng) + 1.5 * direct, 0.0)


def _coloured(samples: int, low: float, high: float, rng: np.random.Generator) -> NDArray[np.floating]:
    """Noise of unit variance whose spectrum falls off smoothly outside ``low``..``high`` Hz."""
    frequency = np.fft.rfftfreq(samples, 1 / RATE)
    with np.errstate(divide="ignore"):
        gain = 1 / np.sqrt((1 + (low / np.maximum(frequency, 1e-9)) ** 4) * (1 + (frequency / high) ** 4))
    noise = np.fft.irfft(np.fft.rfft(rng.normal(size=samples)) * gain, samples)
    return np.asarray(noise / noise.std())


def _standardised(trace: NDArray[np.floating]) -> NDArray[np.float32]:
    """(3, T): zero mean and unit standard deviation for each component; a dead one stays zero."""
    centred = trace - trace.mean(1, keepdims=True)
    return np.asarray(centred / np.maximum(centred.std(1, keepdims=True), 1e-12), dtype=np.float32)
