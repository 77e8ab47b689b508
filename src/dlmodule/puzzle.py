"""A tensor puzzle as a picture: what is given, the target, and what an attempt makes of it, side by side.

The target drawn beside the attempt is an idea of Sasha Rush's Tensor Puzzles (2022).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from dlmodule import plot

CELL = 0.36  # inches a side of one entry
CLOSE = 1e-5  # two numbers nearer than this are drawn, and counted, as the same


def picture(attempt: Callable[..., Any], target: Callable[..., Tensor], *given: Any) -> None:
    """Draw the tensors (1-D or 2-D) among ``given``, then ``target(*given)``, then ``attempt(*given)``.

    An attempt that raises is drawn as an empty table with its error's name above it: what is wrong is for the check
    to say. Arguments that are no tensors stand above the tables, under the names that the attempt gives them.
    """
    wanted = target(*given)
    yours, said = _tried(attempt, given, wanted)
    named = dict(zip(inspect.signature(attempt).parameters, given, strict=True))
    tables: dict[str, Tensor | None] = {name: _grid(one) for name, one in named.items() if isinstance(one, Tensor)}
    tables |= {"target": _grid(wanted), f"yours: {said}": None if yours is None else _grid(yours)}
    numbers = ", ".join(f"{name} = {one}" for name, one in named.items() if not isinstance(one, Tensor))
    fig = _draw(tables, numbers, _grid(wanted))
    described = "; ".join(f"{name} = {one.tolist() if isinstance(one, Tensor) else one}" for name, one in named.items())
    name = getattr(attempt, "__name__", "puzzle")
    plot.alt(fig, f"Puzzle {name}. Given: {described}. Target: {wanted.tolist()}. Your attempt: {said}.")


def _tried(attempt: Callable[..., Any], given: tuple[Any, ...], wanted: Tensor) -> tuple[Tensor | None, str]:
    """What the attempt returned, if it can be drawn; and in a few words how it compares."""
    try:
        yours = attempt(*given)
    except NotImplementedError:
        return None, "not written yet"
    except Exception as error:  # a learner's code may raise anything
        return None, f"raises {type(error).__name__}"
    if not isinstance(yours, Tensor):
        return None, f"no tensor, {type(yours).__name__}"
    yours = yours.detach()
    drawable = yours if yours.dim() in (1, 2) and yours.numel() and max(yours.shape) <= 12 else None
    if yours.shape != wanted.shape:
        return drawable, f"shape {tuple(yours.shape)}"
    wrong = int(((yours.double() - wanted.double()).abs() > CLOSE).sum())
    words = f"{wrong} {'entry differs' if wrong == 1 else 'entries differ'}" if wrong else "the same"
    return drawable, words


def _grid(one: Tensor) -> Tensor:
    return (one if one.dim() == 2 else one.reshape(1, -1)).double()


def _draw(tables: dict[str, Tensor | None], numbers: str, wanted: Tensor) -> Figure:
    """The tables in one row, one scale of colour for all, each number written out; an empty one where there is None."""
    seen = torch.cat([one.flatten() for one in tables.values() if one is not None])
    low, high = float(seen.min()), float(seen.max())
    widths = [max((wanted if one is None else one).shape[1], 3) for one in tables.values()]
    height = max(len(wanted if one is None else one) for one in tables.values())
    size = (CELL * sum(widths) + 0.8 * len(widths), CELL * height + (0.85 if numbers else 0.55))
    fig, axes = plt.subplots(1, len(tables), figsize=size, width_ratios=widths, layout="constrained", squeeze=False)
    fig.set_layout_engine("constrained", w_pad=0.12)
    for axis, (name, one) in zip(axes.flat, tables.items(), strict=True):
        shown = wanted if one is None else one
        # The darkest entry is a middle blue, so that black digits can be read on all of them.
        dark = low + 1.8 * max(high - low, 1e-9)
        axis.imshow(shown.numpy(), cmap="Blues", vmin=low, vmax=dark, alpha=0 if one is None else 1)
        for row, column in product(range(shown.shape[0]), range(shown.shape[1])) if one is not None else ():
            axis.text(column, row, f"{shown[row, column]:.4g}", ha="center", va="center", fontsize=9)
        axis.set_title(name, fontsize=10)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(True)
    if numbers:
        fig.suptitle(f"given {numbers}", fontsize=10)
    return fig
