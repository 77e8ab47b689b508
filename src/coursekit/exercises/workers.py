"""Run answers in processes of their own, forked from one that has torch loaded.

A fork shares what is already imported, so a worker starts in milliseconds; whatever an answer does to its process dies with
it. Linux and macOS; elsewhere the work is done here, one after the other. The code is the team's own and its slips; this is
no sandbox.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any


class Killed(Exception):
    """A worker that passed its deadline, or died."""


def run_forked(
    work: Callable[[Any], Any], items: Sequence[Any], *, jobs: int | None = None, deadline: float = 900.0
) -> Iterator[tuple[Any, Any]]:
    """``(item, work(item))`` as they are done, each in its own process; an exception stands in place of its result.

    jobs: processes at a time (default: one a core). deadline: seconds after which a worker is killed and its result is
    ``Killed``.
    """
    if not items:
        return
    jobs = jobs or os.cpu_count() or 1
    if not hasattr(os, "fork"):
        for item in items:
            yield item, _tried(work, item)
        return
    import torch
    import torch._dynamo  # imported once here rather than in every worker that touches an optimiser

    torch.set_num_threads(1)  # a forked process must not find a thread pool that does not exist in it
    context = multiprocessing.get_context("fork")
    waiting = list(items)
    running: dict[Connection, tuple[Any, Any, float]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                item = waiting.pop(0)
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=_worker, args=(sender, work, item), daemon=True)
                process.start()
                sender.close()
                running[receiver] = (item, process, time.monotonic() + deadline)
            soonest = min(limit for _, _, limit in running.values())
            ready = wait(list(running), timeout=max(0.0, soonest - time.monotonic()))
            for receiver in [connection for connection in running if connection in ready]:
                item, process, _ = running.pop(receiver)
                yield item, _received(receiver)
                process.join()
            for receiver, (item, process, limit) in list(running.items()):
                if time.monotonic() >= limit:
                    del running[receiver]
                    process.kill()
                    process.join()
                    yield item, Killed(f"no answer within {deadline:.0f} s")
    finally:
        for _, process, _ in running.values():
            process.kill()
            process.join()


def in_child(work: Callable[[], Any], *, deadline: float, memory: int = 4 * 2**30) -> Any:
    """``work()`` in a child of this process; an exception, or ``Killed``, stands in place of a result.

    Ends what no timer inside the process can: a call stuck in a C library, or one that takes the machine's memory. deadline:
    seconds. memory: bytes that the child may take beyond what this process has (Linux).
    """
    if not hasattr(os, "fork"):
        return _tried(lambda _: work(), None)
    receiver, sender = multiprocessing.Pipe(duplex=False)
    with warnings.catch_warnings():  # Python 3.12 warns of any fork beside a thread; a time limit's may just be ending
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            receiver.close()
            _limit_memory(memory)
            _worker(sender, lambda _: work(), None)
        finally:
            os._exit(0)
    sender.close()
    try:
        return _received(receiver) if receiver.poll(deadline) else Killed(f"no answer within {deadline:.1f} s")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        receiver.close()


def _limit_memory(more: int) -> None:
    statm = Path("/proc/self/statm")
    if statm.exists():
        import resource

        limit = int(statm.read_text().split()[0]) * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _tried(work: Callable[[Any], Any], item: Any) -> Any:
    try:
        return work(item)
    except Exception as error:
        return error


def _worker(sender: Connection, work: Callable[[Any], Any], item: Any) -> None:
    result = _tried(work, item)
    try:
        sender.send_bytes(pickle.dumps(result))
    except Exception:  # an exception that cannot be pickled still has its words
        sender.send_bytes(pickle.dumps(RuntimeError(f"{type(result).__name__}: {result}")))


def _received(receiver: Connection) -> Any:
    try:
        return pickle.loads(receiver.recv_bytes())
    except EOFError:
        return Killed("the process died")
