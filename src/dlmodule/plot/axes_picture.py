"""``axes_over``: a tensor as a grid of cells, and the entries that one sum, mean or softmax takes together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Polygon

from dlmodule.plot.output import alt as show
from dlmodule.plot.style import BLUE, INK, tint

Point: TypeAlias = tuple[float, float]
CELLS = 4  # along an axis whose size is not given
DEPTH = (0.42, 0.36)  # how far one cell of depth goes to the right and up


@dataclass(frozen=True)
class Operation:
    """An operation over some of the axes; ``block`` is how many neighbours along an axis belong together, all or one."""

    name: str
    block: tuple[int, ...]
    over: tuple[str, ...]

    def together(self, index: tuple[int, ...], sizes: tuple[int, ...]) -> bool:
        """Whether the entry belongs to the group that is coloured: first places, along the last axis the last ones."""
        begin = [0] * (len(sizes) - 1) + [sizes[-1] - self.block[-1]]
        return all(a <= i < a + block for i, a, block in zip(index, begin, self.block, strict=True))


def axes_over(
    axes: str, operations: Mapping[str, str] | str, *, title: str = "", alt: str | None = None, ax: Any = None
) -> None:
    """Draw a tensor's axes, and in blue one group of entries that an operation takes together; a picture per operation.

    axes: names of one to three axes, with sizes if they matter: ``"N C=6 HW"``. Two axes are rows and columns; of three the
        first is depth, the second height, the third width.
    operations: by name, the axes each runs over: ``{"batch norm": "N HW", "layer norm": "C HW"}``; ``"C:2 HW"`` means over
        neighbours in twos along C (group norm). A single text is one operation without a name.
    title, alt, ax: as elsewhere; ``ax`` takes one operation.

    Raises ValueError for an axis that there is not, and for a size that its groups do not divide.
    """
    names, sizes = _axes(axes)
    given = {"": operations} if isinstance(operations, str) else operations
    made = [_operation(name, over, names, sizes) for name, over in given.items()]
    if not made or (ax is not None and len(made) > 1):
        raise ValueError(f"there is one picture for each operation, and one operation for ax=; not {len(made)}")
    if ax is not None:
        _draw(ax, names, sizes, made[0])
        return
    width, height = _extent(sizes)
    scale = min(0.34, 9.4 / (len(made) * (width + 2.8)))  # inches a cell
    size = (len(made) * scale * (width + 2.8), scale * (height + 1.2) + 0.56 + (0.3 if title else 0))
    fig = plt.figure(figsize=size, layout="none")
    for i, operation in enumerate(made):
        panel = fig.add_axes((i / len(made), 0, 1 / len(made), (size[1] - 0.56 - (0.3 if title else 0)) / size[1]))
        _draw(panel, names, sizes, operation)
    if title:
        fig.text(0.5, 1 - 0.06 / size[1], title, ha="center", va="top", fontsize=12)
    show(fig, alt or _described(names, sizes, made, title))


def _axes(axes: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    parts = [part.partition("=") for part in axes.split()]
    names = tuple(name for name, _, _ in parts)
    if not 1 <= len(names) <= 3 or len(set(names)) < len(names):
        raise ValueError(f"a picture has one to three different axes, not {axes!r}; write H and W as one, HW")
    sizes = tuple(int(size) if size else CELLS for _, _, size in parts)
    if not all(1 <= size <= 16 for size in sizes):
        raise ValueError(f"an axis is drawn with 1 to 16 cells; {axes!r} asks for others")
    return names, sizes


def _operation(name: str, over: str, names: tuple[str, ...], sizes: tuple[int, ...]) -> Operation:
    block = dict.fromkeys(names, 1)
    for part in over.split():
        axis, _, count = part.partition(":")
        if axis not in block:
            raise ValueError(f"there is no axis {axis!r} in {' '.join(names)}: {name or over!r} runs over {over!r}")
        size = sizes[names.index(axis)]
        block[axis] = int(count) if count else size
        if block[axis] < 1 or size % block[axis]:
            raise ValueError(f"{axis} has {size} entries, which do not go into groups of {block[axis]}")
    return Operation(name, tuple(block.values()), tuple(axis for axis in names if block[axis] > 1))


def _cubic(sizes: tuple[int, ...]) -> tuple[int, int, int]:
    """Depth, height and width in cells."""
    depth, height, width = (1,) * (3 - len(sizes)) + sizes
    return depth, height, width


def _extent(sizes: tuple[int, ...]) -> Point:
    """Width and height of the drawing, in cells."""
    depth, height, width = _cubic(sizes)
    back = depth if len(sizes) == 3 else 0
    return width + DEPTH[0] * back, height + DEPTH[1] * back


def _draw(axis: Any, names: tuple[str, ...], sizes: tuple[int, ...], operation: Operation) -> None:
    """The visible faces, cell by cell, and the axes' names along the edges, in bold blue where the operation runs."""
    depth, height, width = _cubic(sizes)
    solid = len(sizes) == 3
    for row, column in product(range(height), range(width)):
        _cell(axis, operation, sizes, (0, row, column), [(0, row, column), (0, row, column + 1), (0, row + 1, column + 1), (0, row + 1, column)])  # fmt: skip
    for back in range(depth) if solid else ():
        for column in range(width):
            _cell(axis, operation, sizes, (back, 0, column), [(back, 0, column), (back, 0, column + 1), (back + 1, 0, column + 1), (back + 1, 0, column)])  # fmt: skip
        for row in range(height):
            _cell(axis, operation, sizes, (back, row, width - 1), [(back, row, width), (back, row + 1, width), (back + 1, row + 1, width), (back + 1, row, width)])  # fmt: skip
    ends = {-1: ((0, height, 0), (0, height, width), (0.0, -0.35), "center", "top")}
    ends[-2] = ((0, 0, 0), (0, height, 0), (-0.35, 0.0), "right", "center")
    ends[-3] = ((0, 0, 0), (depth, 0, 0), (-0.3, 0.2), "right", "bottom")
    for place, (begin, end, (dx, dy), ha, va) in list(ends.items())[: len(sizes)]:
        x, y = np.mean([_project(begin), _project(end)], axis=0)
        runs = names[place] in operation.over
        weight, colour = ("bold", BLUE) if runs else ("normal", "black")
        axis.text(x + dx, y + dy, names[place], ha=ha, va=va, fontsize=11, weight=weight, color=colour)
    x, y = _extent(sizes)
    wide = max(0.0, 0.16 * max(map(len, names)) - 0.5)  # a long name beside the grid
    axis.set(xlim=(-1.9 - wide, x + 0.9), ylim=(-height - 1.2, y - height), aspect="equal", anchor="S")
    axis.set_title(f"{operation.name}\n{_counted(sizes, operation)}".strip(), fontsize=10, pad=8)
    axis.axis("off")


def _cell(axis: Any, operation: Operation, sizes: tuple[int, ...], index: tuple[int, int, int], corners: Any) -> None:
    coloured = operation.together(index[3 - len(sizes) :], sizes)
    points = [_project(corner) for corner in corners]
    axis.add_patch(Polygon(points, fc=tint(BLUE, 0.65) if coloured else "white", ec=INK, lw=0.8, joinstyle="round"))


def _project(corner: tuple[int, int, int]) -> Point:
    depth, row, column = corner
    return column + DEPTH[0] * depth, -row + DEPTH[1] * depth


def _counted(sizes: tuple[int, ...], operation: Operation) -> str:
    entries = math.prod(operation.block)
    groups = math.prod(sizes) // entries
    return f"{groups} {'group' if groups == 1 else 'groups'} of {entries}"


def _described(names: tuple[str, ...], sizes: tuple[int, ...], operations: list[Operation], title: str) -> str:
    kind = ("A row", "A grid", "A block")[len(names) - 1]
    axes = _listed([f"{name} ({size})" for name, size in zip(names, sizes, strict=True)])
    said = []
    for operation in operations:
        parts = [f"all of {name}" if block == size else f"{block} neighbours along {name}" for name, size, block in zip(names, sizes, operation.block, strict=True) if block > 1]  # fmt: skip
        fixed = [name for name, block in zip(names, operation.block, strict=True) if block == 1]
        place = f" at one place along {_listed(fixed)}" if fixed else ""
        who = f"{operation.name} takes" if operation.name else "One operation takes"
        said.append(f"{who} together {_listed(parts) or 'one entry'}{place}: {_counted(sizes, operation)} entries.")
    return f"{title + ': ' if title else ''}{kind} of cells with the axes {axes}; one group of entries is coloured. {' '.join(said)}"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
