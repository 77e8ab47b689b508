"""A logistic regression with three faults of memory: a penalty that is not felt, a bias that swings, a growing heap."""

import torch
from torch import Tensor
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=25,
    core=True,
    hints=(
        "Go through the loop and ask of each line: does autograd remember this, should it, and for how long?",
        "What is the gradient of something that was detached? Which of the two gradients is cleared? And what does a loss hold besides its number?",
    ),
)


@exercise.probe
def probe(candidate, case):
    answer = candidate(*case.args, **case.kwargs)
    if not isinstance(answer, (tuple, list)) or len(answer) != 3:
        return answer
    w, b, losses = answer
    return {
        "w": w,
        "b": b,
        "losses": [float(one) for one in losses],
        "the losses are Python numbers": all(isinstance(one, float) for one in losses),
        "the losses hold on to their graphs": any(isinstance(one, Tensor) and one.requires_grad for one in losses),
        "w and b are without a past": not any(isinstance(one, Tensor) and one.requires_grad for one in (w, b)),
    }


@exercise.cases
def cases():
    y = torch.tensor([0, 1, 1, 0, 1, 1], dtype=torch.float64)
    yield Case(noise(6, 2), y, lr=0.3, steps=3).named("six examples of two features, three steps")
    yield Case(noise(6, 4, seed=1), y, lr=0.2, steps=15, l2=0.5).named("six examples of four features, fifteen steps")
    yield Case(noise(6, 1, seed=2), y, lr=0.4, steps=9, l2=2.0).named("a strong penalty")


exercise.bug(
    "penalty_not_felt",
    "w.square().sum()",
    "w.detach().square().sum()",
    "One bug is left, the first symptom: the penalty is computed from a detached w. It raises the loss, but its gradient is zero, so the weights never feel it.",
    left="the weights still do not feel the penalty",
)
exercise.bug(
    "bias_remembers",
    "        b.grad.zero_()\n",
    "",
    "One bug is left, the second symptom: b.grad is never cleared, so the bias moves along the sum of all its old gradients.",
    left="the bias still remembers old gradients",
)
exercise.bug(
    "losses_hold_their_graphs",
    "losses.append(loss.item())",
    "losses.append(loss)",
    "One bug is left, the third symptom: the losses are tensors, and each holds on to the graph of its step. Keep the number, loss.item().",
    left="the losses still hold their graphs",
)
exercise.edit(
    "penalty_taken_out",
    "_with_logits(z, y) + penalty",
    "_with_logits(z, y)",
    "Instead of making the weights feel the penalty, you took it out. Compute it from w itself, not from a detached copy.",
)


@exercise.mistake("The losses are tensors. They have no past, but Python numbers are asked: loss.item().")
def losses_as_tensors(x, y, *, lr, steps, l2=0.1):
    w, b, losses = grad_instead_of_backward(x, y, lr=lr, steps=steps, l2=l2)
    return w, b, [torch.tensor(one, dtype=x.dtype) for one in losses]


@exercise.mistake("The bias is penalised too now. Three lines are wrong; this one was right.")
def bias_penalised(x, y, *, lr, steps, l2=0.1):
    return descent(x, y, lr, steps, lambda w, b: l2 / 2 * (w.square().sum() + b**2))


@exercise.mistake("`w.grad` is not cleared any more, or never was: backward() adds to it, as it does to b.grad.")
def nothing_is_cleared(x, y, *, lr, steps, l2=0.1):
    return descent(x, y, lr, steps, lambda w, b: l2 / 2 * w.square().sum(), forgets=False)


def descent(x, y, lr, steps, penalty_of, *, forgets=True):
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = F.binary_cross_entropy_with_logits(x @ w + b, y) + penalty_of(w, b)
        losses.append(loss.item())
        if forgets:
            w.grad = b.grad = None
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w.detach(), b.detach(), losses


@exercise.alternative
def grad_instead_of_backward(x, y, *, lr, steps, l2=0.1):
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = F.binary_cross_entropy_with_logits(x @ w + b, y) + l2 / 2 * w.pow(2).sum()
        grad_w, grad_b = torch.autograd.grad(loss, [w, b])
        with torch.no_grad():
            w -= lr * grad_w
            b -= lr * grad_b
        losses.append(float(loss))
    return w.detach(), b.detach(), losses


@exercise.alternative
def cleared_before_backward(x, y, *, lr, steps, l2=0.1):
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    optimiser = torch.optim.SGD([w, b], lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.binary_cross_entropy_with_logits(x @ w + b, y) + l2 / 2 * (w @ w)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return w.detach(), b.detach(), losses
