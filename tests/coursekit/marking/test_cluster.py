"""The same marks on a Dask cluster: a real scheduler and two real workers, one of which dies on the way."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.marking import cluster
from coursekit.marking.assessment import Assessment
from coursekit.marking.cluster import Cluster
from coursekit.marking.results import Results
from coursekit.marking.scheduling import mark_with
from tests.coursekit.marking.conftest import LIMITS
from tests.coursekit.marking.dask import Dask
from tests.coursekit.marking.test_scheduling import class_of, expected, marks_in

COUNT = 30


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    """A scheduler and two workers; one that dies stays dead."""
    started = Dask(tmp_path, again=False)
    yield started
    started.stop()


def test_a_dead_worker_loses_nothing(tmp_path: Path, assessment: Assessment, dask: Dask) -> None:
    """kill -9 of one of two workers half-way: every mark is the one deserved, written once, by the other worker."""
    results = Results.at(tmp_path / "marks.sqlite")

    def tell(done: int, of: int) -> None:
        if done == COUNT // 2:
            os.kill(dask.workers()[0], signal.SIGKILL)

    with Cluster(dask.address, assessment, LIMITS) as crew:
        assert crew.room == 4
        assert mark_with(crew, assessment, class_of(COUNT), results, tell) == COUNT
        assert mark_with(crew, assessment, class_of(COUNT), results) == 0
    assert len(dask.workers()) == 1
    assert marks_in(results, assessment) == expected(COUNT)
    results.close()


def test_a_cluster_without_workers_is_told(assessment: Assessment, dask: Dask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both workers die: nobody waits for ever, and the command that starts one is named."""
    monkeypatch.setattr(cluster, "ANSWERING", 2.0)
    for worker in dask.workers():
        os.kill(worker, signal.SIGKILL)
    with dask.client() as client:
        while client.nthreads():
            time.sleep(0.1)
    with pytest.raises(CourseError, match=f"start them with `dask worker {dask.address}`"):
        Cluster(dask.address, assessment)


def test_workers_of_another_environment_are_refused(
    assessment: Assessment, dask: Dask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their marks would be those of other versions."""
    monkeypatch.setattr(cluster, "environment", lambda: "Python 2")
    with pytest.raises(CourseError, match="marks are made with Python 2"):
        Cluster(dask.address, assessment)


def test_no_scheduler_is_one_line(assessment: Assessment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that does not answer is named."""
    monkeypatch.setattr(cluster, "ANSWERING", 0.5)
    with pytest.raises(CourseError, match=r"no Dask scheduler answers at tcp://127.0.0.1:1"):
        Cluster("tcp://127.0.0.1:1", assessment)
