"""Runs Sphinx over sources that are held in memory, and keeps what it made.

Sphinx runs in a process of its own: it leaves nothing behind in ours, and its hash seed and clock are fixed, so that the same
sources give the same tree. A tree is kept by the digest of its sources and of the tools; a second
request for it only copies. Any warning is an error: a broken link never reaches a reader.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from coursekit.cache import Cache, digest_of
from coursekit.errors import CourseError

KEPT = 8  # trees: one for each moment last asked for
# Written by Sphinx for Sphinx; a reader has no use for it, and some of it tells of this machine.
UNWANTED = (".buildinfo", ".buildinfo.bak", "objects.inv", "index.html", "genindex.html", ".doctrees", "_sources")
_WARNING = re.compile(r"^(?P<file>.+?):(?:(?P<line>\d+):)? (?:WARNING|ERROR|CRITICAL): (?P<text>.*)$")


@dataclass(frozen=True)
class Complaint:
    """One warning: the source it is about (None: the whole), Sphinx's line number, and what it says."""

    source: str | None
    line: int | None
    text: str


def tree(sources: Mapping[str, bytes], cache: Cache, report: Callable[[list[Complaint]], CourseError]) -> Path:
    """The folder with the site made from ``sources``; read-only to the caller. Raises what ``report`` makes of warnings."""

    def make(target: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            for name, content in sources.items():
                source = work / "sources" / name
                source.parent.mkdir(parents=True, exist_ok=True)
                source.write_bytes(content)
            complaints = _run(work, target)
        if complaints:
            raise report(complaints)
        for name in UNWANTED:
            unwanted = target / name
            if unwanted.is_dir():
                shutil.rmtree(unwanted)
            else:
                unwanted.unlink(missing_ok=True)

    tools = [f"{name} {version(name)}" for name in ("sphinx", "myst-nb", "pydata-sphinx-theme", "docutils")]
    named = [piece for name in sorted(sources) for piece in (name, sources[name])]
    return cache.tree("site", digest_of(*tools, *map(str, UNWANTED), *named)[:24], make, most=KEPT)


def _run(work: Path, target: Path) -> list[Complaint]:
    """Run Sphinx in ``work``: sources/ -> ``target``. What it has to complain of, in its order."""
    sources, log = (work / "sources").resolve(), work / "warnings"
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-b",
        "html",
        "-q",
        "--no-color",
        "-d",
        str(work / "doctrees"),
        "-w",
        str(log),
    ]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "315532800", "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [*command, str(sources), str(target)],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    said = log.read_text(encoding="utf-8") if log.is_file() else ""
    complaints = [found for line in said.splitlines() if (found := _complaint(line, sources)) is not None]
    if done.returncode and not complaints:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        complaints = [Complaint(None, None, f"Sphinx failed: {' '.join(lines[-2:]) or f'exit code {done.returncode}'}")]
    return complaints


def _complaint(line: str, sources: Path) -> Complaint | None:
    """A line of Sphinx's log as a complaint; None for what only continues one."""
    found = _WARNING.match(line)
    if found is None:
        bare = re.match(r"^(?:WARNING|ERROR|CRITICAL): (.*)$", line)
        return Complaint(None, None, bare[1]) if bare else None
    with contextlib.suppress(ValueError):
        name = Path(found["file"]).relative_to(sources).as_posix()
        return Complaint(name, int(found["line"]) if found["line"] else None, found["text"])
    return Complaint(None, None, found["text"])
