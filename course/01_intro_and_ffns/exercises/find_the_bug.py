"""A regression that runs without an error and says the mean: find the three planted bugs."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=20,
    move_on=35,
    hints=(
        "Print the shapes of model(train_x) and train_y beside the loss, and compare the loss with train_y.var().",
        "Look at three places: what is subtracted in the loss, what is missing before backward, and with whose mean and spread the "
        "validation logs are standardised.",
    ),
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


exercise.bug(
    "still_a_table",
    "estimate = model(train_x)[:, 0]",
    "estimate = model(train_x)",
    "One bug is left: (N, 1) minus (N,) is a table of all estimates minus all targets, so the loss asks for the mean. Take "
    "column 0 of the estimate.",
    left="the loss still takes a table",
)
exercise.bug(
    "never_forgets",
    "        optimiser.zero_grad()\n",
    "",
    "One bug is left: backward adds to the gradients that are there, so each step follows the sum of all before. Call optimiser.zero_grad().",
    left="the gradients still pile up",
)
exercise.bug(
    "its_own_mean",
    "val_x = (val_x - mean) / std",
    "val_x = (val_x - val_x.mean(0)) / val_x.std(0)",
    "One bug is left: the new well is standardised with its own mean and spread, so a well full of shale looks like an average one. Use the "
    "training wells' numbers.",
    left="the new well still has numbers of its own",
)


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


exercise.equivalent(".item(...) dropped", "a tensor of shape () is taken for the number in it")
exercise.variant(
    "forgets_after_the_step",
    "        optimiser.zero_grad()\n        loss.backward()\n        optimiser.step()\n",
    "        loss.backward()\n        optimiser.step()\n        model.zero_grad()\n",
)
