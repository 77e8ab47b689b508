"""The figures of the deck ``probability.typ``: every public function draws one."""

import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from dlmodule import data
from dlmodule.plot import BLUE, GREEN, ORANGE, SKY, VERMILION

HALF, WIDE, TALL = (6.5, 4.6), (12.0, 4.0), (6.2, 5.2)
GREY = "0.6"


def _named(axis: plt.Axes, x: str, y: str = "") -> None:
    axis.set_xlabel(x, fontsize=19)
    axis.set_ylabel(y, fontsize=19)
    axis.tick_params(labelsize=17)


def _bell(x: np.ndarray, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
    return np.exp(-0.5 * ((x - mean) / std) ** 2) / (math.sqrt(2 * math.pi) * std)


def bright_spot() -> Figure:
    """A fold with one event at its crest much stronger than the rest."""
    generator = torch.Generator().manual_seed(2)
    time, trace = torch.arange(120.0)[:, None], torch.arange(160.0)
    age = time + 22 * torch.exp(-(((trace - 80) / 38) ** 2))
    section = torch.zeros(120, 160)
    strengths = torch.randn(13, generator=generator).clamp(-1.5, 1.5)
    strengths[7] = -1
    for top, strength in zip(range(8, 150, 11), strengths, strict=True):
        t = (age - top) / 2.2
        section += 0.5 * strength * (1 - t**2) * torch.exp(-(t**2) / 2)
    t, crest = (age - 85) / 2.2, (time < 74) * torch.exp(-(((trace - 80) / 24) ** 8))
    section -= 2.1 * 0.5 * crest * (1 - t**2) * torch.exp(-(t**2) / 2)
    section += 0.12 * torch.randn(120, 160, generator=generator)
    fig, axis = plt.subplots(figsize=(10.0, 4.4))
    axis.imshow(section, cmap="gray", vmin=-1.6, vmax=1.6, aspect="auto")
    axis.annotate(
        "bright spot", (80, 63), (115, 22), fontsize=24, color=VERMILION, fontweight="bold",
        bbox={"fc": "white", "ec": "none", "pad": 5}, arrowprops={"color": VERMILION, "arrowstyle": "-|>", "lw": 3},
    )  # fmt: skip
    axis.set(xticks=[], yticks=[])
    return fig


def thousand() -> Figure:
    """A thousand prospects as a unit square: gas on the left, bright below."""
    fig, axis = plt.subplots(figsize=TALL)
    for left, bottom, width, height, colour, text in (
        (0, 0, 0.1, 0.84, VERMILION, ""),
        (0, 0.84, 0.1, 0.16, "#F4C7A8", ""),
        (0.1, 0, 0.9, 0.16, ORANGE, "144 bright, no gas"),
        (0.1, 0.16, 0.9, 0.84, "#D9E7F2", "756 dim, no gas"),
    ):
        axis.add_patch(Rectangle((left, bottom), width, height, fc=colour, ec="white", lw=3))
        axis.text(left + width / 2, bottom + height / 2, text, ha="center", va="center", fontsize=21)
    axis.annotate("84 bright, gas", (0.06, 0.45), (0.24, 0.42), fontsize=21, color=VERMILION, fontweight="bold", arrowprops={"arrowstyle": "-|>", "color": VERMILION, "lw": 2.5}, va="center")  # fmt: skip
    axis.annotate("16 dim, gas", (0.06, 0.93), (0.24, 0.9), fontsize=19, arrowprops={"arrowstyle": "-|>", "lw": 2}, va="center")  # fmt: skip
    axis.set(xlim=(-0.005, 1.005), ylim=(-0.005, 1.005), xticks=[], yticks=[])
    axis.set_axis_off()
    return fig


def base_rates() -> Figure:
    """The probability of gas after the evidence, against the base rate."""
    rate = np.linspace(0.001, 0.999, 300)
    odds = rate / (1 - rate)
    fig, axis = plt.subplots(figsize=HALF)
    for ratio, label, colour, dash in (
        (21, "two signs", GREEN, "-."), (5.25, "bright", VERMILION, "-"), (0.16 / 0.84, "dim", BLUE, "--"),
    ):  # fmt: skip
        axis.plot(rate, ratio * odds / (1 + ratio * odds), color=colour, linestyle=dash, linewidth=3.5, label=label)
    axis.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=2)
    axis.axvline(0.1, color=GREY, linewidth=1.5)
    _named(axis, "base rate p(z = 1)", "after the evidence")
    axis.set(xlim=(0, 1), ylim=(0, 1.1))
    for x, y, text, colour in (
        (0.5, 1.02, "two signs", GREEN),
        (0.3, 0.56, "bright", VERMILION),
        (0.62, 0.1, "dim", BLUE),
    ):
        axis.text(x, y, text, fontsize=21, color=colour)
    return fig


def ten_wells() -> Figure:
    """What ten bright prospects earn: independent ones, and ten on the same coal."""
    p, worth, cost = 0.368, 100, 20
    k = np.arange(11)
    binomial = np.array([math.comb(10, int(i)) * p**i * (1 - p) ** (10 - i) for i in k])
    fig, axis = plt.subplots(figsize=HALF)
    axis.bar(worth * k - 10 * cost - 14, binomial, width=28, color=BLUE, label="independent")
    axis.bar([-200 + 14, 800 + 14], [1 - p, p], width=28, color=VERMILION, hatch="//", ec="white", label="all or none")
    axis.axvline(168, color=GREY, linestyle=":", linewidth=2.5)
    axis.text(182, 0.36, "mean", fontsize=18, color="0.35")
    _named(axis, "earned by ten wells (million)", "probability")
    axis.legend(fontsize=18, loc="upper center", bbox_to_anchor=(0.52, 1.04))
    return fig


def stretched() -> Figure:
    """A grid of equal steps in x, sent through an exponential: where it is stretched, the density thins."""
    x = np.linspace(-2.2, 1.75, 400)
    fig, axis = plt.subplots(figsize=TALL)
    axis.plot(x, np.exp(x), color="0.2", linewidth=3, linestyle="-")
    for low, colour in ((-1.2, BLUE), (1.0, VERMILION)):
        a, b = low, low + 0.5
        axis.fill_between([a, b], 0, np.exp([a, b]), color=colour, alpha=0.3, linewidth=0)
        axis.fill_betweenx(np.exp([a, b]), -2.2, [a, b], color=colour, alpha=0.3, linewidth=0)
        axis.plot([a, b], [0.02, 0.02], color=colour, linewidth=8, linestyle="-", solid_capstyle="butt")
        axis.plot([-2.18, -2.18], np.exp([a, b]), color=colour, linewidth=8, linestyle="-", solid_capstyle="butt")
    axis.set(xlim=(-2.2, 1.75), ylim=(0, 5.5), xticks=[], yticks=[])
    axis.set_xlabel("x", fontsize=24)
    axis.set_ylabel("y = g(x)", fontsize=24)
    return fig


def log_normal() -> Figure:
    """A permeability whose logarithm is Gaussian: mode, median and mean."""
    y = np.linspace(0.5, 420, 800)
    density = _bell(np.log(y / 100)) / y
    fig, axis = plt.subplots(figsize=HALF)
    axis.fill_between(y, density, color="#D9E7F2")
    axis.plot(y, density, color=BLUE, linestyle="-", linewidth=3)
    for value, name, colour, height in ((100 / math.e, "mode", GREEN, 0.0069), (100, "median", "0.2", 0.0058), (100 * math.exp(0.5), "mean", VERMILION, 0.0047)):  # fmt: skip
        axis.plot([value, value], [0, height], color=colour, linestyle="--", linewidth=2.5)
        axis.text(value + 6, height - 0.0002, f"{name} {value:.0f}", fontsize=19, color=colour)
    _named(axis, "permeability (mD)", "density (per mD)")
    axis.set(xlim=(0, 420), ylim=(0, 0.0075), yticks=[0, 0.003, 0.006])
    return fig


def bells() -> Figure:
    """Three Gaussians; one of them higher than 1."""
    x = np.linspace(-4, 5, 600)
    fig, axis = plt.subplots(figsize=HALF)
    for (mean, std), colour, dash in zip(
        ((0, 1), (2, 0.3), (0, 2)), (BLUE, VERMILION, GREEN), ("-", "--", "-."), strict=True
    ):
        axis.plot(x, _bell(x, mean, std), color=colour, linestyle=dash, linewidth=3.5)
    axis.text(2.45, 1.15, r"$\mu=2$, $\sigma=0.3$", color=VERMILION, fontsize=20)
    axis.text(-3.6, 0.42, r"$\mu=0$, $\sigma=1$", color=BLUE, fontsize=20)
    axis.text(3.05, 0.22, r"$\mu=0$, $\sigma=2$", color=GREEN, fontsize=20)
    axis.axhline(1, color=GREY, linestyle=":", linewidth=1.5)
    _named(axis, "x", "density")
    return fig


def neuron() -> Figure:
    """Two joint densities, and the posterior between them: a sigmoid."""
    x = np.linspace(-2, 6.5, 400)
    joint = np.stack([0.9 * _bell(x, 1), 0.1 * _bell(x, 3)])
    fig, axes = plt.subplots(1, 2, figsize=(12.0, 3.5))
    axes[0].plot(x, joint[0], color=BLUE, linestyle="-", linewidth=3.5, label="no gas, 90 %")
    axes[0].plot(x, joint[1], color=VERMILION, linestyle="--", linewidth=3.5, label="gas, 10 %")
    axes[0].legend(fontsize=19, loc="upper right")
    _named(axes[0], "amplitude x", "p(x, z)")
    axes[1].plot(x, joint[1] / joint.sum(0), color="0.1", linestyle="-", linewidth=3.5)
    axes[1].axhline(0.5, color=GREY, linestyle=":", linewidth=2)
    _named(axes[1], "amplitude x", "p(z = 1 | x)")
    return fig


def _sand() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Density and sonic of the sandstones (N, 2), their mean and covariance."""
    logs = data.wells()
    sand = logs.x[logs.rock == 0][:, [1, 3]].double().numpy()
    return sand, sand.mean(0), np.cov(sand.T, bias=True)


def _ellipse(axis: plt.Axes, mean: np.ndarray, covariance: np.ndarray) -> None:
    angle = np.linspace(0, 2 * math.pi, 200)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for radius, dash in ((1, "-"), (2, "--")):
        axis.plot(
            *(mean[:, None] + radius * np.linalg.cholesky(covariance) @ circle), color=BLUE, linestyle=dash, linewidth=3
        )


def round_to_tilted() -> Figure:
    """A round cloud of eps, and the tilted one that a matrix makes of it."""
    eps = np.random.default_rng(0).normal(size=(2, 500))
    A = np.array([[1.1, 0.0], [-1.0, 0.6]])
    fig, axes = plt.subplots(1, 2, figsize=(7.4, 4.0))
    for axis, points, covariance, name in (
        (axes[0], eps, np.eye(2), r"$\epsilon$"),
        (axes[1], A @ eps, A @ A.T, r"$\mu + A\,\epsilon$"),
    ):
        axis.scatter(*points, s=9, color=SKY, edgecolors="none")
        _ellipse(axis, np.zeros(2), covariance)
        axis.set(xlim=(-4, 4), ylim=(-4, 4), xticks=[], yticks=[], aspect="equal")
        axis.set_title(name, fontsize=26)
    return fig


def conditional() -> Figure:
    """Density and sonic of sandstones, the fitted Gaussian, and the mean of sonic given density."""
    sand, mean, covariance = _sand()
    slope = covariance[0, 1] / covariance[0, 0]
    fig, axis = plt.subplots(figsize=HALF)
    axis.scatter(*sand[::3].T, s=12, color=SKY, edgecolors="none")
    _ellipse(axis, mean, covariance)
    ends = np.array([1.88, 2.55])
    axis.plot(ends, mean[1] + slope * (ends - mean[0]), color=VERMILION, linestyle="-", linewidth=3.5)
    axis.text(2.3, 108, "mean of sonic,\ngiven density", color=VERMILION, fontsize=19)
    _named(axis, "density (g/cm3)", "sonic (us/ft)")
    return fig


def likelihood() -> Figure:
    """Five amplitudes, and three Gaussians that claim them."""
    x = np.array([1.6, 2.4, 2.9, 3.3, 4.4])
    grid = np.linspace(-2, 8, 400)
    fig, axis = plt.subplots(figsize=HALF)
    for mean, std, colour, dash in (
        (0.6, 1.0, GREY, ":"),
        (x.mean(), x.std(), BLUE, "-"),
        (x.mean(), 2.6, GREEN, "--"),
    ):
        value = np.log(_bell(x, mean, std)).mean()
        axis.plot(grid, _bell(grid, mean, std), color=colour, linestyle=dash, linewidth=3.5, label=f"{-value:.2f} nats")
    axis.plot(x, np.zeros(5), color=VERMILION, marker="o", markersize=14, linestyle="none", zorder=3, clip_on=False)
    axis.legend(fontsize=19, title="negative log-likelihood", title_fontsize=16, loc="upper right")
    _named(axis, "amplitude", "density")
    axis.set(ylim=(0, 0.62))
    return fig


def beta() -> Figure:
    """What is believed about a rate, before and after five wells with two finds."""
    r = np.linspace(0.002, 0.7, 500)
    fig, axis = plt.subplots(figsize=HALF)
    for (a, b), colour, dash, label in (
        ((2, 18), GREY, ":", "before"),
        ((2, 19), SKY, "--", "one dry well"),
        ((4, 21), BLUE, "-", "two in five"),
    ):
        log_norm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
        axis.plot(
            r,
            np.exp(log_norm + (a - 1) * np.log(r) + (b - 1) * np.log(1 - r)),
            color=colour,
            linestyle=dash,
            linewidth=3.5,
            label=label,
        )
    axis.axvline(0.4, color=VERMILION, linewidth=2.5, linestyle="-")
    axis.text(0.41, 2.4, "MLE", color=VERMILION, fontsize=20)
    _named(axis, "rate r of gas", "density")
    axis.legend(fontsize=19, loc="upper right", bbox_to_anchor=(1.03, 1.02))
    return fig


def entropy() -> Figure:
    """Entropy of a yes-or-no variable, and the mean surprise of one who believes in one half."""
    p = np.linspace(1e-4, 1 - 1e-4, 400)
    h = -p * np.log(p) - (1 - p) * np.log(1 - p)
    fig, axis = plt.subplots(figsize=HALF)
    axis.plot(p, h, color=BLUE, linestyle="-", linewidth=3.5)
    axis.axhline(math.log(2), color=VERMILION, linestyle="--", linewidth=3)
    axis.annotate("", (0.1, 0.325), (0.1, math.log(2)), arrowprops={"arrowstyle": "<->", "lw": 2.5})
    axis.text(0.14, 0.24, "KL = 0.37", fontsize=20)
    axis.text(0.34, 0.53, "entropy H(p)", fontsize=20, color=BLUE)
    axis.text(0.33, 0.71, "believes in one half", fontsize=20, color=VERMILION)
    _named(axis, "p, what happens", "mean surprise (nats)")
    axis.set(ylim=(0, 0.8))
    return fig


def log_below_line() -> Figure:
    """ln t lies below t - 1 and touches it at 1."""
    t = np.linspace(0.05, 3, 300)
    fig, axis = plt.subplots(figsize=(5.4, 4.4))
    axis.plot(t, t - 1, color=VERMILION, linestyle="--", linewidth=3.5)
    axis.plot(t, np.log(t), color=BLUE, linestyle="-", linewidth=3.5)
    axis.text(1.55, 1.35, "t - 1", fontsize=22, color=VERMILION)
    axis.text(2.2, 0.35, "ln t", fontsize=22, color=BLUE)
    axis.set(ylim=(-2.5, 2))
    _named(axis, "t")
    return fig


def _two_humps(z: np.ndarray) -> np.ndarray:
    return 0.6 * _bell(z, -3, 0.8) + 0.4 * _bell(z, 3, 1.0)


def two_humps() -> Figure:
    """A density with two humps."""
    z = np.linspace(-8, 8, 600)
    fig, axis = plt.subplots(figsize=(10.0, 3.2))
    axis.fill_between(z, _two_humps(z), color="0.82")
    axis.text(-3, 0.08, "p", fontsize=28, ha="center")
    _named(axis, "z", "density")
    axis.set(ylim=(0, 0.55))
    return fig


def cover_or_seek() -> Figure:
    """The single Gaussians with the least divergence in each direction."""
    z = np.linspace(-8, 8, 1600)
    p = _two_humps(z)
    mean = (p * z).sum() / p.sum()
    std = math.sqrt((p * (z - mean) ** 2).sum() / p.sum())
    fig, axes = plt.subplots(1, 2, figsize=WIDE, sharey=True)
    for axis in axes:
        axis.fill_between(z, p, color="0.82")
        _named(axis, "z")
    axes[0].plot(z, _bell(z, mean, std), color=BLUE, linestyle="-", linewidth=4)
    axes[0].set_title("min KL(p || q): covers", fontsize=24, color=BLUE)
    axes[1].plot(z, _bell(z, -3, 0.8), color=VERMILION, linestyle="--", linewidth=4)
    axes[1].plot(z, _bell(z, 3, 1.0), color=GREEN, linestyle="-.", linewidth=4)
    axes[1].set_title("min KL(q || p): seeks one", fontsize=24, color=VERMILION)
    axes[0].set_ylabel("density", fontsize=19)
    return fig


def root_is_slow() -> Figure:
    """Running means of a skewed variable, and the band of one standard error around the truth."""
    generator = np.random.default_rng(3)
    N = np.unique(np.logspace(0.7, 5, 120).astype(int))
    fig, axis = plt.subplots(figsize=HALF)
    truth, std = math.exp(0.125), math.sqrt(math.exp(0.5) - math.exp(0.25))
    axis.fill_between(N, truth - std / np.sqrt(N), truth + std / np.sqrt(N), color="#D9E7F2")
    axis.axhline(truth, color="0.2", linewidth=2, linestyle=":")
    for colour, dash in ((BLUE, "-"), (VERMILION, "--"), (GREEN, "-.")):
        values = np.exp(0.5 * generator.normal(size=N[-1]))
        axis.plot(N, (values.cumsum() / np.arange(1, N[-1] + 1))[N - 1], color=colour, linestyle=dash, linewidth=2.5)
    axis.set(xscale="log", ylim=(0.8, 1.5))
    _named(axis, "samples N", "estimate")
    return fig


def where_it_matters() -> Figure:
    """Samples of p, none of which fails, and samples of a proposal around the likeliest failure."""
    generator = np.random.default_rng(0)
    direction = np.array([0.08, -0.05])
    likeliest = 0.35 * direction / (direction**2).sum()
    fig, axis = plt.subplots(figsize=TALL)
    axis.scatter(*generator.normal(size=(2, 1200)), s=10, color=SKY)
    axis.scatter(*(likeliest[:, None] + generator.normal(size=(2, 1200))), s=12, color=ORANGE, marker="^")
    line = np.array([-5.4, 3.0])
    axis.plot((0.35 + 0.05 * line) / 0.08, line, color="0.1", linestyle="-", linewidth=3)
    axis.text(-3.6, 2.9, "samples of p", color=BLUE, fontsize=21)
    axis.text(2.4, -5.2, "samples of q", color="#9A6A00", fontsize=21)
    axis.text(5.4, -0.4, "fails", fontsize=21)
    axis.set(xlim=(-4, 7), ylim=(-5.5, 3.6), xticks=[], yticks=[])
    axis.set_xlabel("pore pressure", fontsize=20)
    axis.set_ylabel("strength of the rock", fontsize=20)
    return fig


def effective() -> Figure:
    """The share of effective samples against the dimension, for proposals that are too wide by different factors."""
    D = np.arange(1, 201)
    fig, axis = plt.subplots(figsize=HALF)
    for s, colour, dash in ((1.1, GREEN, "-."), (1.2, BLUE, "-"), (1.5, VERMILION, "--")):
        axis.semilogy(
            D,
            (s**2 / math.sqrt(2 * s**2 - 1)) ** (-D),
            color=colour,
            linestyle=dash,
            linewidth=3.5,
        )
    axis.axhline(1e-4, color=GREY, linestyle=":", linewidth=2)
    axis.text(100, 1.25e-4, "1 of 10,000", fontsize=18, ha="center", color="0.35")
    axis.set(ylim=(1e-6, 1.5))
    for x, y, text, colour in (
        (105, 0.36, "q wider by 1.1", GREEN),
        (96, 0.02, "1.2", BLUE),
        (46, 4e-4, "1.5", VERMILION),
    ):
        axis.text(x, y, text, fontsize=20, color=colour)
    _named(axis, "dimension D", "effective share")
    return fig


def _node(axis: plt.Axes, x: float, y: float, text: str, colour: str, *, random: bool) -> None:
    if random:
        axis.add_patch(plt.Circle((x, y), 0.42, fc="white", ec=colour, lw=3.5))
    else:
        axis.add_patch(Rectangle((x - 0.42, y - 0.38), 0.84, 0.76, fc="white", ec=colour, lw=3.5))
    axis.text(x, y - 0.02, text, ha="center", va="center", fontsize=27)


def _arrow(
    axis: plt.Axes, start: tuple[float, float], end: tuple[float, float], colour: str = "0.25", **style: object
) -> None:
    axis.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=26, lw=3, color=colour, shrinkA=34, shrinkB=34, **style
        )
    )


def two_graphs() -> Figure:
    """The graph with the draw in the way of the gradient, and with the chance moved out of the way."""
    fig, axes = plt.subplots(1, 2, figsize=(12.0, 3.6))
    for axis in axes:
        axis.set(xlim=(-0.7, 5.0), ylim=(-0.8, 2.3), aspect="equal")
        axis.set_axis_off()
    left, right = axes
    _node(left, 0, 0, r"$\mu,\sigma$", BLUE, random=False)
    _node(left, 2.1, 0, "$z$", VERMILION, random=True)
    _node(left, 4.2, 0, "$f$", "0.3", random=False)
    _arrow(left, (0, 0), (2.1, 0))
    _arrow(left, (2.1, 0), (4.2, 0))
    left.text(1.05, 0.55, "draw", ha="center", fontsize=22, color=VERMILION)
    left.text(2.1, 1.1, "no derivative", ha="center", fontsize=24, color=VERMILION)
    _node(right, 0, 0, r"$\mu,\sigma$", BLUE, random=False)
    _node(right, 2.1, 0, "$z$", BLUE, random=False)
    _node(right, 4.2, 0, "$f$", "0.3", random=False)
    _node(right, 2.1, 1.75, r"$\epsilon$", VERMILION, random=True)
    _arrow(right, (0, 0), (2.1, 0))
    _arrow(right, (2.1, 0), (4.2, 0))
    _arrow(right, (2.1, 1.75), (2.1, 0))
    right.text(2.75, 0.85, r"$z=\mu+\sigma\epsilon$", fontsize=24, color=BLUE)
    return fig


def two_noises() -> Figure:
    """Spread of a single-sample gradient against the dimension, for f the sum of squares at mean 1, variance 1."""
    D = np.array([1, 3, 10, 30, 100])
    generator = np.random.default_rng(0)
    score = []
    for d in D:
        eps = generator.normal(size=(40_000, d))
        score.append((((1 + eps) ** 2).sum(1) * eps[:, 0]).std())
    fig, axis = plt.subplots(figsize=HALF)
    axis.loglog(
        D, score, color=VERMILION, marker="o", markersize=10, linestyle="--", linewidth=3, label="score function"
    )
    axis.loglog(
        D,
        np.full(len(D), 2.0),
        color=BLUE,
        marker="s",
        markersize=10,
        linestyle="-",
        linewidth=3,
        label="reparameterised",
    )
    axis.axhline(2, color=GREY, linestyle=":", linewidth=1)
    axis.set(ylim=(1, 500))
    axis.legend(fontsize=19, loc="upper left")
    _named(axis, "dimension D", "spread of one sample")
    return fig


def latent() -> Figure:
    """The graph of a latent variable model: the generative arrow, and the proposed way back."""
    fig, axis = plt.subplots(figsize=(5.4, 5.0))
    axis.set(xlim=(-2.2, 2.6), ylim=(-0.9, 3.5), aspect="equal")
    axis.set_axis_off()
    _node(axis, 0, 2.7, "$z$", BLUE, random=True)
    axis.add_patch(plt.Circle((0, 0), 0.42, fc="#D9D9D9", ec="0.3", lw=3.5))
    axis.text(0, -0.02, "$x$", ha="center", va="center", fontsize=27)
    _arrow(axis, (0.15, 2.7), (0.15, 0), BLUE, connectionstyle="arc3,rad=-0.25")
    _arrow(axis, (-0.15, 0), (-0.15, 2.7), VERMILION, connectionstyle="arc3,rad=-0.25", linestyle="--")
    axis.text(0.75, 1.25, r"$p_\theta(x\mid z)$", fontsize=25, color=BLUE)
    axis.text(-2.15, 1.25, r"$q_\phi(z\mid x)$", fontsize=25, color=VERMILION)
    axis.text(0.6, 2.6, "not seen", fontsize=21)
    axis.text(0.6, -0.1, "observed", fontsize=21)
    return fig


def bound() -> Figure:
    """The evidence lower bound for an amplitude of 3.1, against the proposed probability of gas."""
    q = np.linspace(0.001, 0.999, 500)
    joint = np.log([0.9 * _bell(np.array(3.1), 1), 0.1 * _bell(np.array(3.1), 3)])
    evidence = float(np.log(np.exp(joint).sum()))
    elbo = q * (joint[1] - np.log(q)) + (1 - q) * (joint[0] - np.log(1 - q))
    fig, axis = plt.subplots(figsize=HALF)
    axis.plot(q, elbo, color=BLUE, linestyle="-", linewidth=3.5)
    axis.axhline(evidence, color=VERMILION, linestyle="--", linewidth=3)
    axis.annotate(
        "", (0.1, evidence), (0.1, float(np.interp(0.1, q, elbo))), arrowprops={"arrowstyle": "<->", "lw": 2.5}
    )
    axis.text(0.14, -3.0, "KL(q || posterior)", fontsize=20)
    axis.text(0.55, evidence + 0.03, "ln p(x)", fontsize=20, color=VERMILION)
    axis.text(0.44, -2.72, "ELBO", fontsize=20, color=BLUE)
    axis.set(ylim=(-3.3, -2.4))
    _named(axis, "q, proposed probability of gas", "nats")
    return fig
