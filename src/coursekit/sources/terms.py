"""The terms that a source defines and the letters that it uses, as its prose writes them.

A term stands in bold where it is defined (`docs/author_an_exercise.md`). Bold also begins paragraphs and stresses words, so it counts as a
definition only in a sentence that defines: "is called **stride**", "A **neuron** takes ...", "the **recall**, the share of ...",
"**Adam** (Kingma and Ba 2015) takes ...". Letters stand in the table under *Letters of this notebook*.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path

from coursekit.sources.source import Source
from dlmodule.course import Letter, Term

_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_LONGEST = 4  # words of a term
_NO_TERM = re.compile(
    r"[.?:!,;`$\\{}]|^(?:the|an?|from|of|in|on|at|no|not|what|your?|this|its)\b| and an? ", re.IGNORECASE
)
_ARTICLE = r"(?:the|an?|its|their|our)"
_NAMING = re.compile(
    rf"\b(?:(?:called|named|known as|calls? (?:it|them|this|that|these))(?: {_ARTICLE})?"
    rf"|(?:is|are)(?: \w+ly| in \w+)? {_ARTICLE}|(?:this|that) (?:is|are)|also)(?: \(\w+\))? *$",
    re.IGNORECASE,
)
_AFTER_ARTICLE = re.compile(rf"(?:\b{_ARTICLE}(?: \(\w+\))?|'s) *$", re.IGNORECASE)
_SAYS = (
    r"(?:(?:is|are) (?:called|the|an?|one|what|when|whatever|how|where|names?)\b|has |gives |takes |means |asks |says |holds |keeps |"
    r"draws? |hides |learns |squeezes |divides |blends |uses |names |spreads |surrounds |moves |slides? |write )"
)
# What may stand between a term and what is said of it: "**inline** section", "**validation** set".
_NOUN = r"(?: (?:sections?|models?|sets?|networks?|layers?|equations?|matrix|functions?|loss|errors?|norms?))?"
_DEFINED = re.compile(rf"^{_NOUN}(?: \$[^$]+\$)?(?: \([A-Z`]|:| {_SAYS}| ?$|[.;,])")
_BEGUN = re.compile(rf"^{_NOUN} {_SAYS}")
_CITED = re.compile(r"^ \((?:[A-Z][^()]*\d{4}|[A-Z]{2,6}\b)")
_REFERENCE = re.compile(r"- [^(\n]+ \(\d{4}[^)]*\)\. \*")
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z*$`(])")
_POINTS_BACK = re.compile(
    r"^(?:this|that|these|those|it|its|such|they|both|he|she|for that|hence|so|what is|here)\b", re.IGNORECASE
)
_MATHEMATICS = re.compile(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`", re.DOTALL)
_HEADING = re.compile(r"^#{1,6} .*$", re.MULTILINE)
_LETTERS = re.compile(r"^\| letter \| meaning \| shape \|\n\|[-|: ]+\|\n((?:\|.*\|\n?)+)", re.MULTILINE)


@dataclass(frozen=True)
class Definition:
    """A term where it is defined: the words that define it, and the 1-based line of the source."""

    term: Term
    line: int


@dataclass(frozen=True)
class EarlyUse:
    """A term in use before the notebook that defines it: where it is used, and where it is defined."""

    term: str
    file: Path
    line: int
    defined: str  # FILE:LINE


def definitions(source: Source) -> list[Definition]:
    """The terms that ``source`` defines, each where it first does, in its order."""
    found: dict[str, Definition] = {}
    for text, line in _paragraphs(source):
        sentences = _SENTENCE.split(text)
        for before, sentence in pairwise(["", *sentences]):
            for bold in _BOLD.finditer(sentence):
                name = " ".join(bold[1].split())
                if _known(name) in found or not _defines(sentence, bold):
                    continue
                says = f"{before} {sentence}" if _POINTS_BACK.match(sentence) and before else sentence
                at = line + text[: text.find(bold[0])].count("\n")
                found[_known(name)] = Definition(Term(name, _plain(says)), at)
    return list(found.values())


def letters(source: Source) -> list[Letter]:
    """The rows of the source's table of letters."""
    rows = [
        [piece.strip() for piece in row.strip().strip("|").split("|")]
        for cell in source.cells
        if cell.kind == "markdown"
        for table in _LETTERS.finditer(cell.text + "\n")
        for row in table[1].splitlines()
    ]
    return [Letter(row[0], row[1], row[2]) for row in rows if len(row) == 3 and row[0] and row[1]]


def early_uses(sources: Sequence[Source]) -> list[EarlyUse]:
    """Where a source, in the order of the course, uses a term that only a later one defines; each term once.

    Words of everyday English ("weight", "noise") mean what they mean until they are defined, so only terms of several words and
    abbreviations count. A sentence that says which day brings the term ("{day: 07_vaes}") announces it.
    """
    defined: dict[str, tuple[int, str]] = {}
    known: set[str] = set()
    for place, source in enumerate(sources):
        for definition in definitions(source):
            if _known(name := definition.term.name) not in known:
                known.add(_known(name))
                defined[name] = (place, f"{source.path}:{definition.line}")
    watched = {name: re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])") for name in defined if _is_technical(name)}
    found: dict[str, EarlyUse] = {}
    for place, source in enumerate(sources):
        for text, line in takewhile(lambda paragraph: not _is_reference(paragraph[0]), _paragraphs(source)):
            for name in [name for name in watched if name in text and defined[name][0] > place and name not in found]:
                for sentence in _SENTENCE.split(text):
                    if watched[name].search(_MATHEMATICS.sub("", sentence)) and not re.search(r"\{[Dd]ay:", sentence):
                        at = line + text[: text.find(sentence)].count("\n") + _lines_before(watched[name], sentence)
                        found[name] = EarlyUse(name, source.path, at, defined[name][1])
                        break
    return list(found.values())


def _is_reference(paragraph: str) -> bool:
    """Whether the list of references has begun: a title may say what nobody has been taught."""
    return bool(_REFERENCE.match(paragraph))


def _known(name: str) -> str:
    """What a term is told from others by: "Logits" is "logit"."""
    return name.casefold().removesuffix("s")


def _is_technical(name: str) -> bool:
    return " " in name or sum(letter.isupper() for letter in name) > 1


def _lines_before(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.search(text)
    return text[: found.start()].count("\n") if found else 0


def _defines(sentence: str, bold: re.Match[str]) -> bool:
    """Whether ``sentence`` says what its words in ``bold`` mean."""
    name = bold[1].strip()
    if _NO_TERM.search(name) or len(name.split()) > _LONGEST:
        return False
    left = sentence[: bold.start()].replace("**", "").replace("\n", " ")
    right = sentence[bold.end() :].replace("**", "").replace("\n", " ")
    if _NAMING.search(left) or _CITED.match(right):
        return True
    if _AFTER_ARTICLE.search(left):
        return bool(_DEFINED.match(right))
    return not left.strip(" -(") and bool(_BEGUN.match(right))


def _paragraphs(source: Source) -> Iterator[tuple[str, int]]:
    """The paragraphs and list items of the prose with their lines; no headings, tables or code.

    A displayed equation belongs to the sentence that leads to it by a colon.
    """
    for cell in source.cells:
        if cell.kind != "markdown":
            continue
        line, blocks = cell.line, []
        text = _HEADING.sub("", cell.text)  # what follows in the next line is a paragraph
        for block in re.split(r"(\n[ \t]*\n|\n(?=[ \t]*(?:[-*]|\d+\.) ))", text):
            if block.strip() and not re.match(r"\s*(?:#|\||```|<|>)", block):
                blocks.append((block.lstrip("\n"), line + len(block) - len(block.lstrip("\n"))))
            line += block.count("\n")
        for (text, at), (following, _) in pairwise([*blocks, ("", 0)]):
            equation = re.match(r"\s*\$\$(.+?)\$\$", following, re.DOTALL)
            short = equation and len(equation[1]) < 160 and not re.search(r"\\\\|\\begin|\\tag", equation[1])
            leads = text.rstrip().endswith((":", ",")) and not text.lstrip().startswith("$$")
            yield (
                (f"{text.rstrip()} ${equation[1].strip().rstrip('., ')}$" if equation and short and leads else text),
                at,
            )


def _plain(sentence: str) -> str:
    """A sentence without its stress and list mark, in one line; one that led to an equation which is not here ends."""
    text = re.sub(r"^\s*(?:[-*]|\d+\.)\s+", "", " ".join(sentence.split()))
    pieces = re.split(r"(\$[^$]+\$|`[^`]+`)", text)
    pieces[::2] = [re.sub(r"\*+([^*]+)\*+", r"\1", piece) for piece in pieces[::2]]
    text = "".join(pieces).strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text.rstrip(' ,:;')}."
