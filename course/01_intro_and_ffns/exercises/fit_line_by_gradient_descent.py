"""Fit a line, one step downhill at a time."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import row

exercise = Exercise(
    difficulty=2,
    minutes=15,
    move_on=25,
    core=True,
    hints=(
        "Do the worked number on paper: two points, one step. Your function must return 0.7 and 0.3 for it.",
        "In each step: the errors w * x + b - y of all points, from them both gradients, and only then both new values, for instance in "
        "one line, w, b = ..., ...",
    ),
)


@exercise.cases
def cases():
    yield Case(row(1, 3), row(2, 4), lr=0.05, steps=1).named("two points, one step")
    yield Case(row(1, 3), row(2, 4), lr=0.05, steps=2).named("two points, two steps")
    x = row(-1.5, -0.5, 0.2, 0.8, 1.0)
    yield Case(x, 0.3 * x.square() - 2 * x + 0.7, lr=0.1, steps=25).named("five points, twenty-five steps")


@exercise.mistake("You walk uphill: the gradient points to where the loss grows, so subtract it.")
def uphill(x, y, *, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        error = w * x + b - y
        w, b = w + lr * 2 * (error * x).mean().item(), b + lr * 2 * error.mean().item()
    return w, b


@exercise.mistake(
    "The factor 2 of the derivative is missing: the square's derivative is twice its argument. Your steps are half as long as they should be."
)
def half_a_step(x, y, *, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        error = w * x + b - y
        w, b = w - lr * (error * x).mean().item(), b - lr * error.mean().item()
    return w, b


@exercise.mistake("You sum over the points where the loss takes the mean, so the step grows with the number of points.")
def summed(x, y, *, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        error = w * x + b - y
        w, b = w - lr * 2 * (error * x).sum().item(), b - lr * 2 * error.sum().item()
    return w, b


@exercise.mistake(
    "You move w first and compute the gradient of b with the new w. Both gradients belong to the same place, the old one: compute the errors "
    "once per step."
)
def one_after_the_other(x, y, *, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        w -= lr * 2 * ((w * x + b - y) * x).mean().item()
        b -= lr * 2 * (w * x + b - y).mean().item()
    return w, b


@exercise.mistake(
    "The intercept never moves. It is a parameter like the slope, with the gradient 2 times the mean error."
)
def intercept_stays(x, y, *, lr, steps):
    w = 0.0
    for _ in range(steps):
        w -= lr * 2 * ((w * x - y) * x).mean().item()
    return w, 0.0


@exercise.mistake(
    "The gradient with respect to the slope lacks its factor x: by the chain rule each error is multiplied by what the slope multiplies."
)
def chain_rule_forgotten(x, y, *, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        step = lr * 2 * (w * x + b - y).mean().item()
        w, b = w - step, b - step
    return w, b


@exercise.mistake("You return intercept and slope. The slope comes first.")
def order_exchanged(x, y, *, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        error = w * x + b - y
        w, b = w - lr * 2 * (error * x).mean().item(), b - lr * 2 * error.mean().item()
    return b, w


exercise.edit(
    "solved_at_once",
    "    return w.item(), b.item()",
    "    w = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()\n    b = y.mean() - w * x.mean()\n    return w.item(), b.item()",
    "You returned the best line, as if the descent had arrived. After `steps` steps it is still on its way: return where it is.",
)
exercise.edit(
    "starts_at_one",
    "x.new_zeros(2)",
    "x.new_ones(2)",
    "You start from w = b = 1. The start is zero.",
)
exercise.edit(
    "slope_of_absolute_values",
    "error = w * x + b - y",
    "error = (w * x + b - y).sign()",
    "You took the sign of the errors: that is (twice) the gradient of the mean *absolute* error. The squared error's gradient has the error itself in it.",
)
exercise.edit(
    "one_step_too_many",
    "range(steps)",
    "range(steps + 1)",
    "You take one step too many.",
)
exercise.edit(
    "one_step_too_few",
    "range(steps)",
    "range(steps - 1)",
    "You take one step too few: range(steps) has `steps` items, from 0 to steps - 1.",
)


@exercise.alternative
def as_one_vector(x, y, *, lr, steps):
    A = torch.stack([x, torch.ones_like(x)], dim=1)
    theta = torch.zeros(2, dtype=x.dtype)
    for _ in range(steps):
        theta = theta - lr * 2 / len(x) * A.T @ (A @ theta - y)
    return theta[0].item(), theta[1].item()


@exercise.alternative
def by_autograd(x, y, *, lr, steps):
    theta = torch.zeros(2, dtype=x.dtype, requires_grad=True)
    for _ in range(steps):
        loss = (theta[0] * x + theta[1] - y).square().mean()
        (gradient,) = torch.autograd.grad(loss, theta)
        theta = (theta - lr * gradient).detach().requires_grad_()
    return theta[0].item(), theta[1].item()


exercise.equivalent(".item(...) dropped", "a tensor of shape () is taken for the number in it")
