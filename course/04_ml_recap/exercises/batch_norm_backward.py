"""The gradients of batch normalisation, without autograd."""

import torch
from torch import Tensor

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=4,
    minutes=12,
    move_on=22,
    hints=(
        "Compute x_hat first; then the gradients of gamma and beta are two sums over the batch, and the box needs two means over the batch.",
        "Inside the box stands g, the gradient that has passed gamma, and the whole is divided by s. The last term is x_hat times one number per feature.",
    ),
    forbidden={
        "autograd": "autograd derives for you; here you write the three lines of the box, and may then compare with it."
    },
)


@exercise.cases
def cases():
    x = torch.tensor([[1.0], [2.0], [6.0]], dtype=torch.float64)
    grad = torch.tensor([[1.0], [0.0], [0.0]], dtype=torch.float64)
    yield Case(grad, x, torch.ones(1, dtype=torch.float64), eps=0.0).named(
        "x = (1, 2, 6), grad_y = (1, 0, 0), gamma = 1"
    )
    yield Case(noise(4, 2, seed=0), noise(4, 2, seed=1), 3 * noise(2, seed=2)).named("four examples of two features")
    yield Case(noise(2, 5, seed=3), noise(2, 5, seed=4), noise(5, seed=5), eps=0.5).named(
        "two examples of five features, eps 0.5"
    )
    yield Case(noise(9, 3, seed=6), 10 * noise(9, 3, seed=7) - 20, noise(3, seed=8)).named(
        "nine examples far from zero"
    )


def parts(x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    s = (x.var(0, correction=0) + eps).sqrt()
    return (x - x.mean(0)) / s, s


@exercise.mistake(
    "grad_x: you treated mean and variance as constants, so the gradient only passes gamma / s. Each input also moves the batch's mean and "
    "variance, and with them all other outputs."
)
def statistics_constant(grad_y, x, gamma, *, eps=1e-5):
    x_hat, s = parts(x, eps)
    return gamma * grad_y / s, (grad_y * x_hat).sum(0), grad_y.sum(0)


@exercise.mistake(
    "grad_x: the way through the mean is there, the one through the variance is missing: subtract x_hat times the mean of g * x_hat as well."
)
def variance_constant(grad_y, x, gamma, *, eps=1e-5):
    x_hat, s = parts(x, eps)
    g = gamma * grad_y
    return (g - g.mean(0)) / s, (grad_y * x_hat).sum(0), grad_y.sum(0)


exercise.edit(
    "gamma_forgotten",
    "g = gamma * grad_y",
    "g = grad_y",
    "grad_x lacks gamma: the gradient passes y = gamma * x_hat + beta first, and is multiplied by gamma there.",
)
exercise.edit(
    "scale_forgotten",
    "* (g * x_hat).mean(0)) / s",
    "* (g * x_hat).mean(0))",
    "grad_x is not divided by s. x_hat = (x - mean) / s moves by 1 / s when x moves by 1.",
)
exercise.edit(
    "gamma_with_x",
    "(grad_y * x_hat).sum(0)",
    "(grad_y * x).sum(0)",
    "grad_gamma: what gamma multiplies is x_hat, not x.",
)


@exercise.mistake(
    "grad_gamma and grad_beta are means over your batch. Every example used the same gamma and beta, so their contributions add up; the loss "
    "brought its own 1 / N along."
)
def means_for_sums(grad_y, x, gamma, *, eps=1e-5):
    x_hat, s = parts(x, eps)
    g = gamma * grad_y
    return (g - g.mean(0) - x_hat * (g * x_hat).mean(0)) / s, (grad_y * x_hat).mean(0), grad_y.mean(0)


@exercise.mistake(
    "grad_x subtracts sums over the batch where means belong: the derivative of a mean with respect to one example is 1 / N."
)
def sums_for_means(grad_y, x, gamma, *, eps=1e-5):
    x_hat, s = parts(x, eps)
    g = gamma * grad_y
    return (g - g.sum(0) - x_hat * (g * x_hat).sum(0)) / s, (grad_y * x_hat).sum(0), grad_y.sum(0)


exercise.edit(
    "mean_not_taken_out",
    "g - g.mean(0) - x_hat",
    "g - x_hat",
    "grad_x: the way through the variance is there, the one through the mean is missing: subtract the mean of g as well.",
)
exercise.edit(
    "gamma_in_gamma",
    "(grad_y * x_hat).sum(0)",
    "(g * x_hat).sum(0)",
    "grad_gamma holds gamma. y = gamma * x_hat + beta: what gamma multiplies is x_hat, so its gradient is the sum of grad_y * x_hat.",
)
exercise.edit(
    "gamma_in_beta",
    "grad_y.sum(0)\n",
    "g.sum(0)\n",
    "grad_beta holds gamma. beta is added after gamma has multiplied: its gradient is the sum of grad_y.",
)
exercise.edit(
    "mean_for_beta",
    "grad_y.sum(0)\n",
    "grad_y.mean(0)\n",
    "grad_beta is a mean over the batch. Every example used the same beta, so their contributions add up.",
)
exercise.edit(
    "divided_by_the_variance",
    "(g * x_hat).mean(0)) / s\n",
    "(g * x_hat).mean(0)) / s**2\n",
    "grad_x is divided by s twice. x_hat = (x - mean) / s moves by 1 / s when x moves by 1.",
)
exercise.edit(
    "unbiased_variance",
    "correction=0",
    "correction=1",
    "You divide the variance by N - 1. In the forward pass the batch is normalised by the biased one, divided by N, and so it is here.",
)
exercise.edit(
    "eps_outside",
    "(x.var(0, correction=0) + eps).sqrt()",
    "x.std(0, correction=0) + eps",
    "eps stands outside your root. It is added to the variance, under the root, as in the forward pass.",
)
exercise.edit(
    "no_eps",
    "(x.var(0, correction=0) + eps).sqrt()",
    "x.std(0, correction=0)",
    "eps is not used. It is added to the variance, under the root, as in the forward pass.",
)
exercise.edit(
    "centred_not_normalised",
    "x_hat * (g * x_hat).mean(0)",
    "(x - x.mean(0)) * (g * (x - x.mean(0))).mean(0)",
    "grad_x: the last term needs x_hat, which is divided by s, in both places, and not x - mean.",
)
exercise.edit(
    "plus_the_projection",
    "- x_hat * (g",
    "+ x_hat * (g",
    "grad_x: the part along x_hat is to be taken out, and you add it: a minus.",
)
exercise.edit(
    "other_order",
    "(grad_y * x_hat).sum(0), grad_y.sum(0)",
    "grad_y.sum(0), (grad_y * x_hat).sum(0)",
    "grad_gamma and grad_beta are exchanged: gamma's comes first.",
)


@exercise.alternative
def step_by_step(grad_y, x, gamma, *, eps=1e-5):
    """Back through the graph one operation at a time."""
    N = len(x)
    centred = x - x.mean(0)
    var = centred.square().mean(0)
    inverse = (var + eps) ** -0.5
    g = grad_y * gamma
    grad_var = (g * centred).sum(0) * -0.5 * inverse**3
    grad_mean = -(g * inverse).sum(0) - 2 * grad_var * centred.mean(0)
    return g * inverse + grad_var * 2 * centred / N + grad_mean / N, (grad_y * centred * inverse).sum(0), grad_y.sum(0)


@exercise.alternative
def by_the_jacobian(grad_y, x, gamma, *, eps=1e-5):
    """The matrix of the derivation, written out for every feature."""
    x_hat, s = parts(x, eps)
    N = len(x)
    J = (torch.eye(N, dtype=x.dtype)[:, :, None] - 1 / N - x_hat[:, None] * x_hat[None] / N) / s  # (N, N, D)
    return torch.einsum("ijd,jd->id", J, gamma * grad_y), torch.einsum("nd,nd->d", grad_y, x_hat), grad_y.sum(0)
