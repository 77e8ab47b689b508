"""The sea off Peru a year ahead, from anomalies, with an error bar."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured
from dlmodule.training import fit, predict

exercise = Exercise(
    difficulty=4,
    minutes=20,
    move_on=35,
    hints=(
        "Give every month of the record its three features once; a window is then rows of that table. Which months may the climatology and the standard deviation come from?",
        "Work with origins: origins[:, None] + torch.arange(-inputs, 0) are the months before, origins[:, None] + torch.arange(horizon) those to forecast. The season continues beyond the record.",
    ),
    measured=Measured("rmse", higher=False),
)

TEST = 240


def numbers(x: torch.Tensor) -> list[float]:
    """A few of the numbers of a tensor, as data."""
    return [round(float(v), 3) for v in x.detach().flatten()[:: max(1, x.numel() // 7)]]


@exercise.probe
def probe(candidate, case):
    values = data.el_nino().values
    first = len(values) - TEST
    forecast, _ = candidate(values, TEST, epochs=10, seed=case.seed)
    truth = values[first:].unfold(0, 12, 1)
    # Without an epoch the network adds nothing: the forecast is the climatology.
    flat, flat_spread = candidate(values[:200], 30, inputs=8, horizon=5, held=40, epochs=0, seed=3)
    small = {"hidden": 4, "epochs": 2}
    other_future, other_held = values.clone(), values.clone()
    other_future[first + 6 :] += torch.linspace(0.5, 6, TEST - 6)
    other_held[first - 60 : first - 30] += 1.0
    a, a_spread = candidate(values, TEST, seed=5, **small)
    b, b_spread = candidate(other_future, TEST, seed=5, **small)
    c, c_spread = candidate(other_held, TEST, seed=5, **small)
    again, other = candidate(values, TEST, seed=5, **small)[0], candidate(values, TEST, seed=6, **small)[0]
    double = candidate(2 * values, TEST, seed=5, **small)[0]
    return {
        "rmse": (forecast[: len(truth)] - truth).square().mean().sqrt().item(),
        "shapes": [list(flat.shape), list(flat_spread.shape)],
        "without training": numbers(flat),
        "error bar without training": numbers(flat_spread),
        "the future moves the forecast": not torch.allclose(a[:7], b[:7], atol=1e-3),
        "the future moves the error bar": not torch.allclose(a_spread, b_spread, atol=1e-3),
        "the held months move the fit": not torch.allclose(a, c, atol=1e-3),
        "the held months move the error bar": not torch.allclose(a_spread, c_spread, atol=1e-3),
        "twice the values, twice the forecast": torch.allclose(double, 2 * a, rtol=1e-4),
        "same seed, same forecast": torch.allclose(a, again, atol=1e-3),
        "another seed, another forecast": not torch.allclose(a, other, atol=1e-5),
    }


@exercise.cases
def cases():
    yield Case().named("the sea off Peru, ten epochs")


exercise.edit(
    "climatology_of_the_whole_record", "climatology = torch.stack([fitted[month::12].mean() for month in range(12)])",
    "climatology = torch.stack([values[month::12].mean() for month in range(12)])",
    "Months of the test period have moved your forecasts: the climatology is a mean over the whole record. Take it from the months of the fit.",
)  # fmt: skip
exercise.edit(
    "scaled_by_the_whole_record", "std = anomaly[: len(fitted)].std()", "std = anomaly.std()",
    "The standard deviation comes from the whole record. It is one number, and still a leak: it knows how large the El Niños to come are.",
)  # fmt: skip
exercise.edit(
    "fitted_to_the_held_months", "origins = torch.arange(inputs, len(fitted) - horizon + 1)", "origins = torch.arange(inputs, first_origin - horizon + 1)",
    "The network is fitted to the held months as well, so the error bar is measured on months that it knows. It will be too short.",
)  # fmt: skip
exercise.edit(
    "season_of_the_origin", "climatology[month[origins[:, None] + torch.arange(horizon)]]", "climatology[month[origins[:, None]]].expand(-1, horizon)",
    "You add the climatology of the origin's month at every lead. The season moves on: use the month that is forecast.",
)  # fmt: skip
exercise.edit(
    "one_error_bar_for_all_leads", "square().mean(0).sqrt()", "square().mean().sqrt().expand(horizon)",
    "Your error bar is the same for all leads. Take the mean over windows only.",
)  # fmt: skip
exercise.edit(
    "anomalies_returned", "return season_at(origins) + predict", "return 0 * season_at(origins) + predict",
    "You return anomalies. Add the climatology of the month: degrees are asked.",
)  # fmt: skip
exercise.edit(
    "last_origin_missing", "torch.arange(first_origin, len(values) + 1)", "torch.arange(first_origin, len(values))",
    "The last origin is missing: the one at the end of the record, whose forecast is next year.",
)  # fmt: skip
exercise.edit(
    "seed_not_used", "torch.manual_seed(seed)", "torch.seed()",
    "The same seed gave two forecasts: torch.manual_seed(seed) has to stand before the network is made.",
)  # fmt: skip


class Own(nn.Module):
    """A forecaster of its own: a GRU's or an LSTM's last state and a linear layer that starts at zero."""

    def __init__(self, layer, hidden, horizon):
        super().__init__()
        self.layer, self.head = layer(3, hidden, batch_first=True), nn.Linear(hidden, horizon)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


def forecasts(values, test, inputs, horizon, held, hidden, epochs, seed, layer=nn.LSTM):
    """The whole exercise, by windows of one long table."""
    first = len(values) - test
    known = first - held
    season = torch.stack([values[:known][m::12].mean() for m in range(12)]).repeat(-(-(len(values) + horizon) // 12))
    anomaly = values - season[: len(values)]
    scale = anomaly[:known].std()
    angle = torch.arange(len(values)) % 12 * (math.pi / 6)
    table = torch.stack([anomaly / scale, torch.sin(angle), torch.cos(angle)], 1)
    x = table.unfold(0, inputs, 1).movedim(2, 1)  # row i: the months before origin i + inputs
    y = anomaly[inputs:].unfold(0, horizon, 1) / scale
    count = known - inputs - horizon + 1
    torch.manual_seed(seed)
    model = Own(layer, hidden, horizon)
    fit(model, (x[:count].contiguous(), y[:count]), epochs=epochs, batch_size=64, lr=5e-3, weight_decay=0.01, loss_fn=F.mse_loss, schedule="one_cycle", clip=1.0, seed=seed, progress=False, precision="float32")  # fmt: skip
    z = predict(model, x.contiguous(), precision="float32") * scale
    forecast = z + season[inputs:].unfold(0, horizon, 1)[: len(z)]
    judged = slice(known - inputs, first - inputs - horizon + 1)
    error = forecast[judged] - values[inputs:].unfold(0, horizon, 1)[judged]
    return forecast[first - inputs :], error.pow(2).mean(dim=0).sqrt()


@exercise.alternative
def by_windows(values, test, *, inputs=12, horizon=12, held=60, hidden=16, epochs=20, seed=0):
    return forecasts(values, test, inputs, horizon, held, hidden, epochs, seed)


@exercise.alternative
def with_a_gru(values, test, *, inputs=12, horizon=12, held=60, hidden=16, epochs=20, seed=0):
    return forecasts(values, test, inputs, horizon, held, hidden, epochs, seed, layer=nn.GRU)


@exercise.ledger("el_nino", seeds=5)
def el_nino(solution, seed):
    """Twenty epochs on the sea off Peru; twenty years of test, beside the seasonal naive and the climatology."""
    values = data.el_nino().values
    forecast, spread = solution(values, TEST, seed=seed)
    first = len(values) - TEST
    truth = values[first:].unfold(0, 12, 1)
    naive = values[first - 12 : -12].unfold(0, 12, 1)
    known = values[: first - 60]
    season = torch.stack([known[m::12].mean() for m in range(12)]).repeat(100)[first : len(values)].unfold(0, 12, 1)
    error = forecast[: len(truth)] - truth

    def rmse(x):
        return x.square().mean().sqrt().item()

    return {
        "rmse": rmse(error),
        "naive_rmse": rmse(naive - truth),
        "climatology_rmse": rmse(season - truth),
        "quiet_rmse": rmse(error[120:]),
        "quiet_climatology_rmse": rmse((season - truth)[120:]),
        "within_two": (error.abs() <= 2 * spread).float().mean().item(),
    }
