"""Work in processes of its own: results, errors, and an end to what does not end."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import pytest

from coursekit.exercises.workers import Killed, in_child, run_forked

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked on Linux and macOS")


def half(number: int) -> float:
    """A piece of work that fails on 13 and never ends on 99."""
    if number == 13:
        raise ValueError("unlucky")
    if number == 99:
        time.sleep(60)
    return number / 2


def test_results_come_with_what_they_are_of() -> None:
    """Every item comes back once, with its result; an exception stands for the result of what raised it."""
    found: dict[int, Any] = dict(run_forked(half, [2, 13, 6], jobs=2))
    assert (found[2], found[6]) == (1.0, 3.0)
    assert isinstance(found[13], ValueError)


def test_what_passes_its_deadline_is_killed() -> None:
    """A worker that hangs is killed; the others are not disturbed."""
    found: dict[int, Any] = dict(run_forked(half, [99, 4, 8], jobs=2, deadline=1.0))
    assert isinstance(found[99], Killed)
    assert (found[4], found[8]) == (2.0, 4.0)


def test_a_child_returns_or_raises() -> None:
    """One piece of work: its result, or its exception in place of it."""
    assert in_child(lambda: {"a": 1}, deadline=10) == {"a": 1}
    assert isinstance(in_child(lambda: half(13), deadline=10), ValueError)


def test_a_child_stuck_where_no_timer_reaches_is_killed() -> None:
    """One long call inside C, which Python cannot interrupt, ends with its process."""
    started = time.perf_counter()
    stuck = in_child(lambda: sum(range(10**12)), deadline=0.3)
    assert isinstance(stuck, Killed)
    assert time.perf_counter() - started < 5


def test_a_child_that_dies_is_noticed() -> None:
    """A crash of the process is a result, too."""
    assert isinstance(in_child(lambda: os._exit(3), deadline=10), Killed)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_child_cannot_take_all_memory() -> None:
    """What asks for more than it may have fails, and the machine does not."""
    assert isinstance(in_child(lambda: len(bytearray(2**31)), deadline=30, memory=2**28), MemoryError)
