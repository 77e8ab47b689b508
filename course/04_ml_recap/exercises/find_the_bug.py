"""Early stopping that stops too early, restores nothing, and judges by the toss of a coin: find the three bugs."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=4,
    minutes=12,
    move_on=22,
    hints=(
        "One symptom at a time. Dropout knows two modes; a state_dict knows the tensors that it names; a counter knows only what it is told.",
        "Look at what is missing before `with torch.no_grad()`, at what `best` holds one epoch later, and at what an improvement does to `waited`.",
    ),
)


def problem(count: int, D: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A bent surface with much noise; x (count, D) and y (count,), float64."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, D, generator=generator, dtype=torch.float64)
    return x, x[:, 0].abs() - x[:, -1] + 0.7 * torch.randn(count, generator=generator, dtype=torch.float64)


@exercise.cases
def cases():
    yield Case(*problem(24, 2, 0), *problem(12, 2, 1), epochs=40, patience=3, lr=0.05).named(
        "24 samples of two logs, patience 3"
    )
    yield Case(*problem(40, 3, 2), *problem(15, 3, 3), epochs=30, patience=4, lr=0.1, seed=1).named(
        "40 samples of three logs, patience 4"
    )
    yield Case(*problem(33, 2, 4), *problem(9, 2, 5), lr=0.05).named("33 samples of two logs, the other defaults")


exercise.equivalent("0 -> 1", "the first epoch is an improvement and sets the count to zero")
exercise.equivalent("arguments of mse_loss swapped", "the difference is squared")
exercise.equivalent(".item(...) dropped", "a tensor without dimensions holds the same number")
exercise.equivalent("Lt -> LtE", "no two validation losses agree in all digits")
exercise.equivalent(".eval(...) dropped", "the last validation leaves the model in evaluation mode")
exercise.bug(
    "validates_in_training_mode",
    "        model.eval()\n",
    "",
    "One bug is left, the first symptom: dropout is still on when you validate, so each val_loss is drawn by lot and the lowest is only the luckiest. "
    "Switch the model to evaluation mode before you judge it.",
    left="val_loss is still drawn by lot",
)
exercise.bug(
    "keeps_the_live_state",
    "copy.deepcopy(model.state_dict())",
    "model.state_dict()",
    "One bug is left, the second symptom: what you keep as `best` is the live state, and at the end it holds the last epoch. Keep a copy that later steps cannot reach.",
    left="what is restored is still the last epoch",
)
exercise.bug(
    "never_begins_again",
    "            waited = 0\n",
    "",
    "One bug is left, the third symptom: `waited` counts all bad epochs of the whole training. It is to count those since the best, so an improvement sets it back to zero.",
    left="the count of bad epochs never begins again",
)


@exercise.alternative
def cloned_and_evaluated(train_x, train_y, val_x, val_y, *, epochs=60, patience=5, lr=0.01, seed=0):
    torch.manual_seed(seed)
    first, last = nn.Linear(train_x.shape[1], 16), nn.Linear(16, 1)
    model = nn.Sequential(first, nn.ReLU(), nn.Dropout(0.2), last, nn.Flatten(0)).to(train_x.dtype)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    val_losses, best, best_epoch = [], {}, 0
    for epoch in range(epochs):
        for index in torch.randperm(len(train_x)).split(16):
            optimiser.zero_grad()
            (model(train_x[index]) - train_y[index]).square().mean().backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            val_losses.append(F.mse_loss(model(val_x), val_y).item())
        model.train()
        if val_losses[-1] == min(val_losses) and val_losses.count(val_losses[-1]) == 1:
            best, best_epoch = {name: value.clone() for name, value in model.state_dict().items()}, epoch
        if epoch - best_epoch == patience:
            break
    model.load_state_dict(best)
    with torch.no_grad():
        return val_losses, model.eval()(val_x)


@exercise.alternative
def a_copy_of_the_whole_model(train_x, train_y, val_x, val_y, *, epochs=60, patience=5, lr=0.01, seed=0):
    torch.manual_seed(seed)
    layers = [nn.Linear(train_x.shape[1], 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1), nn.Flatten(0)]
    model = nn.Sequential(*layers).to(train_x.dtype)
    optimiser, best, losses, waited = torch.optim.Adam(model.parameters(), lr=lr), None, [], 0
    while len(losses) < epochs and waited < patience:
        model.train()
        for index in torch.randperm(len(train_x)).split(16):
            loss = nn.MSELoss()(model(train_x[index]), train_y[index])
            model.zero_grad()
            loss.backward()
            optimiser.step()
        judged = copy.deepcopy(model).eval()
        with torch.no_grad():
            val_loss = ((judged(val_x) - val_y) ** 2).mean().item()
        better = val_loss < min(losses, default=math.inf)
        losses.append(val_loss)
        best, waited = (judged, 0) if better else (best, waited + 1)
    with torch.no_grad():
        return losses, best(val_x)
