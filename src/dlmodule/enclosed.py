"""The files that go with a notebook, such as a table that it reads: the notebook names them, and they lie beside it wherever it lies."""

import re
from collections.abc import Mapping
from typing import Any

# A plain name: it leads into no other folder. Programs and notebooks are no data: each has a place of its own in the course.
_NAME = re.compile(r"\w[\w.-]*")
_OWN = (".ipynb", ".py", ".typ", ".toml")
WANTED = "is not the plain name of a data file, as wells.csv"


def is_enclosable(name: object) -> bool:
    """Whether a file of this name may go with a notebook."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None and not name.lower().endswith(_OWN)


def enclosed_files(notebook: Mapping[str, Any]) -> list[str]:
    """The names of the files that go with ``notebook``, as its build wrote them; empty where it has none."""
    facts = notebook["metadata"].get("dlmodule")
    names = facts.get("files") if isinstance(facts, dict) else None
    return [name for name in names if is_enclosable(name)] if isinstance(names, list) else []
