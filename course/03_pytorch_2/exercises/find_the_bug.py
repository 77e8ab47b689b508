"""A network is trained on for other classes, and three lines see to it that nothing good comes of it."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import in_float64

exercise = Exercise(
    difficulty=4,
    minutes=15,
    move_on=25,
    hints=(
        "Print three things: the sum of the last layer before and after; the learning rate of each epoch; and, at the end, the loss of the "
        "returned model beside the smallest of val_losses.",
        "Look at the order of the first three statements, at the indentation of scheduler.step(), and at what best_state refers to while the "
        "training goes on.",
    ),
)


def points(count, classes, seed):
    """Noisy clouds in the plane: x (count, 2) float64, y (count,), a fifth of the labels wrong."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(count) % classes
    x = torch.stack([(2.5 * y).sin(), (2.5 * y).cos()], 1).double()
    x = x + 0.5 * torch.randn(count, 2, generator=generator, dtype=torch.float64)
    wrong = torch.rand(count, generator=generator) < 0.2
    return x, torch.where(wrong, torch.randint(0, classes, (count,), generator=generator), y)


@exercise.probe
def probe(candidate, case):
    count, classes = case.args
    torch.manual_seed(4)
    with in_float64():
        given = nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Dropout(0.1), nn.Linear(12, 3))
    (x, y), (val_x, val_y) = points(count, classes, 1), points(30, classes, 2)
    model, val_losses, rates = candidate(given, x, y, val_x, val_y, classes=classes, **case.kwargs)
    model.eval()
    with torch.no_grad():
        loss = F.cross_entropy(model(val_x), val_y).item()
    return {
        "rates": rates,
        "val_losses": val_losses,
        "loss of the returned model": loss,
        "it is the best epoch's": abs(loss - min(val_losses)) < 1e-9,
        "last layer": tuple(model[-1].weight.shape),
    }


@exercise.cases
def cases():
    yield Case(16, 2, epochs=3, batch_size=8, lr=0.2).named("sixteen points of two classes, three epochs")
    yield Case(40, 4, epochs=10, lr=0.3, seed=1).named("forty points of four classes, ten epochs at a high rate")
    yield Case(60, 5).named("the defaults, five classes")
    # Here the best epoch is not the last, whichever of the other bugs is in it.
    yield Case(20, 3, epochs=5, batch_size=8, lr=3.0, seed=3).named("twenty points at a rate that is far too high")


exercise.bug(
    "optimiser_too_early",
    "    model[-1] = nn.Linear(model[-1].in_features, classes).to(train_x.dtype)\n    optimiser = torch.optim.Adam(model.parameters(), lr=lr)\n",
    "    optimiser = torch.optim.Adam(model.parameters(), lr=lr)\n    model[-1] = nn.Linear(model[-1].in_features, classes).to(train_x.dtype)\n",
    "One bug is left: the optimiser is made before the last layer is exchanged, so it holds the old layer's parameters, and nobody moves "
    "the new ones. Make the optimiser when the model is complete.",
    left="nobody moves the new last layer",
)
exercise.bug(
    "stepped_per_batch",
    "        scheduler.step()\n",
    "            scheduler.step()\n",
    "One bug is left: the scheduler is stepped once per batch, but T_max counts epochs. The cosine has run down after a few batches, and "
    "then up again. Step it once an epoch.",
    left="the rate still runs down within an epoch",
)
exercise.bug(
    "best_is_a_reference",
    "copy.deepcopy(model.state_dict())",
    "model.state_dict()",
    "One bug is left: best_state is not a copy. state_dict() hands out the tensors themselves, which the optimiser goes on changing, so at "
    "the end it holds the last epoch. Copy it when it is the best.",
    left="what is restored is still the last epoch",
)
exercise.edit(
    "no_schedule",
    "        scheduler.step()\n",
    "",
    "You took the scheduler's step out, and now the rate never falls. It is to be stepped, once an epoch.",
)
exercise.edit(
    "starts_from_scratch",
    "model[-1] = nn.Linear(model[-1].in_features, classes).to(train_x.dtype)",
    "model[-1] = nn.Linear(model[-1].in_features, classes).to(train_x.dtype)\n    model[0].reset_parameters()",
    "You have drawn the first layer anew as well. What the network learned elsewhere is the reason to begin with it; only the last layer "
    "is to be new.",
)
exercise.equivalent("Lt -> LtE", "two epochs with exactly the same loss do not occur")


@exercise.alternative
def scheduler_of_all_batches(
    model, train_x, train_y, val_x, val_y, *, classes, epochs=8, batch_size=16, lr=0.05, seed=0
):
    torch.manual_seed(seed)
    model[len(model) - 1] = nn.Linear(model[-1].in_features, classes, dtype=torch.float32).to(train_x.dtype)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda epoch: 0.5 * (1 + math.cos(math.pi * epoch / epochs))
    )
    kept, val_losses, rates = None, [], []
    for _ in range(epochs):
        rates += scheduler.get_last_lr()
        model.train()
        for index in torch.randperm(len(train_x)).split(batch_size):
            optimiser.zero_grad()
            F.cross_entropy(model(train_x[index]), train_y[index]).backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            val_losses.append(F.cross_entropy(model(val_x), val_y).item())
        if val_losses[-1] == min(val_losses):
            kept = {name: one.clone() for name, one in model.state_dict().items()}
        scheduler.step()
    model.load_state_dict(kept)
    return model, val_losses, rates


@exercise.alternative
def added_as_a_group(model, train_x, train_y, val_x, val_y, *, classes, epochs=8, batch_size=16, lr=0.05, seed=0):
    torch.manual_seed(seed)
    optimiser = torch.optim.Adam(model[:-1].parameters(), lr=lr)
    model[-1] = nn.Linear(model[-1].in_features, classes).to(train_x.dtype)
    optimiser.add_param_group({"params": list(model[-1].parameters())})
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=epochs)
    best, best_model, val_losses, rates = math.inf, model, [], []
    for _ in range(epochs):
        rates.append(scheduler.get_last_lr()[0])
        model.train()
        for index in torch.randperm(len(train_x)).split(batch_size):
            loss = F.cross_entropy(model(train_x[index]), train_y[index])
            model.zero_grad()
            loss.backward()
            optimiser.step()
        scheduler.step()
        with torch.no_grad():
            val_losses.append(F.cross_entropy(model.eval()(val_x), val_y).item())
        if val_losses[-1] < best:
            best, best_model = val_losses[-1], copy.deepcopy(model)
    return best_model, val_losses, rates
