"""``diagram``: a block diagram from a few lines of text, with its alternative text from the same lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch
from matplotlib.transforms import Affine2D

from dlmodule.plot import block_layout as lay
from dlmodule.plot.block_links import Link, links_of, routed, spoken_links
from dlmodule.plot.block_rows import wrapped
from dlmodule.plot.blocks import Chain, Description, begun, boxes, chain, plain, spoken_chain, validate
from dlmodule.plot.output import alt as show
from dlmodule.plot.style import BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILION, YELLOW, shade, tint

ROLE_COLOURS = {
    "input": "#808080",
    "data": "#808080",
    "layer": BLUE,
    "norm": YELLOW,
    "activation": ORANGE,
    "pool": GREEN,
    "attention": PURPLE,
    "loss": VERMILION,
    "random": SKY,
    "operation": INK,
}
PALE = {"input": 0.0, "data": 0.0, "operation": 0.08}  # how much of a role's colour its boxes hold; 0.3 of the others
ROOM = 9.4 * 72  # points: the widest row, the width of a page of the course
HEAD_LENGTH, HEAD_WIDTH = 5.5, 2.6  # of an arrow, in points
EDGE = 4.0  # points of white around the diagram


def diagram(
    description: Description,
    *,
    title: str = "",
    direction: str = "right",
    links: Sequence[Link] = (),
    alt: str | None = None,
    ax: Any = None,
) -> None:
    """Draw a block diagram of what stands in ``description``, one behind the other.

    description: texts ``"role: label | detail -> shape"``, of which only the label is needed, and what `branches`, `skip`
        and `group` make. The words of a label choose the colour (``"conv 5x5"`` is a layer); a role before a colon
        overrules them: input, data, layer, norm, activation, pool, attention, loss, random, operation.
    title: what is drawn, in a few words; also the beginning of the alternative text.
    direction: "right" (long rows are continued below) or "down".
    links: further arrows, dashed, from box to box by label: ``("decoder", "encoder")`` or ``("a", "b", "what passes")``.
    alt: a better text than the one made from the description. ax: axes to draw into; then nothing is shown.

    Raises ValueError for a description that cannot be drawn, with the text at which it fails.
    """
    items = begun(chain(description))
    if not items:
        raise ValueError("there is nothing to draw: the description is empty")
    if direction not in ("right", "down"):
        raise ValueError(f'direction is "right" or "down", not {direction!r}')
    validate(items)
    arrows = links_of(links, list(boxes(items)))
    down = direction == "down"
    axis = ax if ax is not None else _page()
    _draw(axis, _marks(items, arrows, down), down, title)
    if ax is None:
        show(axis.figure, alt or described(items, arrows, down, title))


def described(items: Chain, links: Sequence[Link], down: bool, title: str) -> str:
    """The diagram in words."""
    of = f" of {plain(title)}" if title else ""
    flow = "from top to bottom" if down else "from left to right"
    return f"Block diagram{of}, {flow}: {spoken_chain(items)}.{spoken_links(links)}"


def _marks(items: Chain, links: Sequence[Link], down: bool) -> tuple[lay.Mark, ...]:
    layout = lay.Layout(items, down=down)
    if down or links:
        return routed(layout.series(items, last=lay.shape_of(items[-1])), links, down)
    return wrapped(layout, items, ROOM).marks


def _page() -> Any:
    fig = plt.figure(layout="none")
    return fig.add_axes((0, 0, 1, 1))


def _draw(axis: Any, marks: Sequence[lay.Mark], down: bool, title: str) -> None:
    """Draw ``marks`` with y upwards, in points; a figure of its own gets the size at which the text is as large as it says."""
    pen = _Pen(axis, down)
    for kind in (lay.Frame, lay.Wire, lay.Rect, lay.Note):
        for mark in marks:
            if isinstance(mark, kind):
                pen.draw(mark)
    x0, y0, x1, y1 = pen.extent
    if title:
        width, height = lay.text_size(title, lay.LABEL + 1)
        pen.text((x0 + x1) / 2, y1 + 2 * EDGE, title, (0.5, 1.0), lay.LABEL + 1)
        middle = (x0 + x1) / 2
        x0, x1, y1 = min(x0, middle - width / 2), max(x1, middle + width / 2), y1 + 2 * EDGE + height
    axis.set(xlim=(x0 - EDGE, x1 + EDGE), ylim=(y0 - EDGE, y1 + EDGE), aspect="equal")
    axis.axis("off")
    if axis.figure.get_layout_engine() is None and len(axis.figure.axes) == 1:
        axis.figure.set_size_inches((x1 - x0 + 2 * EDGE) / 72, (y1 - y0 + 2 * EDGE) / 72)


class _Pen:
    """Draws marks into axes, texts as paths, so that they keep their place and size relative to the boxes at any scale."""

    def __init__(self, axis: Any, down: bool) -> None:
        self.axis, self.down = axis, down
        self.extent = (float("inf"), float("inf"), -float("inf"), -float("inf"))  # x0, y0, x1, y1 of what was drawn

    def draw(self, mark: lay.Mark) -> None:
        """Draw one mark."""
        match mark:
            case lay.Rect():
                self._box(mark)
            case lay.Wire():
                self._wire(mark)
            case lay.Note():
                x, y = self._page(mark.at)
                self.text(x, y, mark.text, mark.anchor, mark.size)
            case lay.Frame():
                (x0, y0), (x1, y1) = self._page(mark.low), self._page(mark.high)
                corner, size = (min(x0, x1), min(y0, y1)), (abs(x1 - x0), abs(y1 - y0))
                style: Any = {"fc": "#f6f6f6", "ec": "0.45", "ls": (0, (4, 3)), "lw": 1}
                self._patch(FancyBboxPatch(corner, *size, boxstyle="round,pad=0,rounding_size=5", **style), zorder=0)

    def text(self, x: float, y: float, text: str, anchor: lay.Point, size: float) -> None:
        """Write ``text``, line under line, with its ``anchor`` at (x, y)."""
        width, height = lay.text_size(text, size)
        left, top = x - anchor[0] * width, y + anchor[1] * height
        for i, line in enumerate(text.split("\n")):
            if not line.strip():
                continue
            wide, high = lay.text_size(line, size)
            shift = Affine2D().translate(left + (width - wide) / 2, top - (i + 0.78) * high)
            patch = PathPatch(shift.transform_path(lay.text_path(line, size)), fc="black", lw=0)
            patch.set_gid(f"text: {line}")
            self._patch(patch)

    def _box(self, rect: lay.Rect) -> None:
        box, (x, y) = rect.box, self._page(rect.centre)
        width, height = (rect.size[1], rect.size[0]) if self.down else rect.size
        colour = ROLE_COLOURS[box.role]
        style: Any = {"fc": tint(colour, PALE.get(box.role, 0.3)), "ec": shade(colour), "lw": 1.3}
        if box.sign:
            self._patch(Circle((x, y), width / 2, **style))
        else:
            shape = "round,pad=0,rounding_size=" + ("8" if box.role in ("input", "data") else "3")
            patch = FancyBboxPatch((x - width / 2, y - height / 2), width, height, boxstyle=shape, **style)
            patch.set_gid(f"box: {box.label}")
            self._patch(patch)
        high = lay.text_size(box.label, lay.LABEL)[1]
        low = lay.text_size(box.detail, lay.DETAIL)[1] if box.detail else 0.0
        self.text(x, y + (high + low) / 2, box.label, (0.5, 0.0), lay.LABEL)
        if box.detail:
            self.text(x, y + (low - high) / 2, box.detail, (0.5, 0.0), lay.DETAIL)

    def _wire(self, wire: lay.Wire) -> None:
        xs, ys = zip(*(self._page(point) for point in wire.points), strict=True)
        style: Any = (0, (3, 2)) if wire.dashed else "-"
        self._reach(min(xs), min(ys), max(xs), max(ys))
        end = -1 if wire.head else len(xs)
        if len(xs[:end]) > 1:
            line = {"color": INK, "lw": 1.2, "ls": style, "marker": "", "solid_capstyle": "round"}
            self.axis.plot(xs[:end], ys[:end], snap=False, zorder=1, **line)
        if wire.head:
            arrow = {
                "arrowstyle": f"-|>,head_length={HEAD_LENGTH},head_width={HEAD_WIDTH}",
                "fc": INK,
                "ec": INK,
                "lw": 1.2,
            }
            arrow |= {"shrinkA": 0, "shrinkB": 0, "ls": style, "mutation_scale": 1}
            self.axis.annotate("", (xs[-1], ys[-1]), (xs[-2], ys[-2]), arrowprops=arrow, zorder=1)

    def _page(self, point: lay.Point) -> lay.Point:
        u, v = point
        return (v, -u) if self.down else (u, -v)

    def _patch(self, patch: Any, zorder: int = 2) -> None:
        self.axis.add_patch(patch)
        patch.set_zorder(zorder)
        box = patch.get_path().get_extents(patch.get_patch_transform())
        self._reach(box.x0, box.y0, box.x1, box.y1)

    def _reach(self, x0: float, y0: float, x1: float, y1: float) -> None:
        a, b, c, d = self.extent
        self.extent = (min(a, x0), min(b, y0), max(c, x1), max(d, y1))
