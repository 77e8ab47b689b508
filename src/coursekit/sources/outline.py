"""Where the sources of a session define its exercises, and under which heading.

Found line by line, without parsing, so that an exercise file need not repeat what its notebook says. This only says where to
look: ``source.parse`` holds the source to every rule.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_MARKER = re.compile(r"# %%(?P<markdown> \[markdown\])?")
_HEADING = re.compile(r"# #{2,6} (?P<text>.*?)\s*")
_TITLE = re.compile(r"Exercise [\w.]+: *(?P<title>.*?)")
_DEFINITION = re.compile(r"(?P<indent> *)(?:async )?(?:def|class) (?P<name>\w+)")
_ASSIGNMENT = re.compile(r"(?P<names>\w+(?:, *\w+)*)(?:: [^=]+)? = ")
_REVISE = re.compile(r"^# \{revise: *(\w+)", re.MULTILINE)
_BEGIN, _END = "### BEGIN SOLUTION", "### END SOLUTION"

# How likely a definition is an exercise: it has a solution region; its cell has one (a method); it has none (a starter).
WRITTEN, METHOD, GIVEN = 3, 2, 1


@dataclass(frozen=True)
class Place:
    """A definition in the source ``part``: its line, the exercise's title in the heading above it, and how likely it is one."""

    name: str
    part: str
    line: int
    title: str
    rank: int


def places(path: Path, content: bytes) -> tuple[Place, ...]:
    """Every definition in the source at ``path``, in order."""
    return tuple(_places(path.stem, content.decode("utf-8", "replace").split("\n")))


def place_of(name: str, outlines: Iterable[tuple[Place, ...]]) -> list[Place]:
    """Where the exercise ``name`` is defined: one place, none, or one in each of several parts."""
    found = [place for outline in outlines for place in outline if place.name == name]
    likely = max((place.rank for place in found), default=0)
    parts = {place.part: place for place in reversed(found) if place.rank == likely}  # the first of each part
    return [parts[part] for part in sorted(parts)]


def quoted_sessions(content: bytes) -> list[str]:
    """The sessions that a source asks to be revised (see ``revision``), each once."""
    found = _REVISE.findall(content.decode("utf-8", "replace")) if b"{revise:" in content else []
    return [name for name in dict.fromkeys(found) if name != "agenda"]


def _places(part: str, lines: list[str]) -> Iterator[Place]:
    title = ""
    starts = [number for number, line in enumerate(lines) if _MARKER.match(line)]
    for start, end in itertools.pairwise([*starts, len(lines)]):
        cell = range(start + 1, end)
        marker = _MARKER.match(lines[start])
        if marker and marker["markdown"]:
            for heading in filter(None, (_HEADING.fullmatch(lines[number]) for number in cell)):
                named = _TITLE.fullmatch(heading["text"])
                title = named["title"] if named else ""
        else:
            for name, number, rank in _definitions(lines, cell):
                yield Place(name, part, number + 1, title, rank)


def _definitions(lines: list[str], cell: range) -> list[tuple[str, int, int]]:
    """The names that a code cell defines, each with its line and rank."""
    outer: list[tuple[str, int]] = []
    inner: list[tuple[str, int]] = []
    written: set[str] = set()
    open_at_top = has_region = False
    for number in cell:
        line = lines[number]
        if line.strip() == _BEGIN:
            has_region, open_at_top = True, line == _BEGIN
            if not open_at_top and outer:
                written.add(outer[-1][0])
        elif line.strip() == _END:
            open_at_top = False
        elif definition := _DEFINITION.match(line):
            (inner if definition["indent"] else outer).append((definition["name"], number))
        elif assignment := _ASSIGNMENT.match(line):
            outer += [(name.strip(), number) for name in assignment["names"].split(",")]
        if open_at_top:
            written.update(name for name, at in outer if at == number)
    found = [(name, number, WRITTEN if name in written else GIVEN) for name, number in outer]
    return found + [(name, number, METHOD) for name, number in inner if has_region]
