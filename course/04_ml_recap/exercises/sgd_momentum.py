"""One step of gradient descent with momentum."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=1,
    minutes=3,
    move_on=8,
    core=True,
    hints=(
        "Two lines: first the velocity remembers a part of itself and takes up the gradient, then the parameters follow the velocity.",
        "The parameters follow the *new* velocity, and the learning rate enters only there.",
    ),
)


@exercise.cases
def cases():
    one = torch.tensor([1.0], dtype=torch.float64)
    yield Case(one, 2 * one, 0 * one, lr=0.1).named("the first step: theta = 1, grad = 2, v = 0, lr = 0.1")
    yield Case(one, 2 * one, 10 * one, lr=0.1).named("a later step: theta = 1, grad = 2, v = 10, lr = 0.1")
    yield Case(one, -2 * one, 10 * one, lr=0.5, momentum=0.5).named("v = 10 against grad = -2, momentum 0.5")
    yield Case(noise(3, 4, seed=0), noise(3, 4, seed=1), noise(3, 4, seed=2), lr=0.03, momentum=0.8).named(
        "a (3, 4) matrix"
    )
    yield Case(noise(5, seed=3), noise(5, seed=4), noise(5, seed=5), lr=0.2, momentum=0.0).named("momentum 0")


@exercise.mistake(
    "The parameters follow the old velocity: the gradient of this step is heard only in the next. Update v first, then move."
)
def old_velocity(theta, grad, v, *, lr, momentum=0.9):
    return theta - lr * v, momentum * v + grad


@exercise.mistake(
    "You weight the gradient by 1 - momentum, a running mean. PyTorch's momentum is a running *sum*, so that with momentum 0.9 steady "
    "gradients move ten times as far; your learning rate means something else."
)
def running_mean(theta, grad, v, *, lr, momentum=0.9):
    v = momentum * v + (1 - momentum) * grad
    return theta - lr * v, v


@exercise.mistake(
    "The learning rate stands inside your velocity. With a constant rate that is the same path, but when a schedule changes the rate the "
    "old gradients keep the old one. PyTorch keeps it outside: v collects gradients alone."
)
def rate_inside(theta, grad, v, *, lr, momentum=0.9):
    v = momentum * v + lr * grad
    return theta - v, v


exercise.edit(
    "uphill",
    "theta - lr * v",
    "theta + lr * v",
    "You went uphill: the gradient points to where the loss grows, so subtract.",
)
exercise.edit(
    "forgets",
    "momentum * v + grad",
    "grad",
    "The velocity forgets everything: it is this step's gradient alone, plain gradient descent. Keep `momentum` times the old one.",
)


@exercise.mistake(
    "This is Nesterov's step, the next exercise: you move by the gradient plus momentum times the new velocity. Here the step is the velocity itself."
)
def already_nesterov(theta, grad, v, *, lr, momentum=0.9):
    v = momentum * v + grad
    return theta - lr * (grad + momentum * v), v


exercise.edit(
    "rate_inside_with_its_sign",
    ("momentum * v + grad", "theta - lr * v"),
    ("momentum * v - lr * grad", "theta + v"),
    "The learning rate, and the minus, stand inside your velocity (some books put them there). Here v is a running sum of the gradients as they are, and the "
    "rate stands outside: theta - lr * v.",
)
exercise.edit(
    "momentum_weighs_the_gradient",
    "momentum * v + grad",
    "v + momentum * grad",
    "momentum multiplies the gradient in your sum, and the old velocity never fades. It is the old velocity that is multiplied: momentum * v + grad.",
)
exercise.edit(
    "never_fades",
    "momentum * v + grad",
    "v + grad",
    "Your velocity never fades: momentum is not used. The old velocity is multiplied by it before the gradient is added.",
)
exercise.edit(
    "other_default",
    "momentum: float = 0.9",
    "momentum: float = 0.99",
    "Your default for momentum is not 0.9.",
)


@exercise.alternative
def by_torch(theta, grad, v, *, lr, momentum=0.9):
    p = theta.clone().requires_grad_()
    p.grad = grad.clone()
    optimiser = torch.optim.SGD([p], lr=lr, momentum=momentum)
    optimiser.state[p]["momentum_buffer"] = v.clone()
    optimiser.step()
    state = optimiser.state[p]["momentum_buffer"] if momentum else grad
    return p.detach(), state.detach()


@exercise.alternative
def written_out(theta, grad, v, *, lr, momentum=0.9):
    moved = theta.sub(grad, alpha=lr).sub(v, alpha=lr * momentum)
    return moved, torch.add(grad, v, alpha=momentum)
