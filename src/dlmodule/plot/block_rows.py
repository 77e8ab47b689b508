"""A block diagram that is wider than a page, in rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dlmodule.plot import block_layout as lay
from dlmodule.plot.blocks import Box, Chain


def wrapped(layout: lay.Layout, items: Chain, room: float) -> lay.Piece:
    """The chain in as many rows of at most ``room`` as it needs, as even as can be; an item is never cut."""
    pieces = [layout.series((item,)) for item in items]
    gaps = [layout.gap(lay.shape_of(a), head=isinstance(b, Box)) for a, b in pairwise(items)]
    last = lay.shape_of(items[-1]) if items else ""
    rows = _filled(pieces, gaps, room)
    if len(rows) < 2:
        return layout.series(items, last=last)
    widest = max(piece.length for piece in pieces)
    while room > widest and len(closer := _filled(pieces, gaps, room)) == len(rows):
        rows, room = closer, room - 5
    return _page(layout, items, rows, last)


def _filled(pieces: Sequence[lay.Piece], gaps: Sequence[lay.Piece], room: float) -> list[tuple[int, int]]:
    """First and last+1 item of each row when rows are filled up to ``room``."""
    rows: list[tuple[int, int]] = []
    begin, length = 0, 0.0
    for i, piece in enumerate(pieces):
        more = piece.length + (gaps[i - 1].length if i > begin else 0.0)
        if i > begin and length + more > room:
            rows.append((begin, i))
            begin, length, more = i, 0.0, piece.length
        length += more
    return [*rows, (begin, len(pieces))]


def _page(layout: lay.Layout, items: Chain, rows: Sequence[tuple[int, int]], last: str) -> lay.Piece:
    """Rows one below the other, with a line from the end of each to the beginning of the next."""
    laid = [layout.series(items[a:b], last=last if b == len(items) else None) for a, b in rows]
    edge = max(row.length for row in laid) + lay.GAP / 2
    marks, v = list(laid[0].marks), 0.0
    for i, (upper, lower) in enumerate(pairwise(laid)):
        shape = lay.shape_of(items[rows[i][1] - 1])
        between = v + upper.after + lay.PAD + (lay.text_size(shape, lay.SHAPE)[1] + lay.PAD if shape else lay.GAP / 2)
        below = between + lay.GAP / 2 + lower.before
        corners = ((upper.length, v), (edge, v), (edge, between), (-lay.GAP, between), (-lay.GAP, below), (0.0, below))
        marks.append(lay.Wire(corners, head=isinstance(items[rows[i + 1][0]], Box)))
        if shape:
            marks.append(lay.Note((edge / 2, between - lay.PAD), shape, (0.5, 1.0)))
        marks += lower.at(0.0, below)
        v = below
    return lay.Piece(edge, laid[0].before, v + laid[-1].after, tuple(marks))
