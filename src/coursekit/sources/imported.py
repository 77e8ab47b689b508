"""A source from an ordinary notebook: its text and code in the percent format, a header, and a list of what is left to do.

Cells that nbgrader or a tag mark as solutions become solution regions. What a source may not hold (magics, shell lines) is kept as
a comment and remarks. Outputs are dropped: the build makes them.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from coursekit.errors import CourseError
from dlmodule.enclosed import is_enclosable

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
HEADER = """\
# ---
# title: {title}
# objectives:
#   - say in one sentence what you can do after this part
# prerequisites: []
# minutes: {{cpu: 1}}
# data: []
# ---
"""
_HEADING = re.compile(r"^# (?P<title>.+)$", re.MULTILINE)
_MAGIC = re.compile(r"\s*([%!].*|\??[\w.]+\?{1,2})")  # a magic, a shell line, a question to IPython
_QUOTED = re.compile(r"""["']([\w.-]+)["']""")
_CELL = re.compile(r"^# %%", re.MULTILINE)


@dataclass
class Imported:
    """The text of a source, and what an author should look at, a line each."""

    text: str
    remarks: list[str] = field(default_factory=list)


def import_notebook(path: Path) -> Imported:
    """The notebook at ``path`` as a source. Raises CourseError where it is none."""
    try:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except OSError as error:
        raise CourseError(f"cannot be read: {error.strerror}", file=path) from None
    except Exception as error:  # nbformat raises whatever a damaged file makes it meet
        raise CourseError(f"is no notebook: {error}", file=path) from None
    found = Imported("")
    title, parts = "", []
    beside: set[str] = set()
    for number, cell in enumerate(notebook.cells, 1):
        text = str(cell.source).strip("\n")
        if cell.cell_type == "markdown":
            if not title and (heading := _HEADING.search(text)):
                title = heading["title"].strip()
                text = (text[: heading.start()] + text[heading.end() :]).strip("\n")
            parts.append(_markdown(_HEADING.sub(r"## \g<title>", text)) if text else "")
        elif cell.cell_type == "code":
            parts.append(_code(text, number, _is_solution(cell), found.remarks))
            beside |= {name for name in _QUOTED.findall(text) if is_enclosable(name) and path.with_name(name).is_file()}
        elif text:
            found.remarks.append(f"cell {number} is raw text; it was left out")
    header = HEADER.format(title=json.dumps(title or path.stem, ensure_ascii=False))
    found.text = "\n".join([header, *(part for part in parts if part)])
    found.remarks += [
        f"it reads {name}: put that file beside the source, and its name under `files` in the header"
        for name in sorted(beside)
    ]
    if not title:
        found.remarks.append("it has no heading of the first level: its title is the file's name")
    return found


def _markdown(text: str) -> str:
    lines = [f"# {line}".rstrip() for line in text.split("\n")]
    return "\n".join(["# %% [markdown]", *lines, ""])


def _code(text: str, number: int, solution: bool, remarks: list[str]) -> str:
    lines = []
    for line in text.split("\n"):
        if _MAGIC.fullmatch(line):
            remarks.append(f"cell {number}: {line.strip()!r} is no Python; it stands as a comment")
            line = f"# {line.strip()}"
        lines.append(_CELL.sub("#  %%", line))
    body = "\n".join(lines)
    if not body.strip():
        return ""
    if solution and BEGIN not in body:
        body = f"{BEGIN}\n{body}\n{END}"
        remarks.append(
            f"cell {number} is a solution: make it the body of a function, and `course new` the exercise's file"
        )
    return f"# %%\n{body}\n"


def _is_solution(cell: Any) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution")) or "solution" in cell.metadata.get("tags", [])
