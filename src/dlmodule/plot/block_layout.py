"""Where the boxes and arrows of a block diagram lie.

A diagram is laid out from the inside out. Every part becomes a ``Piece`` whose inlet is the origin and whose outlet lies on
the same line, ``length`` further on; a larger part sets its pieces one behind the other or side by side, so nothing can
overlap. Here u runs along the flow and v across it, in points (1/72 inch): right and down in a diagram that flows to the
right, down and right in one that flows down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

from matplotlib.textpath import TextPath

from dlmodule.plot.blocks import Box, Branches, Chain, Group, Item, boxes, takes_input

Point: TypeAlias = tuple[float, float]

LABEL, DETAIL, SHAPE = 10.0, 8.0, 8.5  # sizes of the text, in points
LEADING = 1.2  # from one line to the next, in sizes
MARGIN = 7.0  # between a box and its text
GAP = 20.0  # the shortest arrow
HEAD = 7.0  # the length of its head
BETWEEN = 18.0  # between paths side by side
FRAME = 9.0  # between a group's frame and what it holds
CIRCLE = 18.0  # diameter of an operation of one sign
PAD = 3.0  # between a line and its text


@dataclass(frozen=True)
class Rect:
    """A box as it lies: centre, and size along u and v."""

    centre: Point
    size: Point
    box: Box


@dataclass(frozen=True)
class Wire:
    """A line through corners, with an arrow head at its end or without."""

    points: tuple[Point, ...]
    head: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Note:
    """A text; ``anchor`` says which point of it lies at ``at`` on the page: (0, 0) its top left, (1, 1) its bottom right."""

    at: Point
    text: str
    anchor: Point
    size: float = SHAPE


@dataclass(frozen=True)
class Frame:
    """The dashed frame of a group, from corner to corner."""

    low: Point
    high: Point


Mark: TypeAlias = Rect | Wire | Note | Frame


@dataclass(frozen=True)
class Piece:
    """A laid out part: its extent along u, its reach to either side of the line, and what is drawn."""

    length: float
    before: float = 0.0
    after: float = 0.0
    marks: tuple[Mark, ...] = field(default=(), repr=False)

    def at(self, u: float, v: float) -> tuple[Mark, ...]:
        """Its marks, with the inlet at (u, v)."""
        return tuple(moved(mark, u, v) for mark in self.marks)


def moved(mark: Mark, u: float, v: float) -> Mark:
    """``mark`` shifted by (u, v)."""
    match mark:
        case Rect(centre=(a, b)):
            return replace(mark, centre=(a + u, b + v))
        case Wire(points=points):
            return replace(mark, points=tuple((a + u, b + v) for a, b in points))
        case Note(at=(a, b)):
            return replace(mark, at=(a + u, b + v))
        case Frame(low=(a, b), high=(c, d)):
            return replace(mark, low=(a + u, b + v), high=(c + u, d + v))


@lru_cache(4096)
def text_path(line: str, size: float) -> TextPath:
    """The outline of one line of text, its baseline beginning at the origin."""
    return TextPath((0, 0), line, size=size)


@lru_cache(4096)
def text_size(text: str, size: float) -> Point:
    """Width and height in points of ``text``, which may have several lines."""
    lines = text.split("\n")
    width = max(float(text_path(line, size).get_extents().x1) if line.strip() else 0.0 for line in lines)
    return width, LEADING * size * len(lines)


class Layout:
    """Lays out one diagram; ``down``: whether it flows down rather than right."""

    def __init__(self, items: Chain, *, down: bool) -> None:
        self.down = down
        sizes = [self._own_size(box) for box in boxes(items) if not box.sign]
        across = max((self._turned(size)[1] for size in sizes), default=0.0)
        self._breadth = across  # all boxes are equally high, or in a diagram that flows down equally wide

    def series(self, items: Chain, *, last: str | None = None) -> Piece:
        """The items one behind the other; ``last`` is written on an arrow behind them, if there is one."""
        pieces: list[Piece] = []
        for i, item in enumerate(items):
            if i:
                pieces.append(self.gap(shape_of(items[i - 1]), head=isinstance(item, Box)))
            pieces.append(self.item(item))
        if last:
            pieces.append(self.gap(last, head=True))
        return in_line(pieces)

    def item(self, item: Item) -> Piece:
        """One item."""
        if isinstance(item, Box):
            length, breadth = self.size(item)
            return Piece(length, breadth / 2, breadth / 2, (Rect((length / 2, 0.0), (length, breadth), item),))
        if isinstance(item, Group):
            return self._group(item)
        return self._dip(item) if item.dip else self._branches(item)

    def size(self, box: Box) -> Point:
        """A box's extent along u and v."""
        if box.sign:
            return CIRCLE, CIRCLE
        return self._turned(self._own_size(box))[0], self._breadth

    def gap(self, shape: str = "", *, head: bool) -> Piece:
        """An arrow, or a line without a head, as long as the shape that is written on it needs."""
        if not shape:
            return Piece(GAP, marks=(Wire(((0.0, 0.0), (GAP, 0.0)), head),))
        width, height = text_size(shape, SHAPE)
        tip = HEAD if head else 0.0
        if self.down:
            length = max(GAP, height + 2 * PAD + tip)
            note = Note(((length - tip) / 2, PAD), shape, (0.0, 0.5))
            return Piece(length, 0.0, width + 2 * PAD, (Wire(((0.0, 0.0), (length, 0.0)), head), note))
        length = max(GAP, width + 4 * PAD + tip)
        note = Note(((length - tip) / 2, -PAD), shape, (0.5, 1.0))
        return Piece(length, height + PAD, 0.0, (Wire(((0.0, 0.0), (length, 0.0)), head), note))

    def run(self, items: Chain, *, joined: bool) -> Piece:
        """A path between two columns: a lead, the items, and a line behind them where something follows."""
        if not items:
            return Piece(GAP, marks=(Wire(((0.0, 0.0), (GAP, 0.0))),))
        fed = takes_input(items)
        lead = self.gap(head=isinstance(items[0], Box)) if fed else Piece(GAP)
        shape = shape_of(items[-1])
        if joined:
            return in_line([lead, self.series(items), self.gap(shape, head=False)])
        return in_line([lead, self.series(items, last=shape)])

    def _group(self, group: Group) -> Piece:
        inner = self.run(group.items, joined=True)
        width, height = text_size(group.label, LABEL)
        length = inner.length if self.down else max(inner.length, width + 2 * PAD)
        before, after = inner.before + FRAME, inner.after + FRAME
        frame = Frame((0.0, -before), (length, after))
        wires = (Wire(((inner.length, 0.0), (length, 0.0))),) if length > inner.length else ()
        if self.down:
            note = Note((length / 2, after + PAD), group.label, (0.0, 0.5), LABEL)
            return Piece(length, before, after + width + 2 * PAD, (frame, note, *wires, *inner.marks))
        note = Note((length / 2, -before - PAD), group.label, (0.5, 1.0), LABEL)
        return Piece(length, before + height + PAD, after, (frame, note, *wires, *inner.marks))

    def _branches(self, item: Branches) -> Piece:
        runs = [self.run(path, joined=item.join is not None) for path in item.paths]
        fed = [i for i, path in enumerate(item.paths) if takes_input(path)]
        places = stacked(runs, fed[0] if item.straight is None and len(fed) == 1 else item.straight)
        if item.join is not None:
            places = clear_of(self.size(item.join)[1] / 2 + HEAD + PAD, places)
        marks: list[Mark] = []
        for path, run, v in zip(item.paths, runs, places, strict=True):
            marks += run.at(0.0, v)
            if v and takes_input(path):
                marks.append(Wire(((0.0, 0.0), (0.0, v))))
        before = max(run.before - v for run, v in zip(runs, places, strict=True))
        after = max(run.after + v for run, v in zip(runs, places, strict=True))
        if item.join is None:
            return Piece(max(run.length for run in runs), before, after, tuple(marks))
        ends = [(run.length, v) for run, v in zip(runs, places, strict=True)]
        length, joining = self._join(item.join, ends)
        half = self.size(item.join)[1] / 2
        return Piece(length, max(before, half), max(after, half), (*marks, *joining))

    def _join(self, join: Box, ends: Sequence[Point]) -> tuple[float, list[Mark]]:
        """The box in which the ``ends`` of paths meet, and the lines to it; with the length up to its far side."""
        length, breadth = self.size(join)
        column = max(u for u, _ in ends) + HEAD + length / 2
        marks: list[Mark] = [Rect((column, 0.0), (length, breadth), join)]
        for u, v in ends:
            if v == 0:
                marks.append(Wire(((u, 0.0), (column - length / 2, 0.0)), head=True))
            else:
                side = breadth / 2 if v > 0 else -breadth / 2
                marks.append(Wire(((u, v), (column, v), (column, side)), head=True))
        return column + length / 2, marks

    def _dip(self, item: Branches) -> Piece:
        """The connection in line, the body a level below, its first and last box on the way down and on the way up."""
        assert item.join is not None
        via, body = self.run(item.paths[0], joined=True), item.paths[1]
        down, up = body[0], body[-1]
        assert isinstance(down, Box) and isinstance(up, Box)
        head = isinstance(body[1], Box)
        inner = in_line(
            [self.gap(down.shape, head=head), self.series(body[1:-1]), self.gap(shape_of(body[-2]), head=False)]
        )
        (down_length, down_breadth), (up_length, up_breadth) = self.size(down), self.size(up)
        join_length, join_breadth = self.size(item.join)
        label = text_size(up.shape, SHAPE) if up.shape else (0.0, 0.0)
        descent = max(via.after, join_breadth / 2) + max(GAP, label[0 if self.down else 1] + 2 * PAD + HEAD)
        deepest = descent + max(down_breadth, up_breadth)
        level = deepest + max(GAP / 2, inner.before + PAD)
        left = max(0.0, down_length / 2 - GAP / 2)
        column = left + max(inner.length, via.length + HEAD + join_length / 2, (down_length + up_length) / 2 + BETWEEN)
        far = column + join_length / 2
        marks: list[Mark] = [
            Wire(((0.0, 0.0), (left, 0.0))),
            *via.at(left, 0.0),
            Wire(((left + via.length, 0.0), (column - join_length / 2, 0.0)), head=True),
            Rect((column, 0.0), (join_length, join_breadth), item.join),
            Wire(((left, 0.0), (left, descent)), head=True),
            Rect((left, descent + down_breadth / 2), (down_length, down_breadth), down),
            Wire(((left, descent + down_breadth), (left, level))),
            *inner.at(left, level),
            Wire(((left + inner.length, level), (column, level), (column, descent + up_breadth)), head=True),
            Rect((column, descent + up_breadth / 2), (up_length, up_breadth), up),
            Wire(((column, descent), (column, join_breadth / 2)), head=True),
        ]
        if up.shape:
            middle = (descent + join_breadth / 2 + HEAD) / 2
            marks.append(Note((column - PAD, middle), up.shape, (0.5, 1.0) if self.down else (1.0, 0.5)))
        over = max(0.0, up_length / 2 - join_length / 2 - GAP / 2)
        if over:
            marks.append(Wire(((far, 0.0), (far + over, 0.0))))
        return Piece(far + over, max(via.before, join_breadth / 2), level + inner.after, tuple(marks))

    def _own_size(self, box: Box) -> Point:
        """Width and height on the page that a box's text needs."""
        width, height = text_size(box.label, LABEL)
        if box.detail:
            wide, high = text_size(box.detail, DETAIL)
            width, height = max(width, wide), height + high
        return max(width + 2 * MARGIN, 30.0), height + MARGIN

    def _turned(self, size: Point) -> Point:
        return (size[1], size[0]) if self.down else size


def shape_of(item: Item) -> str:
    """What is written on the arrow that leaves ``item``."""
    if isinstance(item, Box):
        return item.shape
    if isinstance(item, Group):
        return shape_of(item.items[-1])
    return item.join.shape if item.join is not None else ""


def in_line(pieces: Sequence[Piece]) -> Piece:
    """``pieces`` one behind the other."""
    marks: list[Mark] = []
    u = 0.0
    for piece in pieces:
        marks += piece.at(u, 0.0)
        u += piece.length
    before = max((piece.before for piece in pieces), default=0.0)
    return Piece(u, before, max((piece.after for piece in pieces), default=0.0), tuple(marks))


def stacked(runs: Sequence[Piece], straight: int | None) -> list[float]:
    """Where paths lie side by side, v of each: ``straight`` on the line, else the middle one or the two middle ones about it."""
    places = [0.0]
    for upper, lower in pairwise(runs):
        places.append(places[-1] + upper.after + BETWEEN + lower.before)
    middle = len(runs) // 2
    if straight is not None:
        line = places[straight]
    elif len(runs) % 2:
        line = places[middle]
    else:
        line = (places[middle - 1] + places[middle]) / 2
    return [v - line for v in places]


def clear_of(reach: float, places: Sequence[float]) -> list[float]:
    """``places`` with those to either side of the line moved out until the nearest is ``reach`` away, for an arrow's sake."""
    lack = {side: max(0.0, reach - min((side * v for v in places if side * v > 0), default=reach)) for side in (-1, 1)}
    return [v + lack[1] if v > 0 else v - lack[-1] if v < 0 else v for v in places]
