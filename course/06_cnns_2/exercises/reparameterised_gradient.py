"""The gradient of an expectation with respect to the distribution it is taken under, through the draw itself."""

import math

import numpy as np
import torch

from dlmodule.checking import Case, Code, Exercise, probes
from dlmodule.checking.inputs import row

DRAWS = 200
CERTAIN = 1e-9  # the standard error of what does not depend on chance

exercise = Exercise(
    difficulty=3,
    minutes=9,
    move_on=16,
    core=True,
    hints=(
        "Draw eps from the standard normal, where no parameter has a say, and build z from it. Then z is an ordinary differentiable "
        "function of mean and log_variance.",
        "Work on copies that ask for a gradient: mean.clone().requires_grad_(). The standard deviation is (0.5 * log_variance).exp(), and "
        "torch.autograd.grad(value, (mean, log_variance)) returns both gradients.",
    ),
    probe=probes.sample(
        {
            "gradient by the mean": "x[:, 0].mean(0)",
            "gradient by the log-variance": "x[:, 1].mean(0)",
            "variance of the first": "x[:, 0].var(0)",
            "variance of the second": "x[:, 1].var(0)",
            "the caller's tensors ask for gradients": "torch.tensor(float(args[1].requires_grad or args[2].requires_grad)).double()",
        },
        draws=DRAWS,
    ),
)


def expectation(values, mean: float, variance: float) -> float:
    """E of ``values(z, eps)`` for z = mean + std eps, by Gauss-Hermite quadrature."""
    eps, weight = np.polynomial.hermite_e.hermegauss(80)
    return float((weight * values(mean + math.sqrt(variance) * eps, eps)).sum() / math.sqrt(2 * math.pi))


def judged(f: str, slope, means: tuple, variances: tuple, count: int) -> Case:
    """A case whose f is a sum over features of functions with derivative ``slope``; everything expected by quadrature."""
    first, second, spread_1, spread_2 = [], [], [], []
    for mean, variance in zip(means, variances, strict=True):
        half = 0.5 * math.sqrt(variance)
        g = expectation(lambda z, e: slope(z), mean, variance)
        g_squared = expectation(lambda z, e: slope(z) ** 2, mean, variance)
        h = expectation(lambda z, e, s=half: slope(z) * s * e, mean, variance)
        h_squared = expectation(lambda z, e, s=half: (slope(z) * s * e) ** 2, mean, variance)
        first.append(g)
        second.append(h)
        spread_1.append(max(0.0, g_squared - g * g) / count)
        spread_2.append(max(0.0, h_squared - h * h) / count)
    spread_1 = [0.0 if one < 1e-12 else one for one in spread_1]
    within = {
        "gradient by the mean": row(*(math.sqrt(one / DRAWS) + CERTAIN for one in spread_1)),
        "gradient by the log-variance": row(*(math.sqrt(one / DRAWS) + CERTAIN for one in spread_2)),
        "variance of the first": row(*(one * math.sqrt(2.2 / DRAWS) + CERTAIN for one in spread_1)),
        "variance of the second": row(*(one * math.sqrt(2.2 / DRAWS) + CERTAIN for one in spread_2)),
        "the caller's tensors ask for gradients": row(CERTAIN).squeeze(),
    }
    expected = {
        "gradient by the mean": row(*first),
        "gradient by the log-variance": row(*second),
        "variance of the first": row(*spread_1),
        "variance of the second": row(*spread_2),
        "the caller's tensors ask for gradients": row(0.0).squeeze(),
    }
    log_variances = row(*(math.log(one) for one in variances))
    return Case(Code(f), row(*means), log_variances, count).expecting(expected, within=within)


@exercise.cases
def cases():
    yield judged("lambda z: 3 * z[:, 0]", lambda z: 3.0 + 0 * z, (1.0,), (4.0,), 200).named(
        "a straight line, whose slope is 3 whatever is drawn"
    )
    # exp(7.5) is twelve standard deviations away, so a right draw never meets the ends of the slope.
    yield judged(
        "lambda z: z.clamp(-math.exp(7.5), math.exp(7.5)).sum(1)",
        lambda z: 1.0 + 0 * z,
        (0.0, 0.0),
        (math.exp(10),) * 2,
        100,
    ).named("a slope of 1 that ends twelve standard deviations away")
    yield judged("lambda z: (z**2).sum(1)", lambda z: 2 * z, (2.0,), (0.0025,), 200).named(
        "a square, and a variance of 0.0025"
    )
    yield (
        judged("lambda z: torch.sin(z).sum(1)", np.cos, (0.5, -1.0, 0.0), (0.6, 1.5, 1.0), 500)
        .seeded(2)
        .named("a sum of sines of three features")
    )


exercise.edit(
    "variance_taken_for_std",
    "(0.5 * log_variance).exp()",
    "log_variance.exp()",
    "You scaled eps with the variance. z = mean + std * eps, and the standard deviation is exp(log_variance / 2).",
)
exercise.edit(
    "summed",
    "f(z).mean()",
    "f(z).sum()",
    "You differentiated the sum over the samples. The expectation is estimated by their mean, so your gradient is count times too large.",
)
exercise.edit(
    "one_draw_for_all",
    "torch.randn(count, len(mean),",
    "torch.randn(1, len(mean),",
    "All samples share one eps: right on average, and as noisy as a single sample however large count is. Draw (count, D).",
)
exercise.edit(
    "leaves_switched_on",
    "mean.clone().requires_grad_()",
    "mean.requires_grad_()",
    "The values are right, but the caller's own mean now asks for gradients: requires_grad_() works in place. Take a copy first.",
)


@exercise.mistake(
    "You drew z itself, with torch.normal. A draw has no derivative, so the graph ends there and nothing flows back to mean or log_variance. "
    "Draw eps, which depends on no parameter, and compute z from it."
)
def drawn_directly(f, mean, log_variance, count, *, generator):
    mean, log_variance = mean.clone().requires_grad_(), log_variance.clone().requires_grad_()
    with torch.no_grad():
        z = torch.normal(mean.expand(count, -1), (0.5 * log_variance).exp().expand(count, -1), generator=generator)
    return torch.stack(torch.autograd.grad(f(z).mean(), (mean, log_variance)))


@exercise.mistake(
    "You differentiated with respect to the standard deviation. Asked for is the derivative by log_variance; the chain rule gives it another "
    "factor std / 2."
)
def by_the_standard_deviation(f, mean, log_variance, count, *, generator):
    mean, std = mean.clone().requires_grad_(), (0.5 * log_variance).exp().requires_grad_()
    z = mean + std * torch.randn(count, len(mean), generator=generator, dtype=mean.dtype)
    return torch.stack(torch.autograd.grad(f(z).mean(), (mean, std)))


@exercise.mistake(
    "This is the score-function estimator, f(z) times the gradient of ln q(z). It is right on average and needs no derivative of f, but it "
    "is far noisier: for a straight line the reparameterised gradient does not scatter at all, yours does."
)
def score_function(f, mean, log_variance, count, *, generator):
    eps = torch.randn(count, len(mean), generator=generator, dtype=mean.dtype)
    std = (0.5 * log_variance).exp()
    value = f(mean + std * eps)[:, None]
    return torch.stack([(value * eps / std).mean(0), (value * 0.5 * (eps**2 - 1)).mean(0)])


exercise.equivalent("+ -> -", "-eps has the distribution of eps, and so has the gradient")


@exercise.alternative
def by_hand(f, mean, log_variance, count, *, generator):
    std = (0.5 * log_variance).exp()
    eps = torch.randn(count, len(mean), generator=generator, dtype=mean.dtype)
    z = (mean + std * eps).requires_grad_()
    (slope,) = torch.autograd.grad(f(z).sum(), z)
    return torch.stack([slope.mean(0), (slope * eps * std / 2).mean(0)])


@exercise.alternative
def by_torch(f, mean, log_variance, count, *, generator):
    both = torch.stack([mean, log_variance]).requires_grad_()
    eps = torch.empty(count, mean.shape[0], dtype=mean.dtype).normal_(generator=generator)
    z = torch.addcmul(both[0], torch.exp(both[1] / 2), eps)
    f(z).mean().backward()
    return both.grad
