"""kill -9 at random points: of the marker, of a zygote, of the child that runs a learner's code, and of the database's connection.

However often: no submission is lost, none is marked twice, and every mark is that of an undisturbed run.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest
import sqlalchemy as sql

from coursekit.marking.assessment import Assessment
from coursekit.marking.deciding import ExerciseMark
from coursekit.marking.results import Results
from tests.coursekit.marking.postgres import Postgres
from tests.coursekit.marking.test_scheduling import ROOT, expected
from tests.soak import rounds

COUNT = 12
IN_A_CLASS = 5  # kills while one class is marked
SEED = 12
MARKER = f"""
import sys
from coursekit.marking.assessment import from_keys
from coursekit.marking.results import Results
from coursekit.marking.scheduling import mark_all
from tests.coursekit.marking.assessment import SESSION, keys
from tests.coursekit.marking.conftest import LIMITS
from tests.coursekit.marking.test_scheduling import class_of

class Noted(Results):
    def write(self, marked, *key):
        new = super().write(marked, *key)
        if new:
            print(marked.digest, flush=True)
        return new

mark_all(from_keys(SESSION, keys()), class_of({COUNT}), Noted(sys.argv[1]), jobs=int(sys.argv[2]), limits=LIMITS)
"""

Marks = dict[str, tuple[ExerciseMark, ...]]
Kill = Callable[
    [int], bool
]  # of something that belongs to the marker with this process id; False where there is nothing yet


def start(url: str, jobs: int) -> subprocess.Popen[str]:
    """A marker of the class, as a process; it prints the digest of each submission whose marks it has written."""
    return subprocess.Popen(
        [sys.executable, "-c", MARKER, url, str(jobs)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )  # fmt: skip


def marks_at(url: str, assessment: Assessment) -> Marks:
    """Every learner's marks, exercise by exercise; each submission is there once."""
    results = Results(url)
    latest = results.latest(assessment.id, assessment.digest)
    results.close()
    engine = sql.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as database:
        assert database.execute(sql.text("select count(*) from marked")).scalar_one() == COUNT
    engine.dispose()
    return {learner: marked.exercises for learner, (marked, _) in latest.items()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, assessment: Assessment) -> tuple[Marks, float]:
    """The marks of a run that nothing disturbs, and the seconds that it took."""
    url = f"sqlite:///{tmp_path_factory.mktemp('undisturbed') / 'marks.sqlite'}"
    begun = time.monotonic()
    marker = start(url, 2)
    _, said = marker.communicate()
    assert marker.returncode == 0, said
    marks = marks_at(url, assessment)
    assert {learner: sum(mark.marks for mark in found) for learner, found in marks.items()} == expected(COUNT)
    return marks, time.monotonic() - begun


@pytest.mark.soak
def test_nothing_is_lost_and_nothing_marked_twice(
    tmp_path: Path, assessment: Assessment, postgres: Postgres, undisturbed: tuple[Marks, float]
) -> None:
    """Seeded kills while class after class is marked, with 1, 2 and 3 sandboxes, in SQLite and in PostgreSQL."""
    marks, span = undisturbed
    chance = random.Random(SEED)
    wanted, done = rounds(4, whole=100), Counter[str]()
    for number, jobs in enumerate(itertools.cycle((2, 1, 3))):
        if sum(done.values()) >= wanted:
            break
        url = postgres.database() if number % 2 == 0 else f"sqlite:///{tmp_path / f'{number}.sqlite'}"
        ways = ways_to_kill(url, postgres, chance)
        left = min(IN_A_CLASS, wanted - sum(done.values()))
        # Every way in turn, those first that have had the fewest, in an order that the seed decides.
        plan = sorted(ways, key=lambda way: (done[way], chance.random()))
        written = mark_disturbed(url, jobs, [(way, ways[way]) for way in (plan * left)[:left]], span, chance, done)
        assert max(Counter(written).values(), default=0) <= 1, "a submission was marked twice"
        assert marks_at(url, assessment) == marks
    assert {"marker", "zygote", "child", "connection"} <= done.keys(), done
    print(dict(done))


def mark_disturbed(
    url: str, jobs: int, plan: list[tuple[str, Kill]], span: float, chance: random.Random, done: Counter[str]
) -> list[str]:
    """Mark the class while what stands in ``plan`` is killed, starting the marker again as often as it is killed itself.

    Returns the digests that were written; ``done`` counts the kills. A marker that ends on its own has marked everything.
    """
    written: list[str] = []
    while True:
        marker = start(url, jobs)
        time.sleep(chance.uniform(0, span / 2))
        while plan and marker.poll() is None:
            way, kill = plan[0]
            if kill(marker.pid):
                done[way] += 1
                plan.pop(0)
                time.sleep(chance.uniform(0, span / 4))
            else:
                time.sleep(0.005)
        out, said = marker.communicate()
        written += out.split()
        if marker.returncode == 0:
            return written
        assert marker.returncode == -signal.SIGKILL, said


def ways_to_kill(url: str, postgres: Postgres, chance: random.Random) -> dict[str, Kill]:
    """What can be killed, by name."""

    def marker(pid: int) -> bool:
        return _kill([pid])

    def zygote(pid: int) -> bool:
        return _kill(_descendants(pid, chance.choice((1, 2))))  # bubblewrap, or the process in it

    def child(pid: int) -> bool:
        return _kill(_descendants(pid, 3))

    def connection(pid: int) -> bool:
        try:
            connections = postgres.connections_to(url)
            if connections and chance.random() < 0.5:
                return _kill(connections)
            with postgres.connection() as owner:
                return any([owner.execute("SELECT pg_terminate_backend(%s)", [each]) for each in connections])
        except psycopg.OperationalError:  # the server is starting again after the last kill
            return False

    def _kill(processes: list[int]) -> bool:
        try:
            os.kill(chance.choice(processes), signal.SIGKILL)
        except (IndexError, ProcessLookupError):
            return False
        return True

    ways = {"marker": marker, "zygote": zygote, "child": child}
    return ways | {"connection": connection} if url.startswith("postgresql") else ways


def _descendants(pid: int, generation: int) -> list[int]:
    """The processes that are so many generations below ``pid``."""
    found = [pid]
    for _ in range(generation):
        found = [child.pid for parent in found for child in _children(parent)]
    return found


def _children(pid: int) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children())
    except psutil.NoSuchProcess:
        return []
