"""Which cell of one notebook is which cell of another, when neither ids nor places can be relied upon.

Ids say where a cell stood in the course's source: they shift when a teacher inserts a cell, and Colab and older formats drop them.
So cells are known, in this order: by the same id with the same text; by the same text, in order; by the exercise that they define,
check or head; by a similar text, between the same neighbours first; by the id alone, where text found it no other place.

A learner's copy is a *descendant* of what the course gave: there the id alone comes first. Where ids were lost, a cell that is left alone
on each side between two neighbours is taken for the other, whatever was written into it.

A page waits for the answer, so it takes a moment also for a file that was pasted into a cell, and for a notebook of a thousand cells.
"""

import re
from collections.abc import Callable, Hashable, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

Cell = dict[str, Any]

SIMILAR = 0.6  # share of two texts that is equal, from which on they are versions of each other
LONG = (
    3000  # characters beyond which texts are compared by their lines: letter by letter takes the square of the length
)
NEAR = 30  # places by which a cell may have moved among those that are left, to be looked for by its text
_DEFINED = re.compile(r"^(?:async +def|def|class) +(\w+)", re.MULTILINE)
_CHECKED = re.compile(r"^check\(\s*[\"']?(\w+)", re.MULTILINE)
_HEADING = re.compile(r"^#+ +(.+?)\s*#*$", re.MULTILINE)


def match(
    first: Sequence[Cell], second: Sequence[Cell], *, descendant: bool = False, equal_only: bool = False
) -> dict[int, int]:
    """Which cell of ``first`` each cell of ``second`` is: {index in second: index in first}, each index at most once.

    descendant: ``second`` was made from ``first`` by a person's hand. equal_only: only cells that say the same.
    """
    pairs = _Pairs(first, second)
    if descendant:
        pairs.by_key(lambda cell: (cell["cell_type"], cell["id"]))
    lost_ids = not pairs.found
    pairs.by_key(lambda cell: (cell["id"], _text(cell)))
    pairs.by_sequence()
    if equal_only:
        return pairs.found
    pairs.by_key(_exercise)
    pairs.by_similarity(pairs.gaps())
    pairs.by_similarity([pairs.left()])  # moved, and changed
    pairs.by_key(lambda cell: (cell["cell_type"], cell["id"]))
    if descendant and lost_ids:
        pairs.by_place()
    return pairs.found


class _Pairs:
    """The pairs found so far, and the ways to find more among what is left."""

    def __init__(self, first: Sequence[Cell], second: Sequence[Cell]) -> None:
        self.first, self.second = first, second
        self.found: dict[int, int] = {}

    def left(self) -> tuple[list[int], list[int]]:
        """Indices not yet paired, on both sides."""
        taken = set(self.found.values())
        return (
            [i for i in range(len(self.first)) if i not in taken],
            [j for j in range(len(self.second)) if j not in self.found],
        )

    def by_key(self, key: Callable[[Cell], Hashable]) -> None:
        """Pair cells whose key occurs once among what is left of either side; None is no key."""
        rest_first, rest_second = self.left()
        once_first, once_second = _once(self.first, rest_first, key), _once(self.second, rest_second, key)
        for value, j in once_second.items():
            if value in once_first:
                self.found[j] = once_first[value]

    def by_sequence(self) -> None:
        """Pair equal texts that stand in the same order, then equal texts that were moved."""
        rest_first, rest_second = self.left()
        texts = [_text(self.first[i]) for i in rest_first], [_text(self.second[j]) for j in rest_second]
        for block in SequenceMatcher(None, *texts, autojunk=False).get_matching_blocks():
            for offset in range(block.size):
                self.found[rest_second[block.b + offset]] = rest_first[block.a + offset]
        self.by_key(_text)

    def by_similarity(self, regions: Sequence[tuple[list[int], list[int]]]) -> None:
        """Pair the most similar texts of a kind within each of ``regions`` (indices in first, indices in second)."""
        candidates = [
            (-share, abs(i - j), j, i)
            for rest_first, rest_second in regions
            for place, j in enumerate(rest_second)
            for i in rest_first[max(0, place - NEAR) : place + NEAR + 1]
            if (share := _similarity(self.first[i], self.second[j])) >= SIMILAR
        ]
        taken: set[int] = set()
        for _, _, j, i in sorted(candidates):
            if j not in self.found and i not in taken:
                self.found[j] = i
                taken.add(i)

    def by_place(self) -> None:
        """Pair what is left alone, one cell a side and of one kind, between two neighbours."""
        for rest_first, rest_second in self.gaps():
            if len(rest_first) == len(rest_second) == 1:
                i, j = rest_first[0], rest_second[0]
                if self.first[i]["cell_type"] == self.second[j]["cell_type"]:
                    self.found[j] = i

    def gaps(self) -> list[tuple[list[int], list[int]]]:
        """What is left between two pairs that are neighbours on both sides: (indices in first, indices in second) for each gap."""
        taken = sorted(self.found.values())
        following = dict(pairwise([-1, *taken, len(self.first)]))
        result = []
        pairs = [(-1, -1), *sorted(self.found.items()), (len(self.second), len(self.first))]
        for (j_before, i_before), (j_after, i_after) in pairwise(pairs):
            if following.get(i_before) == i_after:
                result.append((list(range(i_before + 1, i_after)), list(range(j_before + 1, j_after))))
        return result


def _text(cell: Cell) -> tuple[str, str]:
    return cell["cell_type"], cell["source"]


def _once(cells: Sequence[Cell], indices: Sequence[int], key: Callable[[Cell], Hashable]) -> dict[Hashable, int]:
    """The index of each key that occurs just once."""
    places: dict[Hashable, list[int]] = {}
    for index in indices:
        places.setdefault(key(cells[index]), []).append(index)
    return {value: where[0] for value, where in places.items() if value is not None and len(where) == 1}


def _exercise(cell: Cell) -> Hashable:
    """What a cell defines, checks or heads; None where it does none of these."""
    if cell["cell_type"] == "code":
        defined, checked = _DEFINED.findall(cell["source"]), _CHECKED.findall(cell["source"])
        return ("code", tuple(defined), tuple(checked)) if defined or checked else None
    heading = _HEADING.search(cell["source"])
    return ("heading", heading[1]) if heading else None


def defines(cell: Cell, name: str) -> bool:
    """Whether a cell defines a function, a class or a value called ``name``."""
    pattern = rf"^(?:(?:async +def|def|class) +{re.escape(name)}\b|{re.escape(name)} *(?::[^=\n]*)?=[^=])"
    return cell["cell_type"] == "code" and re.search(pattern, cell["source"], re.MULTILINE) is not None


def similar(first: Cell, second: Cell) -> bool:
    """Whether two cells are versions of one, by their text."""
    return _similarity(first, second) >= SIMILAR


def _similarity(first: Cell, second: Cell) -> float:
    """The share of two texts of one kind that is equal, in [0, 1]."""
    if first["cell_type"] != second["cell_type"]:
        return 0.0
    texts: tuple[str, str] = first["source"], second["source"]
    shorter, longer = sorted(map(len, texts))
    if 2 * shorter < SIMILAR * (shorter + longer):
        return 0.0
    ours, theirs = (text.splitlines() if longer > LONG else list(text) for text in texts)
    matcher = SequenceMatcher(None, ours, theirs, autojunk=longer > LONG)
    return 0.0 if matcher.quick_ratio() < SIMILAR else matcher.ratio()
