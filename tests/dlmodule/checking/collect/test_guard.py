"""The time limit, and what it must not leave behind."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from dlmodule.checking.collect.guard import TimeUp, time_limit


def test_a_loop_is_ended_and_the_next_line_runs() -> None:
    """The limit ends a loop that swallows exceptions; afterwards nothing lands on the caller."""
    begin = time.monotonic()
    with pytest.raises(TimeUp), time_limit(0.1):
        while True:
            try:  # noqa: SIM105 - as a learner writes it
                time.sleep(0.001)
            except Exception:
                pass
    for _ in range(100_000):
        pass
    assert time.monotonic() - begin < 5


def test_limits_that_nearly_strike_leave_nothing_behind() -> None:
    """A limit that ends just as the block does is either met or not, and never hits a later line."""
    for _ in range(200):
        try:
            with time_limit(0.001):
                time.sleep(0.001)
        except TimeUp:
            pass
    for _ in range(100_000):
        pass


def test_a_debugger_still_works_after_a_check() -> None:
    """Code that is traced after a time limit returns: CPython 3.11 hangs where an exception was called back."""
    program = (
        "import sys, time\n"
        "from dlmodule.checking.collect.guard import TimeUp, time_limit\n"
        "with time_limit(5): pass\n"
        "try:\n    with time_limit(0.05): time.sleep(0.3)\nexcept TimeUp: pass\n"
        "sys.settrace(lambda *_: None)\n"
        "print((lambda: 'back')())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "back\n", done.stderr


def test_a_limit_shorter_than_its_own_start_leaves_no_watcher() -> None:
    """However short the limit, no strike comes before the block has begun, and none after it has ended."""
    for _ in range(300):
        try:
            with time_limit(0.0002):
                time.sleep(0.0002)
        except TimeUp:
            pass
    end = time.monotonic() + 0.5  # a watcher that was left would strike every 0.2 s
    while time.monotonic() < end:
        pass
    assert [thread for thread in threading.enumerate() if thread.name == "time-limit"] == []
