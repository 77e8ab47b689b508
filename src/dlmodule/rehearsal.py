"""Every notebook runs at two sizes: the full one a learner waits for, and a rehearsal that tests run in seconds.

A notebook names both where it matters, ``epochs = sized(8, rehearsal=1)``, so a reader sees what the rehearsal leaves out.
"""

import os
from typing import TypeVar

T = TypeVar("T")


def rehearsing() -> bool:
    """Whether this process runs notebooks at rehearsal size (environment variable ``DLMODULE_REHEARSAL`` set and not 0)."""
    return os.environ.get("DLMODULE_REHEARSAL", "0") not in ("", "0")


def sized(full: T, *, rehearsal: T) -> T:
    """``full`` for a learner, ``rehearsal`` when the notebook is only being rehearsed."""
    return rehearsal if rehearsing() else full
