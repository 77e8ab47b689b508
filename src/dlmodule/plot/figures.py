"""Figures of data: curves, confusions, images, sections, kernels, reliability.

Every function draws one kind of figure, shows it in the notebook together with its alternative text, and closes it, so
that it is not shown a second time. The alternative text is derived from the data unless ``alt=`` gives a better one. To
draw into a figure of one's own, pass ``ax=``; then nothing is shown, and ``plot.alt(fig, text)`` shows the figure when it
is ready. Outside a notebook nothing is displayed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.colors import ListedColormap, to_rgba
from torch import Tensor

from dlmodule.plot.output import alt as show
from dlmodule.plot.style import BLUE, COLOURS, DASHES, VERMILION
from dlmodule.training import History

Array = Tensor | npt.NDArray[Any] | Sequence[Any]


def curves(history: History | Mapping[str, Sequence[float]], *, alt: str | None = None, ax: Any = None) -> None:
    """Loss and accuracy over the epochs of a training; or any named sequences, one line each."""
    if isinstance(history, History):
        panels: list[tuple[str, dict[str, Sequence[float]]]] = [
            ("loss", {"train_loss": history.train_loss, "val_loss": history.val_loss}),
            ("accuracy", {"val_accuracy": history.val_accuracy}),
        ]
    else:
        panels = [("", dict(history))]
    panels = [(label, {name: y for name, y in lines.items() if len(y)}) for label, lines in panels]
    panels = [(label, lines) for label, lines in panels if lines]
    axes = [ax] * len(panels) if ax is not None else _axes(len(panels), 4.4, 3.2)
    facts = []
    for axis, (label, lines) in zip(axes, panels, strict=True):
        for i, (name, y) in enumerate(lines.items()):
            y = _numpy(y)
            style = {"color": COLOURS[i % 7], "linestyle": DASHES[i % 7], "marker": "os^Dv<>"[i % 7]}
            axis.plot(np.arange(1, len(y) + 1), y, label=name, markersize=4, **style)
            facts.append(f"{name} goes from {y[0]:.3g} to {y[-1]:.3g}")
        axis.set(xlabel="epoch", ylabel=label)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend()
    epochs = max(len(y) for _, lines in panels for y in lines.values())
    _finish(axes, ax, alt or f"Training curves over {epochs} epochs: {'; '.join(facts)}.")


def confusion(matrix: Array, classes: Sequence[str], *, alt: str | None = None, ax: Any = None) -> None:
    """A confusion matrix of counts (K, K): rows are the true classes, columns the predicted ones."""
    counts = _numpy(matrix)
    size = max(3.6, 0.52 * len(classes) + 1.6)
    axis = ax if ax is not None else _axes(1, size, size)[0]
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if share[row, column] > 0.55 else "black"
        axis.text(column, row, f"{count:g}", ha="center", va="center", color=colour, fontsize=9)
    ticks = range(len(classes))
    axis.set_xticks(ticks, classes, rotation=45, ha="right", rotation_mode="anchor")
    axis.set_yticks(ticks, classes)
    axis.set(xlabel="predicted", ylabel="true")
    wrong = counts * (1 - np.eye(len(counts)))
    row, column = np.unravel_index(wrong.argmax(), wrong.shape)
    text = f"Confusion matrix of {len(classes)} classes: {np.trace(counts) / max(counts.sum(), 1):.1%} right"
    if wrong.any():
        text += f"; most often confused: {classes[row]} taken for {classes[column]}, {wrong[row, column]:g} times"
    _finish([axis], ax, alt or text + ".")


def images(x: Array, titles: Sequence[str] | None = None, *, columns: int = 8, alt: str | None = None) -> None:
    """A grid of images: (N, H, W), (N, 1, H, W) or colour (N, 3, H, W). All grey images share one scale of brightness."""
    x_NCHW = _numpy(x)
    if x_NCHW.ndim == 3:
        x_NCHW = x_NCHW[:, None]
    if x_NCHW.ndim != 4 or x_NCHW.shape[1] not in (1, 3):
        raise ValueError(f"images need shape (N, H, W), (N, 1, H, W) or (N, 3, H, W), not {tuple(x_NCHW.shape)}")
    count = len(x_NCHW)
    columns = min(columns, count)
    rows = -(-count // columns)
    height = x_NCHW.shape[2] / x_NCHW.shape[3] + (0.28 if titles is not None else 0)
    scale = min(1.6, 9.6 / columns)
    _, axes = plt.subplots(
        rows, columns, figsize=(scale * columns, scale * height * rows), squeeze=False, layout="constrained"
    )
    low, high = float(x_NCHW.min()), float(x_NCHW.max())
    for axis in axes.flat:
        axis.axis("off")
    for i, (axis, image) in enumerate(zip(axes.flat, x_NCHW, strict=False)):
        if len(image) == 1:
            axis.imshow(image[0], cmap="gray", vmin=low, vmax=high)
        else:
            axis.imshow(np.clip(image.transpose(1, 2, 0), 0, 1))
        if titles is not None:
            axis.set_title(str(titles[i]), fontsize=10, pad=3)
    kind = "grey" if x_NCHW.shape[1] == 1 else "colour"
    text = f"{count} {kind} images of {x_NCHW.shape[2]} by {x_NCHW.shape[3]} pixels"
    if titles is not None:
        text += ": " + ", ".join(str(title) for title in titles[:count])
    _finish([axes.flat[0]], None, alt or text + ".")


def section(
    image: Array,
    mask: Array | None = None,
    *,
    title: str = "",
    xlabel: str = "trace",
    ylabel: str = "time sample",
    alt: str | None = None,
    ax: Any = None,
) -> None:
    """A seismic section (H, W) or (1, H, W): time downwards, traces to the right, amplitudes symmetric about zero.

    mask: of the same shape; what it marks (above 0.5) is laid over the section in vermilion, outlined.
    """
    amplitudes = _numpy(image).squeeze()
    if amplitudes.ndim != 2:
        raise ValueError(f"a section has shape (H, W) or (1, H, W), not {tuple(np.shape(image))}")
    height, width = amplitudes.shape
    axis = ax if ax is not None else _axes(1, 6.4, max(2.4, 5.2 * height / width + 0.6))[0]
    limit = float(np.quantile(np.abs(amplitudes), 0.99)) or 1.0
    axis.imshow(amplitudes, cmap="gray", vmin=-limit, vmax=limit, aspect="auto")
    text = f"Seismic section of {height} time samples and {width} traces"
    if mask is not None:
        marked = _numpy(mask).squeeze() > 0.5
        veil = ListedColormap([to_rgba(VERMILION, 0.0), to_rgba(VERMILION, 0.55)])
        axis.imshow(marked, cmap=veil, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        text += f"; {marked.mean():.1%} of it is marked" if marked.any() else "; nothing is marked"
    axis.set(xlabel=xlabel, ylabel=ylabel, title=title)
    _finish([axis], ax, alt or (f"{text}: {title}." if title else f"{text}."))


def kernels(weight: Array, *, columns: int = 8, alt: str | None = None) -> None:
    """The kernels of a convolution, weight (C_out, C_in, h, w), of the first input channel; blue negative, red positive.

    One symmetric scale for all; in kernels up to 5x5 each weight is also written out.
    """
    w_OIhw = _numpy(weight)
    if w_OIhw.ndim != 4:
        raise ValueError(f"kernels need shape (C_out, C_in, h, w), not {tuple(w_OIhw.shape)}")
    count, _, height, width = w_OIhw.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    scale = min(1.6, 9.6 / columns)
    _, axes = plt.subplots(rows, columns, figsize=(scale * columns, scale * rows), squeeze=False, layout="constrained")
    limit = float(np.abs(w_OIhw).max()) or 1.0
    for axis in axes.flat:
        axis.axis("off")
    for axis, kernel in zip(axes.flat, w_OIhw[:, 0], strict=False):
        axis.imshow(kernel, cmap="RdBu_r", vmin=-limit, vmax=limit)
        if max(height, width) <= 5:
            for (i, j), value in np.ndenumerate(kernel):
                colour = "white" if abs(value) > 0.6 * limit else "black"
                size = 36 * scale / max(height, width) / 1.6
                axis.text(j, i, f"{value:.1f}", ha="center", va="center", color=colour, fontsize=min(size, 10))
    text = f"{count} kernels of {height} by {width} weights between {w_OIhw.min():.2g} and {w_OIhw.max():.2g}."
    _finish([axes.flat[0]], None, alt or text)


def reliability(confidence: Array, correct: Array, *, bins: int = 10, alt: str | None = None, ax: Any = None) -> None:
    """Calibration: how often predictions made with a confidence are right. confidence in [0, 1], correct 0 or 1; both (N,).

    The gap between the points and the diagonal, weighted by the number of predictions, is the expected calibration
    error (Guo and others, arXiv:1706.04599).
    """
    p, right = _numpy(confidence).astype(float).ravel(), _numpy(correct).astype(float).ravel()
    bin_of = np.minimum((p * bins).astype(int), bins - 1)
    number = np.bincount(bin_of, minlength=bins)
    filled = number > 0
    mean_p = np.bincount(bin_of, p, bins)[filled] / number[filled]
    share = np.bincount(bin_of, right, bins)[filled] / number[filled]
    error = float(np.sum(number[filled] * np.abs(mean_p - share)) / len(p))
    axis = ax if ax is not None else _axes(1, 4.4, 4.4)[0]
    axis.plot([0, 1], [0, 1], color="0.4", linestyle="--", linewidth=1.5, label="perfectly calibrated")
    axis.vlines(mean_p, share, mean_p, color=VERMILION, linewidth=2, linestyle="-", label="gap")
    axis.scatter(mean_p, share, s=20 + 180 * number[filled] / number.max(), color=BLUE, zorder=3, label="predictions")
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="fraction right", aspect="equal")
    axis.set_title(f"expected calibration error {error:.3f}")
    axis.legend(loc="upper left")
    lean = "over-confident" if p.mean() > right.mean() else "under-confident"
    text = (
        f"Reliability diagram of {len(p)} predictions: mean confidence {p.mean():.1%}, right {right.mean():.1%}, "
        f"so {lean} on the whole; expected calibration error {error:.3f}."
    )
    _finish([axis], ax, alt or text)


def _numpy(data: Any) -> Any:
    """``data`` as a NumPy array, whatever device it lies on and whether or not it needs a gradient."""
    return data.detach().float().cpu().numpy() if isinstance(data, Tensor) else np.asarray(data)


def _axes(count: int, width: float, height: float) -> list[Any]:
    """``count`` axes side by side, each of ``width`` by ``height`` inches."""
    _, axes = plt.subplots(1, count, figsize=(width * count, height), squeeze=False, layout="constrained")
    return list(axes.flat)


def _finish(axes: list[Any], given: Any, text: str) -> None:
    """Show the figure, unless it is drawn into axes that were given."""
    if given is None:
        show(axes[0].figure, text)
