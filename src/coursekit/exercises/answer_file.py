"""What a learner hands in as a file: a program, or a notebook with its magics, in whatever encoding their editor wrote."""

from __future__ import annotations

import ast
import codecs
import contextlib
import difflib
import io
import json
import linecache
import re
import sys
import tokenize
import traceback
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coursekit.errors import CourseError
from coursekit.sources import slicing
from coursekit.sources.statements import of_file
from dlmodule.names import bound_names

MODULE = "answer"  # what the file's classes give as their module, so that they can be pickled and be dataclasses
MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# Lines that only IPython understands: magics, shell commands, help.
MAGIC = re.compile(r"^(\s*)(%|!|\?).*$|^(\s*)\S+\?{1,2}\s*$")
TRANSPARENT = ("time", "timeit", "capture", "prun")  # cell magics whose cell is Python all the same


@contextlib.contextmanager
def answer_in(path: Path, name: str) -> Iterator[Any]:
    """What the file at ``path`` defines as ``name``; its module stands in ``sys.modules`` meanwhile.

    CourseError where the file cannot be read, fails, or does not define it.
    """
    text = python_in(path)
    try:
        tree = ast.parse(text, filename=str(path))
    except SyntaxError as error:
        raise CourseError(f"not valid Python: {error.msg}", file=path, line=error.lineno) from None
    defined = [bound for node in tree.body for bound in bound_names([node])]
    if name not in defined:
        raise CourseError(f"defines no {name!r}{_closest(name, defined)}", file=path)
    # An answer that a loop or a call takes part in has no slice; then the whole file is run.
    with contextlib.suppress(CourseError):
        tree = ast.Module([part.node for part in slicing.needed(of_file(text, tree), [name], path)], [])
    lines = text.splitlines(keepends=True)
    linecache.cache[str(path)] = (len(text), None, lines, str(path))  # a notebook's lines are not the file's
    module = types.ModuleType(MODULE)
    module.__file__ = str(path)
    before = sys.modules.get(MODULE)
    sys.modules[MODULE] = module
    try:
        _run(compile(tree, str(path), "exec"), module, path)
        if name not in vars(module):
            raise CourseError(f"defines no {name!r}", file=path)
        yield vars(module)[name]
    finally:
        if before is None:
            del sys.modules[MODULE]
        else:
            sys.modules[MODULE] = before


def _run(code: types.CodeType, module: types.ModuleType, path: Path) -> None:
    try:
        with contextlib.redirect_stdout(sys.stderr):
            exec(code, vars(module))
    except (Exception, SystemExit) as error:
        own = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        message = f"stops with {type(error).__name__}: {error}"
        raise CourseError(message, file=path, line=own[-1] if own else None) from None


def _closest(name: str, defined: list[str]) -> str:
    """The definitions that ``name`` may be meant to be."""
    folded = {bound.lower(): bound for bound in defined}
    close = [folded[match] for match in difflib.get_close_matches(name.lower(), folded, 3, 0.6)]
    return f"; the closest it defines: {', '.join(close)}" if close else ""


def python_in(path: Path) -> str:
    """The Python code of a program or notebook; every line of it stands where it stood, magics made harmless."""
    text = _decoded(path)
    if path.suffix == ".ipynb" or text.lstrip().startswith("{"):
        cells = _code_cells(path, text)
        if cells is not None:
            return "\n".join(_without_magics(cell) for cell in cells)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return _without_magics(text)
    return text


def _decoded(path: Path) -> str:
    """The text of a file: UTF-8 with or without a mark, UTF-16 with one, what it declares itself, or Windows's own."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CourseError(f"cannot be read: {error.strerror or error}", file=path) from None
    marked = next((encoding for mark, encoding in MARKS.items() if raw.startswith(mark)), None)
    try:
        encoding = marked or tokenize.detect_encoding(io.BytesIO(raw).readline)[0]
        text = raw.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        text = raw.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _code_cells(path: Path, text: str) -> list[str] | None:
    """The code of a notebook's cells; None where the text is no notebook."""
    try:
        notebook = json.loads(text)
        cells = notebook["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        if path.suffix == ".ipynb":
            raise CourseError("is not a notebook", file=path) from None
        return None


def _without_magics(text: str) -> str:
    """``text`` with ``pass`` in the place of each line that only IPython understands."""
    first = re.match(r"\s*%%(\w+)", text)
    if first and first[1] not in TRANSPARENT:  # the cell is not Python: every line of it is kept as a comment
        return "\n".join(f"# {line}" for line in text.split("\n"))
    return "\n".join(MAGIC.sub(lambda found: f"{found[1] or found[3] or ''}pass", line) for line in text.split("\n"))
