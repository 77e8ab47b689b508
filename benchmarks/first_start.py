"""How long a newcomer waits for the course: `make course` in a fresh clone, and once more.

    python benchmarks/first_start.py

Claims: fresh clone to open page in under 3 minutes, where packages arrive at normal speed; a second start in under 10 s. The
clock runs from the command to the moment the home answers. It clones this repository's HEAD, installs from the network, and
leaves nothing behind. Exit code 1 where a claim does not hold.
"""

import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLAIMS = {"a fresh clone": 180.0, "a second start": 10.0}
PATIENCE = 1200.0  # seconds


def answers(address: str) -> bool:
    """Whether the home is served at ``address``."""
    try:
        with urllib.request.urlopen(address, timeout=60) as home:
            return "Lectures" in home.read().decode()
    except OSError:
        return False


def seconds_to_home(clone: Path, workspace: Path) -> float:
    """Wall clock from `make course` in ``clone`` to the home's first answer; the course is then closed."""
    environment = {**os.environ, "DLMODULE_WORKSPACE": str(workspace), "BROWSER": "true"}
    begin = time.perf_counter()
    with subprocess.Popen(
        ["make", "course"], cwd=clone, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as made:
        alarm = threading.Timer(PATIENCE, os.killpg, (made.pid, signal.SIGKILL))
        alarm.start()
        try:
            assert made.stdout is not None
            for line in made.stdout:
                if address := re.search(r"http://127\.0\.0\.1:\S+", line):
                    while not answers(address[0]):
                        time.sleep(0.1)
                    return time.perf_counter() - begin
            sys.exit(f"make course ended without an address (exit code {made.wait()})")
        finally:
            alarm.cancel()
            os.killpg(made.pid, signal.SIGTERM)  # the recording of keys in the background ends too


def main() -> None:
    """Measure, print, and hold the claims."""
    failed = False
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "course"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        for claim, limit in CLAIMS.items():
            taken = seconds_to_home(clone, Path(folder) / "workspace")
            failed |= taken > limit
            print(f"{claim}: {taken:.1f} s; claim < {limit:g} s", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
