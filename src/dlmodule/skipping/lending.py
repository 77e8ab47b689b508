"""The course's own implementation of an exercise, for a learner who moves on without theirs.

It is taken from the solutions that the learner may open at this moment, so nothing is lent that is not out; without a line of its
source, which ``inspect`` does not find.
"""

import ast
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from dlmodule.course import BuiltCourse, Part, read_course
from dlmodule.errors import DLModuleError
from dlmodule.files import read_regular
from dlmodule.names import bound_names
from dlmodule.place import key_folders

_NUMBER = re.compile(r"^#+ +Exercise (\d+(?:\.\d+)*)", re.MULTILINE)


@dataclass(frozen=True)
class Implementation:
    """An exercise's number in its notebook ("5.2"; empty where it has none), and its definitions; none while its solution is not out."""

    number: str
    statements: tuple[ast.stmt, ...] = ()


class Lender:
    """What the course lends in the notebooks of one session."""

    def __init__(self, session: str) -> None:
        self.session = session
        self._made: dict[str, Any] = {}

    def number(self, name: str) -> str:
        """The number of an exercise; empty where it is not known."""
        known = self._implementations.get(name)
        return known.number if known else ""

    def lend(self, name: str, namespace: dict[str, Any]) -> Any:
        """The course's ``name``, which works in ``namespace``; KeyError where it cannot be lent."""
        if name not in self._made:
            known = self._implementations.get(name)
            if known is None or not known.statements:
                raise KeyError(name)
            try:
                self._made[name] = _made(name, known.statements, namespace)
            except Exception as error:  # cells that it needs have not been run
                raise KeyError(name) from error
        return self._made[name]

    @cached_property
    def _implementations(self) -> dict[str, Implementation]:
        found: dict[str, Implementation] = {}
        for built in _courses():
            at_own_pace = os.environ.get("DLMODULE_SELF_PACED", "1" if built.facts.self_paced else "0") != "0"
            course = built.facts.as_of(None if at_own_pace else datetime.now(UTC))
            for day, part in course.parts():
                if day.session == self.session:
                    found |= _of_part(built, part)
            if found:
                break
        return found


def _courses() -> Iterator[BuiltCourse]:
    """The built courses that keys are read from."""
    for folder in key_folders():
        path = folder.parent / "course.json"
        if path.is_file():
            try:
                yield BuiltCourse(read_course(path), folder.parent)
            except DLModuleError:
                continue


def _of_part(built: BuiltCourse, part: Part) -> dict[str, Implementation]:
    """The exercises of one part."""
    try:
        given = _cells(built.file(part.student or ""))
        lends = "solutions" in part.due and os.environ.get("DLMODULE_LEND", "1") != "0"
        solved = {cell["id"]: cell for cell in _cells(built.file(part.solutions or ""))} if lends else {}
    except (DLModuleError, OSError, ValueError, KeyError, TypeError):
        return {}
    names = {exercise.name for exercise in part.exercises}
    found: dict[str, Implementation] = {}
    number = ""
    for cell in given:
        text = "".join(cell["source"])
        if cell["cell_type"] != "code":
            headings = _NUMBER.findall(text)
            number = headings[-1] if headings else number
            continue
        body = _statements(text)
        written = {ast.dump(statement) for statement in body}
        solution = [
            s for s in _statements("".join(solved.get(cell["id"], {}).get("source", ()))) if ast.dump(s) not in written
        ]
        for name in names & set(bound_names(body)) - found.keys():
            mine = [s for s in solution if name in bound_names([s]) or not names & set(bound_names([s]))]
            found[name] = Implementation(number, tuple(mine))
    return found


def _cells(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(read_regular(path))["cells"]
    return cells


def _statements(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except SyntaxError:
        return []


def _made(name: str, statements: tuple[ast.stmt, ...], namespace: dict[str, Any]) -> Any:
    """What ``statements`` bind to ``name`` in ``namespace``, in which everything that was there stays."""
    before = dict(namespace)
    try:
        exec(
            compile(ast.Module([*statements], []), "<the course's own>", "exec"), namespace
        )  # the course's code, as its notebooks
        return namespace[name]
    finally:
        namespace.update({kept: value for kept, value in before.items() if namespace.get(kept) is not value})
