"""`wells`: well logs with the porosity and the rock behind them, made from the rock physics log analysts use.

Down each well rocks follow one another as a Markov chain (sand fines upwards into shale, carbonates alternate).
Porosity falls with depth as sediments compact (Athy 1930); shale volume, cement and pore fluid vary within a rock.
From these, with v = Vsh (1 - phi) the part of the volume that is wet shale, the five logs:

    gamma ray       GR   = GR_clean + (GR_shale - GR_clean) Vsh
    bulk density    RHOB = (1 - phi - v) rho_matrix + v rho_shale + phi rho_fluid
    neutron         NPHI = phi HI_fluid + 0.3 v + matrix effect       (gas reads low: the "cross-over")
    sonic           DT   = (1 - phi - v) dt_matrix + v dt_shale + phi dt_fluid   (Wyllie et al. 1956)
    resistivity     1/RT = phi^2 Sw^2 / Rw + v Sw / R_shale           (Archie 1942, plus shale conduction)

Each log is then averaged over its tool's length, so thin beds blur, shifted by the well's own calibration, and made
noisy. Wells differ (calibration, water salinity, compaction, rocks), so the honest split is by well: neighbours in
depth look alike.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlmodule.data.images import checked_split
from dlmodule.data.labelled import Labelled
from dlmodule.errors import DLModuleError

Reals = NDArray[np.floating]
Codes = NDArray[np.int64]
LOGS = ("gamma ray (API)", "density (g/cm3)", "neutron (v/v)", "sonic (us/ft)", "resistivity (log10 ohm m)")
ROCKS = ("sandstone", "siltstone", "shale", "limestone", "dolomite")
STEP = 0.5  # metres between samples
TRAIN_WELLS, TEST_WELLS = 8, 4
# One row a rock: matrix density, matrix sonic, neutron matrix effect, surface porosity, mean and spread of
# shale volume, clean GR.
_PHYSICS = np.array(
    [
        [2.65, 55.5, -0.03, 0.40, 0.08, 0.05, 25.0],
        [2.66, 57.0, -0.02, 0.36, 0.32, 0.09, 35.0],
        [2.68, 60.0, 0.00, 0.22, 0.68, 0.10, 45.0],
        [2.71, 47.5, 0.00, 0.26, 0.05, 0.04, 14.0],
        [2.86, 43.5, 0.04, 0.22, 0.04, 0.03, 18.0],
    ]
)
# From a rock (row) to the one below it (column).
_BELOW = np.array(
    [
        [0.00, 0.25, 0.60, 0.10, 0.05],
        [0.55, 0.00, 0.35, 0.07, 0.03],
        [0.25, 0.45, 0.00, 0.25, 0.05],
        [0.08, 0.10, 0.42, 0.00, 0.40],
        [0.05, 0.05, 0.30, 0.60, 0.00],
    ]
)
_FLUID_DENSITY, _FLUID_HYDROGEN, _FLUID_SONIC = (1.03, 0.80, 0.25), (1.0, 0.95, 0.45), (189.0, 205.0, 260.0)
WATER, OIL, GAS = range(3)


@dataclass(frozen=True)
class WellLogs:
    """Samples of several wells, from shallow to deep.

    x: (N, 5) float32, the logs in the units of ``LOGS``; porosity: (N,) float32, a fraction; rock: (N,)
    int64, indices into ``ROCKS``; depth: (N,) float32, metres; well: (N,) int64, which well a sample is from.
    """

    x: Tensor
    porosity: Tensor
    rock: Tensor
    depth: Tensor
    well: Tensor

    def __len__(self) -> int:
        return len(self.well)

    def of(self, *numbers: int) -> "WellLogs":
        """Only the samples of the wells with these numbers."""
        here = torch.isin(self.well, torch.tensor(numbers))
        if not numbers or not bool(here.any()):
            raise DLModuleError(f"no well is numbered {', '.join(map(str, numbers)) or 'nothing'}")
        return WellLogs(self.x[here], self.porosity[here], self.rock[here], self.depth[here], self.well[here])


def wells(count: int = 12, *, samples: int = 600, seed: int = 0) -> WellLogs:
    """``count`` wells of ``samples`` samples, half a metre apart; well i is the same whatever ``count``
    is.
    """
    if count < 1 or samples < 1:
        raise DLModuleError(f"wells needs at least 1 well of 1 sample, got {count} of {samples}")
    drilled = [_drill(samples, np.random.default_rng(np.random.SeedSequence((seed, i)))) for i in range(count)]
    logs, porosity, rock, depth = (np.concatenate(column) for column in zip(*drilled, strict=True))
    return WellLogs(
        x=torch.from_numpy(logs.astype(np.float32)),
        porosity=torch.from_numpy(porosity.astype(np.float32)),
        rock=torch.from_numpy(rock.astype(np.int64)),
        depth=torch.from_numpy(depth.astype(np.float32)),
        well=torch.arange(count).repeat_interleave(samples),
    )


def rocks(split: str = "train") -> Labelled:
    """Rock type from five logs, x (N, 5) in the units of ``LOGS``: wells 0-7 to train on, wells 8-11 to
    test on.
    """
    checked_split(split, "rocks")
    chosen = range(TRAIN_WELLS) if split == "train" else range(TRAIN_WELLS, TRAIN_WELLS + TEST_WELLS)
    logs = wells(TRAIN_WELLS + TEST_WELLS).of(*chosen)
    return Labelled(logs.x, logs.rock, ROCKS, "rocks")


def _drill(samples: int, rng: np.random.Generator) -> tuple[Reals, Reals, Codes, Reals]:
    """One well: logs (samples, 5), porosity, rock, depth."""
    depth = STEP * (round(rng.uniform(1200, 2000) / STEP) + np.arange(samples))
    bed, rock = _beds(samples, rng)
    surface, shale_mean, shale_spread = _PHYSICS[rock, 3:6].T
    # Within a bed, properties wander slowly about a value of its own.
    shale = np.clip(shale_mean + shale_spread * (rng.normal(size=bed.max() + 1)[bed] + _wander(samples, rng)), 0, 0.92)
    compaction = np.exp(-depth / rng.uniform(3200, 4500))
    cement = rng.normal(0, 0.18, size=bed.max() + 1)[bed] + 0.15 * _wander(samples, rng)
    porosity = np.clip(surface * compaction * np.exp(cement) * (1 - 0.35 * shale), 0.01, 0.40)
    fluid, water = _fluids(bed, rock, rng)
    logs = _respond(porosity, shale, fluid, water, rock, rng)
    return logs, porosity, rock, depth


def _beds(samples: int, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """For each sample, the number of its bed and its rock; beds are 1 to about 20 m thick."""
    bed, rock = np.empty(samples, dtype=np.int64), np.empty(samples, dtype=np.int64)
    top, number, kind = 0, 0, int(rng.integers(len(ROCKS)))
    while top < samples:
        thickness = 2 + int(rng.gamma(2.0, 5.0))
        bed[top : top + thickness], rock[top : top + thickness] = number, kind
        top, number, kind = top + thickness, number + 1, int(rng.choice(len(ROCKS), p=_BELOW[kind]))
    return bed, rock


def _fluids(bed: Codes, rock: Codes, rng: np.random.Generator) -> tuple[Codes, Reals]:
    """Pore fluid and water saturation of each sample: some reservoir beds hold oil or gas, the rest brine."""
    beds = int(bed.max()) + 1
    held = rng.choice((WATER, OIL, GAS), size=beds, p=(0.7, 0.18, 0.12))
    fluid = np.where(np.isin(rock, (ROCKS.index("shale"), ROCKS.index("siltstone"))), WATER, held[bed])
    return fluid, np.where(fluid == WATER, 1.0, rng.uniform(0.2, 0.5, size=beds)[bed])


def _respond(porosity: Reals, shale: Reals, fluid: Codes, water: Reals, rock: Codes, rng: np.random.Generator) -> Reals:
    """What the five tools read: the module's equations, then each tool's length, calibration and noise."""

    def mixed(constants: tuple[float, ...]) -> Reals:
        other: Reals = np.array(constants)[fluid]
        return water * constants[WATER] + (1 - water) * other

    matrix_density, matrix_sonic, neutron_shift, _, _, _, clean = _PHYSICS[rock].T
    solid = 1 - porosity - (wet_shale := shale * (1 - porosity))
    gamma = clean + (rng.uniform(105, 135) - clean) * shale
    density = solid * matrix_density + wet_shale * 2.58 + porosity * mixed(_FLUID_DENSITY)
    neutron = porosity * mixed(_FLUID_HYDROGEN) + 0.3 * wet_shale + neutron_shift * (1 - shale)
    sonic = solid * matrix_sonic + wet_shale * 85.0 + porosity * mixed(_FLUID_SONIC)
    brine = rng.uniform(0.03, 0.09)
    conductivity = porosity**2 * water**2 / brine + wet_shale * water / 4.0 + 1e-4
    logs = np.stack((gamma, density, neutron, sonic, -np.log10(conductivity)), 1)
    calibration = rng.normal(size=5) * (4.0, 0.015, 0.010, 1.0, 0.05)
    noise = rng.normal(size=logs.shape) * (3.5, 0.015, 0.010, 1.0, 0.04)
    lengths = (5, 3, 3, 3, 5)  # samples, so 1.5 to 2.5 m
    blurred = np.stack([_average(log, length) for log, length in zip(logs.T, lengths, strict=True)], 1)
    return blurred + calibration + noise


def _average(values: Reals, length: int) -> Reals:
    padded = np.pad(values, length // 2, mode="edge")
    return np.convolve(padded, np.full(length, 1 / length), mode="valid")


def _wander(samples: int, rng: np.random.Generator) -> Reals:
    """Smooth noise of unit variance, correlated over about ten samples."""
    kernel = np.exp(-0.5 * (np.arange(-15, 16) / 5.0) ** 2)
    return np.convolve(rng.normal(size=samples + 30), kernel / np.sqrt((kernel**2).sum()), mode="valid")
