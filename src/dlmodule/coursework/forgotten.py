"""What looks forgotten in a coursework's notebook, before the deadline: read from its file, with nothing run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dlmodule.coursework.given import Given, hand_in_path, tensor_in
from dlmodule.errors import DLModuleError

ANSWER = re.compile(r"^\s*\*\*Answer (?P<id>\w+)\.?\*\*\s*$", re.MULTILINE)
PLACEHOLDER = "*Write here.*"
LATER = timedelta(seconds=10)  # a file written in the same save is not later


def answers(cells: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The written answers by question: what stands below ``**Answer D1.**`` in its cell; "" where nothing was written."""
    found: dict[str, str] = {}
    for cell in cells:
        if cell.get("cell_type") != "markdown":
            continue
        pieces = ANSWER.split(text_of(cell))
        for identity, text in zip(pieces[1::2], pieces[2::2], strict=True):
            said = text.replace(PLACEHOLDER, "").strip()
            found[identity] = said or found.get(identity, "")
    return found


def text_of(cell: dict[str, Any]) -> str:
    """The source of a cell as one text."""
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def forgotten(notebook: dict[str, Any], given: Given) -> Iterator[str]:
    """A sentence for each thing in the notebook that looks forgotten."""
    cells = [cell for cell in notebook.get("cells", []) if isinstance(cell, dict)]
    known = notebook.get("metadata", {}).get("dlmodule", {})
    yield from _unwritten(cells, known.get("exercises", []))
    found = answers(cells)
    for question in given.questions:
        if question not in found:
            yield f"Answer {question}: the line **Answer {question}.** is gone; without it your answer is not found."
        elif not found[question]:
            yield f"Answer {question} is empty."
    yield from _not_run(cells)


def _unwritten(cells: Sequence[dict[str, Any]], exercises: Sequence[str]) -> Iterator[str]:
    stubs: dict[str, bool] = {}
    for node in (node for cell in cells for node in _definitions(cell)):
        stubs[node.name] = stubs.get(node.name, True) and _is_stub(node)
    for name in exercises:
        if name not in stubs:
            yield f"`{name}` is not defined by any cell."
        elif stubs[name]:
            yield f"`{name}` is not written yet."


def _definitions(cell: dict[str, Any]) -> list[ast.FunctionDef | ast.ClassDef]:
    if cell.get("cell_type") != "code":
        return []
    try:
        body = ast.parse(text_of(cell)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def _is_stub(node: ast.AST) -> bool:
    raised = [ast.unparse(inner.exc) for inner in ast.walk(node) if isinstance(inner, ast.Raise) and inner.exc]
    return any(text.startswith("NotImplementedError") for text in raised)


def _not_run(cells: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Cells that were never run, and cells that stopped with an error. The cell that hands in is running while this is asked."""
    for number, cell in enumerate(cells, 1):
        text = text_of(cell).strip()
        if cell.get("cell_type") != "code" or not text or "coursework.submit(" in text or text.startswith("#@title"):
            continue
        first = text.splitlines()[0]
        where = f"Cell {number} (`{first[:50]}{'...' if len(first) > 50 else ''}`)"
        if cell.get("execution_count") is None:
            yield f"{where} was not run."
        elif any(
            output.get("output_type") == "error" for output in cell.get("outputs", []) if isinstance(output, dict)
        ):
            yield f"{where} stops with an error."


def missing_files(folder: Path, assessment: str, given: Given) -> Iterator[str]:
    """A sentence for each tensor that is not there, or not as it is asked for."""
    for asked in given.asked:
        path = hand_in_path(folder, assessment, asked.name)
        try:
            complaint = asked.complaint(tensor_in(path.read_bytes(), asked.name))
        except FileNotFoundError:
            complaint = f"There is no {path.name}: run the cell with `coursework.hand_in`."
        except (OSError, DLModuleError) as error:
            complaint = f"{path.name}: {error}."
        if complaint:
            yield complaint


def unsaved(path: Path, assessment: str, given: Given, attempts: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A sentence where something happened after the notebook was last saved: a check, or a file that its cell wrote."""
    saved = datetime.fromtimestamp(path.stat().st_mtime, UTC) + LATER
    for asked in given.asked:
        file = hand_in_path(path.parent, assessment, asked.name)
        if file.is_file() and datetime.fromtimestamp(file.stat().st_mtime, UTC) > saved:
            yield f"{file.name} is newer than the notebook: save the notebook (Ctrl-S)."
    for attempt in reversed(attempts):
        if str(attempt.get("exercise", "")).startswith(f"{assessment}."):
            if _moment(attempt.get("at")) > saved:
                yield "You ran a check after the notebook was last saved: save the notebook (Ctrl-S)."
            return


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
