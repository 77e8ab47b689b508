"""Carbon dioxide a year ahead, with an error bar, and no look at the test period."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured
from dlmodule.training import fit, predict

exercise = Exercise(
    difficulty=4,
    minutes=15,
    core=True,
    hints=(
        "Cut first, compute later: which months may touch the mean, the standard deviation and the weights? Give that part a name and use only it.",
        "You need the same forecast three times: write a function from windows (N, inputs) to ppm (N, horizon). unfold(0, inputs, 1) gives the windows before each origin.",
    ),
    measured=Measured("rmse", higher=False),
)

TEST = 120


def numbers(x: torch.Tensor) -> list[float]:
    """A few of the numbers of a tensor, as data."""
    return [round(float(v), 3) for v in x.detach().flatten()[:: max(1, x.numel() // 7)]]


@exercise.probe
def probe(candidate, case):
    values = data.co2().values
    first = len(values) - TEST
    forecast, _ = candidate(values, TEST, epochs=15, seed=case.seed)
    truth = values[first:].unfold(0, 12, 1)
    # Without an epoch the network adds nothing, so that all of the arithmetic is known exactly.
    flat, flat_spread = candidate(values[:200], 30, inputs=18, horizon=5, held=40, epochs=0, seed=3)
    small = {"hidden": 4, "epochs": 2}
    other_future, other_held = values.clone(), values.clone()
    other_future[first + 6 :] += torch.linspace(5, 60, TEST - 6)
    other_held[first - 60 : first - 30] += 7.0
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
    yield Case().named("the record of Mauna Loa, fifteen epochs")


exercise.edit(
    "scaled_by_the_whole_record", "mean, std = yearly_change(x).mean(), yearly_change(x).std()",
    "everything = yearly_change(window_series(values, inputs, horizon)[0])\n    mean, std = everything.mean(), everything.std()",
    "Months of the test period have moved your forecasts. Do the mean and the standard deviation come from the whole record? That is a leak: use the months of the fit.",
)  # fmt: skip
exercise.edit(
    "fitted_to_the_held_months", "window_series(past[: len(past) - held], inputs, horizon)", "window_series(past, inputs, horizon)",
    "The held months are in the fit as well, so the error bar is measured on months that the network knows. It will be too short.",
)  # fmt: skip
exercise.edit(
    "error_bar_of_the_test_period", "window_series(past[len(past) - held - inputs :], inputs, horizon)",
    "window_series(values[len(past) - held - inputs :], inputs, horizon)",
    "Your error bar uses the test period. When a forecast is made, its own error is not known yet: use the held months only.",
)  # fmt: skip
exercise.edit(
    "one_error_bar_for_all_leads", "square().mean(0).sqrt()", "square().mean().sqrt().expand(horizon)",
    "Your error bar is the same for all leads. Next month is easier than next year: take the mean over windows only.",
)  # fmt: skip
exercise.edit(
    "mean_not_added_back", "added * std + mean", "added * std",
    "You scale back by the standard deviation only; the mean was subtracted, so it has to be added.",
)  # fmt: skip
exercise.edit(
    "seasonal_naive_forgotten", "return seasonal_naive(x, horizon, 12) + added", "return x[:, -1:] + added",
    "The network predicts what is added to the seasonal naive. You added it to something else.",
)  # fmt: skip
exercise.edit(
    "last_origin_missing", "values[len(past) - inputs :].unfold(0, inputs, 1)", "values[len(past) - inputs : -1].unfold(0, inputs, 1)",
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
        self.layer, self.head = layer(1, hidden, batch_first=True), nn.Linear(hidden, horizon)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


def forecasts(values, test, inputs, horizon, held, hidden, epochs, seed, layer=nn.LSTM, **recipe):
    """The whole exercise, written by origins."""
    first = len(values) - test
    rows = values.unfold(0, inputs, 1)  # row i is the window before origin i + inputs
    truth = values[inputs:].unfold(0, horizon, 1)
    naive = rows[:, inputs - 12 + torch.arange(horizon) % 12]
    change = rows[:, 12:] - rows[:, : inputs - 12]
    count = first - held - inputs - horizon + 1
    mean, std = change[:count].mean(), change[:count].std()
    z = ((change - mean) / std).unsqueeze(2)
    torch.manual_seed(seed)
    model = Own(layer, hidden, horizon)
    recipe = {"batch_size": 64, "lr": 5e-3, "weight_decay": 0.01, "schedule": "one_cycle", "clip": 1.0, **recipe}
    y = (truth[:count] - naive[:count] - mean) / std
    fit(
        model,
        (z[:count], y),
        epochs=epochs,
        loss_fn=F.mse_loss,
        seed=seed,
        progress=False,
        precision="float32",
        **recipe,
    )
    forecast = naive + mean + std * predict(model, z, precision="float32")
    judged = slice(first - held - inputs, first - inputs - horizon + 1)
    return forecast[first - inputs :], (forecast[judged] - truth[judged]).pow(2).mean(dim=0).sqrt()


@exercise.alternative
def by_origins(values, test, *, inputs=24, horizon=12, held=60, hidden=32, epochs=40, seed=0):
    return forecasts(values, test, inputs, horizon, held, hidden, epochs, seed)


@exercise.alternative
def with_a_gru(values, test, *, inputs=24, horizon=12, held=60, hidden=32, epochs=40, seed=0):
    return forecasts(values, test, inputs, horizon, held, hidden, epochs, seed, layer=nn.GRU, batch_size=32)


@exercise.mistake(
    "Is the learning rate 5e-3 at its peak? With a thousandth of it the network has hardly moved from its start."
)
def timid(values, test, *, inputs=24, horizon=12, held=60, hidden=32, epochs=40, seed=0):
    return forecasts(values, test, inputs, horizon, held, hidden, epochs, seed, lr=5e-6)


@exercise.ledger("co2", seeds=5)
def co2(solution, seed):
    """Forty epochs on the record of Mauna Loa; ten years of test, beside three answers without a network."""
    values = data.co2().values
    forecast, spread = solution(values, TEST, seed=seed)
    first = len(values) - TEST
    truth = values[first:].unfold(0, 12, 1)
    before = values[first - 13 : -12].unfold(0, 13, 1)[: len(truth)]
    naive = before[:, 1:]
    drift = naive + before[:, -1:] - before[:, :1]
    error = forecast[: len(truth)] - truth

    def rmse(x):
        return x.square().mean().sqrt().item()

    inside = (error.abs() <= 2 * spread).float().mean().item()
    return {
        "rmse": rmse(error),
        "naive_rmse": rmse(naive - truth),
        "drift_rmse": rmse(drift - truth),
        "within_two": inside,
    }
