"""What ``course verify`` refuses in a source although it builds: things that a learner would miss and nothing else would notice.

An exercise under no heading; a prerequisite that the course does not have; a figure of the ledger that nobody measures; an image that
the notebook would not show; a plot without a text alternative. Each is one line with its place in the source.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Set
from difflib import get_close_matches

from coursekit.cache import digest_of
from coursekit.errors import CourseError
from coursekit.exercises.measurements import declared
from coursekit.ledger import figure
from coursekit.project import Project, find_parts
from coursekit.sources.prose import read_prose
from coursekit.sources.source import Cell, Source, source_of
from dlmodule.names import same_scope

QUOTED = re.compile(r"\{ledger:\s*(?P<id>[^}\s]*)\s*\}")
_DRAWS = re.compile(r"(plt|pyplot|matplotlib\.pyplot)\.(?!close|rcParams|style|switch_backend|ioff|ion)\w+")


def refused(project: Project, parts: Iterable[str]) -> list[str]:
    """One line for each thing that is wrong with the sources of ``parts`` (``SESSION.PART``); one wrong source stops no other.

    A source may ask for another session or quote a figure of any, so what is known of it holds for the course as a whole.
    """
    chosen = sorted(parts)
    digest = digest_of(project.digest(), str(project.root), *chosen)  # a line names files
    lines: list[str] = project.cache.once("refused", digest_of(*chosen), digest, lambda: _refused(project, chosen))
    return lines


def _refused(project: Project, parts: Collection[str]) -> list[str]:
    lines = []
    found = find_parts(project)
    known = {part.session for part in found} | {part.id for part in found}
    measured = {measurement.name for measurement in declared(project)}
    for part in found:
        if part.id in parts:
            try:
                lines += [
                    str(problem)
                    for problem in problems(project, source_of(project, part.session, part.name), known, measured)
                ]
            except CourseError as error:
                lines.append(str(error))
    return lines


def problems(project: Project, source: Source, known: Set[str], measured: Set[str]) -> Iterator[CourseError]:
    """What is wrong with ``source``. known: every session and part; measured: what exercises measure, SESSION.EXERCISE.SET."""
    yield from _prerequisites(source, known)
    for meta in source.exercises:
        cell = next(cell for cell in source.cells if meta.name in cell.exercises("defines"))
        if not any(meta.name in other.exercises("heading") for other in source.cells):
            message = f"no heading above {meta.name!r}: begin its text with `### Exercise ...`"
            yield CourseError(message, file=source.path, line=cell.line)
    for cell in source.cells:
        if cell.tree is None:
            yield from _figures(project, source, cell, measured)
            yield from _images(source, cell)
        else:
            yield from _plots(source, cell)


def _prerequisites(source: Source, known: Set[str]) -> Iterator[CourseError]:
    for name in source.header.prerequisites:
        if name not in known:
            text = source.path.read_text("utf-8").split("\n")
            line = next(number for number, written in enumerate(text, 1) if name in written)
            yield CourseError(
                f"prerequisite {name!r} is no session or part{_near(name, known)}", file=source.path, line=line
            )


def _figures(project: Project, source: Source, cell: Cell, measured: Set[str]) -> Iterator[CourseError]:
    """Figures whose id is of the wrong form, or names a measurement that no exercise declares."""
    for number, text in enumerate(cell.text.split("\n")):
        for found in QUOTED.finditer(text):
            name = found["id"]
            try:
                figure(project, name)
            except CourseError as error:
                yield CourseError(str(error), file=source.path, line=cell.line + number)
                continue
            row, _, metric = name.rpartition(".")
            if row not in measured:
                close = _near(row, measured, suffix=f".{metric}")
                yield CourseError(f"no exercise measures {name!r}{close}", file=source.path, line=cell.line + number)


def _images(source: Source, cell: Cell) -> Iterator[CourseError]:
    """A notebook travels alone and offline, so only what it holds itself is shown."""
    for image in read_prose(cell.text).images:
        address = image.address
        if not address.startswith(("data:", "attachment:")):
            if "://" in address:
                what = "is on another host"
            elif (source.path.parent / address).is_file():
                what = "does not travel with the notebook"
            else:
                what = "is missing"
            message = f"image {address!r} {what}; draw it in code (docs/draw_a_figure.md)"
            yield CourseError(message, file=source.path, line=cell.line + image.line - 1)


def _plots(source: Source, cell: Cell) -> Iterator[CourseError]:
    """A cell that draws with pyplot itself ends with ``plot.alt``; Jupyter would show the figure without words."""
    assert cell.tree is not None
    calls = [node for statement in cell.tree.body for node in same_scope(statement) if isinstance(node, ast.Call)]
    if any(
        ast.unparse(call.func).split(".")[-1] == "alt" for call in ast.walk(cell.tree) if isinstance(call, ast.Call)
    ):
        return
    for call in calls:
        if _DRAWS.fullmatch(name := ast.unparse(call.func)):
            message = f"{name} draws a figure without a text alternative; end with plot.alt(fig, ...)"
            yield CourseError(message, file=source.path, line=cell.line + call.lineno - 1)
            return


def _near(name: str, known: Set[str], suffix: str = "") -> str:
    close = get_close_matches(name, sorted(known), 1, 0.7)
    return f"; did you mean {close[0]}{suffix}?" if close else ""
