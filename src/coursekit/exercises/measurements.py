"""Which measurements the exercises declare, and the digest that says whether a row of the ledger is still of this source.

Exercise files are read as syntax trees, not run: no torch, milliseconds. The digest covers the notebook's definitions that the exercise
needs and that part of the exercise file which takes part in the measurement: for a row at full size the function that measures it,
with what that needs. Wording, hints and comments do not count. It does not cover ``dlmodule`` itself or the versions of libraries:
the row names those.
"""

from __future__ import annotations

import ast
import hashlib
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit import ledger
from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.sources.exercise_file import exercise_of
from coursekit.sources.slicing import borrowed, slice_of, slice_text
from coursekit.sources.source import source_of

REHEARSAL_SEEDS = 10  # right answers behind a bar


@dataclass(frozen=True)
class Measurement:
    """One measurement that an exercise declares.

    ``data`` is the row's name and ``function`` what measures it; both are empty for a rehearsal.
    """

    session: str
    part: str
    exercise: str
    data: str
    seeds: int
    path: Path
    function: str = ""

    @property
    def kind(self) -> str:
        """``full`` or ``rehearsal``."""
        return "full" if self.data else "rehearsal"

    @property
    def id(self) -> str:
        """``SESSION.EXERCISE``."""
        return f"{self.session}.{self.exercise}"

    @property
    def key(self) -> tuple[str, ...]:
        """What finds its row in the ledger."""
        return (self.id, self.data) if self.data else (self.id,)

    @property
    def name(self) -> str:
        """``SESSION.EXERCISE.SET``."""
        return f"{self.id}.{self.data or 'rehearsal'}"

    def source_hash(self, project: Project) -> str:
        """Digest of everything in the course that the measurement depends on."""
        text = self.path.read_text("utf-8")
        own = slice_text(text, [self.function], self.path) if self.function else _without_ledger(_parse(self.path))
        source = source_of(project, self.session, self.part)
        parts = [slice_of(source, [self.exercise, *borrowed(source, own)]), own]
        return hashlib.sha256("\n".join(map(_without_prose, parts)).encode()).hexdigest()[:16]


def declared(project: Project) -> list[Measurement]:
    """Every measurement of the course, of each exercise first its rehearsal. A file that is still being written has none."""
    return [found for path in sorted(project.course.glob("*/exercises/*.py")) for found in _declared(project, path)]


def _declared(project: Project, path: Path) -> list[Measurement]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):  # its proof says so
        return []
    made = _exercise_call(tree)
    if made is None:
        return []
    facts = {k.arg: k.value for k in made.keywords}
    rehearsed = "measured" in facts and not _is_none(facts["measured"])
    marked = _ledger_functions(tree)
    if not rehearsed and not marked:
        return []
    session = path.parent.parent.name
    part = exercise_of(project, session, path.stem).part
    measurements = [Measurement(session, part, path.stem, "", REHEARSAL_SEEDS, path)] if rehearsed else []
    for function, call in marked:
        row, seeds = _row_and_seeds(call, path, call.lineno)
        measurements.append(Measurement(session, part, path.stem, row, seeds, path, function))
    return measurements


def select(project: Project, targets: Sequence[str], kinds: Sequence[str]) -> list[Measurement]:
    """The declared measurements that ``targets`` name (all where there is none). Raises CourseError for an unknown one."""
    everything = declared(project)

    def names(measurement: Measurement) -> set[str]:
        return {measurement.session, f"{measurement.session}.{measurement.part}", measurement.id, measurement.name}

    for target in targets:
        if not any(target in names(measurement) for measurement in everything):
            session, _, name = target.partition(".")
            if (file := project.exercise(session, name.partition(".")[0])).is_file():
                exercise_of(project, session, file.stem)  # what is wrong with it comes before that it is not measured
            known = ", ".join(dict.fromkeys(measurement.id for measurement in everything)) or "none"
            raise CourseError(f"nothing called {target!r} is measured; measured exercises: {known}")
    chosen = [measurement for measurement in everything if not targets or names(measurement) & set(targets)]
    return [measurement for measurement in chosen if measurement.kind in kinds]


def stale(project: Project) -> list[str]:
    """One line for each declared measurement that is missing, unfinished, or of a source that has changed since."""
    rows = ledger.read(project)
    lines = []
    for measurement in declared(project):
        row = ledger.find(rows, measurement.kind, *measurement.key)
        try:
            current = measurement.source_hash(project)
        except CourseError as error:
            lines.append(f"{measurement.name}: {error}")
            continue
        if row is None:
            lines.append(f"{measurement.name}: not yet measured")
        elif row["source_hash"] != current:
            lines.append(f"{measurement.name}: its source has changed since it was measured")
        elif len(row["seeds"]) < measurement.seeds:
            lines.append(f"{measurement.name}: {len(row['seeds'])} of {measurement.seeds} seeds")
        elif measurement.kind == "rehearsal" and "bar" not in row:
            lines.append(f"{measurement.name}: no bar separates right answers from mistakes")
    return lines


def narrow(row: ledger.Row) -> str:
    """Why the bar of a rehearsal's ``row`` cannot be relied on, in a sentence; "" where it can.

    The worst right answer lies farther from it than right answers spread (one standard deviation over seeds): to refuse a right
    answer is the worse error. So does the mean of the best mistake, on the other side, by the spread of that mistake.
    """
    sign, bar = (1, row["bar"]) if row["higher"] else (-1, -row["bar"])
    right = {name: [sign * value for value in values] for name, values in row["right"].items()}
    mistakes = {name: [sign * value for value in values] for name, values in row["mistakes"].items()}
    worst, name = min((min(values), name) for name, values in right.items())
    if worst - bar < (spread := max(map(_spread, right.values()))):
        return f"the right answer {name!r} comes within {worst - bar:.3g} of the bar, and right answers spread by {spread:.3g}"
    judged = {name: values for name, values in mistakes.items() if not any(math.isnan(value) for value in values)}
    for name, values in judged.items():
        if bar - statistics.fmean(values) < _spread(values):
            return f"the mistake {name!r} lies {bar - statistics.fmean(values):.3g} from the bar, and spreads by {_spread(values):.3g}"
    return ""


def narrow_bar(project: Project, exercise: str) -> CourseError | None:
    """What is wrong with the bar of ``SESSION.EXERCISE``, at its line of the ledger; None where nothing is, or nothing is measured."""
    row = ledger.find(ledger.read(project), "rehearsal", exercise)
    if row is None or "bar" not in row or not (why := narrow(row)):
        return None
    lines = project.ledger.read_text("utf-8").split("\n")
    begins = [number for number, line in enumerate(lines) if line == f'id = "{exercise}"']
    line = next(number for number in range(begins[-1], len(lines)) if lines[number].startswith("bar ="))
    message = f"{exercise}: {why}; make the mistake worse or the rehearsal steadier"
    return CourseError(message, file=project.ledger, line=line + 1)


def _spread(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except SyntaxError as error:
        raise CourseError(f"not valid Python: {error.msg}", file=path, line=error.lineno) from None


def _exercise_call(tree: ast.Module) -> ast.Call | None:
    """The ``Exercise(...)`` that the file binds to ``exercise``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(_name(target) == "exercise" for target in node.targets):
            return node.value if isinstance(node.value, ast.Call) else None
    return None


def _ledger_functions(tree: ast.Module) -> list[tuple[str, ast.Call]]:
    """The functions that measure a row, by name, each with its ``exercise.ledger(...)``."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    marks = [(function.name, mark) for function in functions for mark in function.decorator_list]
    return [(name, m) for name, m in marks if isinstance(m, ast.Call) and _name(m.func) == "exercise.ledger"]


def _row_and_seeds(call: ast.Call, path: Path, line: int) -> tuple[str, int]:
    given: dict[str, Any] = {"row": call.args[0]} if call.args else {}
    given |= {k.arg: k.value for k in call.keywords if k.arg}
    values = [node.value if isinstance(node := given.get(n), ast.Constant) else None for n in ("row", "seeds")]
    row, seeds = values
    if not isinstance(row, str) or not row.isidentifier() or not isinstance(seeds, int) or row == "rehearsal":
        message = 'write @exercise.ledger("name_of_the_row", seeds=10), both as literals; "rehearsal" is taken'
        raise CourseError(message, file=path, line=line)
    return row, seeds


def _without_ledger(tree: ast.Module) -> str:
    """The exercise file without what takes no part in a rehearsal."""
    kept = []
    for node in tree.body:
        marks = node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
        calls = [node.value] if isinstance(node, ast.Expr) else []
        used = {_name(m.func if isinstance(m, ast.Call) else m) for m in [*marks, *calls]}
        if not used & {"exercise.ledger", "exercise.equivalent"}:
            kept.append(ast.unparse(node))
    return "\n".join(kept)


def _without_prose(text: str) -> str:
    """``text`` without what only people read, and without what an author imports to declare things with."""
    tree = ast.parse(text)
    tree.body = [node for node in tree.body if not _is_toolkit(node) and not _is_text(node)]
    return ast.unparse(_StripProse().visit(tree))


def _is_toolkit(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dlmodule.checking")


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _StripProse(ast.NodeTransformer):
    """Take out what only people read: docstrings, hints, sentences, minutes."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        called = _name(node.func)
        if called == "Exercise":
            node.keywords = [k for k in node.keywords if k.arg in ("measured", "probe")]
        elif called == "exercise.mistake":
            node.args = []
        elif called in ("exercise.edit", "exercise.bug"):
            node.args = node.args[:3]
            node.keywords = [k for k in node.keywords if k.arg not in ("sentence", "left")]
        return node


def _name(node: ast.expr) -> str:
    """``a.b`` of a name or an attribute; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{_name(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
