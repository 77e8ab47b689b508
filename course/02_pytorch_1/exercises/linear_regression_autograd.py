"""Linear regression by gradient descent, with gradients from autograd."""

import torch
from torch import Tensor

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=12,
    move_on=20,
    core=True,
    hints=(
        "Five things in each step: predict, loss, keep its number, gradients, move. What must remember, and what must not be remembered?",
        "Make w and b with requires_grad=True; torch.autograd.grad(loss, [w, b]) returns both gradients and stores nothing; move w and b in a `with torch.no_grad():` block.",
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
    one = torch.tensor([[2.0]], dtype=torch.float64)
    yield Case(one, torch.tensor([5.0], dtype=torch.float64), lr=0.01, steps=3).named("x = 2, y = 5, three steps")
    yield Case(noise(6, 2), noise(6, seed=1) + 1, lr=0.1, steps=5).named("six examples of two features, five steps")
    yield Case(noise(3, 4, seed=2), noise(3, seed=3), lr=0.05, steps=20).named("three examples of four features")
    yield Case(noise(5, 5, seed=4) * 3, noise(5, seed=5), lr=0.02, steps=1).named("a single step")


exercise.equivalent("operands of - swapped", "the difference is squared")


def descend(x, y, lr, steps, *, loss_of=None, accumulate=False, move_b=True, sign=-1.0, after=False):
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses, kept = [], [torch.zeros_like(w), torch.zeros_like(b)]
    loss_of = loss_of or (lambda z: (z - y).square().mean())
    for _ in range(steps):
        loss = loss_of(x @ w + b)
        gradients = torch.autograd.grad(loss, [w, b])
        kept = [old + new for old, new in zip(kept, gradients, strict=True)] if accumulate else gradients
        with torch.no_grad():
            w += sign * lr * kept[0]
            if move_b:
                b += sign * lr * kept[1]
        losses.append(loss_of(x @ w + b).item() if after else loss.item())
    return w.detach(), b.detach(), losses


@exercise.mistake(
    "The gradients of earlier steps are still in there: `backward()` adds to `.grad`. Clear it in every step, or use torch.autograd.grad, which stores nothing."
)
def gradients_add_up(x, y, *, lr, steps):
    return descend(x, y, lr, steps, accumulate=True)


@exercise.mistake(
    "You summed the squared errors; their mean is asked. With the sum the right learning rate would depend on the number of examples."
)
def summed(x, y, *, lr, steps):
    return descend(x, y, lr, steps, loss_of=lambda z: (z - y).square().sum())


@exercise.mistake(
    "In one of your shapes a column meets a row: (N, 1) minus (N,) is a table of every prediction minus every target, and its mean pulls every prediction to the mean of the targets. Both must be (N,)."
)
def every_pair(x, y, *, lr, steps):
    return descend(x, y, lr, steps, loss_of=lambda z: (z[:, None] - y).square().mean())


@exercise.mistake("You climb. The gradient points uphill, so subtract it.")
def uphill(x, y, *, lr, steps):
    return descend(x, y, lr, steps, sign=1.0)


@exercise.mistake("The bias never moves: take its gradient as well, and subtract it.")
def bias_left_alone(x, y, *, lr, steps):
    return descend(x, y, lr, steps, move_b=False)


@exercise.mistake(
    "Weights and bias are right; your losses are those *after* each step. Here the first is the loss at zero, before anything was learned."
)
def losses_after(x, y, *, lr, steps):
    return descend(x, y, lr, steps, after=True)


@exercise.mistake(
    "Half of the squared error has half the gradient, so you go half as far. It is a common convention, but not this one: the mean of the squares."
)
def half_of_it(x, y, *, lr, steps):
    return descend(x, y, lr, steps, loss_of=lambda z: 0.5 * (z - y).square().mean())


@exercise.mistake(
    "w and b still carry the graph, or ask for gradients: whoever uses them goes on recording. Return them detached, as plain numbers."
)
def past_returned(x, y, *, lr, steps):
    w, b, losses = descend(x, y, lr, steps)
    return w.requires_grad_(), b.requires_grad_(), losses


@exercise.mistake(
    "The losses are tensors, and each holds on to the graph of its step, so the memory grows with every step. Keep the number: loss.item()."
)
def losses_hold_their_graphs(x, y, *, lr, steps):
    w, b, losses = descend(x, y, lr, steps)
    return w, b, [torch.tensor(one, dtype=x.dtype, requires_grad=True) for one in losses]


@exercise.mistake("The losses are tensors. They have no past, but Python numbers are asked: loss.item().")
def losses_as_tensors(x, y, *, lr, steps):
    w, b, losses = descend(x, y, lr, steps)
    return w, b, [torch.tensor(one, dtype=x.dtype) for one in losses]


@exercise.mistake(
    "You took the root of the mean squared error. It has its minimum at the same place, but another gradient, and so other steps."
)
def root_taken(x, y, *, lr, steps):
    return descend(x, y, lr, steps, loss_of=lambda z: (z - y).square().mean().sqrt())


@exercise.mistake(
    "You moved w first and took the bias's gradient at the new w. Both gradients belong to one loss: take both, then move both."
)
def one_after_the_other(x, y, *, lr, steps):
    w, b, losses = x.new_zeros(x.shape[1]), x.new_zeros(()), []
    for _ in range(steps):
        e = x @ w + b - y
        losses.append(e.square().mean().item())
        w = w - lr * 2 * x.T @ e / len(y)
        b = b - lr * 2 * (x @ w + b - y).mean()
    return w, b, losses


@exercise.alternative
def by_backward(x, y, *, lr, steps):
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros(1, dtype=x.dtype, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = torch.nn.functional.mse_loss(x @ w + b, y)
        w.grad = b.grad = None
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        losses.append(float(loss))
    return w.detach(), b.detach()[0], losses


@exercise.alternative
def new_leaves_each_step(x, y, *, lr, steps):
    theta = x.new_zeros(x.shape[1] + 1)
    table = torch.cat([x, x.new_ones(len(x), 1)], dim=1)
    losses = []
    for _ in range(steps):
        theta = theta.detach().requires_grad_()
        loss = ((table @ theta - y) ** 2).sum() / len(y)
        (gradient,) = torch.autograd.grad(loss, theta)
        losses.append(loss.item())
        theta = theta - lr * gradient
    return theta[:-1].detach(), theta[-1].detach(), losses


@exercise.alternative
def by_hand(x, y, *, lr, steps):
    w, b, losses = x.new_zeros(x.shape[1]), x.new_zeros(()), []
    for _ in range(steps):
        e = x @ w + b - y
        losses.append(e.square().mean().item())
        w, b = w - lr * 2 * x.T @ e / len(y), b - lr * 2 * e.mean()
    return w, b, losses
