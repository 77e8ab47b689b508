"""Further arrows of a block diagram, from box to box past everything else: feedback, shared states, a second input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from dlmodule.plot import block_layout as lay
from dlmodule.plot.blocks import Box, box, plain

Link: TypeAlias = tuple[str, ...]  # from, to, and perhaps what passes
STEP = 8.0  # points between two lanes


def links_of(links: Sequence[Link], boxes: Sequence[Box]) -> list[Link]:
    """``links`` with labels as they are drawn. Raises ValueError where a label names no box, or several."""
    labels = [found.label for found in boxes]
    made = []
    for link in links:
        if len(link) not in (2, 3):
            raise ValueError(f'a link is ("from", "to") or ("from", "to", "what passes"), not {link!r}')
        ends = [box(end).label for end in link[:2]]
        for end in ends:
            if labels.count(end) != 1:
                raise ValueError(
                    f"a link needs one box {end!r}; there are {labels.count(end)} among: {', '.join(labels)}"
                )
        made.append((*ends, *link[2:]))
    return made


def spoken_links(links: Sequence[Link]) -> str:
    """The links in words."""
    said = [
        f" A further arrow leads from {plain(link[0])} to {plain(link[1])}"
        + (f": {plain(link[2])}." if link[2:] else ".")
        for link in links
    ]
    return "".join(said)


def routed(piece: lay.Piece, links: Sequence[Link], down: bool) -> tuple[lay.Mark, ...]:
    """The piece's marks and the links', each in a lane of its own beyond everything, on the side where less is in its way."""
    rects = [mark for mark in piece.marks if isinstance(mark, lay.Rect)]
    marks: list[lay.Mark] = list(piece.marks)
    reach = {-1: piece.before, 1: piece.after}
    ends = [[next(rect for rect in rects if rect.box.label == label) for label in link[:2]] for link in links]
    # The shorter a link, the further in its lane, and its ends on its boxes; so links do not cross.
    order = sorted(range(len(links)), key=lambda i: abs(ends[i][0].centre[0] - ends[i][1].centre[0]))
    for rank, i in enumerate(order, 1):
        link, (begin, end) = links[i], ends[i]
        side = min((1, -1), key=lambda side: _crossed(rects, begin, side) + _crossed(rects, end, side))
        text = link[2] if link[2:] else ""
        width, height = lay.text_size(text, lay.SHAPE) if text else (0.0, 0.0)
        thick = (width if down else height) + lay.PAD if text else 0.0
        # The text lies between the diagram and its lane, so that it cannot meet the next lane.
        lane = side * (reach[side] + STEP + thick + lay.PAD)
        (u0, v0), (u1, v1) = begin.centre, end.centre
        away = (-0.5 if u1 > u0 else 0.5) * rank / (len(links) + 1)
        start, stop = u0 + away * begin.size[0], u1 - away * end.size[0]
        points = (
            (start, v0 + side * begin.size[1] / 2),
            (start, lane),
            (stop, lane),
            (stop, v1 + side * end.size[1] / 2),
        )
        marks.append(lay.Wire(points, head=True, dashed=True))
        reach[side] = abs(lane)
        if text:
            inner = lane - side * lay.PAD
            edge = 0.0 if side < 0 else 1.0  # which edge of the text lies at its lane
            marks.append(lay.Note(((start + stop) / 2, inner), text, (edge, 0.5) if down else (0.5, edge)))
    return tuple(marks)


def _crossed(rects: Sequence[lay.Rect], end: lay.Rect, side: int) -> int:
    """How many boxes lie between ``end`` and the lanes on that side."""
    u, v = end.centre
    return sum(
        rect is not end and abs(rect.centre[0] - u) < rect.size[0] / 2 and side * (rect.centre[1] - v) > 0
        for rect in rects
    )
