"""A Dask cluster of the tests' own: `dask scheduler` and `dask worker` as processes, on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
from distributed import Client

ROOT = Path(__file__).parents[3]
PATIENCE = 120.0  # seconds for a process to start on a busy machine


class Dask:
    """A scheduler and two workers with one thread each, started; ``stop`` ends them.

    again: whether a worker that died is started again, by what Dask calls its nanny.
    """

    def __init__(self, folder: Path, *, again: bool) -> None:
        self._folder, self._again = folder, again
        self._processes: list[subprocess.Popen[bytes]] = []
        try:
            self._start("scheduler", "--port", "0")
            self.address = self._address()
            nanny = "--nanny" if again else "--no-nanny"
            for _ in range(2):
                self._start("worker", self.address, "--nthreads", "1", nanny)
            with self.client() as client:
                client.wait_for_workers(2, timeout=PATIENCE)
        except BaseException:
            self.stop()
            raise

    def client(self) -> Client:
        """A client of the scheduler."""
        return Client(self.address, timeout=PATIENCE, set_as_default=False)

    def workers(self) -> list[int]:
        """The process ids of the workers that live."""
        started = [psutil.Process(process.pid) for process in self._processes[1:] if process.poll() is None]
        if not self._again:
            return [process.pid for process in started]
        return [
            child.pid for nanny in started for child in nanny.children() if "spawn_main" in " ".join(child.cmdline())
        ]

    def stop(self) -> None:
        """End them all."""
        for process in reversed(self._processes):
            if process.poll() is None:
                for each in psutil.Process(process.pid).children(recursive=True):
                    each.kill()
                process.kill()
            process.wait()

    def _start(self, *command: str) -> None:
        with self._log(len(self._processes)).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *command, "--no-dashboard", "--host", "127.0.0.1"],
                cwd=self._folder, env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}, stdout=log, stderr=log,
            )  # fmt: skip
        self._processes.append(process)

    def _log(self, number: int) -> Path:
        return self._folder / f"{number}.log"

    def _address(self) -> str:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for word in self._log(0).read_text().split():
                if word.startswith("tcp://127.0.0.1:"):
                    return word
            time.sleep(0.1)
        raise AssertionError(f"no scheduler: {self._log(0).read_text()}")
