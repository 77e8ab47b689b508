"""A source: one part's text, parsed and held to the rules that every notebook must keep.

``parse(path)`` reads the percent file, finds what each cell does for which exercise (its *roles*) and raises a
``CourseError`` naming file and line at the first broken rule: markers, headings, alt text, magics, ``input()``, and that
exercises, their definitions and their checks agree. Nothing is executed.
"""

import ast
import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from coursekit.errors import CourseError
from coursekit.project import Project, source_files
from coursekit.sources.exercise_file import ExerciseMeta, exercises_of
from coursekit.sources.exercise_file import read as read_exercise
from coursekit.sources.header import Header, parse_header
from coursekit.sources.percent import Kind, RawCell, raw_source
from coursekit.sources.prose import Heading, Prose, check_prose, read_prose
from coursekit.sources.references import refuse_numbers, refuse_references
from coursekit.sources.regions import Region, RegionError, find_regions
from coursekit.sources.statements import Statement, of_cell, touching
from dlmodule.names import Definition, bound_names


class Role(NamedTuple):
    """What a cell does for an exercise: its heading, its definition, or its check."""

    kind: Literal["heading", "defines", "checks"]
    exercise: str


@dataclass(frozen=True)
class Cell:
    """One cell; ``line`` is where its text begins in the file, ``tree`` the syntax of a code cell.

    binds: for each top-level statement of ``tree`` the names that it binds.
    """

    kind: Kind
    text: str
    line: int
    roles: tuple[Role, ...] = ()
    tags: tuple[str, ...] = ()
    tree: ast.Module | None = None
    headings: tuple[Heading, ...] = ()
    regions: tuple[Region, ...] = ()
    binds: tuple[tuple[str, ...], ...] = ()

    def exercises(self, kind: str) -> tuple[str, ...]:
        """Names of the exercises for which the cell has the role ``kind``."""
        return tuple(role.exercise for role in self.roles if role.kind == kind)


@dataclass(frozen=True)
class Revised:
    """A question or an exercise of another session that a revision asks again: its id, title and minutes.

    exercise: the facts of an exercise; None for a question. core: a learner who is short of time should still do it.
    """

    id: str
    title: str
    minutes: int
    exercise: ExerciseMeta | None = None
    core: bool = True


@dataclass(frozen=True, eq=False)  # one object a version of the file, so identity says all
class Source:
    """One part of a session. ``exercises`` are those of this part, in the order in which the learner meets them.

    revised: what it asks again of other sessions (see ``revision.assembled``).
    """

    session: str
    part: str
    path: Path
    header: Header
    cells: tuple[Cell, ...]
    exercises: tuple[ExerciseMeta, ...]
    revised: tuple[Revised, ...] = ()

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Every top-level statement of the code cells, in order, solutions included."""
        cells = ((cell, cell.tree) for cell in self.cells if cell.tree is not None)
        return tuple(each for cell, tree in cells for each in of_cell(cell.text, tree, cell.regions, cell.line))

    @cached_property
    def touching(self) -> dict[str, list[int]]:
        """For each name the statements, in order, that bind it or change it."""
        return touching(self.statements)

    @cached_property
    def binds(self) -> frozenset[str]:
        """Every name that its code binds at top level."""
        return frozenset(name for cell in self.cells for names in cell.binds for name in names)


def parse(path: Path) -> Source:
    """The source at ``path``, with the exercises that lie beside it."""
    metas = [read_exercise(file) for file in sorted(path.parent.glob("exercises/[!_]*.py"))]
    return _parse(path, path.read_bytes(), metas)


def source_of(project: Project, session: str, part: str) -> Source:
    """The source of a part of ``project``; read once a command."""
    metas = tuple(exercises_of(project, session, part).values())
    return project.parsed(project.source(session, part), _parse, metas)


def sources_of(project: Project, session: str) -> list[Source]:
    """The sources of a session, without those that cannot be read: what concerns them says why."""
    found = []
    for path in source_files(project.course / session):
        with contextlib.suppress(CourseError):
            found.append(source_of(project, session, path.stem))
    return found


def _parse(path: Path, content: bytes, exercises: Sequence[ExerciseMeta]) -> Source:
    known = {meta.name: meta for meta in exercises}
    raw = raw_source(path, content)
    header = parse_header(raw.header, file=path, line=raw.header_line)
    refuse_references(raw.header, file=path, line=raw.header_line)
    for cell in raw.cells:
        refuse = refuse_references if cell.kind == "code" else refuse_numbers
        refuse(cell.text, file=path, line=cell.line)
    prose = {cell.line: read_prose(cell.text) for cell in raw.cells if cell.kind == "markdown"}
    cells = [code_cell(cell, path) if cell.kind == "code" else _prose(cell, prose[cell.line]) for cell in raw.cells]
    check_prose(path, [(text, line) for line, text in prose.items()])
    mine = {name: meta for name, meta in known.items() if meta.part == path.stem}
    roles = _Roles(path, cells, mine, known)
    found = tuple(replace(cell, roles=tuple(roles.of(index))) for index, cell in enumerate(cells))
    names = dict.fromkeys(name for cell in found for name in cell.exercises("defines"))
    return Source(path.parent.name, path.stem, path, header, found, tuple(mine[name] for name in names))


def _prose(cell: RawCell, prose: Prose) -> Cell:
    return Cell("markdown", cell.text, cell.line, tags=cell.tags, headings=prose.headings)


def code_cell(cell: RawCell, path: Path) -> Cell:
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
    for call in _calls(cell.text, tree, "input"):
        message = "input() waits for a keyboard; a notebook must run without one"
        raise CourseError(message, file=path, line=cell.line + call.lineno - 1)
    try:
        regions = find_regions(cell.text, tree)
    except RegionError as error:
        raise CourseError(str(error), file=path, line=cell.line + error.line - 1) from None
    binds = tuple(bound_names([statement]) for statement in tree.body)
    return Cell("code", cell.text, cell.line, tags=cell.tags, tree=tree, regions=regions, binds=binds)


def _calls(text: str, tree: ast.Module, name: str) -> Iterator[ast.Call]:
    """The calls of the plain name ``name`` in the code ``text``."""
    if name in text:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield node


class _Roles:
    """Finds which cell is the heading, the definition and the check of which exercise."""

    def __init__(
        self, path: Path, cells: list[Cell], mine: Mapping[str, ExerciseMeta], known: Mapping[str, ExerciseMeta]
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
            self.bound.update(*cell.binds)
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
        for statement, bound in zip(cell.tree.body, cell.binds, strict=True):
            for name in bound:
                if name not in self.mine:
                    continue
                written = any(r.owner == name or (r.inside == "top" and name in r.names) for r in regions)
                if not written and (not self.mine[name].begins_from_code or name in self.defined):
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
        for node in _calls(cell.text, cell.tree, self.check_name):
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
        bound = {name: cell for cell in self.cells for names in cell.binds for name in names}
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
