"""Fingerprints of a notebook: a few hashes of its code and its words, by which copied passages are found again.

Code becomes tokens without comments and layout. Each name that its author chose is the same token, and so are all numbers and all
strings, so a renamed variable changes nothing. Every run of `RUN` tokens within one cell is hashed, and of each `WINDOW` hashes in a row
the least is kept: *winnowing*. Two passages that share ``RUN + WINDOW - 1`` tokens share at least one fingerprint, wherever they
stand. A cell that was moved keeps its fingerprints.

Schleimer, Wilkerson & Aiken (2003). Winnowing: local algorithms for document fingerprinting. doi:10.1145/872757.872770.
"""

from __future__ import annotations

import builtins
import hashlib
import keyword
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coursekit.marking.submission import text_of

RUN = {"code": 16, "markdown": 6}  # tokens of code, words of text: two lines, half a sentence
WINDOW = {"code": 8, "markdown": 4}
_KEPT = frozenset({*keyword.kwlist, *dir(builtins)} - {"_"})
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>[rbfuRBFU]{0,2}(?:'{3}.*?'{3}|"{3}.*?"{3}|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
    |(?P<number>\d[\w.]*)
    |(?P<name>[^\W\d]\w*)
    |(?P<sign>[^\w\s])""",
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, order=True)
class Place:
    """Where a run of tokens stands: the cell's number, from 1, and the run's first and last line in it, from 0."""

    cell: int
    first: int
    last: int


Token = tuple[str, int]  # what is compared, and the line on which it stands
Prints = Mapping[int, Place]  # hash -> where it first stands


def prints_of(cells: Sequence[Mapping[str, Any]], known: Collection[int] = ()) -> dict[int, Place]:
    """The fingerprints of a notebook's cells. known: hashes that say nothing, as those of what everybody was given (``runs_of``)."""
    found: dict[int, Place] = {}
    for number, cell in enumerate(cells, 1):
        kind = str(cell.get("cell_type"))
        if kind in RUN:
            for value, place in _winnowed(_runs(text_of(cell), kind, number), WINDOW[kind], known):
                found.setdefault(value, place)
    return found


def runs_of(texts: Iterable[tuple[str, str]]) -> set[int]:
    """The hashes of all runs in ``texts`` (kind, text), none left out: what is taken off others."""
    return {value for kind, text in texts if kind in RUN for value, _ in _runs(text, kind, 0)}


def _runs(text: str, kind: str, cell: int) -> list[tuple[int, Place]]:
    tokens = list(_code(text) if kind == "code" else _words(text))
    length = RUN[kind]
    return [
        (_hash(tokens[start : start + length]), Place(cell, tokens[start][1], tokens[start + length - 1][1]))
        for start in range(len(tokens) - length + 1)
    ]


def _winnowed(runs: Sequence[tuple[int, Place]], window: int, known: Collection[int]) -> Iterator[tuple[int, Place]]:
    """Of each ``window`` runs in a row the least, the last of equals; runs that are known are not there to be chosen."""
    last = -1
    for start in range(max(len(runs) - window, 0) + 1):
        own = [(runs[at][0], -at) for at in range(start, min(start + window, len(runs))) if runs[at][0] not in known]
        if own and (at := -min(own)[1]) != last:
            last = at
            yield runs[at]


def _code(text: str) -> Iterator[Token]:
    """The tokens of code, of code that Python cannot read too."""
    owner = before = ""
    line = end = 0
    for match in _TOKEN.finditer(text):
        line, end = line + text.count("\n", end, match.start()), match.start()
        token, kind = match[0], match.lastgroup
        if kind == "comment":
            continue
        of_library = before == "." and owner != "self"
        if kind == "sign" or (kind == "name" and (token in _KEPT or of_library)):
            yield token, line
        else:
            yield str(kind), line
        owner, before = before, token


def _words(text: str) -> Iterator[Token]:
    for number, line in enumerate(text.split("\n")):
        for match in _WORD.finditer(line):
            yield match[0].casefold(), number


def _hash(tokens: Sequence[Token]) -> int:
    """64 bits; Python's own ``hash`` differs from run to run."""
    text = "\0".join(token for token, _ in tokens).encode(errors="replace")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
