"""A logistic regression with three faults of memory: a penalty that is not felt, a bias that swings, a growing heap."""

import torch
from torch import Tensor
from torch.nn import functional as F

from dlmodule.checking.exercise import Case, Exercise

exercise = Exercise(
    title="find the bug",
    difficulty=3,
    minutes=15,
    move_on=25,
    hints=(
        "Go through the loop and ask of each line: does autograd remember this, should it, and for how long?",
        "What is the gradient of something that was detached? Which of the two gradients is cleared? And what does a loss hold besides its number?",
    ),
    part="afternoon",
    starter='''def find_the_bug(x, y, *, lr, steps, l2=0.1):
    """Logistic regression by gradient descent from zero. x: (N, D); y: (N,). Three lines are wrong.

    Returns (w, b, losses): w (D,), b (), and the loss before each step, as Python numbers.
    """
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses = []
    for _ in range(steps):
        z = x @ w + b
        penalty = l2 / 2 * w.detach().square().sum()
        loss = F.binary_cross_entropy_with_logits(z, y) + penalty
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        w.grad.zero_()
        losses.append(loss)
    return w.detach(), b.detach(), losses
''',
)


@exercise.probe
def probe(candidate, case):
    answer = candidate(*case.args, **case.kwargs)
    if not isinstance(answer, tuple) or len(answer) != 3:
        return answer
    w, b, losses = answer
    return {
        "w": w,
        "b": b,
        "losses": [float(one) for one in losses],
        "the losses are Python numbers": all(isinstance(one, float) for one in losses),
        "w and b are without a past": not any(isinstance(one, Tensor) and one.requires_grad for one in (w, b)),
    }


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@exercise.cases
def cases():
    y = torch.tensor([0, 1, 1, 0, 1, 1], dtype=torch.float64)
    yield Case(noise(6, 2), y, lr=0.3, steps=3).named("six examples of two features, three steps")
    yield Case(noise(6, 4, seed=1), y, lr=0.2, steps=15, l2=0.5).named("six examples of four features, fifteen steps")
    yield Case(noise(6, 1, seed=2), y, lr=0.4, steps=9, l2=2.0).named("a strong penalty")


def program(x, y, lr, steps, l2, *, felt=True, cleared=True, number=True):
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses = []
    for _ in range(steps):
        penalty = l2 / 2 * (w if felt else w.detach()).square().sum()
        loss = F.binary_cross_entropy_with_logits(x @ w + b, y) + penalty
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        w.grad.zero_()
        if cleared:
            b.grad.zero_()
        losses.append(loss.item() if number else loss)
    return w.detach(), b.detach(), losses


@exercise.mistake(
    "One bug is left, the first symptom: the penalty is computed from a detached w. It raises the loss, but its gradient is zero, so the weights never feel it."
)
def penalty_not_felt(x, y, *, lr, steps, l2=0.1):
    return program(x, y, lr, steps, l2, felt=False)


@exercise.mistake(
    "One bug is left, the second symptom: b.grad is never cleared, so the bias moves along the sum of all its old gradients."
)
def bias_remembers(x, y, *, lr, steps, l2=0.1):
    return program(x, y, lr, steps, l2, cleared=False)


@exercise.mistake(
    "One bug is left, the third symptom: the losses are tensors, and each holds on to the graph of its step. Keep the number, loss.item()."
)
def losses_hold_their_graphs(x, y, *, lr, steps, l2=0.1):
    return program(x, y, lr, steps, l2, number=False)


@exercise.mistake(
    "The weights feel the penalty now. But the bias still remembers old gradients, and the losses still hold their graphs: two bugs are left."
)
def only_the_penalty_repaired(x, y, *, lr, steps, l2=0.1):
    return program(x, y, lr, steps, l2, cleared=False, number=False)


@exercise.mistake(
    "The bias's gradient is cleared now. But the weights still do not feel the penalty, and the losses still hold their graphs: two bugs are left."
)
def only_the_bias_repaired(x, y, *, lr, steps, l2=0.1):
    return program(x, y, lr, steps, l2, felt=False, number=False)


@exercise.mistake(
    "The losses are numbers now. But the weights still do not feel the penalty, and the bias still remembers old gradients: two bugs are left."
)
def only_the_losses_repaired(x, y, *, lr, steps, l2=0.1):
    return program(x, y, lr, steps, l2, felt=False, cleared=False)


@exercise.mistake(
    "Instead of making the weights feel the penalty, you took it out. Compute it from w itself, not from a detached copy."
)
def penalty_taken_out(x, y, *, lr, steps, l2=0.1):
    return program(x, y, lr, steps, 0.0)


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
