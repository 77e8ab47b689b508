"""The figures of the deck ``slides.typ``: every public function draws one."""

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from dlmodule import data
from dlmodule.data import seismic
from dlmodule.plot import BLUE, GREEN, ORANGE, VERMILION

WIDE = (12.0, 4.0)


def _faulted() -> Tensor:
    """A section with faults, (96, 128), amplitude of standard deviation 1."""
    ground = seismic.Geology(faults=(2, 2), throw=(8.0, 12.0), noise=(0.05, 0.1))
    return seismic.sections(1, height=96, width=128, seed=4, geology=ground).images[0, 0]


def _patch(name: str, which: int = 0) -> Tensor:
    """A seismic patch (64, 64) of the class ``name``."""
    patches = data.seismic_patches("test", 200)
    return patches.x[patches.y == patches.classes.index(name)][which, 0]


def _bare(axis: plt.Axes) -> None:
    axis.set(xticks=[], yticks=[])
    for side in axis.spines.values():
        side.set_visible(False)


def through_a_hole() -> Figure:
    """A section, and what is seen through holes of 3, 9 and 27 samples at the same place."""
    section = _faulted()
    fault = seismic.sections(
        1, height=96, width=128, seed=4, geology=seismic.Geology(faults=(2, 2), throw=(8.0, 12.0), noise=(0.05, 0.1))
    ).masks[0, 0]
    row, column = (int(v) for v in (fault[36:60, 30:98] > 0.5).nonzero()[0] + torch.tensor([36, 30]))
    fig, axes = plt.subplots(1, 4, figsize=WIDE, width_ratios=[1.75, 1, 1, 1])
    axes[0].imshow(section.numpy(), vmin=-3, vmax=3)
    for axis, size, colour in zip(axes[1:], (3, 9, 27), (VERMILION, ORANGE, GREEN), strict=True):
        half = size // 2
        top, left = row - half, column - half
        axis.imshow(section[top : top + size, left : left + size].numpy(), vmin=-3, vmax=3)
        axis.set_title(f"{size} x {size}", color=colour, fontsize=20, fontweight="bold")
        axes[0].add_patch(Rectangle((left - 0.5, top - 0.5), size, size, fill=False, color=colour, linewidth=2.5))
    for axis in axes:
        _bare(axis)
    return fig


def sliding() -> Figure:
    """A 3x3 kernel on a small image: the window, the kernel, and the number it gives."""
    image = torch.tensor([[0, 0, 1, 1, 1], [0, 0, 1, 1, 1], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]).float()
    kernel = torch.tensor([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]).float()
    out = F.conv2d(image[None, None], kernel[None, None])[0, 0]
    fig, axes = plt.subplots(1, 3, figsize=WIDE, width_ratios=[5, 3, 3])
    for axis, values, title in zip(axes, (image, kernel, out), ("image", "kernel", "output"), strict=True):
        limit = float(values.abs().max())
        axis.imshow(values.numpy(), cmap="RdBu_r", vmin=-limit * 1.6, vmax=limit * 1.6)
        for (i, j), value in np.ndenumerate(values.numpy()):
            axis.text(j, i, f"{value:g}", ha="center", va="center", fontsize=22)
        axis.set_title(title, fontsize=20)
        _bare(axis)
    fig.get_layout_engine().set(wspace=0.12)
    axes[0].add_patch(Rectangle((-0.44, 0.56), 2.88, 2.88, fill=False, color=VERMILION, linewidth=4))
    axes[2].add_patch(Rectangle((-0.44, 0.56), 0.9, 0.9, fill=False, color=VERMILION, linewidth=4))
    return fig


def what_kernels_see() -> Figure:
    """One section under three 3x3 kernels."""
    section = _faulted()
    kernels = {
        "along the layers": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
        "across the layers": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
        "the mean of nine": [[1 / 9] * 3] * 3,
    }
    fig, axes = plt.subplots(1, 4, figsize=(12.0, 3.2))
    pictures = {"section": section}
    for name, kernel in kernels.items():
        pictures[name] = F.conv2d(section[None, None], torch.tensor(kernel).float()[None, None], padding=1)[0, 0]
    for axis, (name, picture) in zip(axes, pictures.items(), strict=True):
        limit = float(picture.abs().quantile(0.99))
        axis.imshow(picture.numpy(), vmin=-limit, vmax=limit)
        axis.set_title(name, fontsize=18)
        _bare(axis)
    return fig


def receptive_field() -> Figure:
    """How the receptive field of SmallCNN grows, block by block, against kernels without stride."""
    strides, kernel = (2, 1, 2, 1, 2), 3
    field, jump, grown = 1, 1, [1]
    for stride in strides:
        field += (kernel - 1) * jump
        jump *= stride
        grown.append(field)
    plain = [1 + 2 * depth for depth in range(len(grown))]
    fig, axis = plt.subplots(figsize=(6.5, 4.6))
    axis.plot(grown, marker="o", markersize=9, color=BLUE, linestyle="-", label="strides 2, 1, 2, 1, 2")
    axis.plot(plain, marker="s", markersize=9, color=VERMILION, linestyle="--", label="stride 1")
    for depth, value in enumerate(grown[1:], 1):
        axis.annotate(str(value), (depth, value), xytext=(-6, 10), textcoords="offset points", ha="right", fontsize=18)
    axis.set(xlabel="blocks", ylim=(0, 31))
    axis.set_ylabel("receptive field")
    axis.tick_params(labelsize=16)
    axis.xaxis.label.set_size(18)
    axis.yaxis.label.set_size(18)
    axis.legend(fontsize=16)
    return fig


def may_we() -> Figure:
    """A folded patch as recorded, mirrored, upside down and with its polarity reversed."""
    patch = _patch("folded", 1)
    pictures = {
        "recorded": patch, "left and right": patch.flip(-1), "top and bottom": patch.flip(-2), "polarity": 1 - patch,
    }  # fmt: skip
    fig, axes = plt.subplots(1, 4, figsize=(12.0, 3.5))
    for axis, (name, picture) in zip(axes, pictures.items(), strict=True):
        axis.imshow(picture.numpy(), vmin=0, vmax=1)
        axis.set_title(name, fontsize=20)
        _bare(axis)
    return fig


def one_cycle() -> Figure:
    """The one-cycle schedule."""
    fig, axis = plt.subplots(figsize=(6.0, 4.2))
    axis.plot([0, 0.2, 1], [0.1, 1, 0], color=BLUE, linewidth=4)
    for x, y, text in [(0.16, 0.3, "warm up"), (0.3, 0.97, "run: fast, rough"), (0.66, 0.5, "settle: fine")]:
        axis.text(x, y, text, fontsize=18, rotation=0)
    axis.set_xlabel("fraction of training", fontsize=18)
    axis.set_ylabel("lr / peak lr", fontsize=18)
    axis.tick_params(labelsize=16)
    return fig


def many_small_pushes() -> Figure:
    """How far a change of eps in every pixel moves a linear score: signs of the gradient against random signs."""
    generator = torch.Generator().manual_seed(0)
    sizes = 2 ** torch.arange(1, 15)
    worst, typical = [], []
    for size in sizes.tolist():
        gradient = torch.randn(size, generator=generator) / size**0.5
        signs = torch.randint(0, 2, (200, size), generator=generator) * 2.0 - 1
        worst.append(float(gradient.abs().sum()))
        typical.append(float((signs @ gradient).square().mean().sqrt()))
    fig, axis = plt.subplots(figsize=(6.5, 4.6))
    axis.loglog(sizes, worst, color=VERMILION, marker="o", linestyle="-", label="signs of the gradient")
    axis.loglog(sizes, typical, color=BLUE, marker="s", linestyle="--", label="random signs")
    axis.axvline(4096, color="0.6", linestyle=":", linewidth=1.5)
    axis.text(3400, 0.14, "64 x 64 pixels", ha="right", fontsize=16)
    axis.set_xlabel("number of pixels D", fontsize=18)
    axis.set_ylabel("change of the score / eps", fontsize=18)
    axis.set_ylim(0.1, 300)
    axis.tick_params(labelsize=16)
    axis.legend(fontsize=16, loc="upper left")
    return fig


def reliability() -> Figure:
    """Three models: one that keeps its word, one that says too much, one that says too little."""
    c = np.linspace(0.3, 1, 8)
    fig, axis = plt.subplots(figsize=(5.2, 5.0))
    axis.plot([0.25, 1], [0.25, 1], color="0.45", linestyle=":", linewidth=2.5)
    axis.plot(c, 0.3 + (c - 0.3) * 0.62, color=VERMILION, marker="o", markersize=9, linestyle="-", linewidth=2.5)
    axis.plot(
        c, np.minimum(1, 0.42 + (c - 0.3) * 0.9), color=BLUE, marker="s", markersize=9, linestyle="--", linewidth=2.5
    )
    axis.text(0.74, 0.44, "says too much", color=VERMILION, fontsize=18)
    axis.text(0.3, 0.82, "says too little", color=BLUE, fontsize=18)
    axis.set_xlabel("confidence: what it says", fontsize=18)
    axis.set_ylabel("accuracy: what happens", fontsize=18)
    axis.tick_params(labelsize=16)
    axis.set(xlim=(0.25, 1.02), ylim=(0.25, 1.02), aspect="equal")
    return fig
