"""The accuracy on a set, with two bugs in it."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    core=True,
    hints=(
        "Ask for the accuracy twice. Two answers on the same patches say that something is random or is learned on the way.",
        "How many patches are looked at when 10 are cut into batches of 4?",
    ),
)


class Noisy(nn.Module):
    """A linear classifier whose training mode turns its answers round; notes how it was called."""

    def __init__(self, classes):
        super().__init__()
        torch.manual_seed(2)
        self.last = nn.Linear(4, classes).double()
        self.looked_at, self.recorded = 0, False

    def forward(self, x):
        logits = self.last(x.flatten(1))
        self.looked_at += len(x)
        self.recorded = self.recorded or logits.requires_grad
        return -logits if self.training else logits


@exercise.probe
def probe(candidate, case):
    x, classes, share = case.args
    model = Noisy(classes).train()
    with torch.no_grad():
        right = -model(x)
        y = torch.where(torch.arange(len(x)) < share, right.argmax(1), right.argmin(1))
    model.looked_at = 0
    accuracy = candidate(model, x, y, batch_size=case.kwargs["batch_size"])
    return {
        "accuracy": float(accuracy),
        "patches looked at": model.looked_at,
        "gradients recorded": model.recorded,
        "in training mode": model.training,
    }


def patches(count, step=1.1):
    """x (N, 1, 2, 2) float64."""
    return torch.sin(torch.arange(count * 4, dtype=torch.float64) * step).reshape(count, 1, 2, 2)


@exercise.cases
def cases():
    yield Case(patches(8), 3, 6, batch_size=4).named("eight patches in batches of four, six of them right")
    yield Case(patches(10), 4, 5, batch_size=4).named("ten patches in batches of four, five of them right")
    yield Case(patches(9, 0.7), 3, 2, batch_size=5).named("nine patches in batches of five, two of them right")


exercise.bug(
    "training_mode",
    "    model.eval()\n",
    "",
    "The model is still in training mode: dropout is random and batch normalisation uses, and learns from, the patches it is tested on.",
    left="the answer depends on the mode that the model came in",
)
exercise.bug(
    "last_batch_dropped",
    "range(0, len(x), batch_size)",
    "range(0, len(x) - batch_size + 1, batch_size)",
    "The last patches are never looked at where they do not fill a batch.",
    left="not every patch is looked at",
)
exercise.edit(
    "sum_not_share",
    "right / len(x)",
    "right",
    "You return how many are right. An accuracy is the share, between 0 and 1.",
)
exercise.edit(
    "gradients_recorded",
    "@torch.no_grad()\n",
    "",
    "You record gradients while you evaluate: time and memory for nothing.",
)


@exercise.alternative
def all_logits(model, x, y, *, batch_size=256):
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(part) for part in x.split(batch_size)])
    return (logits.argmax(1) == y).double().mean().item()


@exercise.alternative
def in_inference_mode(model, x, y, *, batch_size=256):
    model.train(False)
    counts = []
    with torch.inference_mode():
        for x_batch, y_batch in zip(x.split(batch_size), y.split(batch_size), strict=True):
            counts.append(int((model(x_batch).max(1).indices == y_batch).sum()))
    return sum(counts) / len(y)


exercise.equivalent(".item(...) dropped", "the count is then a tensor of shape (); the caller gets the same number")
