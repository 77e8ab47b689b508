"""The two notebooks of a source, as bytes: the student version and the solutions.

They are nbformat 4.5 documents written with the standard library (nbformat alone takes a second to import; it and nbgrader
are the oracles of the tests). The same source gives the same bytes: ids are hashes, keys are sorted, nothing is dated.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from coursekit.errors import CourseError
from coursekit.notebooks.cell_ids import cell_id, cell_ids
from coursekit.notebooks.title import (
    Repository,
    colab_url,
    core_or_further,
    day_tag,
    exercise_line,
    install_cell,
    report_address,
    title_cell,
)
from coursekit.project import notebook_path
from coursekit.sources.citations import linked
from coursekit.sources.exercise_file import ExerciseMeta
from coursekit.sources.load import load_of
from coursekit.sources.references import Place, filled
from coursekit.sources.regions import solution_text
from coursekit.sources.source import Cell, Source
from coursekit.sources.student import student_code

Notebook = dict[str, Any]

# The code of such a cell is folded away, in JupyterLab and on Colab; one click shows it.
HIDDEN = "hide-input"  # the site's tag for it
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}

_FIGURE = re.compile(r"\{ledger:\s*(?P<id>[\w.]+)\s*\}")


def make(
    source: Source,
    *,
    solutions: bool,
    repository: Repository,
    figure: Callable[[str], str],
    days: Place,
    place: str | None = None,
    day: int | None = None,
    report: str | None = None,
) -> Notebook:
    """The notebook of ``source``. ``figure(id)`` gives the ledger's words for ``{ledger: id}`` in the prose.

    days: on which day a session is taught, for ``{day: SESSION}`` in the prose.
    place: where it stands in the published repository (default: as in build/).
    report: where a problem with an exercise is reported (see ``title.report_address``).
    day: the day of the syllabus with whose release it comes out (default, for a draft: the number in its session's name).
    """
    session, part = source.session, source.part
    day = int(session[:2]) if day is None else day
    colab = colab_url(repository, place or notebook_path(session, part, solutions=solutions))
    cells = [
        _cell(
            "markdown",
            title_cell(source.header, load_of(source), solutions=solutions, colab=colab),
            cell_id(session, part, "title"),
        ),
        _cell(
            "code",
            install_cell(repository, day, session, source.header.files),
            cell_id(session, part, "install"),
            dict(FOLDED),
        ),
    ]
    tag = day_tag(repository, day)

    def problem(meta: ExerciseMeta) -> str | None:
        return report and report_address(report, repository, f"{session}.{meta.name}", meta.title, tag)

    for cell, identity in zip(source.cells, cell_ids(session, part, source.cells), strict=True):
        text = _prose(source, cell, figure, days, problem) if cell.tree is None else _code(source, cell, solutions)
        metadata: dict[str, Any] = {"tags": list(cell.tags)} if cell.tags else {}
        if HIDDEN in cell.tags:
            metadata.update(FOLDED)
        metadata.update(_nbgrader(source, cell, identity))
        cells.append(_cell(cell.kind, text, identity, metadata))
    return {
        "cells": cells,
        "metadata": {
            "dlmodule": {
                "exercises": [meta.name for meta in source.exercises],
                **({"files": list(source.header.files)} if source.header.files else {}),
                **({"hand_in": list(source.header.hand_in)} if source.header.hand_in else {}),
                "part": part,
                "session": session,
                "starters": [meta.name for meta in source.exercises if meta.starter is not None],
                "version": "solutions" if solutions else "student",
            },
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {
                "file_extension": ".py",
                "mimetype": "text/x-python",
                "name": "python",
                "pygments_lexer": "ipython3",
            },
            "title": source.header.title,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def to_json(notebook: Notebook) -> str:
    """The notebook as nbformat would write it."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _cell(kind: str, text: str, identity: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    """One nbformat 4.5 cell."""
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": identity,
        "metadata": metadata or {},
        "source": text.splitlines(keepends=True),
    }
    return cell if kind == "markdown" else {**cell, "execution_count": None, "outputs": []}


def _prose(
    source: Source,
    cell: Cell,
    figure: Callable[[str], str],
    days: Place,
    problem: Callable[[ExerciseMeta], str | None],
) -> str:
    """Markdown with references to days and the ledger's figures filled in, papers linked and, under an exercise's heading, its line."""
    lines = cell.text.split("\n")
    names = cell.exercises("heading")
    if names:
        metas = [meta for meta in source.exercises if meta.name in names]
        metas += [item.exercise for item in source.revised if item.exercise and item.id in names]
        facts = "  \n".join(exercise_line(meta, named=len(metas) > 1, report=problem(meta)) for meta in metas)
        at = cell.headings[-1].line
        if source.exercises and load_of(source).marked:
            lines[at - 1] = core_or_further(lines[at - 1], metas)
        lines[at:at] = ["", facts, ""]
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip("\n")
    else:
        text = cell.text
    try:
        text = filled(text, days)
    except CourseError as error:
        raise CourseError(f"a reference in this cell: {error}", file=source.path, line=cell.line) from None
    try:
        return linked(_FIGURE.sub(lambda found: figure(found["id"]), text))
    except CourseError as error:
        line = next(n for n, written in enumerate(cell.text.split("\n")) if _FIGURE.search(written))
        raise CourseError(f"a figure in this cell: {error}", file=source.path, line=cell.line + line) from None


def _code(source: Source, cell: Cell, solutions: bool) -> str:
    """Code without markers, or with stubs and starters in the place of solutions."""
    return solution_text(cell.text) if solutions else student_code(source, cell)


def _nbgrader(source: Source, cell: Cell, identity: str) -> dict[str, Any]:
    """nbgrader's metadata (schema 3): what holds a solution is a solution cell, what checks is worth its difficulty in points."""
    if cell.tree is None:
        return {}
    defines, checks = cell.exercises("defines"), cell.exercises("checks")
    solution = bool(defines) or bool(cell.regions)
    # A check may be shown again further down; points are given once, where the exercise of this part is first checked.
    points = sum(
        meta.difficulty
        for meta in source.exercises
        if meta.name in checks and cell is next(c for c in source.cells if meta.name in c.exercises("checks"))
    )
    if not solution and not points:
        return {}
    if defines:
        grade_id = defines[0]
    elif points:
        grade_id = f"{checks[0]}_check"
    else:
        grade_id = f"solution_{identity}"
    metadata: dict[str, Any] = {
        "cell_type": "code",
        "grade": points > 0,
        "grade_id": grade_id,
        "locked": points > 0 and not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if points:
        metadata["points"] = points
    return {"nbgrader": metadata}
