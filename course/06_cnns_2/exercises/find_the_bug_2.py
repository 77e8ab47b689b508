"""A mixture of two Gaussians that is fitted to amplitudes and goes wrong: find the three planted bugs."""

import math

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=12,
    move_on=20,
    hints=(
        "A density integrates to 1, so its mean negative log-likelihood cannot fall for ever on the same data. Two lines break this promise: "
        "one in each factor of p(z) p(x | z). Check each factor by itself.",
        "Do the two priors add up to 1? Does the bell have its height as well as its width? And the posterior: Bayes multiplies the "
        "likelihood with something before it normalises.",
    ),
)


def amplitudes(count: int, seed: int) -> torch.Tensor:
    """A fifth of them around 3, the rest around 1."""
    noise = torch.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.where(torch.arange(count) % 5 == 0, 3.0, 1.0) + 0.7 * noise


@exercise.cases
def cases():
    yield Case(torch.tensor([0.5, 1.0, 1.5, 4.0], dtype=torch.float64), steps=2, lr=0.1).named(
        "four amplitudes, two steps"
    )
    yield Case(amplitudes(30, 0), steps=12, lr=0.1).named("thirty amplitudes, twelve steps")
    yield Case(amplitudes(25, 1), steps=40).named("twenty-five amplitudes, forty steps of the default size")


exercise.bug(
    "prior_not_normalised",
    "log_prior = weight_logits.log_softmax(0)",
    "log_prior = weight_logits",
    "One bug is left: the prior. The two logits are no probabilities until log_softmax makes them so; as they stand the loss falls with every "
    "step, because raising both is always rewarded.",
    left="the loss still falls with every step",
)
exercise.bug(
    "bell_without_height",
    " - log_std - 0.5",
    " - 0.5",
    "One bug is left: the bell has no height. Without - log_std in the log-likelihood a wider Gaussian is never worse, so the standard "
    "deviation grows and everything is explained by everything.",
    left="the standard deviation still grows without end",
)
exercise.bug(
    "posterior_without_prior",
    "(log_prior + log_likelihood).softmax(1)",
    "log_likelihood.softmax(1)",
    "One bug is left, and the loss cannot show it: the posterior forgets the prior. softmax of the likelihoods alone takes both classes for "
    "equally common before it looks, so its mean over the data does not agree with the weights.",
    left="the posterior does not average to the weights",
)
exercise.equivalent("operands of - swapped", "eps is squared")
exercise.equivalent("returned pair swapped", "the two logarithms are only added")


@exercise.alternative
def by_distributions(x, *, steps=400, lr=0.05):
    """The mixture written with torch.distributions."""
    from torch.distributions import Categorical, MixtureSameFamily, Normal

    weight_logits = torch.zeros(2, dtype=x.dtype, requires_grad=True)
    mean = x.quantile(torch.tensor([0.3, 0.95], dtype=x.dtype)).requires_grad_()
    log_std = torch.zeros(1, dtype=x.dtype, requires_grad=True)
    optimiser = torch.optim.Adam([weight_logits, mean, log_std], lr=lr)
    losses = []
    for _ in range(steps):
        parts = Normal(mean, log_std.exp(), validate_args=False)
        loss = -MixtureSameFamily(Categorical(logits=weight_logits), parts, validate_args=False).log_prob(x).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        weight, std = weight_logits.softmax(0), log_std.exp()
        joint = weight * Normal(mean, std).log_prob(x[:, None]).exp()
        return weight, mean.detach(), std, joint / joint.sum(1, keepdim=True), losses


@exercise.alternative
def both_at_once(x, *, steps=400, lr=0.05):
    weight_logits = torch.zeros(2, dtype=x.dtype, requires_grad=True)
    mean = torch.quantile(x, torch.tensor([0.3, 0.95], dtype=x.dtype)).requires_grad_()
    log_std = torch.zeros(1, dtype=x.dtype, requires_grad=True)
    optimiser = torch.optim.Adam([weight_logits, mean, log_std], lr=lr)

    def log_joint():
        eps = (x.unsqueeze(1) - mean) * (-log_std).exp()
        return weight_logits.log_softmax(0) - (eps.square() + 2 * log_std + math.log(2 * math.pi)) / 2

    losses = []
    for _ in range(steps):
        loss = -torch.logsumexp(log_joint(), dim=1).mean()
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    joint = log_joint().detach()
    posterior = (joint - joint.logsumexp(1, keepdim=True)).exp()
    return weight_logits.detach().softmax(0), mean.detach(), log_std.detach().exp(), posterior, losses
