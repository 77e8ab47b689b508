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
    expected = target(*given)
    yours, verdict = _tried(attempt, given, expected)
    named = dict(zip(inspect.signature(attempt).parameters, given, strict=True))
    tables: dict[str, Tensor | None] = {
        name: _grid(value) for name, value in named.items() if isinstance(value, Tensor)
    }
    tables |= {"target": _grid(expected), f"yours: {verdict}": None if yours is None else _grid(yours)}
    numbers = ", ".join(f"{name} = {value}" for name, value in named.items() if not isinstance(value, Tensor))
    fig = _draw(tables, numbers, _grid(expected))
    described = "; ".join(
        f"{name} = {value.tolist() if isinstance(value, Tensor) else value}" for name, value in named.items()
    )
    name = getattr(attempt, "__name__", "puzzle")
    plot.alt(fig, f"Puzzle {name}. Given: {described}. Target: {expected.tolist()}. Your attempt: {verdict}.")


def _tried(attempt: Callable[..., Any], given: tuple[Any, ...], expected: Tensor) -> tuple[Tensor | None, str]:
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
    if yours.shape != expected.shape:
        return drawable, f"shape {tuple(yours.shape)}"
    differing = int(((yours.double() - expected.double()).abs() > CLOSE).sum())
    verdict = f"{differing} {'entry differs' if differing == 1 else 'entries differ'}" if differing else "the same"
    return drawable, verdict


def _grid(value: Tensor) -> Tensor:
    return (value if value.dim() == 2 else value.reshape(1, -1)).double()


def _draw(tables: dict[str, Tensor | None], numbers: str, expected: Tensor) -> Figure:
    """The tables in one row, one scale of colour for all, each number written out; an empty one where there is None."""
    entries = torch.cat([value.flatten() for value in tables.values() if value is not None])
    low, high = float(entries.min()), float(entries.max())
    widths = [max((expected if value is None else value).shape[1], 3) for value in tables.values()]
    height = max(len(expected if value is None else value) for value in tables.values())
    size = (CELL * sum(widths) + 0.8 * len(widths), CELL * height + (0.85 if numbers else 0.55))
    fig, axes = plt.subplots(1, len(tables), figsize=size, width_ratios=widths, layout="constrained", squeeze=False)
    fig.set_layout_engine("constrained", w_pad=0.12)
    for axis, (name, value) in zip(axes.flat, tables.items(), strict=True):
        table = expected if value is None else value
        # The darkest entry is a middle blue, so that black digits can be read on all of them.
        dark = low + 1.8 * max(high - low, 1e-9)
        axis.imshow(table.numpy(), cmap="Blues", vmin=low, vmax=dark, alpha=0 if value is None else 1)
        for row, column in product(range(table.shape[0]), range(table.shape[1])) if value is not None else ():
            axis.text(column, row, f"{table[row, column]:.4g}", ha="center", va="center", fontsize=9)
        axis.set_title(name, fontsize=10)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(True)
    if numbers:
        fig.suptitle(f"given {numbers}", fontsize=10)
    return fig
