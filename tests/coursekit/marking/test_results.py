"""The results in SQLite and in a real PostgreSQL: what is written stays, whatever becomes of the connection."""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import UTC, datetime

import pytest

from coursekit.errors import CourseError
from coursekit.marking import results as module
from coursekit.marking.deciding import ExerciseMark
from coursekit.marking.marking import Marked
from coursekit.marking.results import Results, WrittenMark
from coursekit.marking.submission import LONGEST_NAME, Submission, name_that_fits
from tests.coursekit.marking.assessment import cells, notebook
from tests.coursekit.marking.postgres import Postgres

CONTENT = notebook(cells())
ODD_NAMES = (
    "Zoë \U0001f600 Müller",
    "a\0b",
    "a\nb",
    "half \ud800 pair",
    "x" * 300,
    "x" * 301,
    "'; drop table marked; --",
    " ",
)


def marked(submission: Submission, marks: float) -> Marked:
    """Marks of one exercise."""
    return Marked(submission.digest, (ExerciseMark("mse", "right", marks, 1, 2, 2, ""),), seconds=0.5)


def test_the_same_in_every_database(results: Results) -> None:
    """The last submission counts, with its moment; marks are written once; those of other keys stand beside them."""
    first = Submission("ada", "cw.ipynb", b"1", datetime(2022, 12, 1, tzinfo=UTC))
    last = Submission("ada", "cw.ipynb", b"2", datetime(2022, 12, 2, tzinfo=UTC))
    for submission in (last, first, first):
        results.take_in("cw", submission)
    assert results.write(marked(last, 0.5), "keys", "here")
    assert not results.write(marked(last, 1.0), "keys", "here")
    assert results.write(marked(last, 1.0), "other keys", "here")
    assert results.known("keys", "here") == {last.digest}
    assert results.latest("cw", "keys") == {"ada": (marked(last, 0.5), last.submitted_at)}
    assert results.latest("another") == {}


def test_a_resubmission_without_a_moment_counts_by_its_order(results: Results) -> None:
    """What came later counts, where nobody knows when either was handed in."""
    submissions = [Submission("ada", "cw.ipynb", bytes([n])) for n in (9, 1, 5)]
    for submission in submissions:
        results.take_in("cw", submission)
        results.write(marked(submission, 1.0), "keys", "here")
    ((kept, _),) = results.latest("cw").values()
    assert kept.digest == submissions[-1].digest


def test_a_markers_second_mark_takes_the_place_of_the_first(results: Results) -> None:
    """Of one marker the last mark stands, of another theirs beside it, and a comment may hold anything."""
    for marks, comment in ((1.0, "first"), (2.0, "NUL \0 and half \ud800")):
        assert results.write_written("cw", [WrittenMark("ada", "D1", "x", "lg", marks, comment)]) == 1
    results.write_written("cw", [WrittenMark("ada", "D1", "x", "another", 3.0)])
    (found,) = results.written("cw").values()
    assert [(mark.marker, mark.marks, mark.comment) for mark in found] == [
        ("another", 3.0, ""),
        ("lg", 2.0, "NUL \\0 and half \\ud800"),
    ]


def test_names_fit(results: Results) -> None:
    """Any name that a file may have is kept, and two learners never become one."""
    names = [name_that_fits(name) for name in ODD_NAMES]
    assert len(set(names)) == len(ODD_NAMES) and max(map(len, names)) == LONGEST_NAME
    for number, name in enumerate(names):
        submission = Submission(name, f"{ODD_NAMES[number]}.ipynb", CONTENT + b" " * number, problem="it holds \0")
        results.take_in("cw", submission)
        results.write(marked(submission, number), "keys", "here")
    assert {name: kept.marks for name, (kept, _) in results.latest("cw").items()} == {
        name: number for number, name in enumerate(names)
    }


def test_two_markers_at_once_write_each_mark_once(database: str) -> None:
    """Of two that make the tables, take in and write the same at the same time, one succeeds for each submission."""
    submissions = [Submission(f"learner {n}", "cw.ipynb", bytes([n])) for n in range(30)]
    written: list[str] = []
    ready = threading.Barrier(2)

    def work() -> None:
        ready.wait()
        results = Results(database)
        for submission in submissions:
            results.take_in("cw", submission)
            if results.write(marked(submission, 1.0), "keys", "here"):
                written.append(submission.digest)
        results.close()

    markers = [threading.Thread(target=work) for _ in range(2)]
    for marker in markers:
        marker.start()
    for marker in markers:
        marker.join()
    assert sorted(written) == sorted(submission.digest for submission in submissions)
    results = Results(database)
    assert len(results.latest("cw")) == len(submissions)
    results.close()


def test_a_lost_connection_is_made_again(postgres: Postgres) -> None:
    """After its server process was ended, by an administrator and by kill -9, and after the whole server fell over."""
    url = postgres.database()
    results = Results(url)
    for number, lose in enumerate((_terminated, _killed, lambda postgres, url: postgres.restart())):
        submission = Submission("ada", "cw.ipynb", bytes([number]))
        results.take_in("cw", submission)
        lose(postgres, url)
        assert results.write(marked(submission, number), "keys", "here")
    assert len(results.known("keys", "here")) == 3
    results.close()


def _terminated(postgres: Postgres, url: str) -> None:
    with postgres.connection() as connection:
        for process in postgres.connections_to(url):
            connection.execute("SELECT pg_terminate_backend(%s)", [process])


def _killed(postgres: Postgres, url: str) -> None:
    for process in postgres.connections_to(url):
        os.kill(process, signal.SIGKILL)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://127.0.0.1:1/marks", r"127\.0\.0\.1:1/marks.*refused"),
        ("sqlite:////proc/none/marks.sqlite", "unable to open"),
        ("nonsense", "parse"),
        ("oracle+nothing://here", "oracle"),
    ],
)
def test_what_cannot_be_reached_is_one_line(url: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says where, and why; a password is never shown."""
    monkeypatch.setattr(module, "STARTING", 0.2)
    with pytest.raises(CourseError, match=words):
        Results(url)


def test_a_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither when the server is away nor when the URL is of an unknown kind."""
    monkeypatch.setattr(module, "STARTING", 0.2)
    for url in ("postgresql://marker:secret@127.0.0.1:1/marks", "strange://marker:secret@here/marks"):
        with pytest.raises(CourseError) as error:
            Results(url)
        assert "secret" not in str(error.value)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CourseError, match=r"install the package `psycopg\[binary\]`"):
        Results("postgresql://127.0.0.1:1/marks")


def test_a_database_that_cannot_hold_names(postgres: Postgres) -> None:
    """Its encoding is named before anything is marked."""
    with pytest.raises(CourseError, match="encoding LATIN1"):
        Results(postgres.database("LATIN1"))


def test_what_a_database_refuses_is_one_line(postgres: Postgres) -> None:
    """A marker's name that is longer than its column."""
    results = Results(postgres.database())
    with pytest.raises(CourseError, match="too long"):
        results.write_written("cw", [WrittenMark("ada", "D1", "x", "m" * 100, 1.0)])
    results.close()
