"""The best discriminator of two densities, and their Jensen-Shannon divergence."""

import math

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=8,
    core=True,
    hints=(
        "The derivation gives D* and the value V* at D*. How are V* and JS linked?",
        "torch.where keeps 0.5 where p + q is 0. The integrals are sums times dx; torch.xlogy makes 0 ln 0 count as 0.",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    yield Case(row(0.5, 0.5), row(1, 0), 1.0).named("the worked number: two outcomes")
    yield Case(row(0, 2, 0), row(0, 0, 2), 0.5).named("densities that do not overlap, both 0 in one place")
    yield Case(row(0.25, 0.5, 1.25), row(0.25, 0.5, 1.25), 0.5).named("equal densities")
    yield Case(row(1, 1e-20), row(1e-20, 1), 1.0).named("densities that hardly overlap")
    p, q = noise(40).square(), noise(40, seed=1).square()
    yield Case(p / p.sum() / 0.1, q / q.sum() / 0.1, 0.1).named("forty random densities")


exercise.edit(
    "sides_exchanged", "p / total", "q / total",
    "Your D is the probability of a generated example. D is the probability that x is real: p over p + q.",
)  # fmt: skip
exercise.edit(
    "one_minus_rounded", "q / total, 0.5)", "1 - best, 0.5)",
    "Where q is tiny, 1 - D rounds to 0 and its logarithm is infinite. Compute it as q / (p + q).",
)  # fmt: skip
exercise.edit(
    "value_of_the_game", "value / 2 + math.log(2)", "value",
    "You returned the value of the game. V* is 2 JS - 2 ln 2: solve it for JS.",
)  # fmt: skip
exercise.edit(
    "twice_js", "value / 2 + math.log(2)", "value + 2 * math.log(2)",
    "You returned twice the divergence: V* + 2 ln 2 is 2 JS.",
)  # fmt: skip
exercise.edit(
    "dx_forgotten", ".sum() * dx", ".sum()",
    "An integral on a grid is a sum times the spacing dx.",
)  # fmt: skip
exercise.edit(
    "nothing_in_between", "p / total, 0.5)", "p / total, 0.0)",
    "Where both densities are 0, D should be 0.5: nothing is known there.",
)  # fmt: skip


@exercise.mistake(
    "You divided 0 by 0, or took 0 times ln 0. Where p + q is 0, D is 0.5; torch.xlogy counts 0 ln 0 as 0."
)
def not_a_number(p, q, dx):
    best = p / (p + q)
    return best, ((p * best.log() + q * (1 - best).log()).sum() * dx) / 2 + math.log(2)


@exercise.mistake("Your divergence has one half only: JS averages KL(p, m) and KL(q, m).")
def one_half_only(p, q, dx):
    total = p + q
    best = torch.where(total > 0, p / total, 0.5)
    return best, torch.xlogy(p, 2 * best).sum() * dx


exercise.edit(
    "mean_for_the_integral", ".sum() * dx", ".mean()",
    "You took the mean over the grid. An integral on a grid is the sum of the values times the spacing dx.",
)  # fmt: skip
exercise.edit(
    "logarithm_of_zero", "torch.xlogy(p, best) + torch.xlogy(q, rest)", "p * best.log() + q * rest.log()",
    "Where a density is 0 you compute 0 times ln 0, which is NaN. torch.xlogy counts it as 0.",
)  # fmt: skip
exercise.edit(
    "in_bits", "math.log(2)", "1.0",
    "The divergence is V* / 2 plus ln 2, and ln 2 is 0.693: math.log(2). With 1 in its place you mix nats and bits.",
)  # fmt: skip
exercise.edit(
    "log_two_subtracted", "+ math.log(2)", "- math.log(2)",
    "The ln 2 has the wrong sign. V* is 2 JS - 2 ln 2, so JS is V* / 2 plus ln 2.",
)  # fmt: skip


@exercise.alternative
def by_the_mean_density(p, q, dx):
    m = (p + q) / 2
    safe = torch.where(m > 0, m, 1.0)
    best = torch.where(m > 0, p / (2 * safe), 0.5)
    js = 0.5 * (torch.xlogy(p, p / safe) + torch.xlogy(q, q / safe)).sum() * dx
    return best, js


@exercise.alternative
def by_entropies(p, q, dx):
    def entropy(density):
        return -torch.xlogy(density, density).sum() * dx

    best = torch.full_like(p, 0.5)
    some = (p + q) > 0
    best[some] = p[some] / (p + q)[some]
    return best, entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2


exercise.edit(
    "small_number_below", "torch.where(total > 0, p / total, 0.5)", "p / (total + 1e-8)",
    "A small number under the fraction makes D zero where both densities are 0. There nothing is known, and D is 0.5: torch.where.",
)  # fmt: skip
