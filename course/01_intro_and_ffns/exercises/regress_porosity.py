"""Train a network that estimates porosity in wells it has never seen."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured
from dlmodule.checking.training_facts import seed_facts

exercise = Exercise(
    difficulty=3,
    minutes=20,
    move_on=35,
    core=True,
    hints=(
        "The model has three parts in an nn.Sequential; the loop is that of train_digits with another loss.",
        "Standardise(logs) takes its mean and spread from the training logs once and for all. After nn.Flatten(0) the estimates have the "
        "targets' shape, and F.mse_loss(model(logs[index]), porosity[index]) compares like with like.",
    ),
    measured=Measured("rmse", higher=False),
)


@exercise.probe
def probe(candidate, case):
    wells = data.wells(6, samples=250)
    known, new = wells.of(0, 1, 2, 3), wells.of(4, 5)
    model = candidate(known.x, known.porosity, epochs=15, seed=case.seed)
    if not isinstance(model, nn.Module):
        return {"rmse": 1.0, "returned": type(model).__name__}
    few = known.of(0)
    with torch.no_grad():
        estimate, alone = model(new.x), model(new.x[:2])
    flat = estimate.reshape(-1)[: len(new)]
    return {
        "rmse": (flat - new.porosity).square().mean().sqrt().item(),
        "shape for 500 samples": list(estimate.shape),
        "the same number everywhere": bool(flat.std() < 0.02),
        "an answer depends on the rest of its batch": not torch.allclose(alone, estimate[:2], atol=1e-4),
        **seed_facts(lambda seed: candidate(few.x, few.porosity, epochs=1, seed=seed)(new.x), atol=1e-5),
    }


@exercise.cases
def cases():
    yield Case().named("four small wells to learn from, two to be judged on")


exercise.edit(
    "never_flattened",
    ", nn.Flatten(0))",
    ")",
    "Your model returns (N, 1), and the loss subtracted from it targets of shape (N,): a table of all estimates minus all targets, so "
    "that it learned the mean. End with nn.Flatten(0).",
)
exercise.edit(
    "seed_not_used",
    "torch.manual_seed(seed)",
    "torch.manual_seed(0)",
    "Seeds 5 and 6 gave the same model: `seed` never reaches torch.manual_seed.",
)
exercise.edit(
    "seed_too_late",
    "torch.manual_seed(seed)",
    "torch.seed()",
    "The same seed gave two different models: call torch.manual_seed(seed) before the model is made, since its weights are drawn then.",
)


def loop(model, logs, porosity, epochs, lr=5e-3, compare=F.mse_loss):
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        for index in torch.randperm(len(logs)).split(64):
            loss = compare(model(logs[index]), porosity[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model


@exercise.mistake(
    "Your model says nearly the same number everywhere. In the loss an (N, 1) meets an (N,): every estimate is compared with every "
    "target, and the best answer to that is their mean."
)
def table_in_the_loss(logs, porosity, *, epochs, seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(Standardise(logs), FeedForward([5, 32, 32, 1]), nn.Flatten(0))
    return loop(model, logs, porosity, epochs, compare=lambda estimate, y: (estimate[:, None] - y).square().mean())


class ByItsOwnBatch(nn.Module):
    """Standardises each batch by itself."""

    def forward(self, x):
        return (x - x.mean(0)) / (x.std(0) + 1e-3)


@exercise.mistake(
    "The answer for one sample depends on which others stand in its batch: you standardise each batch with its own mean and spread. Take both "
    "from the training logs, once."
)
def by_its_own_batch(logs, porosity, *, epochs, seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(ByItsOwnBatch(), FeedForward([5, 32, 32, 1]), nn.Flatten(0))
    return loop(model, logs, porosity, epochs)


@exercise.mistake(
    "The error stays above the bar. Are the logs standardised? Sonic is near 90 and density near 2.4, so raw numbers all but drown the small "
    "ones; and does the learning rate begin at 0.005?"
)
def raw_logs(logs, porosity, *, epochs, seed=0):
    torch.manual_seed(seed)
    return loop(nn.Sequential(FeedForward([5, 32, 32, 1]), nn.Flatten(0)), logs, porosity, epochs, lr=5e-4)


@exercise.alternative
def constant_rate(logs, porosity, *, epochs, seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(Standardise(logs), FeedForward([5, 32, 32, 1]), nn.Flatten(0))
    return loop(model, logs, porosity, epochs)


class Estimator(nn.Module):
    """Standardises, estimates, and drops the last axis."""

    def __init__(self, logs, centre):
        super().__init__()
        self.register_buffer("mean", logs.mean(0))
        self.register_buffer("std", logs.std(0))
        self.centre = centre
        self.network = nn.Sequential(nn.Linear(5, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x):
        return self.network((x - self.mean) / self.std)[:, 0] * 0.1 + self.centre


@exercise.alternative
def tanh_around_the_mean(logs, porosity, *, epochs, seed=0):
    torch.manual_seed(seed)
    return loop(Estimator(logs, porosity.mean()), logs, porosity, epochs, lr=1e-2)


@exercise.ledger("wells", seeds=10)
def wells(solution, seed):
    """Thirty epochs on eight wells; the error in four others."""
    logs = data.wells()
    known, unseen = logs.of(*range(8)), logs.of(8, 9, 10, 11)
    model = solution(known.x, known.porosity, epochs=30, seed=seed)
    with torch.no_grad():
        return {"rmse": (model(unseen.x) - unseen.porosity).square().mean().sqrt().item()}
