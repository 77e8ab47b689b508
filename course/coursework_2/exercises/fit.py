"""Epochs of training that keep the best weights, with two bugs in it."""

import copy

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import in_float64

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Which set may choose the epoch? And whose tensors are in the dictionary that state_dict() returns?",
        "Train for two epochs, keep what you keep after the first, and look at it again after the second.",
    ),
)


def network(classes):
    """A small classifier in float64 with weights that depend on nothing."""
    torch.manual_seed(4)
    with in_float64():
        return nn.Sequential(nn.Flatten(), nn.Linear(9, 8), nn.Tanh(), nn.Linear(8, classes))


@exercise.probe
def probe(candidate, case):
    train, validation = case.args[:2], case.args[2:]
    model = network(int(train[1].max()) + 1)
    history = candidate(model, train, validation, **case.kwargs)
    return {
        "accuracies": [float(one) for one in history],
        "weights": [one.detach().clone() for one in model.parameters()],
    }


def patches(count, classes, step=1.7, noise=1.0):
    """x (N, 1, 3, 3) float64 and y (N,): label k brightens row k, under ``noise``."""
    y = torch.arange(count) % classes
    x = noise * torch.sin(torch.arange(count * 9, dtype=torch.float64) ** 1.5 * step).reshape(count, 1, 3, 3)
    x[torch.arange(count), 0, y % 3] += 0.8
    return x, y


@exercise.cases
def cases():
    yield Case(*patches(12, 2), *patches(8, 2, step=0.9, noise=2.0), epochs=3, lr=0.5, batch_size=4).named(
        "twelve patches, three epochs"
    )
    yield Case(
        *patches(24, 3, step=2.3), *patches(15, 3, step=0.6, noise=1.5), epochs=6, lr=0.3, batch_size=6, seed=2
    ).named("twenty-four patches, six epochs")


exercise.bug(
    "kept_by_reference",
    "copy.deepcopy(model.state_dict())",
    "model.state_dict()",
    "The kept weights are the model's own tensors, which go on changing. In the end the model has the last epoch's weights.",
    left="the kept weights do not stay as they were",
)
exercise.bug(
    "chosen_on_training_set",
    "evaluate(model, *validation)",
    "evaluate(model, *train)",
    "The epoch is chosen by the accuracy on the training set, which goes on rising while the network learns it by heart.",
    left="the epoch is chosen on the wrong set",
)
exercise.edit(
    "last_of_equals",
    "history[-1] > best",
    "history[-1] >= best",
    "Of equally good epochs you keep the last. The docstring asks for the first.",
)
exercise.edit(
    "optimiser_anew",
    (
        "    optimiser = torch.optim.AdamW(model.parameters(), lr=lr)\n",
        "        train_epoch(model",
    ),
    (
        "",
        "        optimiser = torch.optim.AdamW(model.parameters(), lr=lr)\n        train_epoch(model",
    ),
    "You make a new optimiser in every epoch, so Adam forgets its running means each time.",
)


@exercise.alternative
def clones(model, train, validation, *, epochs, lr, batch_size=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr)
    history, kept = [], []
    for _ in range(epochs):
        train_epoch(model, optimiser, *train, batch_size=batch_size, generator=generator)
        history.append(evaluate(model, *validation))
        kept.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
    model.load_state_dict(kept[history.index(max(history))])
    return history


@exercise.alternative
def a_copy_of_the_model(model, train, validation, *, epochs, lr, batch_size=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr)
    history, best = [], model
    for _ in range(epochs):
        train_epoch(model, optimiser, *train, batch_size=batch_size, generator=generator)
        accuracy = evaluate(model, *validation)
        if not history or accuracy > max(history):
            best = copy.deepcopy(model)
        history.append(accuracy)
    model.load_state_dict(best.state_dict())
    return history


exercise.equivalent("1.0 -> 2.0", "every accuracy is above both -1 and -2")
