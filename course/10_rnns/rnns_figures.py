"""The figures of the deck ``rnns.typ``: every public function draws one."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from dlmodule import data, plot
from dlmodule.plot import BLUE, GREEN, ORANGE, SKY, VERMILION

HALF, WIDE, TALL = (6.5, 4.6), (12.0, 4.0), (6.2, 5.2)
INPUT, CELL, STATE, GATE = "#DDEBF7", "#F9D9B8", "#CFEBDD", "#F4B8A0"


def _named(axis: plt.Axes, x: str, y: str = "") -> None:
    axis.set_xlabel(x, fontsize=19)
    axis.set_ylabel(y, fontsize=19)
    axis.tick_params(labelsize=17)


def _box(axis: plt.Axes, x: float, y: float, text: str, colour: str, width: float = 1.0, height: float = 0.66) -> None:
    corner = (x - width / 2, y - height / 2)
    axis.add_patch(FancyBboxPatch(corner, width, height, boxstyle="round,pad=0.03", fc=colour, ec="0.2", lw=1.8))
    axis.text(x, y, text, ha="center", va="center", fontsize=20)


def _arrow(axis: plt.Axes, start: tuple[float, float], end: tuple[float, float], colour: str = "0.15") -> None:
    axis.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "lw": 2.4, "color": colour})


def _canvas(size: tuple[float, float], x: tuple[float, float], y: tuple[float, float]) -> tuple[Figure, plt.Axes]:
    fig, axis = plt.subplots(figsize=size)
    axis.set(xlim=x, ylim=y)
    axis.set_axis_off()
    return fig, axis


def records() -> Figure:
    """Carbon dioxide at Mauna Loa and the sea off Peru."""
    fig, axes = plt.subplots(1, 2, figsize=(12, 4.4))
    for axis, series, name in zip(axes, (data.co2(), data.el_nino()), ("CO2 (ppm)", "sea off Peru (°C)"), strict=True):
        axis.plot(series.times, series.values, color=BLUE, linewidth=1.4, linestyle="-")
        _named(axis, "year", name)
    return fig


def windows() -> Figure:
    """Three windows on a short record: inputs and targets."""
    fig, axis = _canvas(TALL, (-0.6, 7.6), (-3.8, 1.4))
    for t in range(8):
        axis.text(t, 1, f"{t + 1}", ha="center", va="center", fontsize=24)
    for n in range(3):
        for step in range(6):
            colour = SKY if step < 4 else ORANGE
            axis.add_patch(Rectangle((n + step - 0.45, -1.3 * n - 0.6), 0.9, 0.85, fc=colour, ec="white"))
    axis.text(1.5, -0.18, "input", ha="center", va="center", fontsize=20)
    axis.text(4.5, -0.18, "target", ha="center", va="center", fontsize=20)
    return fig


def naive_errors() -> Figure:
    """Error of the seasonal naive, without and with drift, against the lead, over the last ten years of CO2."""
    values = data.co2().values
    first, lead = len(values) - 120, torch.arange(12)
    truth = values[first:].unfold(0, 12, 1)
    before = values[first - 13 : -12].unfold(0, 13, 1)[: len(truth)]
    naive = before[:, 1:]
    drift = naive + before[:, -1:] - before[:, :1]
    fig, axis = plt.subplots(figsize=HALF)
    for forecast, name, colour, dash in (
        (naive, "seasonal naive", ORANGE, ":"),
        (drift, "with drift", GREEN, "-."),
    ):
        axis.plot(
            lead + 1, (forecast - truth).square().mean(0).sqrt(), color=colour, linestyle=dash, linewidth=4, label=name
        )
    axis.set(ylim=(0, 2.2))
    axis.legend(fontsize=18)
    _named(axis, "months ahead", "RMSE (ppm)")
    return fig


def unrolled() -> Figure:
    """One cell, drawn once for each step."""
    fig, axis = _canvas(WIDE, (-2.2, 8.6), (-0.6, 3.2))
    for t in range(4):
        _box(axis, 2.2 * t, 0, f"$x_{t + 1}$", INPUT)
        _box(axis, 2.2 * t, 1.3, "cell", CELL)
        _box(axis, 2.2 * t, 2.6, f"$h_{t + 1}$", STATE)
        _arrow(axis, (2.2 * t, 0.36), (2.2 * t, 0.94))
        _arrow(axis, (2.2 * t, 1.66), (2.2 * t, 2.24))
        _arrow(axis, (2.2 * t - 1.65, 1.3), (2.2 * t - 0.56, 1.3))
    axis.text(-1.75, 1.3, "$h_0$", fontsize=22, ha="right", va="center")
    axis.text(7.4, 1.3, "N, H", fontsize=18, color="0.35", va="center")
    axis.text(6.75, 0.62, "N, D", fontsize=18, color="0.35", va="center")
    return fig


def impulse() -> Figure:
    """The state after a single input, for three recurrent weights."""
    fig, axis = plt.subplots(figsize=HALF)
    for weight, colour, dash in ((0.5, BLUE, "-"), (0.9, VERMILION, "--"), (1.2, GREEN, "-.")):
        h, states = 0.0, []
        for t in range(20):
            h = float(np.tanh((t == 0) + weight * h))
            states.append(h)
        axis.plot(range(1, 21), states, color=colour, linestyle=dash, linewidth=4, label=f"$W_h$ = {weight}")
    axis.legend(fontsize=18)
    axis.set(ylim=(0, 1), xticks=[1, 5, 10, 15, 20])
    _named(axis, "step", "state")
    return fig


def powers() -> Figure:
    """A factor to the power of the number of steps."""
    fig, axis = plt.subplots(figsize=HALF)
    n = np.arange(51)
    for base, colour, dash in ((1.1, VERMILION, "--"), (1.0, "0.4", ":"), (0.9, BLUE, "-"), (0.7, GREEN, "-.")):
        axis.semilogy(n, base**n, color=colour, linestyle=dash, linewidth=4, label=f"{base}")
    axis.legend(fontsize=18, title="factor a step", title_fontsize=17)
    _named(axis, "steps back", "gradient")
    return fig


def saturated() -> Figure:
    """The tanh and its derivative."""
    a = np.linspace(-4, 4, 200)
    fig, axis = plt.subplots(figsize=HALF)
    axis.plot(a, np.tanh(a), color=BLUE, linewidth=4, linestyle="-", label="$h$ = tanh $a$")
    axis.plot(a, 1 - np.tanh(a) ** 2, color=VERMILION, linewidth=4, linestyle="--", label="$1 - h^2$")
    axis.legend(fontsize=18)
    _named(axis, "$a$")
    return fig


def clipped() -> Figure:
    """A long gradient, shortened along its direction, and cut number by number."""
    fig, axis = plt.subplots(figsize=TALL)
    axis.add_patch(plt.Circle((0, 0), 1, fill=False, ec="0.5", lw=2, linestyle="--"))
    for end, colour, name, place in (
        ((4.0, 2.0), "0.4", "gradient", (1.6, 1.75)),
        ((0.894, 0.447), BLUE, "norm clipped", (1.15, 0.1)),
        ((1.0, 1.0), VERMILION, "each number clipped", (-0.9, 1.4)),
    ):
        axis.annotate("", end, (0, 0), arrowprops={"arrowstyle": "-|>", "lw": 4, "color": colour})
        axis.text(*place, name, fontsize=20, color=colour)
    axis.set(xlim=(-1.2, 4.3), ylim=(-1.4, 2.5), aspect="equal")
    axis.set_axis_off()
    return fig


def lstm() -> Figure:
    """An LSTM cell: the cell state runs along the top."""
    fig, axis = _canvas((12, 4.6), (-1.4, 9.2), (-0.6, 3.2))
    axis.text(-0.2, 2.75, "$c_{t-1}$", fontsize=22)
    _arrow(axis, (-0.8, 2.6), (1.65, 2.6), VERMILION)
    _box(axis, 2, 2.6, "×", GATE, 0.6)
    _arrow(axis, (2.35, 2.6), (3.65, 2.6), VERMILION)
    _box(axis, 4, 2.6, "+", STATE, 0.6)
    _arrow(axis, (4.35, 2.6), (8.4, 2.6), VERMILION)
    axis.text(8.5, 2.5, "$c_t$", fontsize=22)
    _arrow(axis, (6.2, 2.6), (6.2, 1.98))
    _box(axis, 6.2, 1.6, "tanh, ×", GATE, 1.3)
    _arrow(axis, (6.9, 1.6), (8.4, 1.6))
    axis.text(8.5, 1.5, "$h_t$", fontsize=22)
    axis.text(-1.3, -0.1, "$x_t, h_{t-1}$", fontsize=22)
    _arrow(axis, (0.0, 0), (0.55, 0))
    _box(axis, 3.6, 0, "one product: N, 4H", INPUT, 5.9)
    for x, name, end in ((2, "σ(f)", (2, 2.22)), (4, "σ(i) tanh(g)", (4, 2.22)), (6.0, "σ(o)", (6.0, 1.24))):
        _arrow(axis, (x, 0.36), end)
        axis.text(x - 0.1, 0.75, name, ha="right", fontsize=20)
    return fig


def memory() -> Figure:
    """What is left of a cell state after some steps, for forget biases 0 to 3."""
    n = np.arange(25)
    fig, axis = plt.subplots(figsize=HALF)
    for bias, colour, dash in ((0, BLUE, "-"), (1, VERMILION, "--"), (2, GREEN, "-."), (3, ORANGE, ":")):
        gate = 1 / (1 + np.exp(-bias))
        axis.plot(
            n,
            gate**n,
            color=colour,
            linestyle=dash,
            linewidth=4,
            label=f"bias {bias}: half after {np.log(0.5) / np.log(gate):.2g}",
        )
    axis.axvline(12, color="0.7", linewidth=2, linestyle="-")
    axis.legend(fontsize=17)
    _named(axis, "steps", "memory left")
    return fig


def fused() -> Figure:
    """Time of three LSTMs of 64 features, 100 steps, 32 sequences, forward and backward, relative to the loop (benchmarks/lstm_time.py)."""
    fig, axis = plt.subplots(figsize=HALF)
    names = ("eight products\na step", "one product\na step", "nn.LSTM")
    bars = axis.bar(names, (1, 1 / 2.34, 1 / 7.55), color=(VERMILION, BLUE, GREEN))
    axis.bar_label(bars, labels=("1", "1 / 2.3", "1 / 7.5"), fontsize=20)
    _named(axis, "", "time")
    axis.tick_params(axis="x", labelsize=17)
    axis.set(ylim=(0, 1.15))
    return fig


def gru() -> Figure:
    """A GRU cell: the old state runs along the top, times the update gate."""
    fig = plt.figure(figsize=(11, 4.4), layout="none")
    kept = plot.branches("input: $h$ -> N, H", "layer: sigmoid | update z -> N, H", join="×")
    seen = plot.branches("input: $hW_{hn}^T + b_{hn}$ -> N, H", "layer: sigmoid | reset r -> N, H", join="×")
    new = plot.branches(
        [seen, "layer: tanh | with $x$: candidate n -> N, H"],
        ["layer: sigmoid | the same z", "operation: 1 - z -> N, H"],
        join="×",
    )
    plot.diagram(["[$h, x$]", plot.branches(kept, new, join="+"), "$h'$ -> N, H"], ax=fig.add_axes((0, 0, 1, 1)))
    return fig


def bidirectional() -> Figure:
    """Two chains over one input, one in each direction."""
    fig, axis = _canvas((12, 4.4), (-1.5, 8.4), (-0.6, 3.8))
    for t in range(4):
        x = 2.2 * t
        _box(axis, x, 0, f"$x_{t + 1}$", INPUT)
        _box(axis, x - 0.35, 1.2, "→", CELL, 0.6)
        _box(axis, x + 0.35, 2.2, "←", GATE, 0.6)
        _box(axis, x, 3.3, "N, 2H", STATE, 1.3)
        _arrow(axis, (x - 0.35, 0.36), (x - 0.35, 0.84))
        _arrow(axis, (x + 0.35, 0.36), (x + 0.35, 1.84))
        _arrow(axis, (x - 0.35, 1.56), (x - 0.35, 2.94))
        _arrow(axis, (x + 0.35, 2.56), (x + 0.35, 2.94))
        if t < 3:
            _arrow(axis, (x, 1.2), (x + 1.5, 1.2))
            _arrow(axis, (x + 2.2, 2.2), (x + 0.7, 2.2))
    return fig


def seq2seq() -> Figure:
    """An encoder that reads a sequence and a decoder that writes another."""
    fig, axis = _canvas((12, 4.2), (-1.0, 11.2), (-0.7, 3.2))
    for t, word in enumerate(("a", "dry", "well")):
        x = 1.7 * t
        _box(axis, x, 0, word, INPUT)
        _box(axis, x, 1.3, "enc", CELL)
        _arrow(axis, (x, 0.36), (x, 0.94))
        _arrow(axis, (x + 0.56, 1.3), (x + 1.14, 1.3))
    for t, (read, written) in enumerate((("start", "un"), ("un", "puits"), ("puits", "sec"), ("sec", "end"))):
        x = 5.1 + 1.7 * t
        _box(axis, x, 0, read, INPUT, 1.2)
        _box(axis, x, 1.3, "dec", GATE)
        _box(axis, x, 2.6, written, STATE, 1.2)
        _arrow(axis, (x, 0.36), (x, 0.94))
        _arrow(axis, (x, 1.66), (x, 2.24))
        if t < 3:
            _arrow(axis, (x + 0.56, 1.3), (x + 1.14, 1.3))
    return fig


def staircase() -> Figure:
    """Four sequences of unequal length: real steps, and padding."""
    fig, axis = _canvas(TALL, (-0.6, 6.2), (-0.6, 4.2))
    for row, length in enumerate((2, 3, 6, 4)):
        for t in range(6):
            colour = SKY if t < length else "#EEEEEE"
            axis.add_patch(Rectangle((t - 0.45, row - 0.42), 0.9, 0.84, fc=colour, ec="white"))
            axis.text(
                t,
                row,
                "x" if t < length else "0",
                ha="center",
                va="center",
                fontsize=22,
                color="0.15" if t < length else "0.55",
            )
    return fig


def leak() -> Figure:
    """A record cut by time: fit, held, test."""
    fig, axis = _canvas((12, 2.6), (0, 12), (0, 2.4))
    for left, width, colour, name in (
        (0.1, 7.0, SKY, "fit, and scale"),
        (7.2, 1.9, ORANGE, "held"),
        (9.2, 2.7, "#F4C7A8", "test"),
    ):
        axis.add_patch(Rectangle((left, 0.9), width, 1.0, fc=colour, ec="white"))
        axis.text(left + width / 2, 1.4, name, ha="center", va="center", fontsize=22)
    for x, text in ((3.6, "weights, mean, deviation"), (8.15, "error bar"), (10.55, "judged once")):
        axis.text(x, 0.4, text, ha="center", fontsize=19, color="0.3")
    return fig


def temperature() -> Figure:
    """One set of logits at three temperatures."""
    logits = np.array([2.0, 1.2, 0.4, -0.2, -1.0])
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.8), sharey=True)
    for axis, tau, colour in zip(axes, (0.5, 1, 2), (BLUE, GREEN, VERMILION), strict=True):
        p = np.exp(logits / tau)
        axis.bar(list("aeioy"), p / p.sum(), color=colour)
        axis.set_title(f"temperature {tau}", fontsize=20)
        _named(axis, "")
    return fig


def beam() -> Figure:
    """Two steps: greedy takes A, and the best sequence begins with B."""
    fig, axis = _canvas(TALL, (-0.6, 5.2), (-2.5, 2.5))
    for start, end, p, colour in (
        ((0, 0), (2, 1.2), "0.6", "0.3"), ((0, 0), (2, -1.2), "0.4", BLUE),
        ((2, 1.2), (4.2, 2), "0.4", "0.3"), ((2, 1.2), (4.2, 0.7), "0.3", "0.3"),
        ((2, -1.2), (4.2, -0.7), "0.9", BLUE), ((2, -1.2), (4.2, -2), "0.05", "0.3"),
    ):  # fmt: skip
        axis.plot(*zip(start, end, strict=True), color=colour, linewidth=4, linestyle="-", zorder=0)
        axis.text((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 0.2, p, fontsize=20, color=colour)
    for x, y, name in ((0, 0, ""), (2, 1.2, "A"), (2, -1.2, "B")):
        _box(axis, x, y, name, STATE, 0.6, 0.5)
    for y, total, colour in ((2, "0.24", "0.3"), (0.7, "0.18", "0.3"), (-0.7, "0.36", BLUE), (-2, "0.02", "0.3")):
        axis.text(4.35, y, total, fontsize=21, va="center", color=colour)
    return fig
