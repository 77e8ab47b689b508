"""The three records: their spans, their gaps, and the periods they are known for."""

import pytest
import torch

from dlmodule.data import co2, el_nino, sunspots


@pytest.mark.parametrize(
    ("load", "length", "first", "last", "gaps"),
    [(co2, 526, 1958.2, 2001.96, 5), (sunspots, 309, 1700, 2008, 0), (el_nino, 732, 1950.04, 2010.96, 0)],
)
def test_span_and_gaps(load, length, first, last, gaps):
    """Each record has the documented span at equal steps, and as many filled gaps as it says; nothing is
    missing.
    """
    series = load()
    assert len(series) == length == len(series.times) and int(series.filled.sum()) == gaps
    assert series.values.dtype == torch.float32 and not bool(series.values.isnan().any())
    assert abs(float(series.times[0]) - first) < 0.01 and abs(float(series.times[-1]) - last) < 0.01
    assert torch.allclose(series.times.diff(), series.times.diff()[0].expand(length - 1), atol=1e-6)


@pytest.mark.parametrize(("load", "period"), [(co2, 12), (el_nino, 12), (sunspots, 11)])
def test_period(load, period):
    """The strongest period of each record, its trend taken out, is the one it is known for."""
    values = load().values.double()
    time = torch.arange(len(values)).double()
    terms = torch.stack([torch.ones_like(time), time, time**2], 1)
    rest = values - terms @ torch.linalg.lstsq(terms, values).solution
    power = torch.fft.rfft(rest * torch.hann_window(len(rest), dtype=torch.float64)).abs()[4:]
    assert abs(len(values) / (int(power.argmax()) + 4) - period) < 0.6
