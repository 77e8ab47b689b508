"""A source: one part's text, parsed and held to the rules that every notebook must keep.

``parse(path)`` reads the percent file, finds what each cell does for which exercise (its *roles*) and raises a
``CourseError`` naming file and line at the first broken rule: markers, headings, alt text, magics, ``input()``, and that
exercises, their definitions and their checks agree. Nothing is executed.
"""

import ast
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from coursekit.errors import CourseError
from coursekit.sources.exercise_file import ExerciseMeta
from coursekit.sources.exercise_file import read as read_meta
from coursekit.sources.header import Header, parse_header
from coursekit.sources.names import Definition, bound_names
from coursekit.sources.percent import Kind, RawCell, read
from coursekit.sources.prose import Heading, check_prose, headings
from coursekit.sources.regions import Region, RegionError, find_regions


class Role(NamedTuple):
    """What a cell does for an exercise: its heading, its definition, or its check."""

    kind: Literal["heading", "defines", "checks"]
    exercise: str


@dataclass(frozen=True)
class Cell:
    """One cell; ``line`` is where its text begins in the file, ``tree`` the syntax of a code cell."""

    kind: Kind
    text: str
    line: int
    roles: tuple[Role, ...] = ()
    tags: tuple[str, ...] = ()
    tree: ast.Module | None = None
    headings: tuple[Heading, ...] = ()
    regions: tuple[Region, ...] = ()

    def exercises(self, kind: str) -> tuple[str, ...]:
        """Names of the exercises for which the cell has the role ``kind``."""
        return tuple(role.exercise for role in self.roles if role.kind == kind)


@dataclass(frozen=True, eq=False)  # one object a version of the file, so identity says all
class Source:
    """One part of a session. ``exercises`` are those of this part, in the order in which the learner meets them."""

    session: str
    part: str
    path: Path
    header: Header
    cells: tuple[Cell, ...]
    exercises: tuple["ExerciseMeta", ...]


def read_exercises(session: Path) -> dict[str, "ExerciseMeta"]:
    """Every exercise of the session folder ``session``, by name; read from the syntax of its files."""

    return {path.stem: read_meta(path) for path in sorted(session.glob("exercises/[!_]*.py"))}


def parse(path: Path, exercises: Mapping[str, "ExerciseMeta"] | None = None) -> Source:
    """The source at ``path``. ``exercises`` are its session's, read from beside it unless given."""
    known = read_exercises(path.parent) if exercises is None else exercises
    key = (path.read_bytes(), tuple(known.values()))
    before = _parsed.get(path)
    if before is None or before[0] != key:
        before = _parsed[path] = (key, _parse(path, known))
    return before[1]


# A command may ask for one source several times (its notebooks, its key, the course table).
_parsed: dict[Path, tuple[tuple[bytes, tuple["ExerciseMeta", ...]], Source]] = {}


def _parse(path: Path, known: Mapping[str, "ExerciseMeta"]) -> Source:
    raw = read(path)
    header = parse_header(raw.header, file=path, line=raw.header_line)
    cells = [_code(cell, path) if cell.kind == "code" else _prose(cell) for cell in raw.cells]
    check_prose(path, [(cell.text, cell.line) for cell in cells if cell.kind == "markdown"])
    mine = {name: meta for name, meta in known.items() if meta.part == path.stem}
    roles = _Roles(path, cells, mine, known)
    found = tuple(replace(cell, roles=tuple(roles.of(index))) for index, cell in enumerate(cells))
    met = dict.fromkeys(name for cell in found for name in cell.exercises("defines"))
    return Source(path.parent.name, path.stem, path, header, found, tuple(mine[name] for name in met))


def _prose(cell: RawCell) -> Cell:
    return Cell("markdown", cell.text, cell.line, tags=cell.tags, headings=tuple(headings(cell.text)))


def _code(cell: RawCell, path: Path) -> Cell:
    """A code cell with its syntax; refuses what a Python file cannot hold or a headless notebook cannot run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SyntaxWarning)
            tree = ast.parse(cell.text)
    except SyntaxError as error:
        at = error.lineno or 1
        lines = cell.text.split("\n")
        wrong = lines[min(at, len(lines)) - 1].strip()
        if wrong.startswith(("%", "!")) or wrong.endswith("?"):
            message = f"a magic or shell line in a code cell: {wrong}"
        else:
            message = f"syntax error: {error.msg}"
        raise CourseError(message, file=path, line=cell.line + at - 1) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "input":
            message = "input() waits for a keyboard; a notebook must run without one"
            raise CourseError(message, file=path, line=cell.line + node.lineno - 1)
    try:
        regions = find_regions(cell.text, tree)
    except RegionError as error:
        raise CourseError(str(error), file=path, line=cell.line + error.line - 1) from None
    return Cell("code", cell.text, cell.line, tags=cell.tags, tree=tree, regions=regions)


class _Roles:
    """Finds which cell is the heading, the definition and the check of which exercise."""

    def __init__(
        self, path: Path, cells: list[Cell], mine: Mapping[str, "ExerciseMeta"], known: Mapping[str, "ExerciseMeta"]
    ) -> None:
        self.path, self.cells, self.mine, self.known = path, cells, mine, known
        self.roles: dict[int, list[Role]] = {}
        self.defined: dict[str, int] = {}
        self.bound: set[str] = set()
        self.checked: set[str] = set()
        self.check_name: str | None = None
        heading: int | None = None
        for index, cell in enumerate(cells):
            if cell.kind == "markdown":
                if cell.headings:
                    heading = index if cell.headings[-1].text.startswith("Exercise") else None
                continue
            for name in self._definitions(index):
                self._add(index, "defines", name)
                if heading is not None:
                    self._add(heading, "heading", name)
            assert cell.tree is not None
            self._bind_check(cell)
            self.bound.update(bound_names(cell.tree.body))
            self._checks(index, heading)
        self._complete()

    def of(self, index: int) -> list[Role]:
        """The roles of cell ``index``."""
        return self.roles.get(index, [])

    def _add(self, index: int, kind: Literal["heading", "defines", "checks"], name: str) -> None:
        role = Role(kind, name)
        if role not in self.roles.setdefault(index, []):
            self.roles[index].append(role)

    def _fail(self, message: str, cell: Cell, line: int) -> CourseError:
        return CourseError(message, file=self.path, line=cell.line + line - 1)

    def _definitions(self, index: int) -> list[str]:
        """Exercises that cell ``index`` defines: bound at top level with a solution region, or with a starter."""
        cell = self.cells[index]
        assert cell.tree is not None
        regions = cell.regions
        names: list[str] = []
        for statement in cell.tree.body:
            for name in bound_names([statement]):
                if name not in self.mine:
                    continue
                written = any(r.owner == name or (r.inside == "top" and name in r.names) for r in regions)
                if not written and (self.mine[name].starter is None or name in self.defined):
                    continue
                if name in names or name in self.defined:
                    raise self._fail(f"duplicate exercise: {name!r} is defined twice", cell, statement.lineno)
                names.append(name)
                self.defined[name] = index
        return names

    def _bind_check(self, cell: Cell) -> None:
        """Finds ``check = checks("SESSION")`` and holds it to this session."""
        assert cell.tree is not None
        for node in cell.tree.body:
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=ast.Call(func=ast.Name(id="checks"), args=[ast.Constant(value=session)]),
                ):
                    if session != self.path.parent.name:
                        message = f"checks({session!r}) in a source of {self.path.parent.name}"
                        raise self._fail(message, cell, node.lineno)
                    self.check_name = name

    def _checks(self, index: int, heading: int | None) -> None:
        """Gives cell ``index`` a role for each check that it makes."""
        cell = self.cells[index]
        assert cell.tree is not None
        if self.check_name is None:
            return
        for node in ast.walk(cell.tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == self.check_name):
                continue
            match node.args:
                case [ast.Constant(value=str(name)), *_]:
                    pass
                case [ast.Name(id=name)]:
                    if name not in self.bound:
                        raise self._fail(f"check of {name!r}, which nothing above it defines", cell, node.lineno)
                case _:
                    message = f'a check is written {self.check_name}(name) or {self.check_name}("name", value)'
                    raise self._fail(message, cell, node.lineno)
            if name not in self.known:
                raise self._fail(f"check of unknown exercise {name!r}: no exercises/{name}.py", cell, node.lineno)
            self.checked.add(name)
            self._add(index, "checks", name)
            if name in self.mine and name not in self.defined:
                self._method(name, index, heading)

    def _method(self, name: str, index: int, heading: int | None) -> None:
        """An exercise that is no top-level name (a method, say) is defined where the last region above its check stands."""
        for earlier in range(index, -1, -1):
            cell = self.cells[earlier]
            if cell.tree is None:
                continue
            holders = [n for n in ast.walk(cell.tree) if isinstance(n, Definition) and n.name == name]
            if holders and cell.regions:
                self.defined[name] = earlier
                self._add(earlier, "defines", name)
                if heading is not None and heading < earlier:
                    self._add(heading, "heading", name)
                return

    def _complete(self) -> None:
        """Every exercise of this part is defined, with something for the learner to write, and checked."""
        bound = {name: cell for cell in self.cells if cell.tree is not None for name in bound_names(cell.tree.body)}
        for name in self.mine:
            file = self.path.parent / "exercises" / f"{name}.py"
            if name not in self.defined:
                if name in bound:
                    message = f"exercise {name!r} has neither a solution region nor a starter: its answer would show"
                    raise self._fail(message, bound[name], 1)
                raise CourseError(f"{self.path.name} holds no definition of exercise {name!r}", file=file, line=1)
            if name not in self.checked:
                cell = self.cells[self.defined[name]]
                raise self._fail(f"exercise {name!r} is never checked", cell, 1)
