"""Cell ids that survive editing, so that a learner's notebook can be merged with a newer one.

A cell of an exercise is known by the exercise and its role; any other by the path of headings above it, its kind, and its
index below them. Inserting a cell therefore changes only the ids of cells of the same kind after it under the same heading. Ids are
hashes: two builds agree, and the student and solution versions of one cell share theirs.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence

from coursekit.sources.source import Cell


def cell_id(*key: str) -> str:
    """The id of what ``key`` names: 16 hexadecimal digits, valid in nbformat 4.5."""
    return hashlib.sha256("\x1f".join(key).encode()).hexdigest()[:16]


def cell_ids(session: str, part: str, cells: Sequence[Cell]) -> tuple[str, ...]:
    """One id for each cell, all different."""
    counts: Counter[tuple[str, ...]] = Counter()
    path: list[tuple[int, str]] = []
    ids: list[str] = []
    for cell in cells:
        for heading in cell.headings:
            path = [(level, text) for level, text in path if level < heading.level]
            path.append((heading.level, heading.text))
        if cell.roles:
            key: tuple[str, ...] = ("exercise", cell.roles[0].exercise, cell.roles[0].kind)
        elif cell.headings:
            key = ("heading", *(text for _, text in path))
        else:
            key = ("below", cell.kind, *(text for _, text in path))
        counts[key] += 1
        ids.append(cell_id(session, part, *key, str(counts[key])))
    return tuple(ids)
