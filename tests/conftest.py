"""Which tests run alone: those that measure seconds, kill processes or drive a browser or a kernel. All others share the cores."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
ALONE = (
    "browser",
    "coursekit/exercises/test_workers.py",
    "coursekit/marking/test_attacks.py",
    "coursekit/marking/test_cluster.py",
    "coursekit/marking/test_coursework.py",
    "coursekit/marking/test_scheduling.py",
    "dlmodule/checking/collect/test_guard.py",
    "dlmodule/open/test_attempts.py",
    "dlmodule/open/test_server.py",
    "dlmodule/open/test_workspace.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them ``alone``; ``tests/course`` is a run of its own."""
    for item in items:
        place = item.path.relative_to(HERE).as_posix()
        if place.startswith(ALONE) or any(item.get_closest_marker(name) for name in ("browser", "kernel", "soak")):
            item.add_marker("alone")
