"""What marking's tests share: one small assessment, and a sandbox that stays warm."""

from collections.abc import Iterator

import pytest

from coursekit.marking.assessment import Assessment, from_keys
from coursekit.marking.inside.lockdown import Limits
from coursekit.marking.sandbox import Sandbox
from tests.coursekit.marking.assessment import SESSION, keys

LIMITS = Limits(seconds=6.0, memory=2 << 30)


@pytest.fixture(scope="session")
def assessment() -> Assessment:
    """Five light exercises, one mark each."""
    return from_keys(SESSION, keys())


@pytest.fixture(scope="module")
def sandbox(assessment: Assessment) -> Iterator[Sandbox]:
    """A warm sandbox, used one submission after the other as in marking."""
    with Sandbox(assessment.trials, LIMITS) as warm:
        yield warm
