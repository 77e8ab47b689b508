"""What kind of sentence meets a wrong answer: one that names the error, that says where it shows, or only what differs."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coursekit.exercises.loading import Loaded
    from dlmodule.checking.diagnosis import Diagnosis

NAMES, WHERE, DIFFERS = "names the error", "says where it shows", "only what differs"
KINDS = (NAMES, WHERE, DIFFERS)
_NUMBERS = re.compile(r"(numbers is right|numbers differ|not right[:,] .*expected, yours is [^;]*|“[^”]*”: [^;]*yours)")
_SAYS_WHERE = re.compile(
    r"differ, (all of them|the one)|; (there|yours is|along|each|on each|the right|the other)|It is wrong where"
)
_ONLY_SHAPE = re.compile(
    r"(the shape is \([^)]*\), expected is \([^)]*\)|has \d+ items, expected are \d+|the names differ: [^.]*)\."
)


def kind_of(diagnosis: Diagnosis) -> str:
    """The kind of the sentence of a wrong answer, by the reason it gives and what it says beside it."""
    if diagnosis.rung == "shape" and _ONLY_SHAPE.search(diagnosis.message):
        return WHERE if _SAYS_WHERE.search(diagnosis.message) else DIFFERS
    if diagnosis.rung != "value":
        return NAMES
    if _SAYS_WHERE.search(diagnosis.message):
        return WHERE
    return DIFFERS if _NUMBERS.search(diagnosis.message) else NAMES


def texts_of_mistakes(loaded: Loaded) -> Iterator[tuple[str, str]]:
    """The definitions of the mistakes that are edits of the solution, as a mutant is written."""
    for mistake in loaded.mistakes:
        if mistake.edits:
            yield mistake.name, definition("".join(linecache.getlines(f"<{loaded.name}.{mistake.name}>")), loaded.name)


def definition(text: str, name: str) -> str:
    """The definition ``name`` in ``text``, written as a mutant is."""
    nodes = [node for node in ast.parse(text).body if getattr(node, "name", None) == name]
    return ast.unparse(nodes[-1]) if nodes else text
