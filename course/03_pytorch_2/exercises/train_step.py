"""Five lines whose order matters, and a mode: one step of training."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "backward() adds to what is in .grad. When must the old gradients be gone at the latest?",
        "model.train(); loss; zero_grad; backward; step. What you return may not hold on to the graph: see Tensor.detach.",
    ),
)


class Network(nn.Module):
    """Two layers in float64; notes the mode in which it was called."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(3, 4, dtype=torch.float64), nn.Linear(4, 3, dtype=torch.float64)
        self.modes = []

    def forward(self, x):
        self.modes.append(self.training)
        return self.last(self.first(x).tanh())


@exercise.probe
def probe(candidate, case):
    kind, steps = case.args
    model = Network().eval()
    if kind == "adam":
        optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
    else:
        optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 5.0)  # left over by somebody
    generator = torch.Generator().manual_seed(3)
    losses, graph = [], False
    for _ in range(steps):
        x = torch.randn(6, 3, generator=generator, dtype=torch.float64)
        y = torch.randint(0, 3, (6,), generator=generator)
        loss_fn = (
            F.cross_entropy
            if kind != "sum"
            else (lambda logits, y: F.nll_loss(logits.log_softmax(1), y, reduction="sum"))
        )
        loss = candidate(model, x, y, loss_fn, optimiser)
        graph = graph or (isinstance(loss, torch.Tensor) and loss.requires_grad)
        losses.append(float(loss) if loss is not None else None)
    return {
        "losses": losses,
        "the loss still holds its graph": graph,
        "called in training mode": model.modes,
        "weights": {name: one.detach() for name, one in model.named_parameters()},
    }


@exercise.cases
def cases():
    yield Case("sgd", 1).named("one step of SGD")
    yield Case("sgd", 3).named("three steps of SGD")
    yield Case("adam", 3).named("three steps of Adam")
    yield Case("sum", 2).named("a loss of your own: the sum over the batch")


exercise.edit(
    "never_zeroes",
    "optimiser.zero_grad()",
    "pass",
    "The old gradients are never forgotten: backward() adds to .grad, so your step follows the sum of all gradients so far, and whatever "
    "somebody left there. Call optimiser.zero_grad() before backward().",
)
exercise.edit(
    "zeroes_after_backward",
    "    optimiser.zero_grad()\n    loss.backward()",
    "    loss.backward()\n    optimiser.zero_grad()",
    "The weights never move. Either there is no step(), or it finds no gradients: no backward() came before it, or zero_grad() threw them "
    "away in between. The order is zero_grad, backward, step.",
)
exercise.edit(
    "steps_first",
    "    optimiser.zero_grad()\n    loss.backward()\n    optimiser.step()",
    "    optimiser.step()\n    optimiser.zero_grad()\n    loss.backward()",
    "The step comes first, so it follows the gradients of the batch before (in the first step, whatever somebody left there). Compute this "
    "batch's gradients, then step.",
)
exercise.edit(
    "keeps_the_graph",
    "loss.detach()",
    "loss",
    "The loss you return still holds its graph, with every intermediate result of the batch. A list of such losses fills the memory: "
    "return loss.detach(), or a number.",
)
exercise.edit(
    "in_eval_mode",
    "model.train()",
    "pass",
    "The model was in evaluation mode, and you left it there: dropout would be off, and batch normalisation would train with frozen "
    "statistics. Call model.train() at the top.",
)
exercise.edit(
    "softmax_before_the_loss",
    "loss = loss_fn(model(x), y)",
    "loss = loss_fn(model(x).softmax(1), y)",
    "The loss gets probabilities. It is told to take model(x) as it comes; F.cross_entropy applies the softmax itself.",
)
exercise.edit(
    "own_loss",
    "loss = loss_fn(model(x), y)",
    "loss = nn.functional.cross_entropy(model(x), y)",
    "You compute the cross-entropy yourself, whatever loss_fn is. The caller chooses the loss: call loss_fn(model(x), y).",
)


exercise.edit(
    "stepped_twice",
    "    optimiser.step()\n",
    "    optimiser.step()\n    optimiser.step()\n",
    "The optimiser steps twice for one gradient. One batch, one step.",
)
exercise.edit(
    "gradient_of_the_sum",
    "loss.backward()",
    "(loss * len(x)).backward()",
    "You multiplied the loss by the size of the batch before its gradient. The loss is what `loss_fn` says: its gradient as it stands.",
)
exercise.edit(
    "gradients_clipped",
    "    optimiser.step()\n",
    "    nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n    optimiser.step()\n",
    "You clip the gradients. That is a good habit in some places; here the step follows the gradient as it is.",
)


@exercise.alternative
def returns_a_number(model, x, y, loss_fn, optimiser):
    optimiser.zero_grad(set_to_none=False)
    model.train(True)
    logits = model(x)
    loss = loss_fn(logits, y)
    loss.backward()
    optimiser.step()
    return loss.item()


@exercise.alternative
def by_autograd(model, x, y, loss_fn, optimiser):
    model.train()
    loss = loss_fn(model(x), y)
    parameters = list(model.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimiser.step()
    return loss.detach().clone()
