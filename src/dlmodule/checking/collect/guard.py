"""What stands around every judgement: a time limit, torch's own settings, and silence; all is put back whatever happens.

An answer is judged under torch's defaults, whatever the notebook has set: a default dtype, inference mode or warnings
that are errors are the learner's to choose, and no fault of the answer.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch._tensor_str import get_printoptions
from torch.overrides import _get_current_function_mode_stack
from torch.utils._device import DeviceContext

from dlmodule.device import best_device

WALL = 6  # times the limit may pass on the clock: a busy machine, or an answer that waits for something
LONGEST_IMPORT = 120  # seconds on the clock after which a module that is still being imported is stopped too
T = TypeVar("T")
_set_async_exception = ctypes.PYFUNCTYPE(None, ctypes.c_ulong, ctypes.py_object)(
    ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
)


class TimeUp(BaseException):
    """The time limit was reached. A BaseException, so that a learner's ``except Exception`` does not swallow it."""


def within(seconds: float, function: Callable[[], T]) -> T:
    """What ``function()`` returns; ``TimeUp`` once this thread has computed for ``seconds``, or ``WALL`` times as long has passed.

    A timer thread raises it (not a signal: those do not exist on Windows, nor outside the main thread). Whoever catches it
    is struck again at once, so a loop around a bare ``except`` ends too. Any loop written in Python ends; one long call
    inside a C library ends when it returns. A module that is being imported is let finish, and ``seconds`` begin anew: the first
    call of `torch.func` loads a large part of torch, and half a module would be broken for good.
    """
    thread = ctypes.c_ulong(threading.get_ident())
    lock, begun, done = threading.Lock(), threading.Event(), threading.Event()
    computed = _processor_clock()
    start = time.monotonic()
    allowed, allowed_on_the_clock = seconds, WALL * seconds

    class Strike(TimeUp):
        pass

    # Python makes the exception when a handler takes it: that makes the next one due, which lands where the handler ends. It is
    # C that is called, for a function written in Python would itself be struck.
    Strike.__init__ = functools.partial(_set_async_exception, thread, ctypes.py_object(Strike))  # type: ignore[method-assign]

    def left() -> float:
        """Seconds until the limit can be reached at the earliest; negative once it is."""
        passed = time.monotonic() - start
        return min(allowed - min(computed(), passed), allowed_on_the_clock - passed)

    def raise_time_up() -> None:
        nonlocal allowed, allowed_on_the_clock
        begun.wait()  # raised during `start` it would meet no `finally`, and may hit a thread that is being made
        while not done.wait(max(left(), 0.01)):
            with lock:
                if left() > 0 or done.is_set():
                    continue
                passed = time.monotonic() - start
                if _imports(thread.value) and passed < LONGEST_IMPORT:
                    allowed, allowed_on_the_clock = computed() + seconds, passed + WALL * seconds
                else:
                    _set_async_exception(thread, ctypes.py_object(Strike))

    watcher = threading.Thread(target=raise_time_up, daemon=True, name="time-limit")
    watcher.start()
    try:
        begun.set()
        return function()
    finally:
        # A strike may land while this very block runs: it is taken here, wherever it lands, and the block begins again. Nothing
        # stands between `finally` and `try`, so no strike can leave with the watcher still alive.
        while True:
            try:
                Strike.__init__ = BaseException.__init__  # type: ignore[method-assign]
                with lock:
                    done.set()
                # One that was thrown and has not landed yet lands on this loop. It is not called back with SetAsyncExc(thread, None):
                # CPython 3.11 then believes for ever that one is due, and whatever traces this thread (a debugger) never returns.
                for _ in range(3):
                    pass
                break
            except TimeUp:
                pass


def _imports(thread: int) -> bool:
    """Whether a thread is inside of an import."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _processor_clock() -> Callable[[], float]:
    """A function that says, from any thread, for how many seconds this thread has computed since now.

    Where a thread's own clock cannot be read from outside (macOS, Windows) it is the process's, which is never behind.
    """
    clock: Callable[[], float] = time.process_time
    if hasattr(time, "pthread_getcpuclockid"):
        number = time.pthread_getcpuclockid(threading.get_ident())

        def clock() -> float:
            return time.clock_gettime(number)

    start = clock()
    return lambda: clock() - start


@dataclass(frozen=True)
class Setting:
    """One of torch's global settings: how it is read and set, and what it is when nobody has set it (None: as found)."""

    read: Callable[[], Any]
    write: Callable[[Any], None]
    default: Any = None


def _set_deterministic(value: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(value[0], warn_only=value[1])


def _set_grad(on: bool) -> None:
    torch.set_grad_enabled(on)


def _set_anomaly_detection(on: bool) -> None:
    torch.autograd.set_detect_anomaly(on)


def _set_default_device(device: torch.device) -> None:
    """Set it where no `with` block has set another: torch refuses to change what stands below one."""
    own = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    if all(mode is own for mode in _get_current_function_mode_stack() if isinstance(mode, DeviceContext)):  # type: ignore[no-untyped-call]
        torch.set_default_device(device)


def _set_print_options(options: dict[str, Any]) -> None:
    torch.set_printoptions(**options)  # type: ignore[no-untyped-call]


def _deterministic() -> tuple[bool, bool]:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


SETTINGS = {
    "default dtype": Setting(torch.get_default_dtype, torch.set_default_dtype, torch.float32),
    "default device": Setting(torch.get_default_device, _set_default_device, torch.device("cpu")),
    "gradient mode": Setting(torch.is_grad_enabled, _set_grad, True),
    "autocast": Setting(
        lambda: torch.is_autocast_enabled("cpu"), lambda on: torch.set_autocast_enabled("cpu", on), False
    ),
    "number of threads": Setting(torch.get_num_threads, torch.set_num_threads),  # changes times only, not results
    "deterministic mode": Setting(_deterministic, _set_deterministic, (False, False)),
    "anomaly detection": Setting(torch.is_anomaly_enabled, _set_anomaly_detection, False),
    "precision of float32 products": Setting(
        torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, torch.get_float32_matmul_precision()
    ),
    "print options": Setting(get_printoptions, _set_print_options, get_printoptions()),
}


def torch_state() -> dict[str, Any]:
    """Torch's global settings, by the name a person would use."""
    return {name: setting.read() for name, setting in SETTINGS.items()}


def restore_torch_state(state: dict[str, Any]) -> tuple[str, ...]:
    """Put the settings back; returns the names of those that had been changed."""
    changed = tuple(name for name, value in state.items() if SETTINGS[name].read() != value)
    for name in changed:
        SETTINGS[name].write(state[name])
    return changed


@contextlib.contextmanager
def torch_defaults() -> Iterator[None]:
    """Torch as it is when nobody has set anything; afterwards it is as it was found.

    Outside of inference mode, with warnings and NumPy's errors silent, and without compiling: what ``torch.compile`` makes
    of an answer computes the same, and the first call would take longer than all cases.
    """
    state = torch_state()
    compiling = os.environ.get("TORCHDYNAMO_DISABLE")
    with contextlib.ExitStack() as stack:
        stack.callback(restore_torch_state, state)
        stack.enter_context(torch.inference_mode(False))
        restore_torch_state(
            {name: setting.default for name, setting in SETTINGS.items() if setting.default is not None}
        )
        if torch.get_default_device().type != "cpu":  # chosen by a `with` block, which stands above the default
            stack.enter_context(torch.device("cpu"))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(np.errstate(all="ignore"))
        stack.enter_context(np.printoptions(**_NUMPY_PRINT_OPTIONS))
        if "torch._dynamo" in sys.modules:  # loading it takes seconds; what is compiled has loaded it
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        os.environ["TORCHDYNAMO_DISABLE"] = "1"
        stack.callback(_set_variable, "TORCHDYNAMO_DISABLE", compiling)
        yield


_NUMPY_PRINT_OPTIONS: dict[str, Any] = {
    "precision": 8,
    "threshold": 1000,
    "edgeitems": 3,
    "linewidth": 75,
    "suppress": False,
}


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Torch's defaults inside; afterwards its settings and all random generators are as they were."""
    generators = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002 - learners' code may use it
    try:
        with torch_defaults():
            yield
    finally:
        torch.set_rng_state(generators[0])
        np.random.set_state(generators[1])  # noqa: NPY002 - learners' code may use it
        random.setstate(generators[2])


def seed_all(seed: int) -> None:
    """Seed the global generators of torch, NumPy and random."""
    # torch.manual_seed also formats the call stack for each kind of device that is not there: a fifth of the time of a light check.
    seed_torch = torch.manual_seed if best_device().type != "cpu" else torch.default_generator.manual_seed
    seed_torch(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - learners' code may use it
    random.seed(seed)
