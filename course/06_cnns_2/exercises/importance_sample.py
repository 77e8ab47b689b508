"""An expectation under one density from samples of another."""

import math

import torch

from dlmodule.checking import Case, Code, Exercise, probes
from dlmodule.checking.inputs import row

DRAWS = 400
CERTAIN = 1e-9  # the standard error of what does not depend on chance

exercise = Exercise(
    difficulty=3,
    minutes=8,
    move_on=15,
    hints=(
        "Draw z from the proposal, q = N(mean, variance), as you will in every later model: mean plus standard deviation times eps. Each "
        "sample then speaks for p(z) / q(z) of them.",
        "You have ln p as a function and ln q from `gaussian_log_prob`. Subtract first and exponentiate after; the rest is "
        "monte_carlo_with_error on the values weight * f(z).",
    ),
    probe=probes.sample(
        {
            "mean estimate": "x[:, 0].mean()",
            "mean squared error bar": "x[:, 1].square().mean()",
            "variance of the estimates": "x[:, 0].var()",
        },
        draws=DRAWS,
    ),
)

STANDARD = "-0.5 * (z**2 + math.log(2 * math.pi)).sum(1)"  # ln p of a standard normal, any number of features


def scalar(value: float) -> torch.Tensor:
    return torch.tensor(float(value), dtype=torch.float64)


def judged(case: Case, mean: float, second: float, fourth: float, count: int) -> Case:
    """The closed form: values weight * f with this mean and these raw second and fourth moments (the fourth an upper bound)."""
    variance = second - mean**2
    return case.expecting(
        {
            "mean estimate": scalar(mean),
            "mean squared error bar": scalar(variance / count),
            "variance of the estimates": scalar(variance / count),
        },
        within={
            "mean estimate": scalar(math.sqrt(variance / count / DRAWS)),
            "mean squared error bar": scalar(math.sqrt(fourth / count / DRAWS) / count),
            "variance of the estimates": scalar(
                variance / count * math.sqrt((2 + fourth / variance**2 / count) / DRAWS)
            ),
        },
    )


def tail(x: float) -> float:
    """P(z > x) for a standard normal."""
    return 0.5 * math.erfc(x / math.sqrt(2))


@exercise.cases
def cases():
    exact = {
        "mean estimate": scalar(math.exp(0.5)),
        "mean squared error bar": scalar(0),
        "variance of the estimates": scalar(0),
    }
    # p = N(0, 4) and f = exp(z / 2): f p is proportional to N(2, 4), so with that proposal every value is the answer.
    yield (
        Case(
            Code("lambda z: torch.exp(z[:, 0] / 2)"),
            Code("lambda z: -0.5 * (z[:, 0] ** 2 / 4 + math.log(2 * math.pi * 4))"),
            row(2.0),
            row(math.log(4)),
            50,
        )
        .expecting(exact, within=dict.fromkeys(exact, scalar(CERTAIN)))
        .named("the best of all proposals, in proportion to f times p")
    )
    # q = p with a standard deviation of exp(5), and a box that a right draw never leaves: every value is 1.
    exact = {**exact, "mean estimate": scalar(1)}
    yield (
        Case(
            Code("lambda z: (z.abs().amax(1) < math.exp(7.5)).double()"),
            Code("lambda z: -0.5 * (z**2 / math.exp(10) + math.log(2 * math.pi) + 10).sum(1)"),
            row(0.0, 0.0),
            row(10.0, 10.0),
            20,
        )
        .expecting(exact, within=dict.fromkeys(exact, scalar(CERTAIN)))
        .named(
            "a proposal equal to p, with a variance of exp(10), and the chance of a box of twelve standard deviations"
        )
    )
    # P(z > 3): with q = N(3, 1) the weight is exp(4.5 - 3 z), and E_q[(w f)^k] = exp(9 k (k - 1) / 2) P(z > 3 k).
    moment = [math.exp(4.5 * k * (k - 1)) * tail(3 * k) for k in range(5)]
    yield judged(
        Case(Code("lambda z: (z[:, 0] > 3).double()"), Code(f"lambda z: {STANDARD}"), row(3.0), row(0.0), 200),
        moment[1], moment[2], moment[4], 200,
    ).seeded(1).named("the chance that a standard normal exceeds 3")  # fmt: skip
    # exp(-|z|^2 / 2) in two dimensions, not normalised, f = 1; the proposal is wider by a half.
    v = 1.5**2

    def whole(k: int) -> float:
        """E_q[w^k] for w = exp(-z^2 / 2) / N(z; 0, v), for each of two features."""
        rate = k - (k - 1) / v
        one = (2 * math.pi * v) ** ((k - 1) / 2) * math.sqrt(2 * math.pi / rate)
        return one**2

    yield judged(
        Case(
            Code("lambda z: torch.ones(len(z), dtype=z.dtype)"), Code("lambda z: -0.5 * (z**2).sum(1)"),
            row(0.0, 0.0), row(math.log(v), math.log(v)), 300,
        ),
        whole(1), whole(2), whole(4), 300,
    ).seeded(2).named("the integral of exp(-|z|^2 / 2) over the plane, 2 pi")  # fmt: skip


exercise.edit(
    "upside_down",
    "log_p(z) - gaussian_log_prob(z, mean, log_variance)",
    "gaussian_log_prob(z, mean, log_variance) - log_p(z)",
    "Your weights are q / p. What q draws too often must count less: p / q.",
)
exercise.edit(
    "not_weighted",
    "log_weight.exp() * f(z)",
    "f(z)",
    "You averaged f over the samples of q, which is the expectation under q. Each sample must be weighed by p / q.",
)
exercise.edit(
    "logarithm_as_weight",
    "log_weight.exp() * f(z)",
    "log_weight * f(z)",
    "You weighed with ln(p / q). Subtracting logarithms was right; now exponentiate.",
)
exercise.edit(
    "variance_taken_for_std",
    "(0.5 * log_variance).exp()",
    "log_variance.exp()",
    "Your samples have another spread than the proposal that you divide by: the standard deviation is exp(log_variance / 2).",
)
exercise.edit(
    "spread_of_one_value",
    "values.std() / count**0.5",
    "values.std()",
    "The error bar is that of a single value. The mean of count independent values scatters sqrt(count) times less.",
)


@exercise.mistake(
    "You divided by the sum of the weights. This self-normalised estimate is the right one when p is known only up to a constant, at the "
    "price of a bias; here p is what it is, and its integral may be just what is asked for."
)
def self_normalised(f, log_p, mean, log_variance, count, *, generator):
    eps = torch.randn(count, len(mean), generator=generator, dtype=mean.dtype)
    z = mean + (0.5 * log_variance).exp() * eps
    log_q = -0.5 * (eps**2 + log_variance + math.log(2 * math.pi)).sum(1)
    weight = (log_p(z) - log_q).softmax(0)
    value = (weight * f(z)).sum()
    return torch.stack([value, (weight**2 * (f(z) - value) ** 2).sum().sqrt()])


exercise.equivalent("+ -> -", "-eps has the distribution of eps")
exercise.equivalent("first two arguments of gaussian_log_prob swapped", "a Gaussian is symmetric in x and its mean")


@exercise.alternative
def from_eps(f, log_p, mean, log_variance, count, *, generator):
    std = torch.exp(log_variance / 2)
    eps = torch.randn((count, *mean.shape), generator=generator, dtype=mean.dtype)
    z = eps * std + mean
    log_q = -(eps.square() / 2 + std.log() + 0.5 * math.log(2 * math.pi)).sum(-1)
    values = f(z) * torch.exp(log_p(z) - log_q)
    return torch.stack([values.mean(), (values.var() / count).sqrt()])


@exercise.alternative
def by_torch(f, log_p, mean, log_variance, count, *, generator):
    q = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    z = torch.normal(q.mean.expand(count, -1), q.stddev.expand(count, -1), generator=generator)
    ratio = log_p(z).exp() / q.log_prob(z).sum(1).exp()
    values = ratio * f(z)
    return torch.stack([values.sum() / count, torch.std(values) / math.sqrt(count)])
