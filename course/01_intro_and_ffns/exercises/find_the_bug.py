"""A regression that runs without an error and says the mean: find the three planted bugs."""

import torch
from torch import nn

from dlmodule.checking.exercise import Case, Exercise

exercise = Exercise(
    title="find the bug",
    difficulty=3,
    minutes=20,
    move_on=35,
    hints=(
        "Print the shapes of model(train_x) and train_y beside the loss, and compare the loss with train_y.var().",
        "Look at three places: what is subtracted in the loss, what is missing before backward, and with whose mean and spread the "
        "validation logs are standardised.",
    ),
    part="afternoon",
    starter='''def find_the_bug(train_x, train_y, val_x, val_y, *, steps=60, lr=0.1, seed=0):
    """Estimate porosity from logs by gradient descent. Returns (losses, val_rmse): the loss of every step, and a number.

    x: (N, D) raw logs; y: (N,). Three lines are wrong.
    """
    torch.manual_seed(seed)
    mean, std = train_x.mean(0), train_x.std(0)
    train_x = (train_x - mean) / std
    val_x = (val_x - val_x.mean(0)) / val_x.std(0)
    model = nn.Sequential(nn.Linear(train_x.shape[1], 8), nn.Tanh(), nn.Linear(8, 1)).to(train_x.dtype)
    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        estimate = model(train_x)
        loss = ((estimate - train_y) ** 2).mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        error = model(val_x)[:, 0] - val_y
    return losses, (error**2).mean().sqrt().item()
''',
)


def well(count: int, level: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Three logs about ``level`` and a porosity that follows from them; x (count, 3), y (count,), float64."""
    x = (torch.arange(3 * count, dtype=torch.float64) * 0.9).sin().reshape(count, 3) * torch.tensor(
        [30.0, 0.1, 1.0]
    ) + level
    return x, 0.2 + 0.004 * (x[:, 0] - 3) - 0.1 * (x[:, 1] - 3) * (x[:, 2] - 3)


@exercise.cases
def cases():
    yield Case(*well(6, 3.0), *well(4, 3.5), steps=3).named("six samples, three steps")
    yield Case(*well(17, 3.0), *well(9, 2.5), steps=20, lr=0.2, seed=1).named("seventeen samples, twenty steps")
    yield Case(*well(12, 3.0), *well(5, 3.2)).named("the defaults")


def program(train_x, train_y, val_x, val_y, steps, lr, seed, *, paired=True, forget=True, theirs=True):
    """The program with each of its three faults repaired or not."""
    torch.manual_seed(seed)
    mean, std = train_x.mean(0), train_x.std(0)
    train_x = (train_x - mean) / std
    val_x = (val_x - mean) / std if theirs else (val_x - val_x.mean(0)) / val_x.std(0)
    model = nn.Sequential(nn.Linear(train_x.shape[1], 8), nn.Tanh(), nn.Linear(8, 1)).to(train_x.dtype)
    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        estimate = model(train_x)
        loss = ((estimate[:, 0] if paired else estimate) - train_y).square().mean()
        if forget:
            optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        error = model(val_x)[:, 0] - val_y
    return losses, error.square().mean().sqrt().item()


@exercise.mistake(
    "One bug is left: (N, 1) minus (N,) is a table of all estimates minus all targets, so the loss asks for the mean. Take "
    "column 0 of the estimate."
)
def still_a_table(train_x, train_y, val_x, val_y, *, steps=60, lr=0.1, seed=0):
    return program(train_x, train_y, val_x, val_y, steps, lr, seed, paired=False)


@exercise.mistake(
    "One bug is left: backward adds to the gradients that are there, so each step follows the sum of all before. Call optimiser.zero_grad()."
)
def never_forgets(train_x, train_y, val_x, val_y, *, steps=60, lr=0.1, seed=0):
    return program(train_x, train_y, val_x, val_y, steps, lr, seed, forget=False)


@exercise.mistake(
    "One bug is left: the new well is standardised with its own mean and spread, so a well full of shale looks like an average one. Use the "
    "training wells' numbers."
)
def its_own_mean(train_x, train_y, val_x, val_y, *, steps=60, lr=0.1, seed=0):
    return program(train_x, train_y, val_x, val_y, steps, lr, seed, theirs=False)


@exercise.mistake(
    "The shapes are right now. The gradients still pile up, and the new well still has numbers of its own: two bugs are left."
)
def only_the_shapes(train_x, train_y, val_x, val_y, *, steps=60, lr=0.1, seed=0):
    return program(train_x, train_y, val_x, val_y, steps, lr, seed, forget=False, theirs=False)


@exercise.mistake(
    "The gradients are forgotten now. The loss still takes a table, and the new well still has numbers of its own: two bugs are left."
)
def only_the_gradients(train_x, train_y, val_x, val_y, *, steps=60, lr=0.1, seed=0):
    return program(train_x, train_y, val_x, val_y, steps, lr, seed, paired=False, theirs=False)


@exercise.mistake(
    "The new well is standardised as it should be. The loss still takes a table, and the gradients still pile up: two bugs are left."
)
def only_the_wells(train_x, train_y, val_x, val_y, *, steps=60, lr=0.1, seed=0):
    return program(train_x, train_y, val_x, val_y, steps, lr, seed, paired=False, forget=False)


@exercise.alternative
def targets_as_a_column(train_x, train_y, val_x, val_y, *, steps=60, lr=0.1, seed=0):
    torch.manual_seed(seed)
    mean, std = train_x.mean(dim=0, keepdim=True), train_x.std(dim=0, keepdim=True)
    model = nn.Sequential(nn.Linear(train_x.shape[1], 8), nn.Tanh(), nn.Linear(8, 1)).to(train_x.dtype)
    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = nn.functional.mse_loss(model((train_x - mean) / std), train_y[:, None])
        loss.backward()
        optimiser.step()
        model.zero_grad()
        losses.append(float(loss))
    with torch.no_grad():
        return losses, nn.functional.mse_loss(model((val_x - mean) / std).squeeze(1), val_y).sqrt().item()


@exercise.alternative
def repaired_in_parts(train_x, train_y, val_x, val_y, *, steps=60, lr=0.1, seed=0):
    return program(train_x, train_y, val_x, val_y, steps, lr, seed)


exercise.equivalent(".item(...) dropped", "a tensor of shape () is taken for the number in it")
