"""Similarity between submissions: pairs that share passages, as a list for a person to look at. It is never a verdict.

What everybody was given is taken off first: the starting notebook, the module's notebooks with their solutions, and what the team wrote
for the exercises. Then what many submissions share is taken off, because it is the usual answer. What is left over is a learner's own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import jinja2

from coursekit.marking.fingerprints import Place, Prints, prints_of, runs_of
from coursekit.marking.submission import Submission, Unreadable, cells_of, text_of
from coursekit.project import Project, find_parts
from coursekit.sources.percent import read
from coursekit.sources.source import sources_of
from coursekit.sources.student import student_code

FEWEST = 6  # fingerprints in common; fewer are some lines that two people write alike
LEAST = 0.25  # of the smaller notebook's own fingerprints
USUAL = 10, 0.2  # a passage in more submissions than this number, and than this share of the class, is the usual answer


@dataclass(frozen=True)
class Passage:
    """What two notebooks have in common: the cell of each, from 1, and the text as it stands there."""

    cells: tuple[int, int]
    texts: tuple[str, str]


@dataclass(frozen=True)
class Alike:
    """Two learners whose notebooks share passages. share: of the fingerprints of the one that has fewer; shared: how many."""

    learners: tuple[str, str]
    share: float
    shared: int
    passages: tuple[Passage, ...]


def alike(submissions: Iterable[Submission], known: Collection[int] = (), *, least: float = LEAST) -> list[Alike]:
    """The pairs that have at least the share ``least`` in common, the most alike first.

    known: hashes that say nothing (``known_runs``). A submission that cannot be read is like no other.
    """
    cells = {submission.learner: _cells(submission) for submission in submissions}
    prints = _own({learner: prints_of(of_learner, known) for learner, of_learner in cells.items()})
    found = []
    for (first, second), shared in _shared(prints).items():
        share = shared / min(len(prints[first]), len(prints[second]))
        if shared >= FEWEST and share >= least:
            passages = tuple(_passages((prints[first], prints[second]), (cells[first], cells[second])))
            found.append(Alike((first, second), round(share, 3), shared, passages))
    return sorted(found, key=lambda pair: (-pair.share, -pair.shared, pair.learners))


def known_runs(project: Project, assessment: str) -> set[int]:
    """What may stand in any notebook: the module's sources, student version and solutions, and the assessment's exercise files."""
    texts = [("code", path.read_text("utf-8")) for path in project.exercises(assessment)]
    for part in find_parts(project):
        texts += [(cell.kind, cell.text) for cell in read(part.path).cells]
    for source in sources_of(project, assessment):
        texts += [("code", student_code(source, cell)) for cell in source.cells if cell.tree is not None]
    return runs_of(texts)


def runs_of_notebook(content: bytes) -> set[int]:
    """The same of a notebook file that learners were given. Unreadable where it is none."""
    return runs_of((str(cell.get("cell_type")), text_of(cell)) for cell in cells_of(content))


def _cells(submission: Submission) -> list[dict[str, str]]:
    """Kind and text of each cell. Nothing else of a notebook is kept: its pictures would fill the memory with a large class."""
    try:
        cells = [] if submission.problem else cells_of(submission.content)
    except Unreadable:
        return []
    return [{"cell_type": str(cell.get("cell_type")), "source": text_of(cell)} for cell in cells]


def _own(prints: Mapping[str, Prints]) -> dict[str, Prints]:
    """The fingerprints without those of the usual answer."""
    many = max(USUAL[0], USUAL[1] * len(prints))
    counts = Counter(value for of_learner in prints.values() for value in of_learner)
    return {
        learner: {value: place for value, place in of_learner.items() if counts[value] <= many}
        for learner, of_learner in prints.items()
    }


def _shared(prints: Mapping[str, Prints]) -> Counter[tuple[str, str]]:
    """How many fingerprints each pair of learners has in common; pairs without any are left out."""
    holders: dict[int, list[str]] = defaultdict(list)
    for learner in sorted(prints):
        for value in prints[learner]:
            holders[value].append(learner)
    return Counter(pair for learners in holders.values() for pair in combinations(learners, 2))


def _passages(
    prints: tuple[Prints, Prints], cells: tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]
) -> Iterator[Passage]:
    """The shared passages in the order of the first notebook; fingerprints that touch in both make one passage."""
    common = sorted((place, prints[1][value]) for value, place in prints[0].items() if value in prints[1])
    joined: list[tuple[Place, Place]] = []
    for here, there in common:
        if joined and _touch(joined[-1][0], here) and _touch(joined[-1][1], there):
            joined[-1] = _joined(joined[-1][0], here), _joined(joined[-1][1], there)
        else:
            joined.append((here, there))
    for places in joined:
        first, second = (_excerpt(cell, place) for cell, place in zip(cells, places, strict=True))
        yield Passage((places[0].cell, places[1].cell), (first, second))


def _touch(before: Place, after: Place) -> bool:
    return before.cell == after.cell and before.first <= after.last + 1 and after.first <= before.last + 1


def _joined(before: Place, after: Place) -> Place:
    return Place(before.cell, min(before.first, after.first), max(before.last, after.last))


def _excerpt(cells: Sequence[Mapping[str, Any]], place: Place) -> str:
    return "\n".join(text_of(cells[place.cell - 1]).split("\n")[place.first : place.last + 1])


def page(assessment: str, pairs: Sequence[Alike], count: int) -> str:
    """The list as an HTML page that stands alone, with each pair's passages side by side. count: of submissions compared."""
    text = (Path(__file__).parent / "templates" / "similarity.html").read_text("utf-8")
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
    return template.render(assessment=assessment, pairs=pairs, count=count)
