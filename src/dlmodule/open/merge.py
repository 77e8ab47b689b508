"""Merge a newer course notebook into a learner's copy, cell by cell.

Three notebooks meet: the *base* (what the course gave when the copy was made), *ours* (what the learner has now) and
*theirs* (what the course gives now). Which cell is which, ``matching`` finds. The rules, in the order of what matters:

- a cell the learner wrote or changed is always in the result, with its outputs;
- a cell the learner left alone becomes the course's newer one, or goes if the course dropped it;
- a cell both sides changed stays as the learner has it, and the course's version stands under it as a marked text
  cell: as text, because running a second definition of an exercise would silently replace the learner's answer;
- a new course cell comes where the course has it; a course cell the learner deleted stays deleted.

Merging is idempotent: against the version that was merged in, nothing changes. A cell that the course still has takes the course's
present id. The order is the course's, unless the learner moved course cells about: then it is the learner's.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dlmodule.errors import DLModuleError
from dlmodule.open.matching import match, similar

Notebook = dict[str, Any]
Cell = dict[str, Any]
Key = tuple[str, int]

EMPTY: Notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
NOTE = "**The course has a newer version of the cell above.** Yours was kept; compare, then delete this one."


@dataclass(frozen=True)
class Merge:
    """The merged notebook and what happened on the way (numbers of cells)."""

    notebook: Notebook
    updated: int  # cells the learner had left alone, now as the course has them
    added: int  # new course cells
    conflicts: int  # cells changed on both sides; the learner's stands first
    removed: int = 0  # cells the learner had left alone, which the course no longer has
    matched: int = 0  # cells of the copy that are known to come from the course
    known: int = 0  # cells that the course had given

    @property
    def unsure(self) -> bool:
        """Whether most of what the course had given was not found in the copy: a fresh copy beside it may serve better."""
        return self.matched < self.known / 2


def read_notebook(data: bytes, name: str) -> Notebook:
    """The notebook in ``data``, every cell with an id of its own and its source as one string.

    Raises DLModuleError, naming ``name`` and the line where there is one, for anything that is not a version 4 notebook.
    """
    try:
        notebook = json.loads(data.decode("utf-8-sig"))  # some editors of Windows begin with a byte order mark
    except UnicodeDecodeError as error:
        raise DLModuleError(f"{name} is damaged: byte {error.start} is not text") from None
    except json.JSONDecodeError as error:
        raise DLModuleError(f"{name} is damaged: line {error.lineno}: {error.msg}") from None
    except ValueError:
        raise DLModuleError(f"{name} is damaged: a number in it has too many digits") from None
    except RecursionError:
        raise DLModuleError(f"{name} is damaged: its parts are nested too deeply") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or notebook.get("nbformat") != 4:
        raise DLModuleError(f"{name} is damaged: it is not a notebook (version 4)")
    earlier: set[str] = set()
    tidy: list[Cell] = []
    for number, cell in enumerate(cells, start=1):
        source = cell.get("source", "") if isinstance(cell, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if isinstance(source, str):
            source = source.replace("\r\n", "\n")  # an editor of Windows; the words are the same
        if not isinstance(source, str) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            raise DLModuleError(f"{name} is damaged: cell {number} is not a notebook cell")
        identity = cell.get("id")
        if not isinstance(identity, str) or not identity or identity in earlier:
            # Copied or hand-made cells: the first keeps the id, the others count as the learner's own.
            identity = _fresh(f"{number}\n{source}", earlier)
        earlier.add(identity)
        metadata = cell.get("metadata")
        tidy.append(
            {**cell, "id": identity, "source": source, "metadata": metadata if isinstance(metadata, dict) else {}}
        )
    metadata = notebook.get("metadata")
    minor = notebook.get("nbformat_minor")
    tidy_facts = {
        "metadata": metadata if isinstance(metadata, dict) else {},
        "nbformat_minor": minor if type(minor) is int else 5,
    }
    return {**notebook, **tidy_facts, "cells": tidy}


def write_notebook(notebook: Notebook) -> bytes:
    """The notebook as Jupyter writes it: sources as lists of lines, indent 1, UTF-8, one newline at the end. Raises DLModuleError."""
    cells = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in notebook["cells"]]
    tidy = {**notebook, "cells": cells}
    try:
        return (json.dumps(tidy, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
    except UnicodeEncodeError:  # Half a character, which JSON can only hold escaped.
        return (json.dumps(tidy, indent=1, sort_keys=True) + "\n").encode()
    except RecursionError:  # what was read is not always shallow enough to be written
        raise DLModuleError("the notebook's parts are nested too deeply to be merged; nothing was changed") from None


def same_content(first: Notebook, second: Notebook) -> bool:
    """Whether two notebooks hold the same cells in the same order, outputs and metadata aside."""
    return [(c["id"], _content(c)) for c in first["cells"]] == [(c["id"], _content(c)) for c in second["cells"]]


def merge(base: Notebook | None, ours: Notebook, theirs: Notebook) -> Merge:
    """Bring ``theirs`` into ``ours``; see the module's text for the rules. ``base`` None: nothing is known of the origin."""
    was, mine, new = (base or EMPTY)["cells"], ours["cells"], theirs["cells"]
    was_of_mine = match(was, mine, descendant=True)
    was_of_new = match(was, new)
    new_of_was = {i: j for j, i in was_of_new.items()}
    # What the base does not explain. Without a base, cells are compared with the course's directly; with one, a cell of the learner's
    # own is the course's new one only where both say the same (an update that was cut short).
    new_of_mine = {j: new_of_was[i] for j, i in was_of_mine.items() if i in new_of_was}
    own = [j for j in range(len(mine)) if j not in was_of_mine]
    fresh = [j for j in range(len(new)) if j not in was_of_new]
    known = match([new[j] for j in fresh], [mine[j] for j in own], descendant=base is None, equal_only=base is not None)
    new_of_mine |= {own[k]: fresh[i] for k, i in known.items()}

    # Cells of the result by a key: ("new", index) for a cell that the course has, ("mine", index) for the learner's own.
    key_of_mine: dict[int, Key] = {
        j: ("new", new_of_mine[j]) if j in new_of_mine else ("mine", j) for j in range(len(mine))
    }
    resolved: dict[Key, Cell] = {}
    notes: dict[Key, Cell] = {}
    note_ids = {cell["id"] for cell in mine}
    updated = added = removed = 0
    for j, cell in enumerate(mine):
        key = key_of_mine[j]
        before = was[was_of_mine[j]] if j in was_of_mine else None
        after = new[new_of_mine[j]] if j in new_of_mine else None
        touched = before is None or _content(cell) != _content(before)
        if after is None:
            if touched:
                resolved[key] = cell
            else:
                removed += 1
        elif _content(cell) == _content(after):
            resolved[key] = {**cell, "id": after["id"], "metadata": {**cell["metadata"], **after["metadata"]}}
        elif not touched:
            resolved[key] = after
            updated += 1
        else:
            resolved[key] = {**cell, "id": after["id"]}
            if before is None or _content(before) != _content(after):
                note = _note(after)
                if note["id"] not in note_ids:
                    notes[key] = note
    matched = set(new_of_mine.values())
    for j in range(len(new)):
        # What the learner deleted stays deleted, unless the course now says something else in its place.
        deleted = j in was_of_new and similar(was[was_of_new[j]], new[j])
        if j not in matched and not deleted:
            resolved["new", j] = new[j]
            added += 1

    course_order: list[Key] = [("new", j) for j in range(len(new)) if ("new", j) in resolved]
    own_order = [key for key in key_of_mine.values() if key in resolved]
    places = [was_of_mine[j] for j in range(len(mine)) if j in was_of_mine]
    moved = places != sorted(places)
    order = _weave(own_order, course_order) if moved else _weave(course_order, own_order)

    cells: list[Cell] = []
    taken = {cell["id"] for key, cell in resolved.items() if key[0] == "new"} | {note["id"] for note in notes.values()}
    for key in order:
        cell = resolved[key]
        if key[0] == "mine":  # the learner's own cell gives way where the course now uses its id
            if cell["id"] in taken:
                cell = {**cell, "id": _fresh(f"{cell['id']}\n{cell['source']}", taken)}
            taken.add(cell["id"])
        cells.append(cell)
        if key in notes:
            cells.append(notes[key])
    metadata = {**theirs["metadata"], **ours["metadata"]}
    minor = max(5, theirs.get("nbformat_minor", 5), ours.get("nbformat_minor", 5))
    notebook = {**ours, "cells": cells, "metadata": metadata, "nbformat_minor": minor}
    return Merge(notebook, updated, added, len(notes), removed, matched=len(was_of_mine), known=len(was))


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


def _weave(spine: Sequence[Key], others: Sequence[Key]) -> list[Key]:
    """``spine`` in its order; whatever only ``others`` has follows the spine cell that it followed there."""
    on_spine = set(spine)
    followers: dict[Key | None, list[Key]] = {}
    anchor: Key | None = None
    for key in others:
        if key in on_spine:
            anchor = key
        else:
            followers.setdefault(anchor, []).append(key)
    woven = list(followers.get(None, ()))
    for key in spine:
        woven.append(key)
        woven.extend(followers.get(key, ()))
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
