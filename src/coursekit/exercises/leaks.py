"""Nothing a learner receives may hold a line of a solution, of a mistake or alternative, or a private file.

The scan knows the secret lines (normalised, long enough to say something, and not standing in the student's text anyway) and
looks for them in the student notebooks and the keys; a release scans everything it writes with the same function.
"""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from coursekit.cache import digest_of, digest_of_files
from coursekit.project import Project, find_parts
from coursekit.sources.exercise_file import exercises_of
from coursekit.sources.outline import quoted_sessions
from coursekit.sources.regions import solution_text
from coursekit.sources.source import sources_of
from coursekit.sources.student import student_definition

EDITS = ("exercise.edit(", "exercise.bug(", "exercise.variant(")  # what they take from and put into a solution
LEAST = 16  # characters, without spaces, from which a line says something
PUBLISHED = {"title", "hints", "sentence", "source"}  # fields of a key that its author wrote for learners


def secret_lines(project: Project, session: str, part: str | None = None) -> dict[str, str]:
    """Normalised lines that a learner must not receive, each with where it stands. part: only that part's."""
    secrets: dict[str, str] = {}
    public: set[str] = set()
    metas = exercises_of(project, session)
    for source in sources_of(project, session):
        if part is not None and source.path.stem != part:
            continue
        for cell in source.cells:
            text = cell.text
            hidden: set[int] = set()
            for region in cell.regions:
                hidden |= set(range(region.begin, region.end + 1))
            for number, line in enumerate(text.split("\n"), 1):
                if number in hidden:
                    _keep(secrets, line, f"{source.path.name}:{cell.line + number - 1}")
                else:
                    public.add(normal(line))
        for meta in source.exercises:
            public |= {normal(line) for line in student_definition(source, meta.name).split("\n")}
            public |= {normal(line) for hint in (*meta.hints, meta.starter or "") for line in hint.split("\n")}
    for path in project.exercises(session):
        if path.stem not in metas or (part is not None and metas[path.stem].part != part):
            continue
        for number, line in _answers(path):
            _keep(secrets, line, f"exercises/{path.name}:{number}")
    for path in sorted(project.course.glob("*/private*/**/*")):
        if path.is_file():
            for number, line in enumerate(path.read_text("utf-8", errors="replace").split("\n"), 1):
                _keep(secrets, line, f"{path.relative_to(project.course).as_posix()}:{number}")
    return {line: where for line, where in secrets.items() if line not in public}


def find(secrets: dict[str, str], text: str, *, within_lines: bool = False) -> list[str]:
    """Where the secret lines that occur in ``text`` stand in the sources. within_lines: also as a part of a line."""
    whole = {normal(line) for line in text.split("\n")}
    if within_lines:
        joined = "\n".join(whole)
        return [where for line, where in secrets.items() if line in joined]
    return [where for line, where in secrets.items() if line in whole]


def received(project: Project, session: str) -> list[Path]:
    """What has been built of ``session`` and goes to learners without solutions: student notebooks, its own and those of a
    revision that asks its exercises again, and the key.
    """
    asking = [part.session for part in find_parts(project) if session in quoted_sessions(part.path.read_bytes())]
    books = [
        path for name in (session, *asking) for path in sorted((project.build / "notebooks" / name).glob("*.ipynb"))
    ]
    key = project.key(session)
    return [*(path for path in books if not path.stem.endswith("_solutions")), *([key] if key.is_file() else [])]


def scan(project: Project, sessions: Sequence[str]) -> list[str]:
    """One line for each leak in what has been built of ``sessions`` and learners receive; of what is unchanged it is known."""
    problems: list[str] = []
    for session in sessions:
        digest = digest_of(project.digest(session), digest_of_files(received(project, session), project.build))
        problems += project.cache.once("leaks", session, digest, functools.partial(_leaks, project, session))
    return problems


def _leaks(project: Project, session: str) -> list[str]:
    problems: list[str] = []
    secrets = secret_lines(project, session)
    for path in received(project, session):
        is_key = path.suffix == ".safetensors"
        text = key_text(path) if is_key else notebook_text(path)
        name = path.relative_to(project.build).as_posix()
        problems += [f"{name} holds a line of {where}" for where in find(secrets, text, within_lines=is_key)]
        problems += [
            f"a probe in {name} holds a line of {where}" for where in _in_probes(project, session, path, secrets)
        ]
    return problems


def _in_probes(project: Project, session: str, path: Path, secrets: dict[str, str]) -> list[str]:
    """Where the lines of solutions stand that the probes in a key hold. A line that opens a block, `with torch.no_grad():`, says nothing.

    A probe may define a model or a loop as a mistake does. That of a training may also evaluate as another exercise does: it is measured by.
    """
    if path.suffix != ".safetensors":
        return []
    from dlmodule.checking.key import load

    solutions = {
        line: where for line, where in secrets.items() if not where.startswith("exercises/") and not line.endswith(":")
    }
    found: list[str] = []
    for exercise in load(path).values():
        if exercise.bar is None:
            looked_for = solutions
        else:
            own = _own_lines(project, session, exercise.name)
            looked_for = {line: where for line, where in solutions.items() if line in own}
        found += find(looked_for, exercise.probe.source)
    return found


def _own_lines(project: Project, session: str, name: str) -> set[str]:
    """The normalised lines of the cells that define an exercise."""
    cells = [
        cell for source in sources_of(project, session) for cell in source.cells if name in cell.exercises("defines")
    ]
    return {normal(line) for cell in cells for line in cell.text.split("\n")}


def notebook_text(path: Path) -> str:
    """The text of a notebook's cells and outputs."""
    book = json.loads(path.read_text("utf-8"))
    cells = ["".join(cell["source"]) for cell in book["cells"]]
    outputs = [json.dumps(cell.get("outputs", []), ensure_ascii=False).replace("\\n", "\n") for cell in book["cells"]]
    return "\n".join([*cells, *outputs])


def key_text(path: Path) -> str:
    """Every text in a key but those written to be read by a learner (title, hints, sentences) and the probes' source."""
    return "\n".join(text for field, text in _texts(path) if field not in PUBLISHED)


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """(field, text) of every text in a key; the field is the nearest in ``PUBLISHED`` around it, else empty.

    A safetensors header is JSON, in which the key's own JSON is a string; there a dictionary is a list of pairs.
    """
    raw = path.read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])

    def texts(node: Any, field: str) -> Iterator[tuple[str, str]]:
        match node:
            case str():
                yield field, node
            case {"#": "dict", "v": pairs}:
                for name, item in pairs:
                    yield field, str(name)
                    yield from texts(item, name if name in PUBLISHED else field)
            case dict():
                yield from texts(list(node.values()), field)
            case list():
                for item in node:
                    yield from texts(item, field)

    return texts(json.loads(header["__metadata__"]["dlmodule"]), "")


def normal(line: str) -> str:
    """A line without its indentation, comment and spacing."""
    return re.sub(r"\s+", "", line.split("  #")[0])


def _keep(secrets: dict[str, str], line: str, where: str) -> None:
    plain = normal(solution_text(line))
    if len(plain) >= LEAST and not plain.startswith(("#", "import", "from", '"""', "@")):
        secrets.setdefault(plain, where)


def _answers(path: Path) -> Iterator[tuple[int, str]]:
    """The lines, each with its number, of the bodies of mistakes and alternatives, and of what an edit puts for what."""
    text = path.read_text("utf-8")
    lines = text.split("\n")
    for node in ast.parse(text).body:
        marks = [ast.unparse(mark) for mark in getattr(node, "decorator_list", [])]
        if any(mark.startswith(("exercise.mistake", "exercise.alternative")) for mark in marks):
            assert isinstance(node, ast.FunctionDef | ast.ClassDef)
            for number in range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1):
                yield number, lines[number - 1]
        if isinstance(node, ast.Expr) and ast.unparse(node).startswith(EDITS):
            assert isinstance(node.value, ast.Call)
            for value in node.value.args[1:3]:
                for part in ast.walk(value):
                    if isinstance(part, ast.Constant):
                        yield from ((part.lineno, line) for line in str(part.value).split("\n"))
