"""How long ``course build`` takes on a course of the whole module's size.

    python benchmarks/build_time.py

Claims: everything without keys in under 3 s; nothing changed in under 0.5 s. Each is the median of five runs of the command in a
process of its own, start of the interpreter included. Sessions that are not written yet are
filled with copies of those that are, so that the sizes are real. Exit code 1 where a claim does not hold.
"""

import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 5
CLAIMS = {"everything, without keys": 3.0, "nothing changed": 0.5}


def whole_module(folder: Path) -> tuple[int, int]:
    """The course below ``folder``, its missing mornings and afternoons filled with copies. Returns sources and exercises."""
    shutil.copytree(ROOT / "course", folder / "course")
    originals = [path for path in sorted((folder / "course").glob("[0-9]*")) if any(path.glob("[!_]*.py"))]
    days = tomllib.loads((folder / "course" / "syllabus.toml").read_text("utf-8"))["day"]
    for number, session in enumerate(dict.fromkeys(day["session"] for day in days)):
        parts = {p["part"] for d in days if d["session"] == session for p in d["parts"] if p.get("notebook", True)}
        copy, original = folder / "course" / session, originals[number % len(originals)]
        if copy.exists():
            continue
        shutil.copytree(original, copy)
        for path in copy.glob("*.py"):
            path.write_text(path.read_text("utf-8").replace(original.name, session), "utf-8")
            if path.stem not in parts:
                path.unlink()
        text = "".join(path.read_text("utf-8") for path in copy.glob("*.py"))
        for path in copy.glob("exercises/[!_]*.py"):
            if not re.search(rf"""\bcheck\("?{path.stem}\b""", text):
                path.unlink()  # its part has gone
    return len(sources(folder)), len(list((folder / "course").glob("*/exercises/[!_]*.py")))


def sources(folder: Path) -> list[Path]:
    """The sources of the course below ``folder``."""
    return [p for p in (folder / "course").glob("[0-9]*/[!_]*.py") if not p.stem.endswith("_figures")]


def seconds(folder: Path) -> float:
    """Wall clock of one ``course build --no-keys``."""
    command = [sys.executable, "-c", "from coursekit.cli import main; main()", "build", "--no-keys"]
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env={**os.environ, "DLMODULE_COURSE": str(folder)}, capture_output=True)
    taken = time.perf_counter() - begin
    if done.returncode:
        sys.exit(done.stderr.decode())
    return taken


def main() -> None:
    """Measure, print, and hold the claims."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count, exercises = whole_module(folder)
        print(f"{count} sources, {exercises} exercises; Python {platform.python_version()}, {os.cpu_count()} cores")
        fresh: list[float] = []
        for _ in range(RUNS):
            shutil.rmtree(folder / "build", ignore_errors=True)
            fresh.append(seconds(folder))
        idle = [seconds(folder) for _ in range(RUNS)]
    failed = False
    for (claim, limit), taken in zip(CLAIMS.items(), (fresh, idle), strict=True):
        middle = statistics.median(taken)
        failed |= middle > limit
        print(f"{claim}: {middle:.2f} s (of {min(taken):.2f} to {max(taken):.2f}); claim < {limit:g} s")
    sys.exit(failed)


if __name__ == "__main__":
    main()
