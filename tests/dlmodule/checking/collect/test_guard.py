"""The time limit, torch's own settings, and what neither may leave behind."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from dlmodule.checking.collect import guard
from dlmodule.checking.collect.guard import TimeUp, within


def test_a_loop_is_ended_and_the_next_line_runs() -> None:
    """The limit ends a loop that swallows exceptions; afterwards nothing lands on the caller."""
    begin = time.monotonic()

    def loop() -> None:
        while True:
            try:  # noqa: SIM105 - as a learner writes it
                time.sleep(0.001)
            except Exception:
                pass

    with pytest.raises(TimeUp):
        within(0.02, loop)
    for _ in range(100_000):
        pass
    assert time.monotonic() - begin < 5


def test_limits_that_nearly_strike_leave_nothing_behind() -> None:
    """A limit that ends just as the block does is either met or not, and never hits a later line."""
    for _ in range(200):
        with contextlib.suppress(TimeUp):
            within(0.001, lambda: time.sleep(0.001))
    for _ in range(100_000):
        pass


def test_a_debugger_still_works_after_a_check() -> None:
    """Code that is traced after a time limit returns: CPython 3.11 hangs where an exception was called back."""
    program = (
        "import sys, time\n"
        "from dlmodule.checking.collect.guard import TimeUp, within\n"
        "within(5, int)\n"
        "try: within(0.05, lambda: time.sleep(0.4))\nexcept TimeUp: pass\n"
        "sys.settrace(lambda *_: None)\n"
        "print((lambda: 'back')())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "back\n", done.stderr


def test_a_limit_shorter_than_its_own_start_leaves_no_watcher() -> None:
    """However short the limit, no strike comes before the block has begun, and none after it has ended."""
    for _ in range(300):
        with contextlib.suppress(TimeUp):
            within(0.0002, lambda: time.sleep(0.0002))
    end = time.monotonic() + 0.5  # a watcher that was left would strike every 0.2 s
    while time.monotonic() < end:
        pass
    assert [thread for thread in threading.enumerate() if thread.name == "time-limit"] == []


def _swallowing_everything() -> None:
    while True:
        try:  # noqa: SIM105 - as a learner writes it
            sum(range(1000))
        except:  # noqa: E722
            pass


def _swallowing_in_a_call() -> None:
    def quietly() -> None:
        try:  # noqa: SIM105 - as a learner writes it
            time.sleep(0.0001)
        except BaseException:
            pass

    while True:
        quietly()


def _swallowing_in_a_with_block() -> None:
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(0.0001)


@pytest.mark.parametrize("loop", [_swallowing_everything, _swallowing_in_a_call, _swallowing_in_a_with_block])
def test_a_loop_that_swallows_the_limit_itself_is_ended(loop: Callable[[], None]) -> None:
    """Even a bare `except` in a loop does not keep an answer going."""
    begin = time.monotonic()
    with pytest.raises(TimeUp):
        within(0.1, loop)
    assert time.monotonic() - begin < 2


def test_waiting_is_not_computing() -> None:
    """The limit is processor time: a thread that waits its turn, as on a busy machine, is not struck by it."""
    within(0.2, lambda: time.sleep(0.5))


def test_waiting_for_ever_is_ended_too() -> None:
    """What only waits is ended by the clock, after several times the limit."""
    begin = time.monotonic()
    with pytest.raises(TimeUp):
        within(0.05, lambda: [time.sleep(0.01) for _ in range(1000)])
    assert 0.05 * guard.WALL <= time.monotonic() - begin < 5


def test_a_busy_neighbour_does_not_use_up_the_limit() -> None:
    """Where threads have clocks of their own, another thread's computing is not the answer's."""
    if not hasattr(time, "pthread_getcpuclockid"):
        pytest.skip("this platform has no clock of a thread")
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            sum(range(1000))

    neighbour = threading.Thread(target=busy)
    neighbour.start()
    try:
        within(0.3, lambda: [time.sleep(0.01) for _ in range(50)])
    finally:
        stop.set()
        neighbour.join()


SETTINGS: dict[str, Callable[[], object]] = {
    "default dtype": lambda: torch.set_default_dtype(torch.float64),
    "default device": lambda: torch.set_default_device("meta"),
    "gradient mode": lambda: torch.set_grad_enabled(False),
    "autocast": lambda: torch.set_autocast_enabled("cpu", True),
    "deterministic mode": lambda: torch.use_deterministic_algorithms(True),
    "anomaly detection": lambda: torch.autograd.set_detect_anomaly(True),
    "precision of float32 products": lambda: torch.set_float32_matmul_precision("medium"),
    "print options": lambda: torch.set_printoptions(precision=1),  # type: ignore[no-untyped-call]
}


@pytest.mark.parametrize("name", SETTINGS)
def test_an_answer_is_judged_under_torchs_defaults(name: str) -> None:
    """Whatever a notebook has set, inside it is torch's default, and afterwards it is as it was."""
    plain = guard.torch_state()
    try:
        SETTINGS[name]()
        changed = guard.torch_state()
        assert changed[name] != plain[name]
        with guard.torch_defaults():
            assert guard.torch_state()[name] == guard.SETTINGS[name].default
        assert guard.torch_state() == changed
    finally:
        guard.restore_torch_state(plain)


def test_inference_mode_a_device_block_and_strict_warnings_end_at_the_door() -> None:
    """Modes entered by a `with` block, NumPy's errors and warnings that are errors do not reach an answer."""
    with warnings.catch_warnings(), torch.inference_mode(), torch.device("meta"), np.errstate(all="raise"):
        warnings.simplefilter("error")
        with guard.torch_defaults():
            warnings.warn("careful", stacklevel=1)
            assert np.isinf(np.float64(1) / np.zeros(1)).all()
            made = torch.ones(2, requires_grad=True)
            assert made.device.type == "cpu" and not made.is_inference()
            (made * 2).sum().backward()
            assert made.grad is not None
        assert torch.is_inference_mode_enabled()
        assert torch.ones(1).device.type == "meta"


def test_an_import_is_let_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that takes longer to load than the limit is loaded whole; the loop that comes after it still ends."""
    busy = (
        "import time\nbegun = time.process_time()\nwhile time.process_time() - begun < 0.6:\n    pass\nwhole = True\n"
    )
    (tmp_path / "slow_to_load.py").write_text(busy)
    monkeypatch.syspath_prepend(tmp_path)

    def loads() -> bool:
        import slow_to_load

        return bool(slow_to_load.whole)

    def loads_and_loops() -> None:
        loads()
        while True:
            pass

    assert within(0.2, loads)
    sys.modules.pop("slow_to_load")
    with pytest.raises(TimeUp):
        within(0.2, loads_and_loops)
    assert sys.modules.pop("slow_to_load").whole
