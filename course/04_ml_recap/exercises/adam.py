"""One step of Adam."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    core=True,
    hints=(
        "Five quantities in this order: m, s, their corrected versions, theta. Which of them does the next step need?",
        "The correction divides by 1 - beta ** t, a number; with t = 1 it undoes the factor 1 - beta exactly. Return the raw m and s.",
    ),
)


@exercise.cases
def cases():
    one = torch.tensor([1.0], dtype=torch.float64)
    yield Case(one, 4 * one, 0 * one, 0 * one, t=1, lr=0.1).named("the first step: grad = 4, m = s = 0")
    yield Case(one, 2 * one, one, 9 * one, t=2, lr=0.1, betas=(0.5, 0.75)).named(
        "the second step: grad = 2, m = 1, s = 9"
    )
    yield Case(one, -0.01 * one, 0.02 * one, 0.0004 * one, t=3, lr=0.1, eps=0.01).named("a gradient no larger than eps")
    many = [noise(3, 4, seed=seed) for seed in range(4)]
    yield Case(*many[:3], many[3] ** 2, t=7, lr=0.03).named("a (3, 4) matrix, the defaults, t = 7")
    yield Case(*many[:3], many[3] ** 2, t=2000, lr=0.5, betas=(0.8, 0.9)).named("after 2,000 steps")
    zero = torch.zeros(2, dtype=torch.float64)
    yield Case(zero + 1, zero, zero, zero, t=1, lr=0.1).named("a gradient that is zero, and always was")


@exercise.mistake(
    "Your moments are not corrected for their start at zero. Divide m by 1 - beta1 ** t and s by 1 - beta2 ** t: else the first step is three "
    "times too long."
)
def no_bias_correction(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8):
    m = betas[0] * m + (1 - betas[0]) * grad
    s = betas[1] * s + (1 - betas[1]) * grad**2
    return theta - lr * m / (s.sqrt() + eps), m, s


@exercise.mistake(
    "Only m is corrected. s starts at zero as well, and since beta2 is closer to 1 it is wrong for far longer: a thousand steps."
)
def only_m_corrected(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8):
    m = betas[0] * m + (1 - betas[0]) * grad
    s = betas[1] * s + (1 - betas[1]) * grad**2
    return theta - lr * m / (1 - betas[0] ** t) / (s.sqrt() + eps), m, s


@exercise.mistake(
    "You returned the corrected moments, so the next step corrects them once more. The correction is for this step only: keep the raw m and s."
)
def corrected_state(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8):
    m = (betas[0] * m + (1 - betas[0]) * grad) / (1 - betas[0] ** t)
    s = (betas[1] * s + (1 - betas[1]) * grad**2) / (1 - betas[1] ** t)
    return theta - lr * m / (s.sqrt() + eps), m, s


@exercise.mistake(
    "eps stands under your root, where 1e-8 acts like 1e-4. Adam takes the root first: sqrt(s_hat) + eps."
)
def eps_under_the_root(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8):
    m = betas[0] * m + (1 - betas[0]) * grad
    s = betas[1] * s + (1 - betas[1]) * grad**2
    return theta - lr * (m / (1 - betas[0] ** t)) / (s / (1 - betas[1] ** t) + eps).sqrt(), m, s


@exercise.mistake(
    "t is off by one: t already is the number of this step, counted from 1, and you corrected with t + 1. The first step then corrects too little."
)
def counts_on(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8):
    return adam(theta, grad, m, s, t=t + 1, lr=lr, betas=betas, eps=eps)


@exercise.mistake(
    "s averages the square of m, not of the gradient. Then m / sqrt(s) no longer shrinks where gradients disagree, which is how Adam slows down in noise."
)
def square_of_m(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8):
    m = betas[0] * m + (1 - betas[0]) * grad
    s = betas[1] * s + (1 - betas[1]) * m**2
    return theta - lr * (m / (1 - betas[0] ** t)) / ((s / (1 - betas[1] ** t)).sqrt() + eps), m, s


@exercise.mistake(
    "The two betas are exchanged: betas[0] belongs to the mean of the gradient, betas[1] to the mean of its square."
)
def betas_exchanged(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8):
    return adam(theta, grad, m, s, t=t, lr=lr, betas=betas[::-1], eps=eps)


exercise.edit(
    "power_forgotten",
    ("betas[0] ** t", "betas[1] ** t"),
    ("betas[0]", "betas[1]"),
    "You divide by 1 - beta in every step. The correction is 1 - beta ** t: it fades as t grows, since a mean that has seen many steps needs none.",
)
exercise.edit(
    "times_t",
    ("betas[0] ** t", "betas[1] ** t"),
    ("betas[0] * t", "betas[1] * t"),
    "You multiply beta by t. The correction takes the power: 1 - beta ** t.",
)
exercise.edit(
    "only_s_corrected",
    "m / (1 - betas[0] ** t)",
    "m",
    "Only s is corrected. m starts at zero as well, so the first steps are too short: divide it by 1 - beta1 ** t.",
)
exercise.edit(
    "no_root",
    "s_hat.sqrt()",
    "s_hat",
    "You divide by the mean square and not by its root. Then a gradient twice as large makes half the step; divide by the root, and its size cancels.",
)
exercise.edit(
    "s_of_the_gradient",
    "grad**2",
    "grad",
    "s averages the gradient itself. It is the mean of the gradient's *square*.",
)
exercise.edit(
    "s_of_absolute_values",
    "grad**2",
    "grad.abs()",
    "s averages the absolute gradient. It is the mean of the gradient's *square*, of which the root is taken afterwards.",
)
exercise.edit(
    "uphill",
    "theta - lr",
    "theta + lr",
    "You went uphill: the gradient points to where the loss grows, so subtract.",
)
exercise.edit(
    "weights_exchanged",
    "betas[0] * m + (1 - betas[0]) * grad",
    "(1 - betas[0]) * m + betas[0] * grad",
    "In m the weights are exchanged: beta1 (0.9) of the old mean is kept, and 1 - beta1 of the new gradient added.",
)
exercise.edit(
    "weights_of_s_exchanged",
    "betas[1] * s + (1 - betas[1]) * grad**2",
    "(1 - betas[1]) * s + betas[1] * grad**2",
    "In s the weights are exchanged: beta2 (0.999) of the old mean is kept, and 1 - beta2 of the new square added.",
)
exercise.edit(
    "gradient_in_the_step",
    "lr * m_hat",
    "lr * grad",
    "The step follows the gradient of this step alone, as in RMSprop. Adam follows its running mean, m_hat.",
)
exercise.edit(
    "no_eps",
    " + eps)",
    ")",
    "eps is not used. It is added to the root, so that a gradient of zero does not divide by zero.",
)
exercise.edit(
    "eps_before_the_correction",
    "(s_hat.sqrt() + eps)",
    "((s.sqrt() + eps) / (1 - betas[1] ** t) ** 0.5)",
    "eps is added before the correction of s, and so is enlarged by it. Correct first: sqrt(s_hat) + eps.",
)
exercise.edit(
    "betas_fixed",
    "    m = betas",
    "    betas = (0.9, 0.999)\n    m = betas",
    "You always use 0.9 and 0.999: the argument `betas` is not used.",
)


@exercise.alternative
def by_torch(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8):
    p = theta.clone().requires_grad_()
    p.grad = grad.clone()
    optimiser = torch.optim.Adam([p], lr=lr, betas=betas, eps=eps)
    optimiser.state[p] = {"step": torch.tensor(float(t - 1)), "exp_avg": m.clone(), "exp_avg_sq": s.clone()}
    optimiser.step()
    return p.detach(), optimiser.state[p]["exp_avg"], optimiser.state[p]["exp_avg_sq"]


@exercise.alternative
def correction_in_the_rate(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8):
    """The form at the end of section 2 of the paper: both corrections in the step, with eps scaled along."""
    m, s = torch.lerp(grad, m, betas[0]), torch.lerp(grad.square(), s, betas[1])
    root = (1 - betas[1] ** t) ** 0.5
    return theta - lr * root / (1 - betas[0] ** t) * m / (s.sqrt() + eps * root), m, s
