"""The course keeps what can be kept by a rule: references, turns of phrase, and the time that a part has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coursekit.project import Part, Project, find_parts
from coursekit.schedule.course_table import LectureRow, lecture_rows
from coursekit.sources.percent import read

PROJECT = Project(Path(__file__).parents[2])
PARTS = find_parts(PROJECT)
# A. Author (Year). *Title.* Then a doi, an arXiv number or where it appeared, and perhaps why to read it.
REFERENCE = re.compile(
    r"(?P<authors>(?:[^\W\d_]\.[- ].+|Student)) \(\d{4}[^)]*\)\. \*[^*]+[.?!]\* "
    r"(?P<place>doi:10\.\d{4,9}/\S+?|arXiv:\d{4}\.\d{4,5}|(?!doi|arXiv)[^.]+(?:\.\S[^.]*)*)\.(?P<note> .+)?"
)
# What most readers, who learned English at school, do not read at once; and words where the field has another.
TURNS = {
    r"\bet al\.": "and others",
    r"\bknobs?\b": "parameter, hyperparameter or threshold",
    r"\bdumbest\b": "trivial baseline",
    r"\b[Ww]alk(s|ed|ing)? back\b": "backward pass",
    r"\b[Ww]hoever\b|\b[Ss]omebody\b": "you, or a colleague",
    r"\bin earnest\b": "in practice",
    r"\b[Ww]hich \w+ (has|have) (the|a|an|it|your)\b": "What ... does ... have?",
    r"\b(made|built|solved|done) so\.": "That is how ...",
    r"\bcommonest\b": "most frequent, with a source",
}


def prose(path: Path) -> str:
    """The text of a part, without its code."""
    return "\n\n".join(cell.text for cell in read(path).cells if cell.kind == "markdown")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.id)
def test_references_have_one_form_and_are_cited_or_say_why_to_read_them(part: Part) -> None:
    """What the text cites is listed elsewhere; what is listed is cited by its first author, or carries a note."""
    text, _, listed = prose(part.path).partition("## References")
    for line in re.findall(r"^- (.+)$", listed, re.MULTILINE):
        reference = REFERENCE.fullmatch(line)
        assert reference, f"not 'A. Author (Year). *Title.* doi or arXiv.': {line}"
        first = reference["authors"].removesuffix(" and others").split(",")[0].split()[-1]
        assert reference["note"] or first.lower() in text.lower(), f"neither cited nor annotated: {line}"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.id)
def test_a_measured_figure_alone_says_over_how_many_seeds(part: Part) -> None:
    """The ledger writes the number of seeds behind its figure; a number in the sentence is wrong after the next measurement."""
    paragraphs = [paragraph for paragraph in prose(part.path).split("\n\n") if "{ledger:" in paragraph]
    typed = r"\bover (?:two|three|four|five|ten|\d+) seeds"
    found = [hit[0] for paragraph in paragraphs if (hit := re.search(typed, paragraph, re.IGNORECASE))]
    assert not found, f"{found}: leave the number of seeds to the ledger"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.id)
def test_no_turn_of_phrase_that_readers_stumble_over(part: Part) -> None:
    """Questions with do, you as the actor, the field's word."""
    text = prose(part.path).partition("## References")[0]
    found = [f"{hit[0]!r}: write {better}" for turn, better in TURNS.items() if (hit := re.search(turn, text))]
    assert not found, found


LONGEST, AVERAGE = 35, 25  # words of a sentence, and on average over a paragraph of several


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph, without headings and tables; a formula or a piece of code counts as one word."""
    lines = [line for line in paragraph.split("\n") if not line.startswith(("|", "#"))]
    found = []
    for item in re.split(r"\n(?=\s*(?:[-*]|\d+\.) )", "\n".join(lines)):
        plain = re.sub(r"\$[^$]*\$|`[^`]*`|\{[^}]*\}", "x", re.sub(r"\$\$.*?\$\$", " x. ", item, flags=re.DOTALL))
        plain = " ".join(re.sub(r"\]\([^)]*\)|[*_\[]", "", plain).split())
        found += re.split(r"(?<=[.?!:;])[\"”')]*\s+(?=[A-Z\"“(0-9]|x\b)", plain)
    return [sentence for sentence in found if re.search(r"\w", sentence)]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.id)
def test_sentences_are_short(part: Part) -> None:
    """At most 35 words; at most 25 on average over a paragraph of two sentences or more."""
    text = prose(part.path).partition("## References")[0]
    for paragraph in re.split(r"\n\s*\n", text):
        found = sentences(paragraph)
        counts = [len(re.findall(r"[\w'’-]+", sentence)) for sentence in found]
        long = [sentence for sentence, count in zip(found, counts, strict=True) if count > LONGEST]
        assert not long, long
        assert len(counts) < 2 or sum(counts) / len(counts) <= AVERAGE, paragraph


@pytest.mark.parametrize(
    "entry", [entry for entry in lecture_rows(PROJECT) if entry.source], ids=lambda entry: entry.slot.id
)
def test_the_core_of_every_part_fits_its_slot(entry: LectureRow) -> None:
    """Reading, predictions and core exercises take 0.85 of the slot or less, and the core is marked."""
    assert entry.load and entry.load.marked
    assert not entry.overrun
