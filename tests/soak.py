"""How long a test of endurance goes on: a short while in `make test`, its whole length in `make soak`."""

import os


def rounds(short: int, *, whole: int) -> int:
    """How often the test repeats: ``short``, and ``whole`` where DLMODULE_SOAK is set."""
    return whole if os.environ.get("DLMODULE_SOAK") else short
