"""Ask a classifier everywhere on a grid."""

import torch

from dlmodule.checking import Case, Code, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=25,
    hints=(
        "The model takes a batch of points (N, 2). So: the coordinates of all places, flattened into one long batch, one call, and the answer "
        "folded back into a square.",
        "x1, x2 = torch.meshgrid(across, up, indexing='xy'), both (steps, steps); torch.stack([x1.flatten(), x2.flatten()], 1) is the batch.",
    ),
)


@exercise.cases
def cases():
    right_of = Code("lambda p: torch.stack([0 * p[:, 0], p[:, 0] - 0.4], dim=1)")
    yield Case(right_of, (0.0, 0.0), (1.0, 1.0), 3).named("a model that says 1 to the right of 0.4")
    above = Code("lambda p: torch.stack([p[:, 1], 1.3 + 0 * p[:, 0], 2 * p[:, 0] - 3.1], dim=1)")
    yield Case(above, (-1.0, 0.0), (3.0, 2.0), 5).named("three classes on a grid that is not square in its units")
    network = Code("nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 4))", seed=3)
    yield Case(network, (-3.0, -1.0), (2.0, 4.0), 9).named("a random network with four classes")
    unsure = Code("lambda p: torch.stack([p[:, 0] - 5, p[:, 1] - 5, p[:, 0] + p[:, 1] - 7.1], dim=1)")
    yield Case(unsure, (0.0, 1.0), (4.0, 3.5), 6).named("logits that are all negative")


@exercise.mistake(
    "Rows and columns are exchanged: rows follow x2, as in a picture; meshgrid with indexing='ij' gives it the other way round."
)
def transposed(model, low, high, steps):
    x1, x2 = torch.meshgrid(
        torch.linspace(low[0], high[0], steps), torch.linspace(low[1], high[1], steps), indexing="ij"
    )
    return model(torch.stack([x1.flatten(), x2.flatten()], 1)).argmax(1).reshape(steps, steps)


@exercise.mistake("Your first row is the top one. The first row belongs to the lowest x2, low[1].")
def upside_down(model, low, high, steps):
    x1, x2 = torch.meshgrid(
        torch.linspace(low[0], high[0], steps), torch.linspace(high[1], low[1], steps), indexing="xy"
    )
    return model(torch.stack([x1.flatten(), x2.flatten()], 1)).argmax(1).reshape(steps, steps)


@exercise.mistake("Your grid stops short of `high`: the ends are included, which linspace does by itself.")
def open_end(model, low, high, steps):
    u = [low[i] + (high[i] - low[i]) * torch.arange(steps) / steps for i in (0, 1)]
    x1, x2 = torch.meshgrid(*u, indexing="xy")
    return model(torch.stack([x1.flatten(), x2.flatten()], 1)).argmax(1).reshape(steps, steps)


@exercise.mistake("You used the range of x1 for both axes. x2 runs from low[1] to high[1].")
def one_range(model, low, high, steps):
    u = torch.linspace(low[0], high[0], steps)
    x1, x2 = torch.meshgrid(u, u, indexing="xy")
    return model(torch.stack([x1.flatten(), x2.flatten()], 1)).argmax(1).reshape(steps, steps)


@exercise.mistake("The two coordinates of each point are exchanged: the model wants (x1, x2).")
def coordinates_exchanged(model, low, high, steps):
    x1, x2 = torch.meshgrid(
        torch.linspace(low[0], high[0], steps), torch.linspace(low[1], high[1], steps), indexing="xy"
    )
    return model(torch.stack([x2.flatten(), x1.flatten()], 1)).argmax(1).reshape(steps, steps)


@exercise.mistake("You return the largest logit. The class is where it stands: argmax.")
def largest_logit(model, low, high, steps):
    x1, x2 = torch.meshgrid(
        torch.linspace(low[0], high[0], steps), torch.linspace(low[1], high[1], steps), indexing="xy"
    )
    return model(torch.stack([x1.flatten(), x2.flatten()], 1)).amax(1).reshape(steps, steps).detach()


exercise.edit(
    "sign_of_the_first_logit",
    ".argmax(1)",
    "[:, 0].gt(0).long()",
    "You looked at the sign of the first logit. The class is the place of the largest: argmax over axis 1.",
)
exercise.edit(
    "smallest_logit",
    "argmax",
    "argmin",
    "You took the class with the smallest logit. The largest logit is the most probable class.",
)
exercise.edit(
    "ends_mistaken_for_axes",
    "torch.linspace(low[0], high[0], steps), torch.linspace(low[1], high[1], steps)",
    "torch.linspace(low[0], low[1], steps), torch.linspace(high[0], high[1], steps)",
    "`low` and `high` are points (x1, x2): x1 runs from low[0] to high[0]. Yours runs from low[0] to low[1].",
)


@exercise.alternative
def row_by_row(model, low, high, steps):
    across, up = torch.linspace(low[0], high[0], steps), torch.linspace(low[1], high[1], steps)
    rows = [model(torch.stack([across, x2.expand(steps)], dim=1)).max(1).indices for x2 in up]
    return torch.stack(rows)


@exercise.alternative
def broadcast(model, low, high, steps):
    points = torch.empty(steps, steps, 2)
    points[:, :, 0] = torch.linspace(low[0], high[0], steps)
    points[:, :, 1] = torch.linspace(low[1], high[1], steps)[:, None]
    return model(points.reshape(-1, 2)).argmax(-1).reshape(steps, steps)
