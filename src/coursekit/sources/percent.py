"""Read jupytext's ``py:percent`` text into cells that know their line numbers.

Our sources use a strict part of the format (``# %%`` and ``# %% [markdown]``, optionally ``tags=["..."]``, every markdown
line commented), so that this reader is forty lines, loads nothing, and can name the line of whatever is wrong.
jupytext itself is the oracle of its tests.
"""

import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coursekit.errors import CourseError

Kind = Literal["markdown", "code"]

_MARKER = re.compile(r"# %%(?P<options>.*)")
_OPTIONS = re.compile(r"(?P<markdown> \[markdown\])?( tags=(?P<tags>\[.*\]))?\s*")


@dataclass(frozen=True)
class RawCell:
    """One cell as written. ``line`` is the 1-based line of the file where ``text`` begins."""

    kind: Kind
    text: str
    line: int
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawSource:
    """The header's YAML text, the line where it begins, and the cells after it."""

    header: str
    header_line: int
    cells: tuple[RawCell, ...]


def read(path: Path) -> RawSource:
    """The header and cells of the percent file ``path``. Raises CourseError, naming the line, where it is not one."""
    return raw_source(path, path.read_bytes())


def raw_source(path: Path, content: bytes) -> RawSource:
    """As ``read``, of the ``content`` of the file."""
    try:
        lines = content.decode().replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CourseError("not UTF-8 text", file=path, line=line) from None
    if not lines or lines[0].rstrip() != "# ---":
        raise CourseError("a source begins with a header between two lines `# ---`", file=path, line=1)
    close = next((i for i in range(1, len(lines)) if lines[i].rstrip() == "# ---"), None)
    if close is None:
        raise CourseError("the header has no closing line `# ---`", file=path, line=1)
    header = "\n".join(_uncomment(lines[i], path, i + 1) for i in range(1, close))
    starts = [i for i in range(close + 1, len(lines)) if _MARKER.fullmatch(lines[i])]
    for i in range(close + 1, starts[0] if starts else len(lines)):
        if lines[i].strip():
            raise CourseError("text before the first cell; a cell begins with `# %%`", file=path, line=i + 1)
    bounds = itertools.pairwise([*starts, len(lines)])
    cells = tuple(_cell(lines, start, end, path) for start, end in bounds)
    return RawSource(header, 2, cells)


def _cell(lines: list[str], start: int, end: int, path: Path) -> RawCell:
    """The cell whose marker stands in ``lines[start]`` and whose text ends before ``lines[end]``."""
    options = _OPTIONS.fullmatch(lines[start].removeprefix("# %%"))
    if options is None:
        message = f"unknown cell marker {lines[start]!r}; write `# %%` or `# %% [markdown]`"
        raise CourseError(message, file=path, line=start + 1)
    first, last = start + 1, end
    while first < last and not lines[first].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    tags: tuple[str, ...] = ()
    if options["tags"]:
        try:
            tags = tuple(str(tag) for tag in json.loads(options["tags"]))
        except json.JSONDecodeError:
            message = 'tags are written as tags=["one", "two"]'
            raise CourseError(message, file=path, line=start + 1) from None
    if options["markdown"]:
        text = "\n".join(_uncomment(lines[i], path, i + 1) for i in range(first, last))
        return RawCell("markdown", text, first + 1, tags)
    return RawCell("code", "\n".join(lines[first:last]), first + 1, tags)


def _uncomment(line: str, path: Path, number: int) -> str:
    """``# text`` -> ``text``; a blank line stays blank."""
    if line.startswith("# "):
        return line[2:]
    if line.strip() in ("", "#"):
        return ""
    raise CourseError("a line of a markdown cell or header begins with `# `", file=path, line=number)
