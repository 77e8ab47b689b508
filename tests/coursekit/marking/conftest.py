"""What marking's tests share: one small assessment, and a sandbox that stays warm."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coursekit.marking.assessment import Assessment, from_keys
from coursekit.marking.inside.lockdown import Limits
from coursekit.marking.results import Results
from coursekit.marking.sandbox import Sandbox
from tests.coursekit.marking.assessment import SESSION, keys
from tests.coursekit.marking.postgres import Postgres

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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, started when a test first needs it."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'marks.sqlite'}"
    return str(request.getfixturevalue("postgres").database())


@pytest.fixture
def results(database: str) -> Iterator[Results]:
    """Empty results in each kind of database."""
    kept = Results(database)
    yield kept
    kept.close()
