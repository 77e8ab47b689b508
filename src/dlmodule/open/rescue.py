"""What is left of a notebook that does not read any more, put together again.

JupyterLab truncates a notebook before it writes, so a kill or a full disk leaves the beginning of the newest version, and the copy before
it in ``.~NAME`` or in a checkpoint. The newest text of every cell is taken: the whole cells of the file itself, then what the newest
older copy has beyond them.
"""

import contextlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dlmodule.errors import DLModuleError
from dlmodule.files import read_regular
from dlmodule.open.matching import match
from dlmodule.open.merge import EMPTY, Cell, Notebook, read_notebook

BACKUP = "the copy before the last update"
_BETWEEN = re.compile(r"[ \r\n\t,]*")  # two cells


@dataclass(frozen=True)
class Rescued:
    """A notebook that was put together, in words from what, and the older copy in it as it was (None where there was none)."""

    notebook: Notebook
    words: str
    older: bytes | None


def rescue(damaged: bytes, older: Sequence[tuple[str, Path]]) -> Rescued | None:
    """The best that can be made of ``damaged`` and of ``older`` copies (what each is, and where); None where nothing reads."""
    cells = whole_cells(damaged)
    for words, place in sorted(older, key=lambda copy: _age(copy[1])):
        with contextlib.suppress(OSError, DLModuleError):
            content = read_regular(place)
            copy = read_notebook(content, place.name)
            rest = _beyond(cells, copy["cells"])
            notebook = {**copy, "cells": _own_ids([*cells, *rest])}
            return Rescued(notebook, _words(len(cells), len(rest), words), content)
    if not cells:
        return None
    return Rescued({**EMPTY, "cells": cells}, _words(len(cells), 0, ""), None)


def whole_cells(damaged: bytes) -> list[Cell]:
    """The cells that are whole in a file cut off somewhere."""
    text = damaged.decode("utf-8", "replace")
    decoder, cells = json.JSONDecoder(), []
    start = text.find('"cells"')
    place = text.find("[", start) + 1
    if start < 0 or place == 0:
        return []
    while place < len(text):
        try:
            cell, place = decoder.raw_decode(text, place + len(_BETWEEN.match(text, place)[0]))  # type: ignore[index]
            read_notebook(json.dumps({**EMPTY, "cells": [cell]}).encode(), "cell")
        except (ValueError, RecursionError, DLModuleError):
            break
        cells.append(cell)
    return list(read_notebook(json.dumps({**EMPTY, "cells": cells}).encode(), "cells")["cells"])


def _beyond(cells: Sequence[Cell], older: Sequence[Cell]) -> list[Cell]:
    """The cells of an older copy that stand after the last one which ``cells`` have; before it, one that is missing was deleted."""
    known = match(older, cells, descendant=True).values()
    return [cell for index, cell in enumerate(older) if index > max(known, default=-1)]


def _own_ids(cells: Sequence[Cell]) -> list[Cell]:
    """``cells`` with an id of its own each."""
    return list(read_notebook(json.dumps({**EMPTY, "cells": list(cells)}).encode(), "cells")["cells"])


def _words(whole: int, rest: int, source: str) -> str:
    if not whole:
        return source
    own = f"the {whole} cells that were whole in it" if whole > 1 else "the one cell that was whole in it"
    return f"{own} and {rest} more of {source}" if rest else own


def _age(place: Path) -> float:
    """How long ago a copy was made, for an order; one that is not there comes last."""
    try:
        return -place.stat().st_mtime
    except OSError:
        return 0.0
