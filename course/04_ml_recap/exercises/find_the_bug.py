"""Early stopping that stops too early, restores nothing, and judges by the toss of a coin: find the three bugs."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking.exercise import Case, Exercise

exercise = Exercise(
    title="find the bug",
    difficulty=4,
    minutes=12,
    move_on=22,
    hints=(
        "One symptom at a time. Dropout knows two modes; a state_dict knows the tensors that it names; a counter knows only what it is told.",
        "Look at what is missing before `with torch.no_grad()`, at what `best` holds one epoch later, and at what an improvement does to `waited`.",
    ),
    part="afternoon",
    starter='''def find_the_bug(train_x, train_y, val_x, val_y, *, epochs=60, patience=5, lr=0.01, seed=0):
    """Early stopping of a small network. Returns (val_losses, estimate): one loss an epoch, and the best epoch's estimate for val_x (N,).

    x: (N, D) standardised; y: (N,). Three things are wrong.
    """
    torch.manual_seed(seed)
    D = train_x.shape[1]
    model = nn.Sequential(nn.Linear(D, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1), nn.Flatten(0)).to(train_x.dtype)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    best, best_loss, waited, val_losses = None, math.inf, 0, []
    for _ in range(epochs):
        model.train()
        for index in torch.randperm(len(train_x)).split(16):
            loss = F.mse_loss(model(train_x[index]), train_y[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            val_loss = F.mse_loss(model(val_x), val_y).item()
        val_losses.append(val_loss)
        if val_loss < best_loss:
            best, best_loss = model.state_dict(), val_loss
        else:
            waited += 1
            if waited == patience:
                break
    model.load_state_dict(best)
    model.eval()
    with torch.no_grad():
        return val_losses, model(val_x)
''',
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


def program(train_x, train_y, val_x, val_y, epochs, patience, lr, seed, *, quiet=True, copied=True, reset=True):
    """The program with each of its three faults repaired or not."""
    torch.manual_seed(seed)
    D = train_x.shape[1]
    layers = [nn.Linear(D, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1), nn.Flatten(0)]
    model = nn.Sequential(*layers).to(train_x.dtype)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    best, best_loss, waited, val_losses = None, math.inf, 0, []
    for _ in range(epochs):
        model.train()
        for index in torch.randperm(len(train_x)).split(16):
            loss = F.mse_loss(model(train_x[index]), train_y[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.train(not quiet)
        with torch.no_grad():
            val_loss = F.mse_loss(model(val_x), val_y).item()
        val_losses.append(val_loss)
        if val_loss < best_loss:
            best, best_loss = model.state_dict(), val_loss
            best = copy.deepcopy(best) if copied else best
            waited = 0 if reset else waited
        else:
            waited += 1
            if waited == patience:
                break
    model.load_state_dict(best)
    with torch.no_grad():
        return val_losses, model.eval()(val_x)


exercise.equivalent("0 -> 1", "the first epoch is an improvement and sets the count to zero")
exercise.equivalent("arguments of mse_loss swapped", "the difference is squared")
exercise.equivalent(".item(...) dropped", "a tensor without dimensions holds the same number")
exercise.equivalent("Lt -> LtE", "no two validation losses agree in all digits")
exercise.equivalent(".eval(...) dropped", "the last validation leaves the model in evaluation mode")


@exercise.mistake(
    "One bug is left, the first symptom: dropout is still on when you validate, so each val_loss is drawn by lot and the lowest is only the luckiest. "
    "Switch the model to evaluation mode before you judge it."
)
def validates_in_training_mode(train_x, train_y, val_x, val_y, *, epochs=60, patience=5, lr=0.01, seed=0):
    return program(train_x, train_y, val_x, val_y, epochs, patience, lr, seed, quiet=False)


@exercise.mistake(
    "One bug is left, the second symptom: what you keep as `best` is the live state, and at the end it holds the last epoch. Keep a copy that later steps cannot reach."
)
def keeps_the_live_state(train_x, train_y, val_x, val_y, *, epochs=60, patience=5, lr=0.01, seed=0):
    return program(train_x, train_y, val_x, val_y, epochs, patience, lr, seed, copied=False)


@exercise.mistake(
    "One bug is left, the third symptom: `waited` counts all bad epochs of the whole training. It is to count those since the best, so an improvement sets it back to zero."
)
def never_begins_again(train_x, train_y, val_x, val_y, *, epochs=60, patience=5, lr=0.01, seed=0):
    return program(train_x, train_y, val_x, val_y, epochs, patience, lr, seed, reset=False)


@exercise.mistake(
    "Validation is quiet now. But the restored network still is the last epoch's, and the count of bad epochs never begins again: two bugs are left."
)
def only_the_mode(train_x, train_y, val_x, val_y, *, epochs=60, patience=5, lr=0.01, seed=0):
    return program(train_x, train_y, val_x, val_y, epochs, patience, lr, seed, copied=False, reset=False)


@exercise.mistake(
    "The best state is copied now. But it was chosen by a val_loss with dropout in it, and the count of bad epochs never begins again: two bugs are left."
)
def only_the_copy(train_x, train_y, val_x, val_y, *, epochs=60, patience=5, lr=0.01, seed=0):
    return program(train_x, train_y, val_x, val_y, epochs, patience, lr, seed, quiet=False, reset=False)


@exercise.mistake(
    "The count begins again now. But val_loss is still drawn by lot, and what is restored is still the last epoch: two bugs are left."
)
def only_the_count(train_x, train_y, val_x, val_y, *, epochs=60, patience=5, lr=0.01, seed=0):
    return program(train_x, train_y, val_x, val_y, epochs, patience, lr, seed, quiet=False, copied=False)


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
