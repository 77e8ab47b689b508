"""The terminal form of ``course mark --form``: the answers in words, one by one, each kept as soon as it has its mark.

It shows what this marker has not read yet and nothing of what others gave, so a second marker is blind to the first.
"""

from collections.abc import Iterable, Iterator
from functools import partial

import click

from coursekit.marking.assessment import Assessment, Question
from coursekit.marking.marking import answer_digest
from coursekit.marking.results import Results, WrittenMark
from coursekit.marking.rubric import answers_in
from coursekit.marking.submission import Submission

STOP, LATER = "q", ""


def fill_in(chosen: Assessment, submissions: Iterable[Submission], results: Results, marker: str) -> None:
    """Ask ``marker`` for the marks of every answer without one of theirs; ends when all have one, or at ``q``."""
    waiting = list(_waiting(chosen, submissions, results, marker))
    for number, (question, learner, text) in enumerate(waiting, 1):
        click.echo(f"\n{click.style(f'{number} of {len(waiting)}', bold=True)}  {question.id}: {question.title}")
        for marks, said in question.bands:
            click.echo(f"  {marks:g}  {said}")
        if question.scheme:
            click.echo(f"  right: {question.scheme}")
        click.echo(f"\n{_printable(text)}\n")
        asked = f"marks of {question.marks:g} (Enter: later, {STOP}: stop)"
        given = click.prompt(asked, default=LATER, show_default=False, value_proc=partial(_marks, of=question.marks))
        if given == STOP:
            break
        if given == LATER:
            continue
        comment = click.prompt("comment for the learner", default="", show_default=False)
        mark = WrittenMark(learner, question.id, answer_digest(text), marker, float(given), comment.strip())
        results.write_written(chosen.id, [mark])


def _waiting(
    chosen: Assessment, submissions: Iterable[Submission], results: Results, marker: str
) -> Iterator[tuple[Question, str, str]]:
    """What this marker has not read, question by question, with the learner and the answer."""
    written = results.written(chosen.id)
    read = {key for key, given in written.items() if any(mark.marker == marker for mark in given)}
    found = [(submission.learner, answers_in(submission)) for submission in submissions]
    for question in chosen.questions:
        for learner, texts in found:
            text = texts.get(question.id, "")
            if text and (learner, question.id, answer_digest(text)) not in read:
                yield question, learner, text


def _marks(said: str, of: float) -> str:
    """What was typed, if it is marks that can be given; click asks again where it is not."""
    said = said.strip().replace(",", ".")
    if said in (STOP, LATER):
        return said
    try:
        marks = float(said)
    except ValueError:
        marks = -1.0
    if not 0 <= marks <= of:
        raise click.BadParameter(f"0 to {of:g}, {STOP}, or Enter")
    return said


def _printable(text: str) -> str:
    """Without the characters by which a text could steer the terminal."""
    return "".join(char for char in text if char.isprintable() or char in "\n\t")
