"""A mixture of two Gaussians that is fitted to amplitudes and goes wrong: find the three planted bugs."""

import math

import torch

from dlmodule.checking.exercise import Case, Exercise

exercise = Exercise(
    title="a loss that is too good",
    difficulty=3,
    minutes=12,
    move_on=20,
    hints=(
        "A density integrates to 1, so its mean negative log-likelihood cannot fall for ever on the same data. Two lines break this promise: "
        "one in each factor of p(z) p(x | z). Check each factor by itself.",
        "Do the two priors add up to 1? Does the bell have its height as well as its width? And the posterior: Bayes multiplies the "
        "likelihood with something before it normalises.",
    ),
    part="probability",
    starter='''def find_the_bug_2(x, *, steps=400, lr=0.05):
    """Fit a mixture of two Gaussians of one width to amplitudes of which nobody knows the class, by maximum likelihood.

    x: (N,). Returns (weight (2,), mean (2,), std (1,), posterior (N, 2), losses: the mean negative log-likelihood of each step).
    Three lines are wrong: repair them and change nothing else.
    """
    weight_logits = torch.zeros(2, dtype=x.dtype, requires_grad=True)
    mean = x.quantile(torch.tensor([0.3, 0.95], dtype=x.dtype)).requires_grad_()
    log_std = torch.zeros(1, dtype=x.dtype, requires_grad=True)
    optimiser = torch.optim.Adam([weight_logits, mean, log_std], lr=lr)

    def log_terms():
        log_prior = weight_logits
        eps = (x[:, None] - mean) / log_std.exp()
        log_likelihood = -0.5 * eps**2 - 0.5 * math.log(2 * math.pi)
        return log_prior, log_likelihood

    losses = []
    for _ in range(steps):
        log_prior, log_likelihood = log_terms()
        loss = -(log_prior + log_likelihood).logsumexp(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        log_prior, log_likelihood = log_terms()
        posterior = log_likelihood.softmax(1)
        return weight_logits.softmax(0), mean.detach(), log_std.exp(), posterior, losses
''',
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


def program(x, steps, lr, *, normalised=True, with_height=True, with_prior=True):
    """The fit with each of its three faults repaired or not."""
    weight_logits = torch.zeros(2, dtype=x.dtype, requires_grad=True)
    mean = x.quantile(torch.tensor([0.3, 0.95], dtype=x.dtype)).requires_grad_()
    log_std = torch.zeros(1, dtype=x.dtype, requires_grad=True)
    optimiser = torch.optim.Adam([weight_logits, mean, log_std], lr=lr)

    def log_terms():
        log_prior = weight_logits.log_softmax(0) if normalised else weight_logits
        height = log_std if with_height else 0.0
        eps = (x[:, None] - mean) / log_std.exp()
        return log_prior, -0.5 * eps**2 - height - 0.5 * math.log(2 * math.pi)

    losses = []
    for _ in range(steps):
        log_prior, log_likelihood = log_terms()
        loss = -(log_prior + log_likelihood).logsumexp(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        log_prior, log_likelihood = log_terms()
        posterior = (log_prior + log_likelihood if with_prior else log_likelihood).softmax(1)
        return weight_logits.softmax(0), mean.detach(), log_std.exp(), posterior, losses


@exercise.mistake(
    "One bug is left: the prior. The two logits are no probabilities until log_softmax makes them so; as they stand the loss falls with every "
    "step, because raising both is always rewarded."
)
def prior_not_normalised(x, *, steps=400, lr=0.05):
    return program(x, steps, lr, normalised=False)


@exercise.mistake(
    "One bug is left: the bell has no height. Without - log_std in the log-likelihood a wider Gaussian is never worse, so the standard "
    "deviation grows and everything is explained by everything."
)
def bell_without_height(x, *, steps=400, lr=0.05):
    return program(x, steps, lr, with_height=False)


@exercise.mistake(
    "One bug is left, and the loss cannot show it: the posterior forgets the prior. softmax of the likelihoods alone takes both classes for "
    "equally common before it looks, so its mean over the data does not agree with the weights."
)
def posterior_without_prior(x, *, steps=400, lr=0.05):
    return program(x, steps, lr, with_prior=False)


@exercise.mistake(
    "The prior is normalised now, and the loss no longer falls for ever by that road. But the standard deviation still grows without end, and "
    "the posterior does not average to the weights: two bugs are left."
)
def only_the_prior_repaired(x, *, steps=400, lr=0.05):
    return program(x, steps, lr, with_height=False, with_prior=False)


@exercise.mistake(
    "The bell has its height now. But the loss still falls with every step, and the posterior does not average to the weights: two bugs are "
    "left."
)
def only_the_height_repaired(x, *, steps=400, lr=0.05):
    return program(x, steps, lr, normalised=False, with_prior=False)


@exercise.mistake(
    "The posterior follows Bayes now. But the loss still falls with every step, and it is the loss of something that is no density: two bugs "
    "are left, one in each factor."
)
def only_the_posterior_repaired(x, *, steps=400, lr=0.05):
    return program(x, steps, lr, normalised=False, with_height=False)


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
