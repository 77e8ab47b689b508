"""A revision: a source that asks again what other sources asked. The build writes its cells from theirs.

A markdown cell whose last line is

    {revise: 05_cnns_1, exercise: output_size, questions: [morning.2], predictions: [morning.7]}

is followed, in the notebook, by these questions ("Questions to take along") and predictions of the session's parts, and by the exercise,
each under a heading of its own. Nothing is copied: the text, the stub and the answer are the session's, and the check is its own. Without a
choice it is the shortest exercise that stands alone, core before others, and the first question. A session without sources is
treated as not there: the cell that names it is left out. ``{revise: agenda}`` becomes the list of all that is asked. With ``further: true`` the exercise
is for those who have time.

Only what stands alone can be asked again: code that needs nothing of its notebook but imports.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from coursekit.errors import CourseError
from coursekit.project import Project, find_parts
from coursekit.sources.exercise_file import ExerciseMeta
from coursekit.sources.outline import quoted_sessions
from coursekit.sources.percent import RawCell
from coursekit.sources.prose import read_prose
from coursekit.sources.regions import span_of
from coursekit.sources.slicing import needed, own_definition, reads, slice_statements
from coursekit.sources.source import Cell, Revised, Role, Source, code_cell, source_of
from coursekit.sources.statements import Statement
from dlmodule.names import bound_names

DEFAULT_QUESTIONS = 1
_DIRECTIVE = re.compile(r"(?:(?P<text>.*)\n)?(?P<revise>\{revise: .*\})", re.DOTALL)
_QUESTION = re.compile(
    r"^\d+\. (?P<text>.*?)\s*<details><summary>Answer</summary>\s*(?P<answer>.*?)\s*</details>",
    re.DOTALL | re.MULTILINE,
)
_PREDICTION = re.compile(r"\*\*Predict[.:]\*\*\s*(?P<text>.*?)(?=\n\s*\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"#+ Exercise (?P<number>[\w.]+): *(?P<title>.*?)\s*")
_PLACE = re.compile(r"(?P<part>\w+)\.(?P<number>[1-9]\d*)")


@dataclass(frozen=True)
class _Choice:
    """What a directive asks for; ``line`` is where it stands."""

    session: str
    exercise: str | None
    questions: tuple[str, ...] | None
    predictions: tuple[str, ...]
    line: int
    further: bool


def assembled(project: Project, session: str, part: str) -> Source:
    """The source of a part as its notebook shows it: a revision with all that it asks, any other as it is."""
    source = source_of(project, session, part)
    wanted = quoted_sessions(source.path.read_bytes())
    if not wanted:
        return source
    quoted = tuple(source_of(project, p.session, p.name) for p in find_parts(project) if p.session in wanted)
    return project.parsed(source.path, _assembled, source, quoted)


def _assembled(path: Path, content: bytes, source: Source, quoted: tuple[Source, ...]) -> Source:
    cells: list[Cell] = []
    revised: list[Revised] = []
    asked: Counter[str] = Counter()
    agenda: int | None = None
    for cell in source.cells:
        found = _DIRECTIVE.fullmatch(cell.text) if cell.tree is None else None
        if found is None:
            cells.append(cell)
        elif found["revise"] == "{revise: agenda}":
            cells += _introduction(cell, found["text"])
            agenda = len(cells)
        else:
            choice = _choice(source, cell, found["revise"])
            parts = _in_order([each for each in quoted if each.session == choice.session])
            if parts:
                made = list(_topic(source, choice, parts, asked))
                cells += [*_introduction(cell, found["text"]), *(each for _, several in made for each in several)]
                revised += [item for item, _ in made]
    if agenda is not None:
        cells.insert(agenda, _agenda(source, revised))
    return replace(source, cells=tuple(cells), revised=tuple(revised))


def _introduction(cell: Cell, text: str | None) -> list[Cell]:
    """What stands above the directive in its cell."""
    text = (text or "").rstrip("\n")
    return [replace(cell, text=text)] if text else []


def _in_order(parts: Sequence[Source]) -> list[Source]:
    """A day's parts as a day goes: the morning first."""
    return sorted(parts, key=lambda source: (source.part != "morning", source.part))


def _choice(source: Source, cell: Cell, directive: str) -> _Choice:
    line = cell.line + cell.text.count("\n")
    try:
        said = yaml.safe_load(directive)
    except yaml.YAMLError:
        said = None
    keys = {"revise", "exercise", "questions", "predictions", "further"}
    if not isinstance(said, dict) or not said.keys() <= keys or not isinstance(said["revise"], str):
        message = "write {revise: SESSION, exercise: NAME, questions: [PART.1], predictions: [PART.2]}"
        raise CourseError(message, file=source.path, line=line)
    questions = said.get("questions")
    return _Choice(
        said["revise"],
        said.get("exercise"),
        None if questions is None else tuple(map(str, questions)),
        tuple(map(str, said.get("predictions", ()))),
        line,
        said.get("further") is True,
    )


def _topic(
    source: Source, choice: _Choice, parts: Sequence[Source], asked: Counter[str]
) -> Iterator[tuple[Revised, list[Cell]]]:
    """Everything that a directive asks, each with its cells: predictions, then questions, then the exercise.

    asked: how many questions of each session stand above.
    """
    day = int(choice.session[:2])
    places = choice.questions
    if places is None:
        every = [f"{part.part}.{number}" for part in parts for number in range(1, len(_questions(part)) + 1)]
        places = tuple(every[:DEFAULT_QUESTIONS])
    wanted = [("prediction", place) for place in choice.predictions] + [("question", place) for place in places]
    for kind, place in wanted:
        asked[choice.session] += 1
        part, index = _place(source, choice, parts, place)
        item = Revised(f"{choice.session}.{part.part}.{kind}_{index + 1}", f"Question {day}.{asked[choice.session]}", 2)
        make = _question if kind == "question" else _prediction
        yield item, make(source, choice, part, index, item)
    part, meta = _exercise(source, choice, parts)
    if meta is not None:
        title, text = _statement(part, meta)
        item = Revised(f"{choice.session}.{meta.name}", title, meta.minutes, meta, core=not choice.further)
        yield item, _exercise_cells(source, choice, part, meta, item, text)


def _place(source: Source, choice: _Choice, parts: Sequence[Source], place: str) -> tuple[Source, int]:
    """The part and the number, from 0, that ``morning.2`` names."""
    found = _PLACE.fullmatch(place)
    part = next((each for each in parts if found and each.part == found["part"]), None)
    if found is None or part is None:
        names = ", ".join(each.part for each in parts)
        message = f"{place!r} names nothing of {choice.session}; write PART.NUMBER (parts: {names})"
        raise CourseError(message, file=source.path, line=choice.line)
    return part, int(found["number"]) - 1


def _questions(part: Source) -> list[re.Match[str]]:
    """The questions to take along of a part, with their answers."""
    return [found for cell in part.cells if cell.tree is None for found in _QUESTION.finditer(cell.text)]


def _question(source: Source, choice: _Choice, part: Source, index: int, item: Revised) -> list[Cell]:
    questions = _questions(part)
    if index >= len(questions):
        message = f"{part.session}.{part.part} has {len(questions)} questions with an answer"
        raise CourseError(message, file=source.path, line=choice.line)
    found = questions[index]
    answer = f"<details><summary>Answer</summary>\n\n{found['answer']}\n\n</details>"
    text = re.sub(r"\n +", "\n", found["text"])
    return [_prose(choice, f"### {item.title}\n\n{text}\n\n{answer}"), _answered(source, choice, item)]


def _prediction(source: Source, choice: _Choice, part: Source, index: int, item: Revised) -> list[Cell]:
    """The prediction, the cell that shows, and the first paragraph of what it tells."""
    places = [
        (at, found)
        for at, cell in enumerate(part.cells)
        if cell.tree is None
        for found in _PREDICTION.finditer(cell.text)
    ]
    if index >= len(places):
        message = f"{part.session}.{part.part} has {len(places)} predictions"
        raise CourseError(message, file=source.path, line=choice.line)
    at, found = places[index]
    shows, tells = part.cells[at + 2 : at + 3], part.cells[at + 3 : at + 4]
    if not (shows and shows[0].tree is not None and tells and tells[0].tree is None):
        message = f"prediction {index + 1} of {part.session}.{part.part} is not followed by its cell, what it shows and what that tells"
        raise CourseError(message, file=source.path, line=choice.line)
    code = f"{_imports(source, choice, part, shows[0].text)}{shows[0].text}"
    paragraph = tells[0].text.split("\n\n")[0]
    return [
        _prose(choice, f"### {item.title}\n\nPredict: {found['text']}\n\nThe next cell shows it."),
        _code(source, choice, code),
        _prose(choice, paragraph),
        _answered(source, choice, item),
    ]


def _imports(source: Source, choice: _Choice, part: Source, text: str) -> str:
    """The imports that a cell needs. CourseError where it needs anything else of its notebook."""
    own = set(bound_names(ast.parse(text).body))
    now, later = reads(text)
    free = sorted(((now | later) - own) & part.binds)
    statements = needed(part.statements, free, part.path, part.touching)
    return _only_imports(source, choice, statements, f"a cell of {part.session}.{part.part}")


def _only_imports(source: Source, choice: _Choice, statements: Sequence[Statement], what: str) -> str:
    for statement in statements:
        if not isinstance(statement.node, ast.Import | ast.ImportFrom):
            name = ", ".join(sorted(statement.binds))
            raise CourseError(f"{what} does not stand alone: it needs {name}", file=source.path, line=choice.line)
    text = "\n".join(dict.fromkeys(statement.text for statement in statements))
    return f"{text}\n\n" if text else ""


def _exercise(source: Source, choice: _Choice, parts: Sequence[Source]) -> tuple[Source, ExerciseMeta | None]:
    """The exercise chosen, with its part; without a choice the shortest that stands alone, None where none does."""
    every = [(part, meta) for part in parts for meta in part.exercises]
    if choice.exercise is not None:
        for part, meta in every:
            if meta.name == choice.exercise:
                return part, meta
        message = f"{choice.session} has no exercise {choice.exercise!r}"
        raise CourseError(message, file=source.path, line=choice.line)
    for part, meta in sorted(every, key=lambda each: (not each[1].core, each[1].minutes)):
        if not meta.begins_from_code and _stands_alone(part, meta.name):
            return part, meta
    return parts[0], None


def _stands_alone(part: Source, name: str) -> bool:
    try:
        statements = slice_statements(part, [name])
    except CourseError:
        return False
    return all(isinstance(s.node, ast.Import | ast.ImportFrom) for s in statements if name not in s.binds)


def _statement(part: Source, meta: ExerciseMeta) -> tuple[str, str]:
    """An exercise's title and text, as they stand under its heading."""
    cell = next(cell for cell in part.cells if meta.name in cell.exercises("heading"))
    lines = cell.text.split("\n")
    heading = cell.headings[-1]
    found = _HEADING.fullmatch(lines[heading.line - 1])
    number = found["number"] if found else str(int(part.session[:2]))
    return f"Exercise {number}: {meta.title}", "\n".join(lines[heading.line :]).strip("\n")


def _exercise_cells(
    source: Source, choice: _Choice, part: Source, meta: ExerciseMeta, item: Revised, text: str
) -> list[Cell]:
    if meta.begins_from_code:
        message = f"{meta.name!r} begins from code; revise an exercise that begins from nothing"
        raise CourseError(message, file=source.path, line=choice.line)
    own = own_definition(part, meta.name)
    others = [statement for statement in slice_statements(part, [meta.name]) if statement is not own]
    imports = _only_imports(source, choice, others, repr(meta.name))
    cell = next(cell for cell in part.cells if meta.name in cell.exercises("defines"))
    assert cell.tree is not None
    written = _with_markers(cell, meta.name)
    heading = replace(_prose(choice, f"### {item.title}\n\n{text}"), roles=(Role("heading", item.id),))
    return [
        heading,
        _code(source, choice, f"{imports}\n{written}" if imports else written),
        _code(source, choice, f'revision.check("{item.id}", {meta.name})'),
    ]


def _with_markers(cell: Cell, name: str) -> str:
    """The definition of ``name`` in ``cell``, with the marks around its solution."""
    assert cell.tree is not None
    span = span_of(name, cell.tree, cell.regions)
    assert span is not None
    return "\n".join(cell.text.split("\n")[span[0] - 1 : span[1]])


def _agenda(source: Source, revised: Sequence[Revised]) -> Cell:
    rows = "\n".join(f'    ("{item.id}", "{item.title}", {item.minutes}),' for item in revised)
    raw = RawCell("code", f"revision.agenda(\n{rows}\n)", 1, tags=("hide-input",))
    return code_cell(raw, source.path)


def _answered(source: Source, choice: _Choice, item: Revised) -> Cell:
    return _code(source, choice, f'revision.answered("{item.id}", sure=None, right=None)')


def _prose(choice: _Choice, text: str) -> Cell:
    return Cell("markdown", text, choice.line, headings=read_prose(text).headings)


def _code(source: Source, choice: _Choice, text: str) -> Cell:
    return code_cell(RawCell("code", text, choice.line), source.path)
