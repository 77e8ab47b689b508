"""The sandbox from outside: starting a zygote in bubblewrap, sending it submissions, and starting another when it is lost.

What can be read inside: the system's libraries, Python's environment, and the two packages. Not the course, not ``build/`` with
its keys, not the results, not any submission but the child's own.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import site
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import coursekit
import dlmodule
from coursekit.errors import CourseError
from coursekit.marking import protocol
from coursekit.marking.inside.lockdown import Limits

if TYPE_CHECKING:
    from dlmodule.checking.key import ExerciseKey

PACKAGES = "/opt/marking"
STARTING = 120.0  # seconds for a zygote to import torch on a busy machine
GRACE = 15.0  # seconds beyond a child's limits until the zygote itself is given up
START = f"import sys; sys.path.insert(0, {PACKAGES!r}); from coursekit.marking.inside.zygote import main; main()"


class SandboxLost(Exception):
    """The zygote ended or does not answer. Nothing is known of the submission it had; it is tried again."""


@dataclass(frozen=True)
class Ran:
    """What a run gave: evidence by exercise, as unread bytes; reason: why it was stopped (a key of ``deciding.REASONS``), else ""."""

    evidence: dict[int, bytes]
    reason: str
    seconds: float


class Sandbox:
    """One zygote. ``run`` starts it where it is not running; use as a context manager, so that it is ended."""

    def __init__(self, keys: Sequence[ExerciseKey], limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.exercises = len(keys)
        self._setup = _setup(keys, self.limits)
        self._process: subprocess.Popen[bytes] | None = None
        bubblewrap()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, cells: Sequence[str], exercises: Sequence[int], instead: Mapping[str, str] | None = None) -> Ran:
        """Try ``exercises`` (numbers) of the notebook with code ``cells``. SandboxLost where the zygote is lost; call again.

        instead: code by name that stands in the place of the notebook's definitions of these names.
        """
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        wanted = {"cells": list(cells), "exercises": list(exercises), "instead": dict(instead or {})}
        request = json.dumps(wanted).encode()
        until = time.monotonic() + self.limits.seconds * len(exercises) + GRACE
        data = bytearray()
        try:
            protocol.write(process.stdin.fileno(), protocol.frame(protocol.RUN, request))
            while True:
                kind, payload = self._answer(process, until)
                if kind == protocol.ENDED:
                    ended = json.loads(payload)
                    found = protocol.evidence_in(bytes(data), self.exercises)
                    return Ran(found, ended["reason"], ended["seconds"])
                data += payload
        except (OSError, EOFError, ValueError) as error:
            self.close()
            raise SandboxLost(str(error)) from None

    def close(self) -> None:
        """End the zygote and all that runs in its sandbox."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    @property
    def process(self) -> int | None:
        """The process id of bubblewrap; None where it is not running."""
        return self._process.pid if self._process else None

    def _start(self) -> subprocess.Popen[bytes]:
        command = [*bubblewrap_command(), sys.executable, "-I", "-B", "-c", START]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        self._process = process
        assert process.stdin is not None and process.stderr is not None
        try:
            protocol.write(process.stdin.fileno(), protocol.frame(protocol.SETUP, self._setup))
            kind, _ = self._answer(process, time.monotonic() + STARTING)
            assert kind == protocol.READY
        except (OSError, EOFError):
            process.kill()
            said = process.stderr.read().decode(errors="replace").strip().splitlines()
            self.close()
            if not said:  # killed on the way: it is started again
                raise SandboxLost("ended while it started") from None
            raise CourseError(f"the sandbox does not start: {said[-1]}") from None
        return process

    @staticmethod
    def _answer(process: subprocess.Popen[bytes], until: float) -> tuple[bytes, bytes]:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise EOFError("no answer in time")
        return protocol.read(process.stdout.fileno())


def bubblewrap() -> str:
    """Where bubblewrap is. CourseError where it is not, with the package to install: nothing is marked without it."""
    found = shutil.which("bwrap")
    if found is None:
        raise CourseError(
            "learners' code is run in a sandbox, and bubblewrap is not installed: install the package `bubblewrap` (Debian, Fedora)"
        )
    return found


def bubblewrap_command() -> list[str]:
    """The command that makes the sandbox; what follows it runs inside as process 1."""
    command = [bubblewrap(), "--unshare-all", "--as-pid-1", "--die-with-parent", "--new-session", "--clearenv"]
    command += ["--uid", "65534", "--gid", "65534", "--hostname", "sandbox", "--cap-drop", "ALL"]
    for path in _readable():
        command += ["--ro-bind", str(path), str(path)]
    for name in ("bin", "lib", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            command += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            command += ["--ro-bind", str(path), str(path)]
    for package in (coursekit, dlmodule):
        home = Path(str(package.__file__)).parent
        command += ["--ro-bind", str(home), f"{PACKAGES}/{home.name}"]
    for keys in _installed_keys():
        command += ["--tmpfs", keys, "--remount-ro", keys]
    size = str(Limits().files)
    command += ["--proc", "/proc", "--dev", "/dev"]
    command += ["--size", size, "--tmpfs", "/tmp", "--size", size, "--tmpfs", "/dev/shm"]
    # /proc too: where marking runs as root, /proc/sys is root's to write even without capabilities, and it is the whole machine's.
    command += ["--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    for name, value in _environment().items():
        command += ["--setenv", name, value]
    return [*command, "--"]


def environment() -> str:
    """What a mark depends on beside the submission and the key: the versions of Python and torch, and the sandbox's tier."""
    import torch

    return f"Python {sys.version.split()[0]}, torch {torch.__version__}, bubblewrap, seccomp"


def _setup(keys: Sequence[ExerciseKey], limits: Limits) -> bytes:
    """What the zygote is told: inputs, and how to try them; nothing of what is expected."""
    from dlmodule.checking import serialise
    from dlmodule.checking.evidence import asdict_shallow

    trials = []
    for key in keys:
        cases = [
            asdict_shallow(case) | {"label": "", "expected": None, "has_expected": False, "errors": None}
            for case in key.cases
        ]
        probe = asdict_shallow(replace(key.probe, function=None))
        trials.append({"name": key.name, "kind": key.kind, "probe": probe, "cases": cases, "limit": key.limit})
    return serialise.to_bytes({"trials": trials, "limits": asdict(limits)})


def _readable() -> list[Path]:
    """The folders of the system and of Python that are there inside, none within another."""
    wanted = [Path("/usr"), Path("/etc/ld.so.cache"), Path(sys.prefix), Path(sys.base_prefix)]
    wanted += [Path(os.path.realpath(sys.executable)).parents[1]]
    found = [path for path in dict.fromkeys(wanted) if path.exists() and path != Path("/")]
    return [path for path in found if not any(other in path.parents for other in found)]


def _installed_keys() -> Iterator[str]:
    """Keys that an installed package holds; they are covered up inside."""
    for folder in [*site.getsitepackages(), PACKAGES]:
        real = Path(str(dlmodule.__file__)).parent if folder == PACKAGES else Path(folder) / "dlmodule"
        if (real / "keys").is_dir():
            yield f"{folder}/dlmodule/keys"


def _environment() -> dict[str, str]:
    fixed = {
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": "/tmp",
        "TZ": "UTC",
    }
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return fixed | threads | {"DLMODULE_CACHE": "/tmp", "PYTHONHASHSEED": "0"}
