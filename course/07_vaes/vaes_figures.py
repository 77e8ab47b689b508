"""The figures of the deck ``vaes.typ``: every public function draws one."""

import functools
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from dlmodule import data, plot
from dlmodule.plot import BLUE, GREEN, ORANGE, SKY, VERMILION
from dlmodule.training import fit, predict

HALF, WIDE, TALL = (6.5, 4.6), (12.0, 4.0), (6.2, 5.2)
LATENT, PIXELS, SPREAD = 4, 24, 0.5


def _named(axis: plt.Axes, x: str, y: str = "") -> None:
    axis.set_xlabel(x, fontsize=19)
    axis.set_ylabel(y, fontsize=19)
    axis.tick_params(labelsize=17)


def _images(rows: list[Tensor], titles: list[str], side: int) -> Figure:
    fig, axes = plt.subplots(len(rows), len(rows[0]), figsize=(1.5 * len(rows[0]), 1.75 * len(rows)), squeeze=False)
    for line, images, title in zip(axes, rows, titles, strict=True):
        for axis, image in zip(line, images, strict=True):
            axis.imshow(image.reshape(side, side), cmap="gray", vmin=0, vmax=1)
            axis.set_axis_off()
        line[0].set_title(title, loc="left", fontsize=19)
    return fig


def _block(*description: object, size: tuple[float, float] = WIDE) -> Figure:
    fig = plt.figure(figsize=size, layout="none")
    plot.diagram(list(description), ax=fig.add_axes((0, 0, 1, 1)))
    return fig


@functools.cache
def _sections() -> tuple[Tensor, Tensor, Tensor]:
    """Centred sections (N, 1024), their kinds (N,) and the mean (1024,)."""
    sections = data.load("seismic_sections").take(4000)
    x = sections.x.flatten(1)
    return x - x.mean(0), sections.y, x.mean(0)


@functools.cache
def _principal() -> tuple[Tensor, Tensor]:
    """Variances (1024,) of the sections along the principal directions (1024, 1024), a direction a row."""
    x, _, _ = _sections()
    _, singular, directions = torch.linalg.svd(x, full_matrices=False)
    return singular.square() / len(x), directions


def sections() -> Figure:
    """Two sections of each of four structures."""
    x, kinds, mean = _sections()
    names = data.load("seismic_sections").classes
    rows = torch.stack([x[kinds == kind][:2] for kind in range(4)]) + mean
    fig, axes = plt.subplots(2, 4, figsize=(9.6, 4.8))
    for (line, column), axis in ((divmod(i, 4), axis) for i, axis in enumerate(axes.flat)):
        axis.imshow(rows[column, line].reshape(32, 32), cmap="gray", vmin=0, vmax=1)
        axis.set_axis_off()
        if line == 0:
            axis.set_title(names[column], fontsize=20)
    return fig


def autoencoder() -> Figure:
    """Encoder, code, decoder."""
    return _block("x -> N, D", "encoder", "data: code z -> N, K", "decoder -> N, D", "x̂", size=(12, 1.5))


def pca_curve() -> Figure:
    """Explained variance of PCA against the number of directions, for each structure."""
    x, kinds, _ = _sections()
    coordinates = (x @ _principal()[1].T).square()
    fig, axis = plt.subplots(figsize=HALF)
    names = data.load("seismic_sections").classes
    for kind, (colour, dash) in enumerate(((GREEN, "-"), (SKY, "--"), (ORANGE, "-."), (VERMILION, ":"))):
        share = coordinates[kinds == kind].sum(0).cumsum(0) / x[kinds == kind].square().sum()
        axis.plot(range(1, 65), share[:64], color=colour, linestyle=dash, linewidth=4, label=names[kind])
    axis.set(ylim=(0, 1))
    axis.legend(fontsize=17)
    _named(axis, "directions K", "variance explained")
    return fig


def damaged() -> Figure:
    """Sections, and the same with noise and lost pixels."""
    x, _, mean = _sections()
    generator = torch.Generator().manual_seed(0)
    clean = x[:6] + mean
    noisy = clean + 0.25 * torch.randn(clean.shape, generator=generator)
    noisy = torch.where(torch.rand(clean.shape, generator=generator) < 0.1, mean, noisy)
    return _images([noisy.clamp(0, 1), clean], ["what goes in", "what must come out"], 32)


class _Coder(nn.Module):
    """Two latent numbers; with ``rate`` a VAE, without it an autoencoder. Returns logits (N, 64) and codes."""

    def __init__(self, *, rate: bool) -> None:
        super().__init__()
        self.rate = rate
        self.encoder = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 4))
        self.decoder = nn.Sequential(nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 64))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        noise = torch.randn_like(mean) * (0.5 * log_variance).exp() if self.rate else 0.0
        return self.decoder(mean + noise), mean, log_variance

    def loss(self, output: tuple[Tensor, Tensor, Tensor], x: Tensor) -> Tensor:
        logits, mean, log_variance = output
        cost = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
        if self.rate:
            cost = cost + 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
        return cost.mean()


def _coded(*, rate: bool) -> tuple[Tensor, Tensor]:
    """Codes (N, 2) of digits, and their classes (N,)."""
    digits = data.load("digits")
    x = digits.x.flatten(1).round()
    torch.manual_seed(0)
    model = _Coder(rate=rate)
    fit(model, (x, x), epochs=60, lr=5e-3, loss_fn=model.loss, schedule="one_cycle", progress=False)
    return predict(model, x)[1], digits.y


def codes() -> Figure:
    """Where the codes lie: autoencoder on the left, VAE on the right, with the prior's circles."""
    fig, axes = plt.subplots(1, 2, figsize=(11.5, 5.2))
    for axis, rate, name in zip(axes, (False, True), ("autoencoder", "VAE"), strict=True):
        mean, kinds = _coded(rate=rate)
        axis.scatter(*mean.T, c=kinds, cmap="tab10", s=12)
        for radius in (1, 2):
            axis.add_patch(Circle((0, 0), radius, fill=False, edgecolor="black", linewidth=2.5))
        axis.set_title(name, fontsize=20)
        axis.set_aspect("equal", adjustable="datalim")
        _named(axis, "$z_1$", "$z_2$")
    return fig


def curve() -> Figure:
    """A curve in the plane, and the density that Gaussian noise around it makes."""
    grid = torch.linspace(-2.6, 2.6, 160)
    points = torch.stack(torch.meshgrid(grid, grid, indexing="xy"), -1).reshape(-1, 1, 2)
    z = torch.special.ndtri((torch.arange(400) + 0.5) / 400)
    f = torch.stack([z, (2 * z).sin()], 1)
    density = (-(points - f).square().sum(-1) / (2 * 0.25**2)).exp().mean(1).reshape(160, 160)
    fig, axis = plt.subplots(figsize=TALL)
    axis.imshow(density, extent=(-2.6, 2.6, -2.6, 2.6), origin="lower", cmap="Blues")
    line = torch.linspace(-2.5, 2.5, 200)
    axis.plot(line, (2 * line).sin(), color=ORANGE, linewidth=4, linestyle="-")
    _named(axis, "$x_1$", "$x_2$")
    return fig


@functools.cache
def _gaussian_model() -> tuple[Tensor, Tensor, float, Tensor, Tensor]:
    """x = W z + noise: W, one image x, its exact log p(x), and mean and covariance of the exact posterior."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(PIXELS, LATENT, generator=generator)
    x = weight @ torch.randn(LATENT, generator=generator) + SPREAD * torch.randn(PIXELS, generator=generator)
    evidence = MultivariateNormal(torch.zeros(PIXELS), weight @ weight.T + SPREAD**2 * torch.eye(PIXELS)).log_prob(x)
    covariance = torch.linalg.inv(torch.eye(LATENT) + weight.T @ weight / SPREAD**2)
    return weight, x, evidence.item(), covariance @ weight.T @ x / SPREAD**2, covariance


def _log_weights(q: MultivariateNormal, draws: int) -> Tensor:
    """log p(x, z) - log q(z | x) of ``draws`` draws, for 400 repetitions: (400, draws)."""
    weight, x, _, _, _ = _gaussian_model()
    torch.manual_seed(0)
    z = q.sample((400, draws))
    squared = (x - z @ weight.T).square().sum(-1) / (2 * SPREAD**2)
    log_likelihood = -squared - PIXELS * math.log(SPREAD * math.sqrt(2 * math.pi))
    prior = MultivariateNormal(torch.zeros(LATENT), torch.eye(LATENT))
    return log_likelihood + prior.log_prob(z) - q.log_prob(z)


def _proposal(spread: float) -> MultivariateNormal:
    """The posterior's mean, with independent dimensions ``spread`` times as wide as they should be."""
    _, _, _, mean, covariance = _gaussian_model()
    return MultivariateNormal(mean, torch.diag(covariance.diag()) * spread**2)


def prior_draws() -> Figure:
    """Estimates of log p(x) by draws from the prior and from a q that looks at x, against their number."""
    exact = _gaussian_model()[2]
    counts = [1, 4, 16, 64, 256]
    fig, axis = plt.subplots(figsize=HALF)
    for q, colour, dash, name in (
        (MultivariateNormal(torch.zeros(LATENT), torch.eye(LATENT)), VERMILION, ":", "z from the prior"),
        (_proposal(1.3), BLUE, "-", "z from q(z | x)"),
    ):
        found = [(_log_weights(q, n).logsumexp(1) - math.log(n)).mean() - exact for n in counts]
        axis.plot(counts, found, color=colour, linestyle=dash, linewidth=4, label=name)
    axis.set_xscale("log", base=2)
    axis.set_yscale("symlog", linthresh=1)
    axis.axhline(0, color="black", linewidth=2, linestyle="-")
    axis.legend(fontsize=17)
    _named(axis, "draws", "estimate − log p(x), nats")
    return fig


def gap() -> Figure:
    """log p(x) as a stack: the ELBO, and the divergence of q from the posterior, for three widths of q."""
    exact = _gaussian_model()[2]
    fig, axis = plt.subplots(figsize=HALF)
    names = ("too narrow", "fitted", "too wide")
    for place, spread in enumerate((0.4, 1.0, 2.0)):
        elbo = _log_weights(_proposal(spread), 100).mean().item()
        axis.bar(place, elbo - exact, color=VERMILION, hatch="//", edgecolor="white", width=0.6)
        axis.text(place, elbo - exact - 0.25, f"{exact - elbo:.2f}", ha="center", va="top", fontsize=19)
    axis.axhline(0, color="black", linewidth=3, linestyle="-")
    axis.text(-0.4, 0.12, f"log p(x) = {exact:.1f} nats", fontsize=19)
    axis.set(xticks=range(3), xticklabels=names, ylim=(-5.4, 0.9))
    _named(axis, "q(z | x)", "ELBO − log p(x)")
    return fig


def iwae() -> Figure:
    """The importance-weighted bound against the number of draws, and the exact value."""
    exact = _gaussian_model()[2]
    counts = [1, 2, 4, 8, 16, 32, 64]
    fig, axis = plt.subplots(figsize=HALF)
    for spread, colour, dash in ((2.0, ORANGE, "--"), (1.0, BLUE, "-")):
        found = [(_log_weights(_proposal(spread), n).logsumexp(1) - math.log(n)).mean() for n in counts]
        axis.plot(counts, found, "o", linestyle=dash, color=colour, linewidth=4, markersize=9, label=f"q {spread:.0f}× as wide")  # fmt: skip
    axis.axhline(exact, color="black", linewidth=2, linestyle="-")
    axis.text(1, exact + 0.06, "log p(x), exact", fontsize=18)
    axis.set_xscale("log", base=2)
    axis.set_ylim(top=exact + 0.5)
    axis.legend(fontsize=17, loc="lower right")
    _named(axis, "draws S", "bound (nats)")
    return fig


def divergence() -> Figure:
    """The two parts of the KL of one dimension: by the mean, and by the variance."""
    fig, axes = plt.subplots(1, 2, figsize=(6.6, 4.4), sharey=True)
    mean, log_variance = torch.linspace(-2.5, 2.5, 100), torch.linspace(-4, 2, 100)
    axes[0].plot(mean, mean**2 / 2, color=BLUE, linewidth=4, linestyle="-")
    axes[1].plot(log_variance, (log_variance.exp() - 1 - log_variance) / 2, color=BLUE, linewidth=4, linestyle="-")
    _named(axes[0], "μ, with σ = 1", "KL (nats)")
    _named(axes[1], "log σ², with μ = 0")
    return fig


def reparameterised() -> Figure:
    """A VAE, with the noise as an input of its own."""
    code = plot.branches("linear | mean -> μ: N, K", "linear | log-variance -> log σ²: N, K", "input: noise ε -> N, K", join="random: μ + σ ε -> z: N, K")  # fmt: skip
    return _block("x -> N, D", "encoder", code, "decoder -> N, D", "logits", size=(12, 4.6))


def estimators() -> Figure:
    """Two estimates of one gradient from single draws: by the path, and by the score."""
    z = 1 + torch.randn(20_000, generator=torch.Generator().manual_seed(0))
    fig, axis = plt.subplots(figsize=HALF)
    bins = torch.linspace(-12, 20, 90).tolist()
    for values, colour, name in ((z**2 * (z - 1), ORANGE, "score function"), (2 * z, BLUE, "reparameterised")):
        label = f"{name}: s.d. {values.std():.1f}"
        axis.hist(values.tolist(), bins, density=True, color=colour, alpha=0.65, label=label)
    axis.axvline(2, color="black", linewidth=2, linestyle="-")
    axis.set(ylim=(0, 0.42), yticks=[])
    axis.legend(fontsize=17, loc="lower center", bbox_to_anchor=(0.5, 1))
    _named(axis, "estimate of the gradient; the truth is 2")
    return fig


def _filled(level: float) -> tuple[Tensor, Tensor]:
    """Rate (nats) and squared error of the best Gaussian code of the sections, whose noise is ``level``, by direction."""
    variance = _principal()[0]
    return 0.5 * (variance / level).log().clamp(min=0), variance.clamp(max=level)


def rate_distortion() -> Figure:
    """The least rate for each distortion, for Gaussian images with the sections' covariance."""
    variance = _principal()[0]
    levels = torch.logspace(-2.5, 1.6, 80)
    parts = [_filled(level.item()) for level in levels]
    share = [error.sum() / variance.sum() for _, error in parts]
    fig, axis = plt.subplots(figsize=HALF)
    axis.plot([rate.sum() for rate, _ in parts], share, color=BLUE, linewidth=4, linestyle="-")
    axis.text(55, 0.42, "reachable", fontsize=20)
    axis.text(2, 0.06, "not", fontsize=20)
    axis.set(xlim=(0, 100), ylim=(0, 1))
    _named(axis, "rate (nats a section)", "variance lost")
    return fig


def active() -> Figure:
    """Which directions get some rate at two noise levels of a linear VAE."""
    fig, axis = plt.subplots(figsize=HALF)
    for level, colour, dash in ((0.2, BLUE, "-"), (0.7, ORANGE, "--")):
        rate = _filled(level)[0][:40]
        axis.step(range(1, 41), rate, where="mid", color=colour, linestyle=dash, linewidth=4, label=f"{int((rate > 0).sum())} active")  # fmt: skip
    axis.legend(fontsize=18)
    _named(axis, "principal direction", "rate (nats)")
    return fig


def conditional() -> Figure:
    """The class goes to the encoder and to the decoder."""
    return _block("x, y -> N, D + C", "encoder", "random: μ + σ ε -> z: N, K", "concat | y -> N, K + C", "decoder", "logits", size=(12, 1.7))  # fmt: skip


def codebook() -> Figure:
    """Codes in the plane, each replaced by the nearest of six codebook vectors."""
    generator = torch.Generator().manual_seed(3)
    entries, z = torch.rand(6, 2, generator=generator) * 2 - 1, torch.rand(24, 2, generator=generator) * 2 - 1
    nearest = entries[torch.cdist(z, entries).argmin(1)]
    fig, axis = plt.subplots(figsize=TALL)
    for a, b in zip(z, nearest, strict=True):
        axis.annotate("", b.tolist(), a.tolist(), arrowprops={"arrowstyle": "->", "color": "0.5", "lw": 2})
    axis.scatter(*z.T, color=BLUE, s=60, label="codes z")
    axis.scatter(*entries.T, color=VERMILION, marker="s", s=150, label="codebook e")
    axis.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.7))
    axis.legend(fontsize=18, loc="upper left")
    _named(axis, "$z_1$", "$z_2$")
    return fig


def pairs() -> Figure:
    """Scores of normal and odd images, two overlapping histograms."""
    generator = torch.Generator().manual_seed(0)
    normal, odd = torch.randn(4000, generator=generator), 1.2 + torch.randn(4000, generator=generator)
    share = (odd[:, None] > normal[None, :]).float().mean()
    fig, axis = plt.subplots(figsize=HALF)
    for values, colour, name in ((normal, BLUE, "normal"), (odd, VERMILION, "odd")):
        axis.hist(values.tolist(), 50, color=colour, alpha=0.6, label=name)
    axis.set(yticks=[], title=f"AUROC {share:.2f}")
    axis.title.set_fontsize(20)
    axis.legend(fontsize=18)
    _named(axis, "score: how unusual?")
    return fig
