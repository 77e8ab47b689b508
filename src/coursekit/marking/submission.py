"""A submission: who handed in which bytes, and when; and what of a notebook is read before anything is run.

Reading is done outside the sandbox, so it only ever parses JSON, and has limits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LARGEST = 64 << 20  # bytes of a notebook, its pictures included
MOST_CODE = 2 << 20  # bytes of code in all cells together
MOST_CELLS = 20_000
LONGEST_NAME = 200  # characters of a learner's name; the results' columns are as wide


class Unreadable(Exception):
    """Why a file cannot be marked, in one sentence for the marker and the learner."""


@dataclass(frozen=True)
class Submission:
    """What one learner handed in. submitted_at: None where the way it came does not say. problem: why it cannot be read, else "".

    files: what a sealed file holds beside the notebook; sealed: the digest of the sealed file, which the learner has as a receipt.
    """

    learner: str
    file: str
    content: bytes
    submitted_at: datetime | None = None
    problem: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    sealed: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of what was handed in."""
        return self.sealed or hashlib.sha256(self.content).hexdigest()


def name_that_fits(name: str) -> str:
    """``name`` as databases, files and spreadsheets take it: control characters and what is no text are spelt out, a long one is cut.

    What is cut ends in a digest of the whole, so that two learners never become one.
    """
    spelt = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name)
    if len(spelt) <= LONGEST_NAME:
        return spelt
    return f"{spelt[: LONGEST_NAME - 13]}-{hashlib.sha256(spelt.encode()).hexdigest()[:12]}"


def code_cells(content: bytes) -> list[str]:
    """The texts of the code cells of a notebook file. Unreadable where it is no notebook, or one beyond all measure."""
    cells = cells_of(content)
    texts = [text_of(cell) for cell in cells if cell.get("cell_type") == "code"]
    if sum(map(len, texts)) > MOST_CODE:
        raise Unreadable(f"the notebook holds more than {MOST_CODE >> 20} MB of code")
    return texts


def cells_of(content: bytes) -> list[dict[str, Any]]:
    """The cells of a notebook file. Unreadable as for ``code_cells``."""
    if len(content) > LARGEST:
        raise Unreadable(f"the file has {len(content) >> 20} MB; at most {LARGEST >> 20} MB are read")
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
        cells = notebook["cells"]
        if notebook.get("nbformat", 4) != 4 or not isinstance(cells, list):
            raise ValueError("not of nbformat 4")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unreadable("the file is not a Jupyter notebook (nbformat 4)") from None
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"the notebook has {len(cells)} cells; at most {MOST_CELLS} are read")
    return [cell for cell in cells if isinstance(cell, dict)]


def text_of(cell: Mapping[str, Any]) -> str:
    """The source of a cell as one text that can be encoded."""
    source = cell.get("source", "")
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return text.encode(errors="replace").decode()  # half a surrogate pair is no text
