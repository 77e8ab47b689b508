"""Layered earth, made: seismic sections and volumes with folds, dips, faults and everything that made them.

The recipe is that of Wu et al. (2019, Geophysics 84(3), IM35, FaultSeg3D), written as one function of
position. Layers are laid flat, then folded, tilted and cut; run backwards, each point of the present section
is moved back through its faults, its tilt and its folds to the depth at which it was laid down (its
geological *age*). Impedance is a function of age alone. Reflectivity is the relative contrast of impedance
from one sample to the next down a trace; the image is reflectivity convolved with a Ricker wavelet, so it is
band-limited, plus noise of the same band.

* Depth is computed `FINE` times finer than the image, so that dipping layers have no steps.
* A fault's throw is parallel to its plane, so both sides fit together exactly, and the mask is where the
  plane is.
* Section i has its own seed sequence (seed, i): the first 5 of 100 sections are the same as 5 sections.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlmodule.errors import DLModuleError

FINE = 4
HORIZONS = 5
Array = NDArray[np.floating]


@dataclass(frozen=True)
class Geology:
    """How deformed the ground may be; each (low, high) is drawn from uniformly for each section.

    dip: slope of the layers, samples down per trace; folds: how many; fold_height: of each, in samples;
    faults: how many; throw: displacement along the fault, in samples; thickness: of a layer, in samples;
    frequency: of the wavelet's peak, in cycles per sample; noise: standard deviation, in units of the
    image's; salt: chance of a chaotic body without layers.
    """

    dip: tuple[float, float] = (-0.2, 0.2)
    folds: tuple[int, int] = (2, 5)
    fold_height: tuple[float, float] = (2.0, 10.0)
    faults: tuple[int, int] = (1, 4)
    throw: tuple[float, float] = (5.0, 16.0)
    thickness: tuple[float, float] = (3.0, 12.0)
    frequency: tuple[float, float] = (0.08, 0.14)
    noise: tuple[float, float] = (0.05, 0.35)
    salt: float = 0.0


@dataclass(frozen=True)
class Sections:
    """Sections of height H (depth or two-way time, downwards) and width W (traces), and the ground truth
    behind them.

    images: (N, 1, H, W) float32, seismic amplitude of standard deviation 1; masks: (N, 1, H, W) float32, 1 on
    a fault; reflectivity: (N, 1, H, W) float32, before the wavelet, summed over the fine samples; impedance:
    (N, 1, H, W) float32, in 10^6 kg m^-2 s^-1; age: (N, 1, H, W) float32, depth in samples at which a point
    was laid down, equal along a layer; horizons: (N, 5, W) float32, depth in samples of five layer tops, NaN
    where outside the section; salt: (N, 1, H, W) float32.
    """

    images: Tensor
    masks: Tensor
    reflectivity: Tensor
    impedance: Tensor
    age: Tensor
    horizons: Tensor
    salt: Tensor

    def __len__(self) -> int:
        return len(self.images)


def sections(
    count: int, *, height: int = 128, width: int = 128, seed: int = 0, geology: Geology | None = None
) -> Sections:
    """``count`` independent sections.

    About 6 ms each at 128 x 128 on one core. Raises `DLModuleError` for sizes below 16.
    """
    if count < 1:
        raise DLModuleError(f"count must be at least 1, got {count}")
    drawn = [volume(height, 1, width, seed=(seed, i), geology=geology) for i in range(count)]
    parts = {name: torch.stack([getattr(v, name)[..., 0, :] for v in drawn]) for name in Sections.__dataclass_fields__}
    horizons = parts.pop("horizons")
    return Sections(**{name: part[:, None] for name, part in parts.items()}, horizons=horizons)


def volume(
    depth: int,
    inlines: int,
    crosslines: int,
    *,
    seed: int | tuple[int, ...] = 0,
    geology: Geology | None = None,
) -> Sections:
    """One 3-D volume:

    `Sections` whose tensors have shape (depth, inlines, crosslines), and horizons (5, inlines, crosslines).
    """
    if depth < 16 or crosslines < 16 or inlines < 1:
        raise DLModuleError(f"a section needs at least 16 x 16 samples, got {depth} x {crosslines} ({inlines} inlines)")
    ground = geology or Geology()
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    fine = np.arange(depth * FINE, dtype=np.float32) / FINE
    z, y, x = np.meshgrid(
        fine, np.arange(inlines, dtype=np.float32), np.arange(crosslines, dtype=np.float32), indexing="ij"
    )
    age, fault = deform(z, y, x, ground, rng)
    impedance = layered_impedance(age, ground, rng)
    salt = _salt_body(z, y, x, ground, rng)
    impedance = np.where(salt > 0, salt, impedance)
    above = np.concatenate((impedance[:1], impedance[:-1]))
    reflectivity = (impedance - above) / (impedance + above)
    wavelet = ricker(rng.uniform(*ground.frequency) / FINE, FINE)
    noise = rng.standard_normal(z.shape, dtype=np.float32)
    clean, rough = _down_trace(reflectivity, wavelet)[::FINE], _down_trace(noise, wavelet)[::FINE]
    # Half of the noise has the wavelet's band (what processing leaves), half is white.
    image = clean / (clean.std() + 1e-12)
    white = rng.standard_normal(image.shape, dtype=np.float32)
    image = image + rng.uniform(*ground.noise) * (rough / rough.std() + white) / np.sqrt(2)
    image = image / image.std()

    def coarse(values: Array) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values[::FINE], dtype=np.float32))

    summed = reflectivity.reshape(depth, FINE, inlines, crosslines).sum(1)
    mask = np.where(salt > 0, 0, fault).reshape(depth, FINE, inlines, crosslines).max(1)
    return Sections(
        images=torch.from_numpy(image.astype(np.float32)),
        masks=torch.from_numpy(mask.astype(np.float32)),
        reflectivity=torch.from_numpy(summed.astype(np.float32)),
        impedance=coarse(impedance),
        age=coarse(age),
        horizons=torch.from_numpy(_layer_tops(age, salt > 0)),
        salt=coarse((salt > 0).astype(np.float32)),
    )


def deform(z: Array, y: Array, x: Array, ground: Geology, rng: np.random.Generator) -> tuple[Array, Array]:
    """Each present point's age (depth of deposition, in samples), and 1 where it lies on a fault plane.

    Faults are the youngest, so they are undone first; then tilt and folds, which shift whole columns.
    """
    depth, width = float(z.max()) + 1, float(x.max()) + 1
    middle_y = float(y.mean())
    on_fault = np.zeros_like(z)
    count = int(rng.integers(ground.faults[0], ground.faults[1], endpoint=True))
    lean = rng.choice((-1.0, 1.0))
    for number in range(count):
        # One family of faults, evenly spread with jitter, most leaning the same way as in an extending basin.
        start = width * (0.12 + 0.76 * (number + rng.uniform(0.15, 0.85)) / count)
        slope = np.deg2rad(rng.uniform(55, 80)) * (lean if rng.random() < 0.75 else -lean)
        strike = rng.uniform(-0.35, 0.35)
        throw = rng.uniform(*ground.throw) * (1.0 if rng.random() < 0.8 else -1.0)
        # Unit vector down the plane in (x, z), and signed distance from the plane, positive in the block
        # above it.
        down_x, down_z = np.cos(slope) * np.sign(slope), abs(np.sin(slope))
        offset = x - start - strike * (y - middle_y)
        above = (offset * down_z - (z - depth / 2) * down_x) * np.sign(slope)
        on_fault = np.maximum(on_fault, (np.abs(above) < 0.75).astype(np.float32))
        moved = (above > 0) * np.float32(throw)
        x, z = x - moved * np.float32(down_x), z - moved * np.float32(down_z)
    age = z - rng.uniform(*ground.dip) * (x - width / 2) - rng.uniform(-0.1, 0.1) * (y - middle_y)
    for _ in range(int(rng.integers(ground.folds[0], ground.folds[1], endpoint=True))):
        height = rng.uniform(*ground.fold_height) * rng.choice((-1.0, 1.0))
        reach = width * rng.uniform(0.08, 0.25)
        squared = (x - rng.uniform(0, width)) ** 2 + (y - middle_y - rng.uniform(-width / 4, width / 4)) ** 2
        # Folds grow with depth, as they do over a rising structure.
        age = age + height * np.exp(-squared / (2 * reach**2)) * (0.4 + 0.6 * z / depth)
    return age.astype(np.float32), on_fault


def layered_impedance(age: Array, ground: Geology, rng: np.random.Generator) -> Array:
    """Impedance (10^6 kg m^-2 s^-1) at each age: blocky layers of random thickness, hardening with depth."""
    low, high = float(age.min()) - 1, float(age.max()) + 1
    thickness = rng.uniform(*ground.thickness, size=int((high - low) / ground.thickness[0]) + 2)
    tops = low + np.cumsum(thickness)
    layers = np.concatenate(([0.0], rng.normal(size=len(tops))))
    # Some layers contrast strongly (a limestone in shale): a heavy tail gives the few bright reflectors a
    # section is known by.
    layers *= np.where(rng.random(len(layers)) < 0.2, 2.0, 1.0)
    values = np.clip(6.0 + 0.02 * np.concatenate(([low], tops)) + 0.6 * layers, 2.5, 14.0)
    return values[np.searchsorted(tops, age)].astype(np.float32)


def ricker(frequency: float, fine: int = 1) -> Array:
    """Ricker wavelet of peak ``frequency`` (cycles per sample), odd length, peak 1 (Ricker 1953,
    doi:10.1190/1.1437843).
    """
    half = int(np.ceil(1.3 / frequency / fine)) * fine
    squared = (np.pi * frequency * np.arange(-half, half + 1)) ** 2
    return np.asarray((1 - 2 * squared) * np.exp(-squared), dtype=np.float32)


def _down_trace(values: Array, wavelet: Array) -> Array:
    from scipy.signal import fftconvolve

    return np.asarray(fftconvolve(values, wavelet[:, None, None], mode="same", axes=0))


def _salt_body(z: Array, y: Array, x: Array, ground: Geology, rng: np.random.Generator) -> Array:
    """Impedance inside a chaotic body that rises from below, zero outside it.

    No layers: blobs without order.
    """
    if rng.random() >= ground.salt:
        return np.zeros_like(z)
    from scipy.ndimage import gaussian_filter

    depth, width = float(z.max()) + 1, float(x.max()) + 1
    centre, reach = width * rng.uniform(0.3, 0.7), width * rng.uniform(0.18, 0.32)
    top, wobble = depth * rng.uniform(0.15, 0.45), rng.uniform(0, 2 * np.pi, size=2)
    across = (x - centre) / reach
    edge = top + depth * (
        0.5 * across**2 + 0.04 * np.sin(5 * across + wobble[0]) + 0.02 * np.sin(11 * across + wobble[1])
    )
    edge = edge + depth * 0.5 * ((y - y.mean()) / width) ** 2
    blobs = gaussian_filter(rng.standard_normal(z.shape), (1.2 * FINE, 1, 2), mode="nearest")
    inside = 9.5 + 0.35 * blobs / blobs.std()
    return np.where(z > edge, inside, 0.0).astype(np.float32)


def _layer_tops(age: Array, hidden: NDArray[np.bool_]) -> Array:
    """Depth (samples) at which each trace first reaches five ages spread over the section, NaN where it
    does not.
    """
    shallow, deep = np.quantile(age, 0.15), np.quantile(age, 0.85)
    tops = np.full((HORIZONS, *age.shape[1:]), np.nan, dtype=np.float32)
    for k, level in enumerate(np.linspace(shallow, deep, HORIZONS)):
        reached = age >= level
        first = reached.argmax(0)
        recorded = reached.any(0) & (first > 0) & ~np.take_along_axis(hidden, first[None], 0)[0]
        tops[k] = np.where(recorded, first / FINE, np.nan)
    return tops
