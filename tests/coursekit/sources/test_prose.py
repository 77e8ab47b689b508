"""Headings and images of a markdown cell are found where a reader sees them, at the line where they stand."""

from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.sources.prose import Heading, check_prose, read_prose

HEADINGS = {
    "both syntaxes": ("## One ##\n\nTwo\n---\n", [Heading(2, "One", 1), Heading(2, "Two", 3)]),
    "in a quote": ("> ### Three\n> words", [Heading(3, "Three", 1)]),
    "in a list": ("- a\n\n  #### Four", [Heading(4, "Four", 3)]),
    "in a directive of prose": (":::{note}\nwords\n\n## Five\n:::", [Heading(2, "Five", 4)]),
    "none in code": ("```\n# no\n```\n\n    # no\n\n`# no`", []),
    "none in mathematics": ("$$\nx\n=\ny\n$$", []),
    "an escaped sign": (r"\# no", []),
}


@pytest.mark.parametrize(("text", "expected"), HEADINGS.values(), ids=HEADINGS)
def test_headings(text: str, expected: list[Heading]) -> None:
    """Level, text and line of each."""
    assert list(read_prose(text).headings) == expected


WITHOUT_ALT = {
    "markdown": ("words\n![](x.png)", 2),
    "by reference": ("words\n\n![][x]\n\n[x]: x.png", 3),
    "in a table": ("| a |\n|---|\n| ![](x.png) |", 3),
    "in a quote": ("> words\n> ![ ](x.png)", 2),
    "HTML over two lines": ('words\n<img src="x.png"\n  width="3">', 2),
    "HTML in a block": ('<p>\n<img src="x.png" alt="">\n</p>', 2),
    "an attribute that only ends in alt": ('<img src="x.png" data-alt="no">', 1),
    "a figure": ("words\n\n```{figure} x.png\n:width: 3\n```", 3),
    "a figure in colons": ("words\n\n:::{figure} x.png\nA caption.\n:::", 3),
    "in a directive of prose": (":::{note}\nwords\n\n![](x.png)\n:::", 4),
}


@pytest.mark.parametrize(("text", "line"), WITHOUT_ALT.values(), ids=WITHOUT_ALT)
def test_an_image_without_alt_text_is_refused(text: str, line: int) -> None:
    """At its own line of the file."""
    with pytest.raises(CourseError, match=rf"part\.py:{10 + line - 1}: image without alt text"):
        check_prose(Path("part.py"), [(read_prose("## A heading"), 1), (read_prose(text), 10)])


WITH_ALT = {
    "markdown": "![a *fault*](x.png)",
    "HTML over two lines": '<img src="x.png"\n  alt="a fault">',
    "a figure": "```{figure} x.png\n:alt: a fault\n```",
    "code that shows one": "`![](x.png)` and\n\n```\n![](x.png)\n```",
    "a comment": '<!-- <img src="x.png"> -->',
}


@pytest.mark.parametrize("text", WITH_ALT.values(), ids=WITH_ALT)
def test_what_says_what_it_shows_passes(text: str) -> None:
    """An alternative is found wherever it stands."""
    check_prose(Path("part.py"), [(read_prose(text), 1)])
