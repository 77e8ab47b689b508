"""The Kullback-Leibler divergence between two diagonal Gaussians, in closed form."""

import math

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=7,
    core=True,
    hints=(
        "KL(q || p) is an expectation under q of ln q - ln p. Under q, (z - mean_q)^2 averages to q's variance. What does (z - mean_p)^2 "
        "average to?",
        "For one feature four terms stand in the bracket: a ratio of variances, a squared distance over a variance, a minus one, and a "
        "difference of log-variances. Test yourself: q = p must give 0.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    zero = torch.zeros(1, 1, dtype=torch.float64)
    yield Case(zero + 1, zero, zero + 3, zero + math.log(4)).named("q = N(1, 1) and p = N(3, 4)")
    mean, log_variance = noise(2, 3), noise(2, 3, seed=1)
    yield Case(mean, log_variance, mean, log_variance).named("q and p equal")
    yield Case(*(noise(3, 2, seed=seed) for seed in range(4))).named("three pairs with two features")
    yield Case(*(noise(4, 5, seed=seed) for seed in range(2)), *(noise(5, seed=seed) for seed in range(2, 4))).named(
        "four q and one p with five features"
    )
    yield Case(*(noise(2, 3, 4, seed=seed) for seed in range(4))).named("a batch of shape (2, 3)")


@exercise.mistake(
    "This is KL(p || q): the two changed places. The expectation is taken under the first of the two, and the order matters."
)
def exchanged(mean_q, log_variance_q, mean_p, log_variance_p):
    change = log_variance_p - log_variance_q
    return 0.5 * (change.exp() + (mean_p - mean_q) ** 2 / log_variance_q.exp() - 1 - change).sum(-1)


@exercise.mistake(
    "The -1 is missing, so two equal Gaussians would be half a nat apart for each feature. It is the expectation of ((z - mean_q) / std_q)^2."
)
def no_minus_one(mean_q, log_variance_q, mean_p, log_variance_p):
    change = log_variance_q - log_variance_p
    return 0.5 * (change.exp() + (mean_q - mean_p) ** 2 / log_variance_p.exp() - change).sum(-1)


@exercise.mistake(
    "The factor 1/2 is missing: it stands before the square in the exponent and before the log-variance, and survives the expectation."
)
def no_half(mean_q, log_variance_q, mean_p, log_variance_p):
    change = log_variance_q - log_variance_p
    return (change.exp() + (mean_q - mean_p) ** 2 / log_variance_p.exp() - 1 - change).sum(-1)


@exercise.mistake(
    "The squared distance between the means is measured in q's variance. It comes from ln p, so p's variance stands below it."
)
def distance_in_units_of_q(mean_q, log_variance_q, mean_p, log_variance_p):
    change = log_variance_q - log_variance_p
    return 0.5 * (change.exp() + (mean_q - mean_p) ** 2 / log_variance_q.exp() - 1 - change).sum(-1)


@exercise.mistake(
    "The difference of log-variances has the wrong sign: a narrow q against a broad p would come out negative, and a KL never is."
)
def sign_of_the_log(mean_q, log_variance_q, mean_p, log_variance_p):
    change = log_variance_q - log_variance_p
    return 0.5 * (change.exp() + (mean_q - mean_p) ** 2 / log_variance_p.exp() - 1 + change).sum(-1)


@exercise.mistake(
    "You averaged over the features. Log densities of independent features add, so their divergences add: take the sum over the last axis."
)
def mean_over_features(mean_q, log_variance_q, mean_p, log_variance_p):
    change = log_variance_q - log_variance_p
    return 0.5 * (change.exp() + (mean_q - mean_p) ** 2 / log_variance_p.exp() - 1 - change).mean(-1)


exercise.equivalent("operands of - swapped", "the difference is squared")


@exercise.mistake("The 1 is taken away once. Every feature brings its own: it belongs inside the sum.")
def one_once(mean_q, log_variance_q, mean_p, log_variance_p):
    ratio = (log_variance_q - log_variance_p).exp() + (mean_q - mean_p) ** 2 / log_variance_p.exp()
    return 0.5 * ((ratio - log_variance_q + log_variance_p).sum(-1) - 1)


@exercise.mistake("You took exp(log_variance) for the standard deviation and squared it. It is the variance already.")
def variance_taken_for_std(mean_q, log_variance_q, mean_p, log_variance_p):
    log_ratio = 2 * (log_variance_q - log_variance_p)
    return 0.5 * (log_ratio.exp() + (mean_q - mean_p) ** 2 / (2 * log_variance_p).exp() - 1 - log_ratio).sum(-1)


@exercise.mistake(
    "You took p's variance for 1, as in a variational autoencoder. Here p may be any Gaussian: divide by its variance."
)
def prior_of_unit_variance(mean_q, log_variance_q, mean_p, log_variance_p):
    return 0.5 * (log_variance_q.exp() + (mean_q - mean_p) ** 2 - 1 - log_variance_q + 0 * log_variance_p).sum(-1)


@exercise.mistake(
    "This is the mean of KL(q || p) and KL(p || q). Only the first is asked, and the two are not the same."
)
def both_ways(mean_q, log_variance_q, mean_p, log_variance_p):
    def one_way(m, v, n, w):
        return 0.5 * ((v - w).exp() + (m - n) ** 2 / w.exp() - 1 - v + w).sum(-1)

    there = one_way(mean_q, log_variance_q, mean_p, log_variance_p)
    return (there + one_way(mean_p, log_variance_p, mean_q, log_variance_q)) / 2


@exercise.alternative
def by_torch(mean_q, log_variance_q, mean_p, log_variance_p):
    from torch.distributions import Normal, kl_divergence

    q, p = Normal(mean_q, (log_variance_q / 2).exp()), Normal(mean_p, (log_variance_p / 2).exp())
    return kl_divergence(q, p).sum(-1)


@exercise.alternative
def cross_entropy_minus_entropy(mean_q, log_variance_q, mean_p, log_variance_p):
    var_q, var_p = log_variance_q.exp(), log_variance_p.exp()
    cross = 0.5 * (math.log(2 * math.pi) + log_variance_p + (var_q + (mean_q - mean_p).square()) / var_p)
    entropy = 0.5 * (math.log(2 * math.pi * math.e) + log_variance_q)
    return cross.sum(dim=-1) - entropy.expand_as(cross).sum(dim=-1)
