"""The errors that the cells of an executed notebook ended with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class CellError:
    """An error that a cell ended with: the cell's id, the exception's name and text, and the line of the cell (or None)."""

    cell: str
    name: str
    text: str
    line: int | None

    def __str__(self) -> str:
        return f"{self.name}: {self.text}".strip().split("\n")[0]


def errors_of(notebook: Mapping[str, Any]) -> list[CellError]:
    """Every error that stands in the outputs of ``notebook``."""
    return [error for cell in notebook["cells"] if (error := _error(cell))]


def _error(cell: Mapping[str, Any]) -> CellError | None:
    """The error among a cell's outputs."""
    for output in cell.get("outputs", ()):
        if output["output_type"] == "error":
            trace = _ANSI.sub("", "\n".join(output.get("traceback", ())))
            lines = re.findall(r"Cell In\[\d+\], line (\d+)", trace)
            return CellError(cell["id"], output["ename"], output["evalue"], int(lines[0]) if lines else None)
    return None
