"""The training loop of a VAE, and what it reaches on glyphs and on MNIST."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking.exercise import Case, Exercise, Measured

exercise = Exercise(
    difficulty=3,
    minutes=14,
    core=True,
    hints=(
        "It is the training loop you know. Where do x, the loss and its sign come from? There are no labels.",
        "model(x) returns the three things that bernoulli_elbo takes after x, so a star unpacks them. Toss the batch, not the whole set.",
    ),
    measured=Measured("elbo"),
)


def bars(count: int, seed: int) -> torch.Tensor:
    """Images of 6 x 6 pixels with one dark row or one dark column, as probabilities of a white pixel, (count, 36)."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.full((count, 6, 6), 0.04)
    where = torch.randint(12, (count,), generator=generator)
    for image, place in zip(images, where.tolist(), strict=True):
        (image if place < 6 else image.T)[place % 6] = 0.96
    return images.flatten(1)


class Small(nn.Module):
    """A VAE of 36 pixels with four latent numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(36, 32), nn.ReLU(), nn.Linear(32, 8))
        self.decoder = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 36))

    def forward(self, x, eps=None):
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        eps = torch.randn_like(mean) if eps is None else eps
        return self.decoder(mean + (log_variance / 2).exp() * eps), mean, log_variance


def elbo_of(model: nn.Module, x: torch.Tensor) -> float:
    """Mean ELBO of images x (N, D), one draw each."""
    torch.manual_seed(0)
    with torch.no_grad():
        logits, mean, log_variance = (part.float() for part in model(x))
    reconstruction = -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    return (reconstruction - 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)).mean().item()


class Watched(nn.Module):
    """A model that notes what it was given."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model, self.batches = model, []

    def forward(self, x, eps=None):
        if self.training:
            self.batches.append(x.detach().clone())
        return self.model(x, eps)


def fresh() -> nn.Module:
    torch.manual_seed(1)
    return Small()


@exercise.probe
def probe(candidate, case):
    grey = bars(2000, 0)
    tested = torch.bernoulli(bars(500, 1), generator=torch.Generator().manual_seed(2))
    model = candidate(fresh(), grey, epochs=30, batch_size=100, lr=0.01, seed=case.seed)
    if not isinstance(model, nn.Module):
        return {"elbo": -99.0, "returned": type(model).__name__}
    mode = model.training
    few = grey[:50]
    tossed, fixed = Watched(fresh()), Watched(fresh())
    candidate(tossed, few, epochs=2, batch_size=20, lr=0.01, seed=3)
    binary = few.round()
    candidate(fixed, binary, epochs=2, batch_size=20, lr=0.01, redraw=False, seed=3)
    a, b, c = (
        elbo_of(candidate(fresh(), few, epochs=2, batch_size=20, lr=0.01, seed=seed).eval(), tested)
        for seed in (5, 5, 6)
    )

    def same_images(batches):
        """Whether a pass over the data shows each image once."""
        rows = torch.cat(batches)
        return sorted(map(tuple, rows.tolist())) == sorted(map(tuple, binary.tolist()))

    return {
        "elbo": elbo_of(model.eval(), tested),
        "left in training mode": mode,
        "batches": [len(batch) for batch in tossed.batches[:3]],
        "pixels tossed": all(bool(((b == 0) | (b == 1)).all()) for b in tossed.batches),
        "tossed anew": not torch.equal(torch.cat(tossed.batches[:3]).sum(), torch.cat(tossed.batches[3:]).sum()),
        "fixed images left alone": len(fixed.batches) == 6 and same_images(fixed.batches[:3]),
        "order drawn": not torch.equal(fixed.batches[0], binary[:20])
        and not torch.equal(fixed.batches[0], fixed.batches[3]),
        "same seed, same model": abs(a - b) < 1e-4,
        "another seed, another model": abs(a - c) > 1e-6,
    }


@exercise.cases
def cases():
    yield Case().named("images of one bar in 36 pixels, thirty epochs")


exercise.edit(
    "left_in_training_mode", "return model.eval()", "return model",
    "The model comes back in training mode. Layers such as dropout would go on being random: return model.eval().",
)  # fmt: skip
exercise.edit(
    "elbo_minimised", "loss = -bernoulli_elbo", "loss = bernoulli_elbo",
    "You minimise the ELBO, so the model becomes as bad as it can. The loss is minus the ELBO.",
)  # fmt: skip
exercise.edit(
    "grey_targets", "torch.bernoulli(images[index]) if redraw else images[index]", "images[index]",
    "The batch is grey: redraw is true, and the pixels should be tossed with torch.bernoulli.",
)  # fmt: skip
exercise.edit(
    "always_tossed", "torch.bernoulli(images[index]) if redraw else images[index]", "torch.bernoulli(0.98 * images[index] + 0.01)",
    "With redraw=False the images are already 0 and 1: take them as they are.",
)  # fmt: skip
exercise.edit(
    "tossed_once",
    "    model.train()\n",
    "    model.train()\n    images, redraw = torch.bernoulli(images) if redraw else images, False\n",
    "The pixels are tossed once, before the first epoch. Drawn anew means for every batch; otherwise the network learns the tosses by heart.",
)  # fmt: skip
exercise.edit(
    "always_in_order", "torch.randperm(len(images))", "torch.arange(len(images))",
    "The batches are the same in every epoch, in the order of the data. Draw a new order with torch.randperm.",
)  # fmt: skip
exercise.edit(
    "seed_ignored", "torch.manual_seed(seed)", "torch.manual_seed(0)",
    "Seeds 5 and 6 gave the same model: torch.manual_seed takes the argument seed.",
)  # fmt: skip
exercise.edit(
    "rate_ignored", "lr=lr", "lr=1e-5",
    "Does lr reach the optimiser? With a far smaller rate these epochs do not get far.",
)  # fmt: skip
exercise.edit(
    "schedule_by_the_epoch_count",
    "            schedule.step()",
    "            for _ in range(30):\n                schedule.step()",
    "The learning rate reaches zero long before the end. Call schedule.step() once for each batch, with as many steps as there are batches in all epochs.",
)  # fmt: skip


def trained(model, images, epochs, batch_size, lr, redraw, seed, optimiser=torch.optim.AdamW):
    """The loop, with a learning rate set by hand."""
    torch.manual_seed(seed)
    optimiser = optimiser(model.parameters(), lr=lr)
    total, step = epochs * math.ceil(len(images) / batch_size), 0
    for _ in range(epochs):
        order = torch.randperm(len(images))
        for start in range(0, len(images), batch_size):
            x = images[order[start : start + batch_size]]
            if redraw:
                x = torch.bernoulli(x)
            for group in optimiser.param_groups:
                group["lr"] = lr * (1 - step / total)
            logits, mean, log_variance = model(x)
            optimiser.zero_grad()
            (-bernoulli_elbo(x, logits, mean, log_variance)).mean().backward()
            optimiser.step()
            step += 1
    model.eval()
    return model


@exercise.alternative
def rate_by_hand(model, images, *, epochs, batch_size=256, lr=1e-3, redraw=True, seed=0):
    return trained(model, images, epochs, batch_size, lr, redraw, seed)


@exercise.alternative
def with_adam(model, images, *, epochs, batch_size=256, lr=1e-3, redraw=True, seed=0):
    return trained(model, images, epochs, batch_size, lr, redraw, seed, torch.optim.Adam)


@torch.no_grad()
def log_evidence(model: nn.Module, x: torch.Tensor, draws: int = 64) -> float:
    """The IWAE bound of log p(x) with ``draws`` draws, the mean over images x (N, D)."""
    torch.manual_seed(1)
    found = []
    for batch in x.split(100):
        mean, log_variance = model.encoder(batch).chunk(2, dim=1)
        eps = torch.randn(draws, *mean.shape)
        z = mean + (log_variance / 2).exp() * eps
        log_likelihood = (batch * (logits := model.decoder(z)) - F.softplus(logits)).sum(-1)
        weights = log_likelihood - 0.5 * z.square().sum(-1) + 0.5 * (eps.square() + log_variance).sum(-1)
        found.append(weights.logsumexp(0) - math.log(draws))
    return torch.cat(found).mean().item()


class InBFloat16(nn.Module):
    """A VAE whose layers compute in bfloat16; what it returns is float32, as a loss needs more than three digits."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x, eps=None):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = self.model(x, eps)
        return tuple(part.float() for part in output)


def measure(solution, name, seed, network, *, redraw=True, **recipe):
    """Train on the whole set ``name``; ELBO and IWAE(64) on one fixed toss of its test set, seed 1."""
    grey, test = (data.load(name, split).x.flatten(1) for split in ("train", "test"))
    tested = torch.bernoulli(test, generator=torch.Generator().manual_seed(1))
    images = grey if redraw else torch.bernoulli(grey, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(seed)
    model = start_at_means(network(), grey)
    solution(InBFloat16(model), images, redraw=redraw, seed=seed, batch_size=128, **recipe)
    return {"elbo": elbo_of(model, tested), "iwae64": log_evidence(model, tested)}


@exercise.ledger("mnist_plain", seeds=3)
def mnist_plain(solution, seed):
    return measure(solution, "mnist", seed, lambda: VAE(784, 500, 32), epochs=1, lr=4e-3)


@exercise.ledger("mnist_residual", seeds=1)
def mnist_residual(solution, seed, redraw=True):
    """The residual VAE of 500 hidden features and 32 latent numbers, 18 epochs; ELBO and IWAE(64) as in ``measure``."""
    grey, test = (data.load("mnist", split).x.flatten(1) for split in ("train", "test"))
    tested = torch.bernoulli(test, generator=torch.Generator().manual_seed(1))
    images = grey if redraw else torch.bernoulli(grey, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(seed)
    model, start = start_at_means(ResidualVAE(784, 500, 32), grey), time.perf_counter()
    solution(InBFloat16(model), images, redraw=redraw, seed=seed, batch_size=256, epochs=18, lr=1.2e-3)
    took = time.perf_counter() - start
    return {"elbo": elbo_of(model, tested), "iwae64": log_evidence(model, tested), "training_seconds": took}


@exercise.ledger("mnist_residual_fixed", seeds=1)
def mnist_residual_fixed(solution, seed):
    """The same on pixels that are tossed once."""
    return mnist_residual(solution, seed, redraw=False)
