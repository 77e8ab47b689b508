"""What a markdown cell must keep: headings that nest, and a text alternative for every image."""

import itertools
import operator
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from coursekit.errors import CourseError

_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,}|:{3,})\s*(\{(?P<directive>[\w-]+)\})?.*")
_IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\s*[(\[]")
_IMG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=\s*(\"\s*[^\"\s]|'\s*[^'\s])", re.IGNORECASE)
_CODE_SPAN = re.compile(r"`[^`]*`")


@dataclass(frozen=True)
class Heading:
    """A heading: its level (1 to 6), text, and 1-based line within its cell."""

    level: int
    text: str
    line: int


def headings(text: str) -> Iterator[Heading]:
    """The headings of a markdown text, those in code fences left out."""
    for number, line, fenced in _lines(text):
        found = None if fenced else _HEADING.fullmatch(line)
        if found:
            yield Heading(len(found[1]), found[2], number)


def check_prose(path: Path, cells: Iterable[tuple[str, int]]) -> None:
    """Raises CourseError where the markdown ``cells`` (text, first line) skip a heading level or show an image without alt."""
    level = 1  # the title, which the build makes
    for text, first in cells:
        for heading in headings(text):
            at = first + heading.line - 1
            if heading.level == 1:
                raise CourseError("the title is made from the header; sections begin at `##`", file=path, line=at)
            if heading.level > level + 1:
                message = f"heading skips a level: from {'#' * level} to {'#' * heading.level} ({heading.text})"
                raise CourseError(message, file=path, line=at)
            level = heading.level
        for number in _images_without_alt(text):
            raise CourseError("image without alt text", file=path, line=first + number - 1)


def _images_without_alt(text: str) -> Iterator[int]:
    """Lines of images, HTML images and figure directives that say nothing to somebody who cannot see them."""
    lines = text.split("\n")
    for number, line, fenced in _lines(text):
        fence = _FENCE.fullmatch(line)
        if fence and fence["directive"] in ("figure", "image"):
            body = itertools.takewhile(partial(operator.ne, fence[1]), lines[number:])
            if not any(re.match(r"\s*:alt:\s*\S", option) for option in body):
                yield number
        if fenced:
            continue
        plain = _CODE_SPAN.sub("", line)
        if any(not image["alt"].strip() for image in _IMAGE.finditer(plain)):
            yield number
        if any(not _ALT.search(image[0]) for image in _IMG.finditer(plain)):
            yield number


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Line number, line, and whether it stands in (or is) a code fence. A directive's fence with prose counts as prose."""
    fence = ""
    for number, line in enumerate(text.split("\n"), start=1):
        found = _FENCE.fullmatch(line)
        if fence:
            closes = line.strip().startswith(fence) and not line.strip().strip(fence[0])
            yield number, line, True
            if closes:
                fence = ""
        elif found and found[1][0] != ":":
            fence = found[1]
            yield number, line, True
        else:
            yield number, line, False
