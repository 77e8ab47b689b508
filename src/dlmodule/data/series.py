"""Three records of the earth and the sun as monthly or yearly series, from statsmodels: no download.

Their gaps are stated and filled here, so that every notebook starts from the same numbers.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Series:
    """A record at equal steps of time.

    values: (T,) float32, in ``unit``, oldest first; times: (T,) float64, decimal years; period: samples in a
    season; filled: (T,) bool, True where a gap was filled.
    """

    values: Tensor
    times: Tensor
    period: int
    unit: str
    name: str
    filled: Tensor

    def __len__(self) -> int:
        return len(self.values)


def co2() -> Series:
    """Carbon dioxide at Mauna Loa, monthly means of weekly samples, March 1958 to December 2001, ppm (Keeling
    and Whorf 2004).

    A month without a sample is filled by a straight line between its neighbours, and marked in ``filled``.
    """
    from statsmodels.datasets import co2 as source

    monthly = source.load_pandas().data["co2"].resample("MS").mean()
    times = monthly.index.year.to_numpy() + (monthly.index.month.to_numpy() - 0.5) / 12
    return _filled_series(monthly.to_numpy(), times, 12, "ppm", "co2")


def sunspots() -> Series:
    """Yearly mean sunspot number, 1700 to 2008 (SIDC, version 1 of the series); no gaps.

    The solar cycle is about 11 years.
    """
    from statsmodels.datasets import sunspots as source

    data = source.load_pandas().data
    return _filled_series(data["SUNACTIVITY"].to_numpy(), data["YEAR"].to_numpy(), 11, "sunspot number", "sunspots")


def el_nino() -> Series:
    """Monthly sea-surface temperature of the Nino 1+2 region (0-10 S, 90-80 W), January 1950 to December
    2010, degrees C (NOAA).
    """
    from statsmodels.datasets import elnino as source

    data = source.load_pandas().data
    values = data.drop(columns="YEAR").to_numpy().ravel()
    times = (data["YEAR"].to_numpy()[:, None] + (np.arange(12) + 0.5) / 12).ravel()
    return _filled_series(values, times, 12, "degrees C", "el_nino")


def _filled_series(values: np.ndarray, times: np.ndarray, period: int, unit: str, name: str) -> Series:
    missing = np.isnan(values)
    whole = np.interp(times, times[~missing], values[~missing])
    return Series(
        values=torch.from_numpy(whole.astype(np.float32)),
        times=torch.from_numpy(times.astype(np.float64)),
        period=period,
        unit=unit,
        name=name,
        filled=torch.from_numpy(missing),
    )
