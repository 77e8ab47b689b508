"""``course execute``: run the built notebooks in real kernels, keep their outputs, and say what does not run.

Solutions must run clean. Student versions run unanswered: a cell that needs an exercise says so and is passed over
(``dlmodule.skipping``), and any error is the course's own. A run that succeeded is recorded under the digest of all it depends on (notebook, key, dlmodule,
interpreter, size), so an interrupted or repeated command runs only what is missing; a full-size run also answers for the
rehearsal. Outputs go to build/executed/; those of a rehearsal never replace a full-size run of the same notebook, and those
of a failed run go to build/cache/failed/.
"""

import functools
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from coursekit.cache import digest_of, package_digest
from coursekit.errors import CourseError
from coursekit.notebooks.cell_errors import CellError, errors_of
from coursekit.notebooks.cell_ids import cell_ids
from coursekit.project import Part, Project, select_parts
from coursekit.sources.regions import solution_lines
from coursekit.sources.revision import assembled
from dlmodule.enclosed import enclosed_files
from dlmodule.files import write_atomically

# How a card says in its HTML that it could not check; dlmodule.checking, which draws it, would load torch here.
UNCHECKED = 'data-status="could not check"'
# Seconds that one cell may take before the notebook counts as hung.
CELL_TIMEOUT = {"rehearsal": 300.0, "full": 1800.0}


@dataclass(frozen=True)
class Run:
    """The outcome of one notebook. ``seconds`` is the wall clock of its last successful run (0 where it never had one)."""

    notebook: str  # SESSION.PART
    version: str  # solutions or student
    rehearsal: bool
    ok: bool
    seconds: float
    reused: bool
    problems: tuple[str, ...]


def execute(
    project: Project,
    targets: Sequence[str] = (),
    *,
    student: bool = False,
    rehearsal: bool = False,
    jobs: int = 2,
    tell: Callable[[Run], None] = lambda run: None,
) -> list[Run]:
    """Run the notebooks of ``targets`` (default: all), ``jobs`` at a time, once they are built. ``tell`` hears of each."""
    from coursekit.notebooks.kernel import run_all

    parts = select_parts(project, targets)
    runs: list[Run] = []

    def finished(run: Run) -> None:
        runs.append(run)
        tell(run)

    settings = _Settings(project, student, rehearsal, jobs)
    run_all([functools.partial(_run_part, part, settings, finished) for part in parts], jobs)
    return sorted(runs, key=lambda run: run.notebook)


@dataclass(frozen=True)
class _Settings:
    """What is the same for all notebooks of one command."""

    project: Project
    student: bool
    rehearsal: bool
    jobs: int

    def digest(self, session: str, text: str, files: Sequence[Path], *, rehearsal: bool) -> str:
        """Digest of all that a run of the notebook ``text`` with its ``files`` depends on."""
        key = self.project.key(session)
        environment = f"{platform.python_implementation()} {sys.version} torch {version('torch')}"
        size = "rehearsal" if rehearsal else "full"
        fast = os.environ.get(
            "DLMODULE_BFLOAT16", ""
        )  # changes how long a run takes, which is what minutes are told from
        held = [key.read_bytes() if key.is_file() else b"", *(path.read_bytes() for path in files)]
        return digest_of(text, *held, package_digest("dlmodule"), environment, size, fast)

    def environment(self, progress: Path) -> dict[str, str]:
        """Environment variables of the kernel."""
        threads = max(1, (os.cpu_count() or 1) // self.jobs)
        return {
            "DLMODULE_KEYS": str(self.project.keys),
            "DLMODULE_LEND": "0",  # unanswered is unanswered: a solution that is lent would hide what a learner lacks
            "DLMODULE_PROGRESS": str(progress),
            "DLMODULE_REHEARSAL": "1" if self.rehearsal else "",
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads)),
        }


async def _run_part(part: Part, settings: _Settings, finished: Callable[[Run], None]) -> None:
    """Run one notebook, or find that it has run."""
    import nbformat

    from coursekit.notebooks.kernel import run_notebook

    project, solutions = settings.project, not settings.student
    built = project.notebook(part.session, part.name, solutions=solutions)
    text = built.read_text(encoding="utf-8")
    files = [built.with_name(name) for name in enclosed_files(json.loads(text))]
    kind = "solutions" if solutions else "student"
    executed = project.executed(part.session, part.name, solutions=solutions)
    for rehearsal in dict.fromkeys((settings.rehearsal, False)):  # a full-size run answers for the rehearsal
        digest = settings.digest(part.session, text, files, rehearsal=rehearsal)
        facts = project.cache.facts(_run_name(part, kind, rehearsal=rehearsal), digest)
        if facts is not None:
            finished(Run(part.id, kind, settings.rehearsal, True, facts["seconds"], True, ()))
            return
    notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    size = "rehearsal" if settings.rehearsal else "full"
    problems: list[str] = []
    seconds = 0.0
    with tempfile.TemporaryDirectory(prefix="dlmodule-progress-") as folder:
        env = settings.environment(Path(folder) / "progress.jsonl")
        try:
            seconds = await run_notebook(
                notebook, env=env, cell_timeout=CELL_TIMEOUT[size], past_errors=settings.student, files=files
            )
        except CourseError as error:
            problems.append(f"{part.path}: {error}")
    errors = [*errors_of(notebook), *unchecked(notebook), *(wordless_figures(notebook) if solutions else ())]
    if errors:
        problems += _located(project, part, errors, solutions)
    notebook.metadata["dlmodule"]["executed"] = {
        "jobs": settings.jobs,
        "notebook": digest_of(text),
        "python": platform.python_version(),
        "rehearsal": settings.rehearsal,
        "seconds": round(seconds, 2),
        "torch": version("torch"),
    }
    if problems:
        failed = project.build / "cache" / "failed" / executed.name
        write_atomically(failed, nbformat.writes(notebook))  # type: ignore[no-untyped-call]
    else:
        if not (settings.rehearsal and _full_size(executed, digest_of(text))):
            write_atomically(executed, nbformat.writes(notebook))  # type: ignore[no-untyped-call]
        digest = settings.digest(part.session, text, files, rehearsal=settings.rehearsal)
        name = _run_name(part, kind, rehearsal=settings.rehearsal)
        outputs = [executed.relative_to(project.build).as_posix()]
        project.cache.made(name, digest, outputs, seconds=round(seconds, 2))
    finished(Run(part.id, kind, settings.rehearsal, not problems, round(seconds, 2), False, tuple(problems)))


def wordless_figures(notebook: Mapping[str, Any]) -> list[CellError]:
    """An error for each cell that shows a figure without a text alternative: ``plot.alt`` shows none as a bare image."""
    return [
        CellError(cell["id"], "Figure", "shown without a text alternative; end with plot.alt(fig, ...)", None)
        for cell in notebook["cells"]
        if any("image/png" in output.get("data", ()) for output in cell.get("outputs", ()))
    ]


def unchecked(notebook: Mapping[str, Any]) -> list[CellError]:
    """An error for each check that could not check: without its key a notebook proves nothing."""
    found = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if UNCHECKED in "".join(data.get("text/html", "")):
                words = " ".join("".join(data.get("text/plain", "")).split())
                found.append(CellError(cell["id"], "Check", words.lstrip("? "), None))
    return found


def _run_name(part: Part, kind: str, *, rehearsal: bool) -> str:
    """The name under which it is noted that a run succeeded."""
    return f"run of {part.id} {kind} {'rehearsal' if rehearsal else 'full'}"


def _full_size(path: Path, notebook: str) -> bool:
    """Whether ``path`` holds a full-size run of the notebook with this digest."""
    if not path.is_file():
        return False
    executed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["metadata"]["dlmodule"]["executed"]
    return executed["notebook"] == notebook and not executed["rehearsal"]


def _located(project: Project, part: Part, errors: Sequence[CellError], solutions: bool) -> list[str]:
    """Each error as one line that begins with the source's file and line."""
    source = assembled(project, part.session, part.name)
    cells = dict(zip(cell_ids(source.session, source.part, source.cells), source.cells, strict=True))
    located: list[str] = []
    for error in errors:
        cell, line = cells.get(error.cell), 1
        if cell is not None and solutions and error.line is not None:
            written = solution_lines(cell.text)
            line = written[min(error.line, len(written)) - 1]
        where = f"{part.path}:{cell.line + line - 1}" if cell is not None else f"{part.path} (a cell of the build's)"
        located.append(f"{where}: {error}")
    return located
