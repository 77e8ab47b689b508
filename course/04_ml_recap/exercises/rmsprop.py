"""One step of RMSprop."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=4,
    move_on=10,
    hints=(
        "First the running mean of the squares, then the step with the new mean. Everything happens element by element.",
        "alpha is the share that is kept, so the new square enters with 1 - alpha. The root is taken before eps is added.",
    ),
)


@exercise.cases
def cases():
    one = torch.tensor([1.0], dtype=torch.float64)
    yield Case(one, 3 * one, 16 * one, lr=0.1, alpha=0.5).named("theta = 1, grad = 3, s = 16, alpha = 0.5")
    yield Case(one, -3 * one, 0 * one, lr=0.1).named("the first step: grad = -3, s = 0")
    yield Case(one, 0.01 * one, 0.0004 * one, lr=0.1, alpha=0.9, eps=0.01).named("a gradient no larger than eps")
    yield Case(noise(3, 4, seed=0), noise(3, 4, seed=1), noise(3, 4, seed=2) ** 2, lr=0.03).named(
        "a (3, 4) matrix, the defaults"
    )
    yield Case(
        noise(2, 3, seed=3), 100 * noise(2, 3, seed=4), noise(2, 3, seed=5) ** 2, lr=0.2, alpha=0.8, eps=1.0
    ).named("gradients of size 100")
    zero = torch.zeros(2, dtype=torch.float64)
    yield Case(zero + 1, zero, zero, lr=0.1).named("a gradient that is zero, and always was")


@exercise.mistake("alpha and 1 - alpha are exchanged: alpha (0.99) is how much of the old mean is kept.")
def weights_exchanged(theta, grad, s, *, lr, alpha=0.99, eps=1e-8):
    s = (1 - alpha) * s + alpha * grad**2
    return theta - lr * grad / (s.sqrt() + eps), s


@exercise.mistake(
    "eps stands under your root. There it acts like its square root: 1e-8 becomes 1e-4. PyTorch takes the root first and adds eps to it."
)
def eps_under_the_root(theta, grad, s, *, lr, alpha=0.99, eps=1e-8):
    s = alpha * s + (1 - alpha) * grad**2
    return theta - lr * grad / (s + eps).sqrt(), s


exercise.edit(
    "no_root",
    "s.sqrt()",
    "s",
    "You divide by the mean square and not by its root. Then a gradient twice as large makes half the step; divide by the root, and its size cancels.",
)
exercise.edit(
    "not_squared",
    "grad**2",
    "grad",
    "s collects gradients, not their squares. Gradients of both signs cancel in it, and its root may not even exist.",
)


@exercise.mistake(
    "You divided by the old mean and then updated it. In the first step that is a division by eps: an enormous step. Update s first."
)
def old_mean(theta, grad, s, *, lr, alpha=0.99, eps=1e-8):
    return theta - lr * grad / (s.sqrt() + eps), alpha * s + (1 - alpha) * grad**2


@exercise.mistake(
    "You averaged the squares over all parameters. Each parameter is to have its own size of step: keep one running mean per element."
)
def one_for_all(theta, grad, s, *, lr, alpha=0.99, eps=1e-8):
    s = alpha * s + (1 - alpha) * (grad**2).mean()
    return theta - lr * grad / (s.sqrt() + eps), s


exercise.edit(
    "absolute_values",
    "grad**2",
    "grad.abs()",
    "You average the absolute values and then take a root. s is the mean of the *squares*, so that its root has the size of a gradient.",
)
exercise.edit(
    "sum_of_all_squares",
    "alpha * s + (1 - alpha) * grad**2",
    "s + grad**2",
    "You add up the squares of all steps and forget nothing: that is Adagrad, whose steps shrink for ever. RMSprop keeps a running mean, alpha of the old and "
    "1 - alpha of the new.",
)
exercise.edit(
    "sum_that_fades",
    "alpha * s + (1 - alpha) * grad**2",
    "alpha * s + grad**2",
    "The new square lacks its factor 1 - alpha. Without it s is a running sum, 1 / (1 - alpha) times too large.",
)
exercise.edit(
    "no_eps",
    " + eps)",
    ")",
    "eps is not used. It is added to the root, so that a gradient of zero does not divide by zero.",
)
exercise.edit(
    "uphill",
    "theta - lr",
    "theta + lr",
    "You went uphill: the gradient points to where the loss grows, so subtract.",
)
exercise.edit(
    "other_default",
    "alpha: float = 0.99",
    "alpha: float = 0.9",
    "Your default for alpha is 0.9. Hinton's slide has that; here, as in PyTorch, it is 0.99.",
)


@exercise.alternative
def by_torch(theta, grad, s, *, lr, alpha=0.99, eps=1e-8):
    p = theta.clone().requires_grad_()
    p.grad = grad.clone()
    optimiser = torch.optim.RMSprop([p], lr=lr, alpha=alpha, eps=eps)
    optimiser.state[p] = {"step": torch.tensor(0.0), "square_avg": s.clone()}
    optimiser.step()
    return p.detach(), optimiser.state[p]["square_avg"]


@exercise.alternative
def with_lerp(theta, grad, s, *, lr, alpha=0.99, eps=1e-8):
    s = torch.lerp(grad.square(), s, alpha)
    return torch.addcdiv(theta, grad, s**0.5 + eps, value=-lr), s
