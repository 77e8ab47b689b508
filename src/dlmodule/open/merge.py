"""Merge a newer course notebook into a learner's copy, cell by cell.

Three notebooks meet: the *base* (what the course gave when the copy was made), *ours* (what the learner has now) and
*theirs* (what the course gives now). Cells are known by their ids. The rules, in the order of what matters:

- a cell the learner wrote or changed is always in the result, with its outputs;
- a cell the learner left alone becomes the course's newer one, or goes if the course dropped it;
- a cell both sides changed stays as the learner has it, and the course's version stands under it as a marked text
  cell: as text, because running a second definition of an exercise would silently replace the learner's answer;
- a new course cell comes where the course has it; a course cell the learner deleted stays deleted.

Merging is idempotent, against the old base and against the new one, so an update that was cut short is simply run
again. The order is the course's, unless the learner moved course cells about: then it is the learner's.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dlmodule.errors import DLModuleError

Notebook = dict[str, Any]
Cell = dict[str, Any]

EMPTY: Notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
NOTE = "**The course has a newer version of the cell above.** Yours was kept; compare, then delete this one."


@dataclass(frozen=True)
class Merge:
    """The merged notebook and what happened on the way (numbers of cells)."""

    notebook: Notebook
    updated: int  # cells the learner had left alone, now as the course has them
    added: int  # new course cells
    conflicts: int  # cells changed on both sides; the learner's stands first


def read_notebook(data: bytes, name: str) -> Notebook:
    """The notebook in ``data``, every cell with an id of its own and its source as one string.

    Raises DLModuleError, naming ``name`` and the line where there is one, for anything that is not a version 4 notebook.
    """
    try:
        notebook = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DLModuleError(f"{name} is damaged: byte {error.start} is not text") from None
    except json.JSONDecodeError as error:
        raise DLModuleError(f"{name} is damaged: line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise DLModuleError(f"{name} is damaged: its parts are nested too deeply") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or notebook.get("nbformat") != 4:
        raise DLModuleError(f"{name} is damaged: it is not a notebook (version 4)")
    seen: set[str] = set()
    tidy: list[Cell] = []
    for number, cell in enumerate(cells, start=1):
        source = cell.get("source", "") if isinstance(cell, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if not isinstance(source, str) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            raise DLModuleError(f"{name} is damaged: cell {number} is not a notebook cell")
        identity = cell.get("id")
        if not isinstance(identity, str) or not identity or identity in seen:
            # Copied or hand-made cells: the first keeps the id, the others count as the learner's own.
            identity = _fresh(f"{number}\n{source}", seen)
        seen.add(identity)
        metadata = cell.get("metadata")
        tidy.append(
            {**cell, "id": identity, "source": source, "metadata": metadata if isinstance(metadata, dict) else {}}
        )
    metadata = notebook.get("metadata")
    return {**notebook, "cells": tidy, "metadata": metadata if isinstance(metadata, dict) else {}}


def write_notebook(notebook: Notebook) -> bytes:
    """The notebook as Jupyter writes it: sources as lists of lines, indent 1, UTF-8, one newline at the end."""
    cells = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in notebook["cells"]]
    tidy = {**notebook, "cells": cells}
    try:
        return (json.dumps(tidy, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
    except UnicodeEncodeError:  # Half a character, which JSON can only hold escaped.
        return (json.dumps(tidy, indent=1, sort_keys=True) + "\n").encode()


def same_content(first: Notebook, second: Notebook) -> bool:
    """Whether two notebooks hold the same cells in the same order, outputs and metadata aside."""
    return [(c["id"], _content(c)) for c in first["cells"]] == [(c["id"], _content(c)) for c in second["cells"]]


def merge(base: Notebook | None, ours: Notebook, theirs: Notebook) -> Merge:
    """Bring ``theirs`` into ``ours``; see the module's text for the rules. ``base`` None: nothing is known of the origin."""
    was = {cell["id"]: cell for cell in (base or EMPTY)["cells"]}
    mine = {cell["id"]: cell for cell in ours["cells"]}
    new = {cell["id"]: cell for cell in theirs["cells"]}

    resolved: dict[str, Cell] = {}
    notes: dict[str, Cell] = {}
    updated = added = 0
    for identity, cell in mine.items():
        before, after = was.get(identity), new.get(identity)
        touched = before is None or _content(cell) != _content(before)
        if after is None:
            if touched:
                resolved[identity] = cell
        elif _content(cell) == _content(after):
            resolved[identity] = {**cell, "metadata": {**cell["metadata"], **after["metadata"]}}
        elif not touched:
            resolved[identity] = after
            updated += 1
        else:
            resolved[identity] = cell
            if before is None or _content(before) != _content(after):
                note = _note(after)
                if note["id"] not in mine:
                    notes[identity] = note
    for identity, cell in new.items():
        if identity not in mine and identity not in was:
            resolved[identity] = cell
            added += 1

    course_order = [identity for identity in new if identity in resolved]
    own_order = [identity for identity in mine if identity in resolved]
    moved = [i for i in mine if i in was] != [i for i in was if i in mine]
    order = _weave(own_order, course_order) if moved else _weave(course_order, own_order)

    cells: list[Cell] = []
    for identity in order:
        cells.append(resolved[identity])
        if identity in notes:
            cells.append(notes[identity])
    metadata = {**theirs["metadata"], **ours["metadata"]}
    minor = max(5, theirs.get("nbformat_minor", 5), ours.get("nbformat_minor", 5))
    notebook = {**ours, "cells": cells, "metadata": metadata, "nbformat_minor": minor}
    return Merge(notebook, updated, added, len(notes))


def _content(cell: Cell) -> tuple[str, str, str]:
    """What a person wrote in a cell: its kind, its text and the pictures pasted into it."""
    return cell["cell_type"], cell["source"], json.dumps(cell.get("attachments", {}), sort_keys=True)


def _note(course_cell: Cell) -> Cell:
    """The marked text cell that shows the course's version of a cell the learner changed too."""
    text = course_cell["source"]
    if course_cell["cell_type"] == "code":
        fence = "`" * max(3, 1 + _longest_run(text, "`"))
        text = f"{fence}python\n{text}\n{fence}"
    # The id says which version of which cell this is, so the same note is never added twice.
    digest = hashlib.sha256(json.dumps([course_cell["id"], *_content(course_cell)]).encode()).hexdigest()
    note: Cell = {
        "cell_type": "markdown",
        "id": f"newer-{digest[:16]}",
        "metadata": {"dlmodule": {"newer_version_of": course_cell["id"]}, "tags": ["newer-version"]},
        "source": f"> {NOTE}\n\n{text}",
    }
    if course_cell.get("attachments"):
        note["attachments"] = course_cell["attachments"]
    return note


def _weave(spine: Sequence[str], others: Sequence[str]) -> list[str]:
    """``spine`` in its order; whatever only ``others`` has follows the spine cell that it followed there."""
    on_spine = set(spine)
    followers: dict[str | None, list[str]] = {}
    anchor: str | None = None
    for identity in others:
        if identity in on_spine:
            anchor = identity
        else:
            followers.setdefault(anchor, []).append(identity)
    woven = list(followers.get(None, ()))
    for identity in spine:
        woven.append(identity)
        woven.extend(followers.get(identity, ()))
    return woven


def _fresh(seed: str, taken: Iterable[str]) -> str:
    """An id made from ``seed`` that is not in ``taken``: the same every time the same file is read."""
    used = set(taken)
    attempt = 0
    while (identity := hashlib.sha256(f"{attempt}\n{seed}".encode("utf-8", "surrogatepass")).hexdigest()[:16]) in used:
        attempt += 1
    return identity


def _longest_run(text: str, character: str) -> int:
    """The length of the longest unbroken run of ``character``."""
    longest = run = 0
    for letter in text:
        run = run + 1 if letter == character else 0
        longest = max(longest, run)
    return longest
