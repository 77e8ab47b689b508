"""One step of gradient descent with Nesterov's momentum, in the form that libraries use."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=4,
    move_on=10,
    hints=(
        "The velocity is updated as before. Only the step differs: it is taken along a sum of two terms.",
        "In the last formula of the text the velocity carries the index t + 1: it is the new one.",
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
    yield Case(noise(5, seed=3), noise(5, seed=4), noise(5, seed=5), lr=0.2, momentum=0.3).named("momentum 0.3")


@exercise.mistake(
    "This is plain momentum: the step is the new velocity or, which is the same, grad + momentum * v with the *old* v. Nesterov's step is the "
    "gradient plus momentum times the velocity that already holds this gradient."
)
def plain_momentum(theta, grad, v, *, lr, momentum=0.9):
    v = momentum * v + grad
    return theta - lr * v, v


@exercise.mistake(
    "You add the whole new velocity to the gradient. It enters with the factor `momentum`, since that much of it is left when the next step begins."
)
def whole_velocity(theta, grad, v, *, lr, momentum=0.9):
    v = momentum * v + grad
    return theta - lr * (grad + v), v


@exercise.mistake(
    "You moved by momentum times the new velocity and left out the gradient itself. The step has two terms: this gradient, and what the ball "
    "will roll on by afterwards."
)
def gradient_left_out(theta, grad, v, *, lr, momentum=0.9):
    v = momentum * v + grad
    return theta - lr * momentum * v, v


@exercise.mistake(
    "The step is right, but you returned grad + momentum * v as the new velocity, so the next step counts this gradient twice. The state is v alone."
)
def wrong_state(theta, grad, v, *, lr, momentum=0.9):
    v = momentum * v + grad
    step = grad + momentum * v
    return theta - lr * step, step


exercise.edit(
    "uphill", "theta - lr", "theta + lr", "You went uphill: the gradient points to where the loss grows, so subtract."
)


exercise.edit(
    "velocity_twice",
    "lr * (grad + momentum * v)",
    "lr * (v + momentum * v)",
    "You move by the new velocity and momentum times it again. Nesterov's step is the *gradient* plus momentum times the new velocity.",
)
exercise.edit(
    "running_mean",
    "v = momentum * v + grad",
    "v = momentum * v + (1 - momentum) * grad",
    "You weight the gradient in v by 1 - momentum, a running mean. Momentum here is a running sum: v = momentum * v + grad.",
)
exercise.edit(
    "old_state_returned",
    "    v = momentum * v + grad\n    return theta - lr * (grad + momentum * v), v",
    "    new = momentum * v + grad\n    return theta - lr * (grad + momentum * new), v",
    "The step is right, but you returned the velocity that you were given. The new one is the state of the next step.",
)


@exercise.alternative
def by_torch(theta, grad, v, *, lr, momentum=0.9):
    p = theta.clone().requires_grad_()
    p.grad = grad.clone()
    optimiser = torch.optim.SGD([p], lr=lr, momentum=momentum, nesterov=True)
    optimiser.state[p]["momentum_buffer"] = v.clone()
    optimiser.step()
    return p.detach(), optimiser.state[p]["momentum_buffer"].detach()


@exercise.alternative
def by_the_ball_itself(theta, grad, v, *, lr, momentum=0.9):
    """Sutskever's form: from the look-ahead point back to the ball, one step, and ahead again."""
    ball = theta + lr * momentum * v
    v = momentum * v + grad
    ball = ball - lr * v
    return ball - lr * momentum * v, v
