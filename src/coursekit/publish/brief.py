"""A coursework's brief, as a page (Markdown) and as a PDF (Typst), from ``brief.md`` and the facts of ``coursework.toml``.

In the brief stand ``{release}``, ``{due}``, ``{weight}``, ``{late_hours}`` and ``{late_cap}`` for the facts, and ``{tasks}``,
``{scales}`` and ``{rubric}`` for tables of marks, so that no number stands in two places.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from coursekit.errors import CourseError
from coursekit.marking.coursework import Coursework, Public, WrittenFile
from coursekit.marking.marks import LatePolicy
from coursekit.project import Project
from coursekit.schedule.syllabus import syllabus_of
from coursekit.schedule.timetable import Timetable, place_of
from coursekit.sources.references import filled
from coursekit.sources.source import source_of

FIGURES = {"accuracy": "per cent right", "samples": "distance"}
_SETUP = """#set document(title: {title}, date: none)
#set page(paper: "a4", margin: 2.2cm, numbering: "1 / 1")
#set text(font: "DejaVu Sans", size: 9.5pt, lang: "en", region: "GB")
#set par(leading: 0.7em, spacing: 1em)
#show raw: set text(font: "DejaVu Sans Mono")
#show heading: set block(above: 1.4em, below: 0.8em)
#set table(stroke: 0.5pt + rgb("#999999"), inset: 6pt)
#show table.cell.where(y: 0): set text(weight: "bold")
"""


def page(project: Project, name: str) -> str:
    """The brief as Markdown. CourseError where the syllabus has no such assessment, or the brief names an unknown fact."""
    syllabus, coursework = syllabus_of(project), Coursework(project, name)
    item = next((item for item in syllabus.assessment if item.id == name), None)
    if item is None or not Coursework.exists(project, name):
        raise CourseError(
            f"no coursework is called {name!r}; the syllabus has {', '.join(a.id for a in syllabus.assessment)}"
        )
    release, due = Timetable(syllabus).assessment_times(item)
    late = LatePolicy()
    exercises = {meta.name: meta.title for meta in source_of(project, name, coursework.public.notebook).exercises}
    facts = {
        "release": _moment(release), "due": _moment(due), "weight": f"{100 * item.weight:g} per cent",
        "late_hours": f"{late.hours:g}", "late_cap": f"{late.cap:g}", "tasks": _tasks(coursework.public, exercises),
        "scales": "\n\n".join(_scale(file) for file in coursework.public.file), "rubric": _rubric(coursework.public),
    }  # fmt: skip
    path = coursework.folder / "brief.md"
    try:
        # A reference to a day is no fact of the coursework: it is filled in before the others.
        return filled(path.read_text("utf-8"), partial(place_of, project)).format(**facts)
    except (OSError, KeyError, IndexError, ValueError) as error:
        raise CourseError(f"cannot be filled in: {error}", file=path) from None


def pdf(project: Project, name: str) -> bytes:
    """The brief as a PDF: the same text gives the same bytes."""
    import matplotlib as mpl
    import typst

    options: dict[str, Any] = {
        "format": "pdf",
        "font_paths": [Path(mpl.get_data_path()) / "fonts" / "ttf"],
        "ignore_system_fonts": True,
    }
    compiled: bytes = typst.compile(to_typst(page(project, name)).encode(), **options)
    return compiled


def _moment(at: datetime) -> str:
    return f"{at:%A} {at.day} {at:%B %Y}, {at:%H:%M}"


def _tasks(public: Public, titles: dict[str, str]) -> str:
    rows = ["| what | marks | builds on |", "|---|---|---|"]
    for task in public.task:
        builds = ", ".join(f"`{name}`" for name in task.after)
        choice = " (the better of your choices counts)" if task.either else ""
        rows.append(f"| `{task.exercise}`: {titles.get(task.exercise, '')}{choice} | {task.marks:g} | {builds} |")
    rows += [f"| {file.title} | {max(marks for _, marks in file.scale):g} | |" for file in public.file]
    rows += [f"| {question.id}: {question.title} | {question.marks:g} | |" for question in public.question]
    return "\n".join(rows)


def _scale(file: WrittenFile) -> str:
    figures = " | ".join(f"{figure:g}" for figure, _ in file.scale)
    marks = " | ".join(f"{marks:g}" for _, marks in file.scale)
    rule = "|---" * (len(file.scale) + 1)
    return (
        f"**{file.title}** are scored on this scale. Between two figures the marks grow evenly.\n\n"
        f"| {FIGURES[file.score]} | {figures} |\n{rule}|\n| marks | {marks} |"
    )


def _rubric(public: Public) -> str:
    rows = ["**Answers in words** are marked by this rubric:", "", "| question | marks | for |", "|---|---|---|"]
    for question in public.question:
        rows += [f"| {question.id} | {marks:g} | {text} |" for marks, text in question.bands]
    return "\n".join(rows)


def to_typst(markdown: str) -> str:
    """Markdown (headings, paragraphs, lists, tables, emphasis, code, links) as Typst, every character of the text as it is."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    title = next((tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"), "")
    return _SETUP.format(title=_text(title)) + "".join(_blocks(tokens))


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    for number, token in enumerate(tokens):
        match token.type:
            case "inline":
                yield "".join(_inline(token.children or []))
            case "heading_open":
                yield f"\n#heading(level: {int(token.tag[1:])})["
            case "heading_close" | "th_close" | "td_close" | "list_item_close":
                yield "]" if token.type == "heading_close" else "],"
            case "paragraph_open" if not token.hidden:
                yield "\n#par["
            case "paragraph_close" if not token.hidden:
                yield "]"
            case "bullet_list_open" | "ordered_list_open":
                yield f"\n#{'list' if token.type.startswith('bullet') else 'enum'}("
            case "bullet_list_close" | "ordered_list_close":
                yield ")"
            case "table_open":
                yield f"\n#table(columns: {_columns(tokens[number:])},"
            case "table_close":
                yield ")"
            case "th_open" | "td_open" | "list_item_open":
                yield "["
            case "fence" | "code_block":
                yield f"\n#raw(block: true, {_text(token.content)})"


def _columns(tokens: Sequence[Token]) -> int:
    """How many columns the table has with which ``tokens`` begin."""
    end = next(number for number, token in enumerate(tokens) if token.type == "thead_close")
    return sum(token.type == "th_open" for token in tokens[:end])


def _inline(children: Sequence[Token]) -> Iterator[str]:
    for token in children:
        match token.type:
            case "text":
                yield f"#{_text(token.content)}"
            case "code_inline":
                yield f"#raw({_text(token.content)})"
            case "strong_open" | "em_open":
                yield f"#{'strong' if token.type == 'strong_open' else 'emph'}["
            case "strong_close" | "em_close" | "link_close":
                yield "]"
            case "link_open":
                yield f"#link({_text(str(token.attrs['href']))})["
            case "softbreak" | "hardbreak":
                yield " " if token.type == "softbreak" else " \\\n"


def _text(text: str) -> str:
    """A Typst string."""
    return json.dumps(text, ensure_ascii=False)
