"""The importance-weighted bound: average the weights, then take the logarithm."""

import math

import torch
import torch.nn.functional as F

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=14,
    core=True,
    hints=(
        "Three log densities make a log weight: the likelihood, the prior of z, and the posterior of z. Which signs do they get, and over which axis do two of them sum?",
        "Sum over the last axis first, so that the weights have shape (S, N). Then logsumexp over the draws, dim 0, and subtract the logarithm of S.",
    ),
    probe=probes.call(grad=True),
)


def case(draws: int, count: int, pixels: int, latent: int, seed: int, size: float = 1.0) -> Case:
    x = (noise(count, pixels, seed=seed) > 0).double()
    return Case(
        x,
        size * noise(draws, count, pixels, seed=seed + 1),
        noise(count, latent, seed=seed + 2),
        noise(count, latent, seed=seed + 3),
        noise(draws, count, latent, seed=seed + 4),
    )


@exercise.cases
def cases():
    yield case(1, 1, 2, 1, seed=0).named("one draw for one image: the ELBO")
    yield case(2, 1, 3, 1, seed=10).named("two draws for one image")
    yield case(5, 3, 4, 2, seed=20).named("five draws, three images, two latent numbers")
    yield case(3, 3, 3, 3, seed=30).named("all sizes three")
    yield case(4, 2, 6, 3, seed=40, size=500.0).named("weights of e to the minus thousand")


exercise.edit(
    "elbo", "log_weights.logsumexp(0) - math.log(len(eps))", "log_weights.mean(0)",
    "You averaged the logarithms: this is the ELBO, however many draws there are. Average the weights, then take the logarithm.",
)  # fmt: skip
exercise.edit(
    "no_division", " - math.log(len(eps))", "",
    "The division by the number of draws is missing, log S nats: a sum of weights is not their mean.",
)  # fmt: skip
exercise.edit(
    "over_the_images", "logsumexp(0)", "logsumexp(1)",
    "You summed over the images. The bound is one for each image: the draws are the first axis.",
)  # fmt: skip
exercise.edit(
    "posterior_added", "log_prior - log_posterior", "log_prior + log_posterior",
    "The posterior stands below the fraction line of the weight: subtract its logarithm.",
)  # fmt: skip
exercise.edit(
    "no_prior", "+ log_prior - log", "- log",
    "The prior of z is missing from the weight, so codes far from the origin cost nothing.",
)  # fmt: skip
exercise.edit(
    "log_variance_forgotten", "(eps.square() + log_variance)", "eps.square()",
    "log q(z|x) lacks the log-variance: the density of a narrow Gaussian is higher.",
)  # fmt: skip
exercise.edit(
    "variance_as_spread", "(0.5 * log_variance).exp()", "log_variance.exp()",
    "z was made with the variance; the standard deviation is exp(log_variance / 2).",
)  # fmt: skip


@exercise.mistake(
    "logsumexp of losses: the weights have the wrong sign, so the worst draw counts most. A weight grows with the likelihood."
)
def losses_instead_of_weights(x, logits, mean, log_variance, eps):
    z = mean + (0.5 * log_variance).exp() * eps
    log_q = -0.5 * (eps.square() + log_variance).sum(-1)
    loss = -((x * logits - F.softplus(logits)).sum(-1) - 0.5 * z.square().sum(-1) - log_q)
    return -(loss.logsumexp(0) - math.log(len(eps)))


@exercise.mistake(
    "exp before the largest is subtracted: weights of e to the minus thousand are 0 in the computer, and their logarithm is minus infinity. Use logsumexp."
)
def exp_first(x, logits, mean, log_variance, eps):
    z = mean + (0.5 * log_variance).exp() * eps
    log_q = -0.5 * (eps.square() + log_variance).sum(-1)
    log_weights = (x * logits - F.softplus(logits)).sum(-1) - 0.5 * z.square().sum(-1) - log_q
    return log_weights.exp().mean(0).log()


@exercise.mistake(
    "The closed-form KL went into the weight. It is an average over all z; an importance weight needs the densities of this very draw."
)
def closed_form_kl(x, logits, mean, log_variance, eps):
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(-1)
    log_weights = (x * logits - F.softplus(logits)).sum(-1) - kl
    return log_weights.logsumexp(0) - math.log(len(eps))


exercise.edit(
    "noise_as_code", "z = mean + (0.5 * log_variance).exp() * eps", "z = eps",
    "The prior is taken at eps. It is the density of the code: z = mean + sigma * eps.",
)  # fmt: skip
exercise.edit(
    "posterior_at_z", "(eps.square() + log_variance)", "(z.square() + log_variance)",
    "The square in log q is that of z. It is ((z - mean) / sigma) squared, which is eps squared.",
)  # fmt: skip
exercise.edit(
    "half_of_the_log_variance", "(eps.square() + log_variance)", "(eps.square() + 0.5 * log_variance)",
    "The log-variance is halved twice: the one half already stands before the bracket.",
)  # fmt: skip
exercise.edit(
    "images_counted", "math.log(len(eps))", "math.log(len(x))",
    "You divide by the number of images. The mean is over the draws: the logarithm of len(eps).",
)  # fmt: skip
exercise.edit(
    "prior_doubled", "-0.5 * z.square()", "-z.square()",
    "The one half of the prior is missing: log p(z) is -z squared over 2.",
)  # fmt: skip
exercise.edit(
    "best_draw", "log_weights.logsumexp(0) - math.log(len(eps))", "log_weights.max(0).values",
    "You took the largest weight. Asked for is the logarithm of their mean: logsumexp over the draws, minus log S.",
)  # fmt: skip


@exercise.alternative
def by_distributions(x, logits, mean, log_variance, eps):
    from torch.distributions import Normal

    q = Normal(mean, (log_variance / 2).exp())
    z = q.loc + q.scale * eps
    prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    log_weights = log_likelihood(x, logits) + prior.log_prob(z).sum(-1) - q.log_prob(z).sum(-1)
    return torch.logsumexp(log_weights, dim=0) - math.log(logits.shape[0])


@exercise.alternative
def shifted_by_hand(x, logits, mean, log_variance, eps):
    z = mean + (0.5 * log_variance).exp() * eps
    log_weights = log_likelihood(x, logits) + 0.5 * (eps**2 + log_variance - z**2).sum(-1)
    largest = log_weights.detach().max(0).values
    return largest + (log_weights - largest).exp().mean(0).log()
