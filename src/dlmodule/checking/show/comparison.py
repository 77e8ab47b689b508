"""Expected beside got: a small table where there are few numbers, a small picture where people would rather look."""

from __future__ import annotations

import base64
import functools
import io
import math
from html import escape
from typing import Any

import torch
from torch import Tensor

FEW = 9  # up to this many rows and columns are shown as numbers
MOST = 48  # larger pictures are thinned to this many pixels a side


def beside_html(expected: Any, got: Any, case: str) -> str:
    """The two values side by side as HTML; nothing where they cannot be shown so."""
    if expected is None and got is None:
        return ""
    shown = [_figure("expected", expected, (expected, got)), _figure("yours", got, (expected, got))]
    if not all(shown):
        return ""
    label = f"<p class='dlm-foot'>On {escape(case)}:</p>" if case else ""
    return f"{label}<div class='dlm-pair'>{''.join(shown)}</div>"


def beside_text(expected: Any, got: Any, case: str) -> list[str]:
    """The two values for a terminal, one under the other."""
    if expected is None and got is None:
        return []
    lines = [f"On {case}:"] if case else []
    for name, value in (("expected", expected), ("yours", got)):
        grid = as_grid(value)
        if grid is None or max(grid.shape) > FEW:
            text = " ".join(repr(value).split())
            lines.append(f"{name:>8}  {text if len(text) <= 100 else text[:99] + '…'}")
        else:
            rows = ["  ".join(f"{number(entry):>9}" for entry in row) for row in grid.tolist()]
            lines += [f"{name if index == 0 else '':>8}  {row}" for index, row in enumerate(rows)]
    return lines


def as_grid(value: Any) -> Tensor | None:
    """The last two axes of a real tensor or list of numbers as a 2-D float tensor (leading axes: the first entry)."""
    if isinstance(value, (bool, int, float)):
        value = torch.tensor([value], dtype=torch.float64)
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, (int, float)) for item in value):
        value = torch.tensor(value, dtype=torch.float64)
    if not isinstance(value, Tensor) or value.is_complex() or value.numel() == 0:
        return None
    grid = value.detach().double()
    while grid.dim() > 2:
        grid = grid[0]
    return grid.reshape(1, -1) if grid.dim() < 2 else grid


def number(value: float) -> str:
    """A number in at most ten characters; NaN and infinities by name."""
    whole = math.isfinite(value) and value == round(value) and abs(value) < 1e6
    return f"{value:.0f}" if whole else f"{value:.4g}"


def _figure(name: str, value: Any, both: tuple[Any, Any]) -> str:
    grid = as_grid(value)
    if grid is None:
        return ""
    shape = f", shape {tuple(value.shape)}" if isinstance(value, Tensor) else ""
    part = ", first part" if isinstance(value, Tensor) and value.dim() > 2 else ""
    caption = f"<figcaption>{name}{shape}{part}</figcaption>"
    if max(grid.shape) <= FEW:
        other = as_grid(both[0] if value is both[1] else both[1])
        return f"<figure>{caption}{_table(grid, other)}</figure>"
    return f"<figure>{caption}{_image(grid, both, name)}</figure>"


def _table(grid: Tensor, other: Tensor | None) -> str:
    compare = other is not None and other.shape == grid.shape
    rows = []
    for i, row in enumerate(grid.tolist()):
        cells = []
        for j, entry in enumerate(row):
            differs = compare and other is not None and not _same(entry, float(other[i, j]))
            mark = "font-weight:700;text-decoration:underline" if differs else ""
            cells.append(f"<td style='text-align:right;padding:1px 6px;{mark}'>{number(entry)}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table style='border-collapse:collapse;font-family:var(--jp-code-font-family,monospace);font-size:12.5px'>{''.join(rows)}</table>"


def _same(a: float, b: float) -> bool:
    """Whether two numbers look the same: both NaN, the same infinity, or equal to six digits."""
    return (a != a and b != b) or math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6)


def _image(grid: Tensor, both: tuple[Any, Any], name: str) -> str:
    """``grid`` (H, W) as a PNG of one pixel a value, enlarged by the browser; both values share one scale, NaN is orange."""
    from PIL import Image

    step = max(1, -(-max(grid.shape) // MOST))
    thinned = grid[::step, ::step]
    grids = [shown for shown in map(as_grid, both) if shown is not None]
    finite = torch.cat([shown[torch.isfinite(shown)].flatten() for shown in grids])
    low, high = (float(finite.min()), float(finite.max())) if finite.numel() else (0.0, 1.0)
    rows, columns = thinned.shape
    size = max(3, 150 // max(rows, columns))
    # Halved first: the range of float64 itself may overflow.
    share = ((thinned / 2 - low / 2) / (high / 2 - low / 2) if high > low else thinned * 0 + 0.5).clamp(0, 1)
    index = torch.where(share.isnan(), 255.0, (share * 254).round()).to(torch.uint8)
    image = Image.fromarray(index.numpy())
    image.putpalette(_palette())
    png = io.BytesIO()
    image.save(png, "PNG")
    alt = f"{name}: picture of {rows} by {columns} values between {number(low)} (dark) and {number(high)} (light)"
    source = base64.b64encode(png.getvalue()).decode()
    return (
        f"<img alt='{escape(alt)}' src='data:image/png;base64,{source}' width='{columns * size}' height='{rows * size}' "
        "style='image-rendering:pixelated'/>"
    )


@functools.cache
def _palette() -> bytes:
    """255 colours from dark blue to yellow (cividis: even, and safe for the colour-blind), then orange for NaN."""
    import matplotlib as mpl

    ramp = mpl.colormaps["cividis"].resampled(255)(range(255), bytes=True)[:, :3]
    return bytes(ramp.tobytes()) + b"\xd5\x5e\x00"
