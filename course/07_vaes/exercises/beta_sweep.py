"""The curve of rate and distortion, a trained model a point."""

import torch

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=14,
    core=True,
    hints=(
        "One loop over the betas, a training loop inside it. What must be made anew for each beta, and what must be seeded before it?",
        "negative_elbo(model, x, beta) is the loss of training. For the measurement call the model with zeros as eps, and take rate and distortion apart; neither is multiplied by beta.",
    ),
)


@exercise.cases
def cases():
    x = (noise(6, 4) > 0).double()
    yield Case(x, [1.0], hidden=3, latent=1, steps=2).named("six images of four pixels, one beta, two steps")
    yield Case(x, [0.1, 4.0], hidden=3, latent=2, steps=5).named("two betas")
    yield Case(
        (noise(5, 7, seed=1) > 0).double(), [2.0, 0.5, 10.0], hidden=4, latent=3, steps=4, lr=0.05, seed=3
    ).named("three betas, another rate and seed")


exercise.edit(
    "beta_ignored", "negative_elbo(model, x, beta)", "negative_elbo(model, x)",
    "beta does not reach the loss: every point of your curve is the same model.",
)  # fmt: skip
exercise.edit(
    "rate_times_beta", "rates.append(kl_by_dimension(mean, log_variance).sum(1).mean())", "rates.append(beta * kl_by_dimension(mean, log_variance).sum(1).mean())",
    "You report beta times the rate. beta belongs into the loss of training; what is measured must be the same quantity at every point.",
)  # fmt: skip
exercise.edit(
    "rate_averaged", ".sum(1).mean())", ".mean())",
    "The rate is averaged over the latent dimensions. Nats of an image add over them: sum over dim 1, then average over the images.",
)  # fmt: skip
exercise.edit(
    "distortion_negative", "distortions.append(-log", "distortions.append(log",
    "Distortion is minus the log-likelihood, so that less is better.",
)  # fmt: skip
exercise.edit(
    "measured_with_noise", "model(x, torch.zeros(len(x), latent, dtype=x.dtype))", "model(x)",
    "The measurement draws noise. Asked for is eps of zero, so that the curve does not shake.",
)  # fmt: skip
exercise.edit(
    "seeded_too_late",
    "        torch.manual_seed(seed)\n        model = VAE(x.shape[1], hidden, latent).to(x.dtype)\n",
    "        model = VAE(x.shape[1], hidden, latent).to(x.dtype)\n        torch.manual_seed(seed)\n",
    "Weights are drawn when the model is made, so torch.manual_seed(seed) comes before it.",
)  # fmt: skip


@exercise.mistake(
    "One model is trained on from beta to beta, so a point depends on those before it. Make a new model for each."
)
def one_model(x, betas, *, hidden, latent, steps, lr=1e-2, seed=0):
    torch.manual_seed(seed)
    model = VAE(x.shape[1], hidden, latent).to(x.dtype)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    rates, distortions = [], []
    for beta in betas:
        torch.manual_seed(seed)
        for _ in range(steps):
            loss = negative_elbo(model, x, beta)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            logits, mean, log_variance = model(x, torch.zeros(len(x), latent, dtype=x.dtype))
            rates.append(kl_by_dimension(mean, log_variance).sum(1).mean())
            distortions.append(-log_likelihood(x, logits).mean())
    return torch.stack(rates), torch.stack(distortions)


@exercise.alternative
def point_by_point(x, betas, *, hidden, latent, steps, lr=1e-2, seed=0):
    def point(beta):
        torch.manual_seed(seed)
        model = VAE(x.shape[1], hidden, latent).to(x.dtype)
        optimiser = torch.optim.Adam(model.parameters(), lr=lr)
        for _ in range(steps):
            optimiser.zero_grad()
            negative_elbo(model, x, beta).backward()
            optimiser.step()
        with torch.no_grad():
            logits, mean, log_variance = model(x, x.new_zeros(x.shape[0], latent))
        return kl_by_dimension(mean, log_variance).sum() / len(x), -log_likelihood(x, logits).sum() / len(x)

    rates, distortions = zip(*map(point, betas), strict=True)
    return torch.stack(rates), torch.stack(distortions)


@exercise.alternative
def loss_written_out(x, betas, *, hidden, latent, steps, lr=1e-2, seed=0):
    found = []
    for beta in betas:
        torch.manual_seed(seed)
        model = VAE(x.shape[1], hidden, latent).to(x.dtype)
        optimiser = torch.optim.Adam(model.parameters(), lr=lr)
        for step in range(steps + 1):
            logits, mean, log_variance = model(x) if step < steps else model(x, torch.zeros(len(x), latent).to(x))
            rate, distortion = kl_by_dimension(mean, log_variance).sum(1).mean(), -log_likelihood(x, logits).mean()
            if step < steps:
                optimiser.zero_grad()
                (distortion + beta * rate).backward()
                optimiser.step()
        found.append(torch.stack([rate, distortion]).detach())
    rates, distortions = torch.stack(found).T
    return rates, distortions


exercise.edit(
    "seeded_once", "    for beta in betas:\n        torch.manual_seed(seed)\n", "    torch.manual_seed(seed)\n    for beta in betas:\n",
    "You seed once, so each beta starts from other weights. Seed for every beta, so that nothing but beta differs.",
)  # fmt: skip
exercise.edit(
    "one_model_for_all", "    for beta in betas:\n        torch.manual_seed(seed)\n        model = VAE(x.shape[1], hidden, latent).to(x.dtype)\n", "    torch.manual_seed(seed)\n    model = VAE(x.shape[1], hidden, latent).to(x.dtype)\n    for beta in betas:\n",
    "One model is trained on and on. Each beta needs a new one, made after seeding.",
)  # fmt: skip
exercise.edit(
    "gradient_descent", "torch.optim.Adam(", "torch.optim.SGD(",
    "You used SGD. The text asks for Adam.",
)  # fmt: skip
