"""``doi:`` and ``arXiv:`` numbers in prose as links, so that a reader reaches a paper with one click.

A source writes the number alone (``doi:10.1038/nature14539``, ``arXiv:1312.6114``): it is shorter than an address, and there is one
way to write it. Code keeps its text, and what is a link already stays as it is.
"""

import re
from urllib.parse import quote

_SPARED = r"`[^`]*`|\[[^\]]*\]\([^)]*\)"
_CITED = re.compile(rf"(?P<spared>{_SPARED})|\b(?:arXiv:(?P<arxiv>\d{{4}}\.\d{{4,5}})|doi:(?P<doi>10\.\d{{4,9}}/\S+))")


def linked(text: str) -> str:
    """``text`` with each number of a paper as a markdown link to ``arxiv.org`` or ``doi.org``."""
    return _CITED.sub(_link, text)


def _link(found: re.Match[str]) -> str:
    if found["spared"]:
        return found["spared"]
    if number := found["arxiv"]:
        return f"[arXiv:{number}](https://arxiv.org/abs/{number})"
    number, after = _without_punctuation(found["doi"])
    return f"[doi:{number}](https://doi.org/{quote(number, safe='/')}){after}"


def _without_punctuation(number: str) -> tuple[str, str]:
    """A DOI and the punctuation of the sentence behind it; a bracket belongs to the DOI that opens it."""
    end = len(number)
    while number[end - 1] in ".,;:" or (
        number[end - 1] == ")" and number.count("(", 0, end) < number.count(")", 0, end)
    ):
        end -= 1
    return number[:end], number[end:]
