"""Many submissions at once: the same marks with any number of workers, whatever is killed on the way."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.marking import sandbox as sandboxes
from coursekit.marking import scheduling
from coursekit.marking.assessment import Assessment
from coursekit.marking.results import Results
from coursekit.marking.sandbox import Sandbox, environment
from coursekit.marking.submission import Submission
from tests.coursekit.marking.assessment import SOLUTIONS, STUBS, WRONG, cells, notebook
from tests.coursekit.marking.conftest import LIMITS

ROOT = Path(__file__).parents[3]


def class_of(count: int) -> list[Submission]:
    """Learner n solves exercise k, gets it wrong or leaves it, by the digits of n in base 3; each notebook is unlike the others."""
    found = []
    for n in range(count):
        texts = dict(SOLUTIONS)
        for place, name in enumerate(SOLUTIONS):
            texts[name] = (SOLUTIONS, WRONG, STUBS)[n // 3**place % 3][name]
        found.append(Submission(f"learner {n:03}", "cw.ipynb", notebook([f"# {n}", *cells(**texts)])))
    return found


def expected(count: int) -> dict[str, int]:
    """The marks they deserve."""
    return {f"learner {n:03}": sum(n // 3**place % 3 == 0 for place in range(5)) for n in range(count)}


def marks_in(results: Results, assessment: Assessment) -> dict[str, float]:
    latest = results.latest(assessment.id, assessment.digest, environment())
    return {learner: marked.marks for learner, (marked, _) in latest.items()}


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_marks_are_those_deserved_at_any_number_of_workers(tmp_path: Path, assessment: Assessment, jobs: int) -> None:
    """Independent of who marks what, each learner has the marks that the notebook was made to earn."""
    results = Results.at(tmp_path / "marks.sqlite")
    scheduling.mark_all(assessment, class_of(20), results, jobs=jobs, limits=LIMITS)
    assert marks_in(results, assessment) == expected(20)
    results.close()


def test_a_second_run_marks_only_what_is_new(tmp_path: Path, assessment: Assessment) -> None:
    """Nothing is marked twice, and a resubmission counts in place of the first."""
    results = Results.at(tmp_path / "marks.sqlite")
    first = class_of(4)
    assert scheduling.mark_all(assessment, first, results, jobs=1, limits=LIMITS) == 4
    assert scheduling.mark_all(assessment, first, results, jobs=1, limits=LIMITS) == 0
    better = Submission("learner 001", "cw.ipynb", notebook(["# again", *cells()]))
    assert scheduling.mark_all(assessment, [*first[:1], better, *first[2:]], results, jobs=1, limits=LIMITS) == 1
    assert marks_in(results, assessment) == {**expected(4), "learner 001": 5}
    results.close()


def test_a_killed_zygote_loses_nothing(tmp_path: Path, assessment: Assessment, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9 of zygotes at random moments while they work: the marks are those of an undisturbed run."""
    started: list[Sandbox] = []

    class Noted(Sandbox):
        def __enter__(self) -> Sandbox:
            started.append(self)
            return self

    monkeypatch.setattr(scheduling, "Sandbox", Noted)
    results = Results.at(tmp_path / "marks.sqlite")
    done = threading.Event()
    kills, random_moments = [], random.Random(1)

    def kill() -> None:
        while not done.wait(random_moments.uniform(0.2, 1.0)) and len(kills) < 4:
            alive = [one.process for one in started if one.process is not None]
            if alive and sandboxes_answered[0] > 2 * len(kills):
                os.kill(random_moments.choice(alive), signal.SIGKILL)
                kills.append(time.monotonic())

    sandboxes_answered = [0]

    def tell(count: int, of: int) -> None:
        sandboxes_answered[0] = count

    killer = threading.Thread(target=kill)
    killer.start()
    scheduling.mark_all(assessment, class_of(60), results, jobs=2, limits=LIMITS, tell=tell)
    done.set()
    killer.join()
    assert marks_in(results, assessment) == expected(60)
    assert kills, "the test killed nothing"
    results.close()


MARKER = """
import sys
from pathlib import Path
from coursekit.marking.assessment import from_keys
from coursekit.marking.results import Results
from coursekit.marking.scheduling import mark_all
from tests.coursekit.marking.assessment import SESSION, keys
from tests.coursekit.marking.conftest import LIMITS
from tests.coursekit.marking.test_scheduling import class_of
mark_all(from_keys(SESSION, keys()), class_of(40), Results.at(Path(sys.argv[1])), jobs=2, limits=LIMITS,
         tell=lambda done, of: print(done, flush=True))
"""


def test_a_killed_marker_goes_on_where_it_stopped(tmp_path: Path, assessment: Assessment) -> None:
    """kill -9 of the marker itself, twice, at random counts: the third run ends with every mark, each written once."""
    path = tmp_path / "marks.sqlite"
    environ = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    left = []
    for stop in (5, 9, None):
        marker = subprocess.Popen(
            [sys.executable, "-c", MARKER, str(path)], stdout=subprocess.PIPE, text=True, env=environ
        )
        assert marker.stdout is not None
        with marker.stdout:
            for line in marker.stdout:
                if stop is not None and int(line) >= stop:
                    os.kill(marker.pid, signal.SIGKILL)
                    break
        marker.wait()
        with sqlite3.connect(path) as database:
            left.append(database.execute("select count(*), count(distinct submission) from marked").fetchone())
        database.close()
    assert [count for count, _ in left] == sorted({count for count, _ in left}) and left[-1] == (40, 40), left
    results = Results.at(path)
    assert marks_in(results, assessment) == expected(40)
    results.close()


def test_a_missing_sandbox_is_an_error(tmp_path: Path, assessment: Assessment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without bubblewrap nothing is run, and the package to install is named."""
    monkeypatch.setattr(sandboxes.shutil, "which", lambda name: None)
    results = Results.at(tmp_path / "marks.sqlite")
    with pytest.raises(CourseError, match="install the package `bubblewrap`"):
        scheduling.mark_all(assessment, class_of(2), results, jobs=1)
    assert marks_in(results, assessment) == {}
    results.close()


def test_results_survive_as_text(tmp_path: Path, assessment: Assessment) -> None:
    """What is kept can be read without this program: JSON in a table."""
    results = Results.at(tmp_path / "marks.sqlite")
    scheduling.mark_all(assessment, class_of(1), results, jobs=1, limits=LIMITS)
    results.close()
    database = sqlite3.connect(tmp_path / "marks.sqlite")
    (text,) = database.execute("select exercises from marked").fetchone()
    database.close()
    assert [item["marks"] for item in json.loads(text)] == [1, 1, 1, 1, 1]
