"""A VAE with three silent faults: a variance for a spread, a rate averaged over dimensions, and logarithms averaged."""

import torch

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=18,
    hints=(
        "Take the symptoms in order. Where is the width of a draw made? How do nats of several dimensions combine? What does averaging logarithms give?",
        "Look at three lines of the program: the one that makes std, the one that makes rate, and the one that makes bound.",
    ),
)


@exercise.cases
def cases():
    yield Case((noise(6, 5) > 0).double(), latent=2, steps=3, draws=4).named("six images of five pixels, three steps")
    yield Case((noise(8, 4, seed=1) > 0.3).double(), latent=3, steps=8, draws=2, lr=0.05, seed=1).named(
        "eight images, eight steps"
    )
    yield Case((noise(3, 3, seed=2) > 0).double(), latent=2, steps=5, draws=3, lr=0.1, seed=2).named("all sizes three")


exercise.bug(
    "variance_as_spread",
    "std = (0.5 * log_variance).exp()",
    "std = log_variance.exp()",
    "One bug is left, the first symptom: the noise is stretched by the variance. The standard deviation is exp(log_variance / 2).",
    left="the width of the draws",
)
exercise.bug(
    "rate_averaged",
    "rate = kl_by_dimension(mean, log_variance).sum(1)",
    "rate = kl_by_dimension(mean, log_variance).mean(1)",
    "One bug is left, the second symptom: the rate is averaged over the latent dimensions. Independent dimensions add; averaged, the rate counts K times too little.",
    left="the rate",
)
exercise.bug(
    "logarithms_averaged",
    "bound = log_weights.logsumexp(0) - math.log(draws)",
    "bound = log_weights.mean(0)",
    "One bug is left, the third symptom: the logarithms of the weights are averaged, which is the ELBO again. Average the weights, then take the logarithm.",
    left="the bound",
)


def program(x, latent, steps, draws, lr, seed):
    """The repaired program, written in another way."""
    torch.manual_seed(seed)
    model = VAE(x.shape[1], 16, latent).to(x.dtype)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        logits, mean, log_variance = model(x)
        loss = kl_by_dimension(mean, log_variance).sum(1).mean() - log_likelihood(x, logits).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
    return model, losses


@exercise.alternative
def by_the_model(x, *, latent, steps, draws, lr=0.01, seed=0):
    model, losses = program(x, latent, steps, draws, lr, seed)
    with torch.no_grad():
        mean, log_variance = model.encoder(x).chunk(2, dim=1)
        eps = torch.randn(draws, *mean.shape, dtype=x.dtype)
        z = mean + (log_variance / 2).exp() * eps
        log_weights = log_likelihood(x, model.decoder(z)) + 0.5 * (eps**2 + log_variance - z**2).sum(-1)
        return losses, torch.logsumexp(log_weights, 0) - torch.log(torch.tensor(float(draws), dtype=x.dtype))


@exercise.alternative
def weights_averaged(x, *, latent, steps, draws, lr=0.01, seed=0):
    model, losses = program(x, latent, steps, draws, lr, seed)
    with torch.no_grad():
        mean, log_variance = model.encoder(x).chunk(2, dim=1)
        eps = torch.randn(draws, *mean.shape, dtype=x.dtype)
        z = mean + log_variance.exp().sqrt() * eps
        log_weights = log_likelihood(x, model.decoder(z)) + 0.5 * (eps**2 + log_variance - z**2).sum(-1)
        return losses, log_weights.exp().mean(0).log()
