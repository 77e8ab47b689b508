"""One pass through the training set, with three bugs in it."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import in_float64

exercise = Exercise(
    difficulty=3,
    minutes=20,
    core=True,
    hints=(
        "Follow one batch by hand: which patches are taken, which labels, what is in .grad before backward()?",
        "Compare the returned number with the mean over patches where the last batch is smaller than the others.",
    ),
)


def network(classes):
    """A small classifier in float64 with weights that depend on nothing."""
    torch.manual_seed(1)
    with in_float64():
        return nn.Sequential(nn.Flatten(), nn.Linear(9, 6), nn.Tanh(), nn.Dropout(0.0), nn.Linear(6, classes))


@exercise.probe
def probe(candidate, case):
    x, y = case.args
    model = network(int(y.max()) + 1).eval()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.3)
    generator = torch.Generator().manual_seed(case.kwargs["seed"])
    losses = [
        candidate(model, optimiser, x, y, batch_size=case.kwargs["batch_size"], generator=generator)
        for _ in range(case.kwargs["epochs"])
    ]
    return {
        "losses": [float(loss) for loss in losses],
        "in training mode": model.training,
        "weights": [one.detach() for one in model.parameters()],
    }


def patches(count, classes, shift=0.0):
    """x (N, 1, 3, 3) float64 and y (N,): label k brightens row k."""
    y = torch.arange(count) % classes
    x = torch.sin(torch.arange(count * 9, dtype=torch.float64) * 1.7 + shift).reshape(count, 1, 3, 3)
    x[torch.arange(count), 0, y % 3] += 1.5
    return x, y


@exercise.cases
def cases():
    yield Case(*patches(6, 2), batch_size=3, epochs=2, seed=0).named("six patches in batches of three, two epochs")
    yield Case(*patches(7, 3), batch_size=4, epochs=2, seed=3).named("seven patches: the last batch is smaller")


exercise.bug(
    "labels_in_order",
    "y[batch]",
    "y[start : start + batch_size]",
    "The patches are taken in random order and the labels are not: most patches get the label of another one.",
    left="patches and labels do not belong together",
)
exercise.bug(
    "gradients_kept",
    "        optimiser.zero_grad()\n",
    "",
    "The gradients of earlier batches are never cleared. backward() adds to .grad, so each step follows the sum of all batches.",
    left="a step follows more than its own batch",
)
exercise.bug(
    "mean_of_batches",
    "loss.item() * len(batch)",
    "loss.item() * batch_size",
    "Every batch counts as a full one, so the mean loss is too large when the last batch is smaller.",
    left="the returned mean is not a mean over patches",
)
exercise.edit(
    "not_in_training_mode",
    "model.train()",
    "model.eval()",
    "The model is in evaluation mode: batch normalisation then uses old statistics, and dropout does nothing.",
)
exercise.edit(
    "same_order_each_epoch",
    "torch.randperm(len(x), generator=generator)",
    "torch.arange(len(x))",
    "The order is not random. A set that is sorted by class then gives batches of one class.",
)


@exercise.alternative
def split_order(model, optimiser, x, y, *, batch_size, generator):
    model.train()
    losses = []
    for batch in torch.randperm(len(x), generator=generator).split(batch_size):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
        loss.backward()
        optimiser.step()
        losses += [loss.item()] * len(batch)
    return sum(losses) / len(losses)


@exercise.alternative
def shuffled_first(model, optimiser, x, y, *, batch_size, generator):
    model.train()
    order = torch.randperm(len(x), generator=generator)
    x, y = x[order], y[order]
    total = 0.0
    for x_batch, y_batch in zip(x.split(batch_size), y.split(batch_size), strict=True):
        loss = -model(x_batch).log_softmax(1).gather(1, y_batch[:, None]).mean()
        model.zero_grad()
        loss.backward()
        optimiser.step()
        total += float(loss.detach()) * len(x_batch)
    return total / len(x)


exercise.equivalent(".item(...) dropped", "the sum is then a tensor of shape (); the caller gets the same number")
