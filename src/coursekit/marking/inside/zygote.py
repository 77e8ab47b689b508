"""The zygote: a warm process that forks one child for each submission.

Theory of operation. bubblewrap starts this module as process 1 of a sandbox of its own: no network, a read-only system, a small
/tmp, no capabilities. It imports torch once and computes next to nothing, so it has one thread and may fork. For each RUN it forks a child,
which locks itself down, runs the learner's code and writes evidence into a pipe; the zygote passes the bytes on and watches the
clock, the memory and the length of what is sent. When the child has ended, everything else in the sandbox is killed (nobody can
signal process 1 of a PID namespace from within) and /tmp is emptied. If anything about that fails the zygote ends, and with it the
sandbox; the marker then starts another.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy.ctypeslib  # noqa: F401 - NumPy and torch import these when they are first used, which every child would pay for
import torch
import torch._dynamo

from coursekit.marking import protocol
from coursekit.marking.inside import trying
from coursekit.marking.inside.lockdown import PR_SET_DUMPABLE, Limits, control, lock_down
from dlmodule.checking import serialise
from dlmodule.checking.collect import guard

WRITABLE = (Path("/tmp"), Path("/dev/shm"))
TICK = 0.1  # seconds between two looks at the child's memory
ENDING = 1.0  # seconds within which a child that closed its end has ended, else it never means to
PAGE = os.sysconf("SC_PAGE_SIZE")
STOPPING: dict[int, str] = {signal.SIGKILL: "killed", signal.SIGXCPU: "processor"}


def main(requests: int = 0, answers: int = 1) -> None:
    """Serve until the marker closes ``requests``."""
    control(PR_SET_DUMPABLE, 0)  # no child may look into this process
    torch.set_num_threads(1)
    kind, payload = protocol.read(requests)
    assert kind == protocol.SETUP
    setup = serialise.from_bytes(payload, "set-up")
    every = trying.trials(setup["trials"])
    limits = Limits(**setup["limits"])
    guard.seed_all(0)  # torch keeps where it was seeded, in words: the source files it quotes are read once, here
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page of what is already here
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a process with threads must not fork"
    protocol.write(answers, protocol.frame(protocol.READY, b""))
    while True:
        try:
            kind, payload = protocol.read(requests)
        except EOFError:
            return
        run = json.loads(payload)
        ended = _run(run["cells"], run["exercises"], run["instead"], every, limits, answers)
        protocol.write(answers, protocol.frame(protocol.ENDED, json.dumps(ended).encode()))


def _run(
    cells: Sequence[str],
    exercises: Sequence[int],
    instead: Mapping[str, str],
    every: Sequence[trying.Trial],
    limits: Limits,
    answers: int,
) -> dict[str, float | str]:
    """Run a child on a submission and pass on what it sends. reason: how it ended, "" where it ended by itself."""
    begun = time.monotonic()
    receive, send = os.pipe()
    leave = os._exit  # as it is here: a learner's code may put another in its place
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            _be_child(cells, exercises, instead, every, limits, send)
        leave(0)
    os.close(send)
    try:
        reason = _watch(
            receive, limits, len(exercises), lambda data: protocol.write(answers, protocol.frame(protocol.DATA, data))
        )
        reason = reason or _stopped_by(child)
    finally:
        os.close(receive)
        _end_everything()
    return {"reason": reason, "seconds": time.monotonic() - begun}


def _be_child(
    cells: Sequence[str],
    exercises: Sequence[int],
    instead: Mapping[str, str],
    every: Sequence[trying.Trial],
    limits: Limits,
    send: int,
) -> None:
    nowhere = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.closerange(3, send)
    os.closerange(send + 1, 256)
    os.chdir("/tmp")
    sys.setrecursionlimit(1000)
    lock_down(limits, limits.seconds * len(exercises))

    def pass_on(number: int, data: bytes) -> None:
        protocol.write(send, protocol.EVIDENCE.pack(number, len(data)) + data)

    trying.try_all(cells, exercises, every, pass_on, instead)


def _watch(receive: int, limits: Limits, exercises: int, pass_on: Callable[[bytes], None]) -> str:
    """Pass on what arrives until the child closes its end, or until it must be stopped: then why."""
    last = time.monotonic()
    until = last + limits.seconds * exercises
    sent = 0
    waiting = select.poll()
    waiting.register(receive, select.POLLIN | select.POLLHUP)
    while True:
        if waiting.poll(TICK * 1000):
            data = os.read(receive, 1 << 20)
            if not data:
                return ""
            sent += len(data)
            if sent > limits.sent:
                return "sent"
            pass_on(data)
            last = time.monotonic()
        now = time.monotonic()
        if now > until or now - last > limits.seconds:
            return "time"
        if _memory() > limits.memory:
            return "memory"


def _stopped_by(child: int) -> str:
    """What ended the child that has closed its end: "killed" (the machine, when memory is short, or anybody), "processor", "" for itself."""
    ending = os.pidfd_open(child)
    try:
        if not select.select([ending], [], [], ENDING)[0]:
            return ""
        ended = os.waitid(os.P_PIDFD, ending, os.WEXITED | os.WNOWAIT)
    finally:
        os.close(ending)
    assert ended is not None  # it waits
    return STOPPING.get(ended.si_status, "") if ended.si_code == os.CLD_KILLED else ""


def _memory() -> int:
    """Bytes resident in the processes beside this one; what they share with this one (its libraries, its warm state) counts too."""
    numbered = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    return sum(_resident_pages(path) for path in numbered if int(path.name) != os.getpid()) * PAGE


def _resident_pages(process: Path) -> int:
    try:
        return int((process / "statm").read_text().split()[1])
    except OSError:  # it has just ended
        return 0


def _end_everything() -> None:
    """Nobody but this process lives on, and nothing stays written."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    for folder in WRITABLE:
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


if __name__ == "__main__":
    main()
