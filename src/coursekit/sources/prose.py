"""What a markdown cell must keep: headings that nest, and a text alternative for every image.

The text is read by markdown-it-py with the syntax of MyST, which the site is made with, so a heading or an image is what a
reader will see as one, wherever it stands.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from coursekit.errors import CourseError

_MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin).use(colon_fence_plugin)
_FIGURE = re.compile(r"\{(figure|image)\}")
_KIND = re.compile(r"\((?:core|further)\)")
_ALT_OPTION = re.compile(r"^\s*:alt:\s*\S", re.MULTILINE)


@dataclass(frozen=True)
class Heading:
    """A heading: its level (1 to 6), text, and 1-based line within its cell."""

    level: int
    text: str
    line: int


@dataclass(frozen=True)
class Image:
    """An image: where it is kept, whether it says anything to somebody who cannot see it, and its 1-based line within its cell."""

    address: str
    has_alt: bool
    line: int


@dataclass(frozen=True)
class Prose:
    """What a markdown text holds besides words."""

    headings: tuple[Heading, ...]
    images: tuple[Image, ...]


def read_prose(text: str) -> Prose:
    """Headings and images of ``text``, also those in quotes, lists and directives; code and mathematics hold none."""
    tokens = list(_tokens(text))
    return Prose(tuple(_headings(tokens)), tuple(_images(tokens)))


def check_prose(path: Path, cells: Iterable[tuple[Prose, int]]) -> None:
    """Raises CourseError where the ``cells`` (prose, first line) skip a heading level, mark an exercise as core or show an image without alt."""
    level = 1  # the title, which the build makes
    for prose, first in cells:
        for heading in prose.headings:
            at = first + heading.line - 1
            if heading.level == 1:
                raise CourseError("the title is made from the header; sections begin at `##`", file=path, line=at)
            if _KIND.search(heading.text):
                message = "whether an exercise is core stands in its file (`core=True`); the build writes it behind the heading"
                raise CourseError(message, file=path, line=at)
            if heading.level > level + 1:
                message = f"heading skips a level: from {'#' * level} to {'#' * heading.level} ({heading.text})"
                raise CourseError(message, file=path, line=at)
            level = heading.level
        for image in prose.images:
            if not image.has_alt:
                raise CourseError("image without alt text", file=path, line=first + image.line - 1)


def _headings(tokens: Iterable[tuple[Token, int]]) -> Iterator[Heading]:
    level = 0
    for token, line in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1:])
        elif token.type == "inline" and level:
            yield Heading(level, token.content, line)
            level = 0


def _images(tokens: Iterable[tuple[Token, int]]) -> Iterator[Image]:
    """Images in text, in HTML, and in figure directives."""
    for token, line in tokens:
        if token.type in ("fence", "colon_fence"):
            info = token.info.strip()
            if kind := _FIGURE.match(info):
                yield Image(info[kind.end() :].strip(), bool(_ALT_OPTION.search(token.content)), line)
        elif token.type == "html_block":
            yield from _html_images(token.content, line)
        elif token.type == "inline":
            yield from _inline_images(token, line)


def _inline_images(inline: Token, line: int) -> Iterator[Image]:
    for token in inline.children or ():
        if token.type in ("softbreak", "hardbreak"):
            line += 1
        elif token.type == "image":
            yield Image(str(token.attrs["src"]), bool(token.content.strip()), line)
        elif token.type == "html_inline":
            yield from _html_images(token.content, line)
            line += token.content.count("\n")


class _ImageTags(HTMLParser):
    """Collects the ``<img>`` tags, with their lines from 0."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Image] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each opening tag."""
        if tag == "img":
            given = dict(attrs)
            has_alt = bool((given.get("alt") or "").strip())
            self.found.append(Image(given.get("src") or "", has_alt, self.getpos()[0] - 1))


def _html_images(html: str, line: int) -> Iterator[Image]:
    parser = _ImageTags()
    parser.feed(html)
    parser.close()
    yield from (replace(image, line=line + image.line) for image in parser.found)


def _tokens(text: str, first: int = 1) -> Iterator[tuple[Token, int]]:
    """The block tokens of ``text`` with their 1-based lines; a colon fence's prose is read as prose."""
    line = first
    for token in _MARKDOWN.parse(text):
        if token.map:
            line = first + token.map[0]
        yield token, line
        if token.type == "colon_fence" and not _FIGURE.match(token.info.strip()):
            yield from _tokens(token.content, line + 1)
