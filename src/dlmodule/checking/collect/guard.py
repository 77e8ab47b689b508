"""What stands around every judgement: a time limit and torch's global state, put back whatever happens.

The time limit is a timer thread that raises in the judged thread (not a signal: those do not exist on Windows, nor
outside the main thread). It ends any loop written in Python; one long call inside a C library ends when it returns.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import random
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch


class TimeUp(BaseException):
    """The time limit was reached. A BaseException, so that a learner's ``except Exception`` does not swallow it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise ``TimeUp`` in this thread once ``seconds`` have passed, and again every 0.2 s while it is not obeyed."""
    thread = ctypes.c_ulong(threading.get_ident())
    lock, begun, done = threading.Lock(), threading.Event(), threading.Event()

    def strike() -> None:
        begun.wait()  # a strike during `start` would meet no `finally`, and may hit a thread that is being made
        wait = seconds
        while not done.wait(wait):
            with lock:
                if not done.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeUp))
            wait = 0.2

    watcher = threading.Thread(target=strike, daemon=True, name="time-limit")
    watcher.start()
    try:
        begun.set()
        yield
    finally:
        # A strike may land while this very block runs: it is taken here, wherever it lands, and the block begins again. Nothing
        # stands between `finally` and `try`, so no strike can leave with the watcher still alive.
        while True:
            try:
                with lock:
                    done.set()
                # One that was thrown and has not landed yet lands on this loop. It is not called back with SetAsyncExc(thread, None):
                # CPython 3.11 then believes for ever that one is due, and whatever traces this thread (a debugger) never returns.
                for _ in range(3):
                    pass
                break
            except TimeUp:
                pass


def torch_state() -> dict[str, Any]:
    """Torch's global settings, by the name a person would use."""
    return {
        "default dtype": torch.get_default_dtype(),
        "default device": torch.get_default_device() if hasattr(torch, "get_default_device") else None,
        "gradient mode": torch.is_grad_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "number of threads": torch.get_num_threads(),
        "deterministic mode": torch.are_deterministic_algorithms_enabled(),
        "anomaly detection": torch.is_anomaly_enabled(),
    }


def restore_torch_state(state: dict[str, Any]) -> tuple[str, ...]:
    """Put the settings back; returns the names of those that had been changed."""
    now = torch_state()
    changed = tuple(name for name in state if state[name] != now[name])
    if "default dtype" in changed:
        torch.set_default_dtype(state["default dtype"])
    if "default device" in changed:
        torch.set_default_device(state["default device"])
    if "gradient mode" in changed:
        torch.set_grad_enabled(state["gradient mode"])
    if "autocast" in changed:
        torch.set_autocast_enabled("cpu", state["autocast"])
    if "number of threads" in changed:
        torch.set_num_threads(state["number of threads"])
    if "deterministic mode" in changed:
        torch.use_deterministic_algorithms(state["deterministic mode"])
    if "anomaly detection" in changed:
        torch.autograd.set_detect_anomaly(state["anomaly detection"])
    return changed


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Whatever runs inside, afterwards torch's settings and all random generators are as they were; it runs silently."""
    state = torch_state()
    generators = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002 - learners' code may use it
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            torch.set_grad_enabled(True)
            yield
    finally:
        restore_torch_state(state)
        torch.set_rng_state(generators[0])
        np.random.set_state(generators[1])  # noqa: NPY002 - learners' code may use it
        random.setstate(generators[2])


def seed_all(seed: int) -> None:
    """Seed the global generators of torch, NumPy and random."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - learners' code may use it
    random.seed(seed)
