"""Nothing a learner receives may hold a line of a solution, of a mistake or alternative, or a private file.

The scan knows the secret lines (normalised, long enough to say something, and not standing in the student's text anyway) and
looks for them in the student notebooks and the keys; a release scans everything it writes with the same function.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from coursekit.notebook import student_definition
from coursekit.parts import find_parts
from coursekit.paths import Project
from coursekit.regions import find_regions, solution_text
from coursekit.source import parse, read_exercises

LEAST = 16  # characters, without spaces, from which a line says something


def secret_lines(project: Project, session: str, part: str | None = None) -> dict[str, str]:
    """Normalised lines that a learner must not receive, each with where it stands. part: only that part's."""
    secrets: dict[str, str] = {}
    public: set[str] = set()
    folder = project.course / session
    metas = read_exercises(folder)
    for path in (one.path for one in find_parts(project) if one.session == session):
        if part is not None and path.stem != part:
            continue
        source = parse(path, metas)
        for cell in source.cells:
            text = cell.text
            hidden: set[int] = set()
            if cell.tree is not None:
                for region in find_regions(text, cell.tree):
                    hidden |= set(range(region.begin, region.end + 1))
            for number, line in enumerate(text.split("\n"), 1):
                if number in hidden:
                    _keep(secrets, line, f"{path.name}:{cell.line + number - 1}")
                else:
                    public.add(normal(line))
        for meta in source.exercises:
            public |= {normal(line) for line in student_definition(source, meta.name).split("\n")}
            public |= {normal(line) for hint in (*meta.hints, meta.starter or "") for line in hint.split("\n")}
    for path in sorted(folder.glob("exercises/[!_]*.py")):
        if part is not None and metas[path.stem].part != part:
            continue
        for first, last in _answers(path):
            lines = path.read_text("utf-8").split("\n")
            for number in range(first, last + 1):
                _keep(secrets, lines[number - 1], f"exercises/{path.name}:{number}")
    return {line: where for line, where in secrets.items() if line not in public}


def find(secrets: dict[str, str], text: str) -> list[str]:
    """Where the secret lines that occur in ``text`` stand in the sources."""
    whole = {normal(line) for line in text.split("\n")}
    return [where for line, where in secrets.items() if line in whole]


def scan(project: Project, sessions: Sequence[str]) -> list[str]:
    """One line for each leak in what has been built of ``sessions``: student notebooks and keys."""
    problems: list[str] = []
    for session in sessions:
        secrets = secret_lines(project, session)
        for path in sorted((project.build / "notebooks" / session).glob("*.ipynb")):
            if path.stem.endswith("_solutions"):
                continue
            found = find(secrets, notebook_text(path))
            problems += [f"{path.relative_to(project.build)} holds a line of {where}" for where in found]
        key = project.build / "keys" / f"{session}.safetensors"
        if key.is_file():
            # Probes travel as source inside the key's JSON, where a line ends in an escaped \n.
            text = re.sub(r"\\+n", "\n", key.read_bytes().decode("utf-8", errors="replace"))
            probes = _probe_lines(project, session)
            problems += [
                f"{path_name(key, project)} holds a line of {where}"
                for where in find({line: where for line, where in secrets.items() if line not in probes}, text)
            ]
    return problems


def notebook_text(path: Path) -> str:
    """The text of a notebook's cells and outputs."""
    book = json.loads(path.read_text("utf-8"))
    cells = ["".join(cell["source"]) for cell in book["cells"]]
    outputs = [json.dumps(cell.get("outputs", []), ensure_ascii=False).replace("\\n", "\n") for cell in book["cells"]]
    return "\n".join([*cells, *outputs])


def path_name(path: Path, project: Project) -> str:
    """A path below build/, for a message."""
    return path.relative_to(project.build).as_posix()


def normal(line: str) -> str:
    """A line without its indentation, comment and spacing."""
    return re.sub(r"\s+", "", line.split("  #")[0])


def _keep(secrets: dict[str, str], line: str, where: str) -> None:
    plain = normal(solution_text(line))
    if len(plain) >= LEAST and not plain.startswith(("#", "import", "from", '"""', "@")):
        secrets.setdefault(plain, where)


def _answers(path: Path) -> Iterable[tuple[int, int]]:
    """Line ranges of the bodies of mistakes and alternatives."""
    for node in ast.parse(path.read_text("utf-8")).body:
        marks = [ast.unparse(mark) for mark in getattr(node, "decorator_list", [])]
        if any(mark.startswith(("exercise.mistake", "exercise.alternative")) for mark in marks):
            assert isinstance(node, (ast.FunctionDef, ast.ClassDef))
            yield node.body[0].lineno, node.end_lineno or node.lineno


def _probe_lines(project: Project, session: str) -> set[str]:
    """Lines of custom probes and what they use: they are shipped on purpose."""
    from coursekit.slicing import slice_text

    shipped: set[str] = set()
    for path in sorted((project.course / session).glob("exercises/[!_]*.py")):
        text = path.read_text("utf-8")
        for node in ast.parse(text).body:
            if any(ast.unparse(mark) == "exercise.probe" for mark in getattr(node, "decorator_list", [])):
                assert isinstance(node, ast.FunctionDef)
                shipped |= {normal(line) for line in slice_text(text, [node.name], path).split("\n")}
    return shipped
