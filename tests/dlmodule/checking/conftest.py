"""A key made in a line, for tests of checks."""

from collections.abc import Callable
from typing import Any

import pytest

from dlmodule.checking import Case
from dlmodule.checking.collect.run import gather, reference
from dlmodule.checking.key import ExerciseKey, MistakeKey
from dlmodule.checking.probes import Probe, call

MakeKey = Callable[..., ExerciseKey]


@pytest.fixture
def make_key() -> MakeKey:
    """``make_key(solution, cases, probe=..., mistakes={name: wrong}, kind=...)``; a mistake's sentence is its name."""

    def make(
        solution: Any,
        cases: list[Case],
        probe: Probe | None = None,
        mistakes: dict[str, Any] | None = None,
        kind: str = "function",
        name: str = "answer",
        **fields: Any,
    ) -> ExerciseKey:
        probe = probe or call()
        recorded = [
            MistakeKey(each, f"This is {each}.", gather(wrong, cases, probe))
            for each, wrong in (mistakes or {}).items()
        ]
        right = reference(solution, cases, probe)
        hints = ("first", "second")
        return ExerciseKey("s", name, "Title", "morning", kind, 5, 9, hints, probe, cases, right, recorded, **fields)

    return make
