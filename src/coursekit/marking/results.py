"""The results: who handed in what, and the marks of each thing handed in, in a database (SQLite or PostgreSQL).

Marks are keyed by what they depend on (the submission, the keys, the environment) and written once, so that an interrupted run goes
on where it stopped and a second run does only what has changed. What was handed in is never deleted or changed.

Each reading and each writing is one transaction. Where the connection is lost on the way it is done again, whole: that does no harm, since
a row is written once.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sql
from sqlalchemy import Column, Connection, Float, Integer, MetaData, String, Table, Text

from coursekit.errors import CourseError
from coursekit.marking.deciding import MARKED, TO_BE_MARKED, ExerciseMark
from coursekit.marking.marking import Marked
from coursekit.marking.submission import LONGEST_NAME, Submission

PATIENCE = 60.0  # seconds that a database may be away (it restarts, say) before marking is given up
STARTING = 10.0  # the same for the first connection: what is not there at all is better told soon
TRANSIENT = (
    "08",
    "40",
    "53",
    "57",
)  # SQLSTATE classes: connection, another transaction, resources, shutting down or starting

_Kept = TypeVar("_Kept")
_TABLES = MetaData()

_HANDED_IN = Table(
    "handed_in",
    _TABLES,
    Column("assessment", String(120), primary_key=True),
    Column("learner", String(LONGEST_NAME), primary_key=True),
    Column("submission", String(64), primary_key=True),
    Column("file", Text, nullable=False),
    Column("submitted_at", String(40)),
    Column("taken_in", Integer, nullable=False),  # the order in which submissions came here
)
_MARKED = Table(
    "marked",
    _TABLES,
    Column("submission", String(64), primary_key=True),
    Column("keys", String(64), primary_key=True),
    Column("environment", String(200), primary_key=True),
    Column("exercises", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("at", String(40), nullable=False),
)


_WRITTEN = Table(
    "written",
    _TABLES,
    Column("assessment", String(120), primary_key=True),
    Column("learner", String(LONGEST_NAME), primary_key=True),
    Column("question", String(40), primary_key=True),
    Column("answer", String(16), primary_key=True),  # the digest of what was read: another answer has no mark yet
    Column("marker", String(80), primary_key=True),
    Column("marks", Float, nullable=False),
    Column("comment", Text, nullable=False),
    Column("at", String(40), nullable=False),
)


@dataclass(frozen=True)
class WrittenMark:
    """What one marker gave for one written answer. answer: its digest."""

    learner: str
    question: str
    answer: str
    marker: str
    marks: float
    comment: str = ""


AGREED = "agreed"  # the marker whose mark counts in the place of all others


def counting(given: Sequence[WrittenMark]) -> tuple[float, str]:
    """Which marks count of several markers', and the comments with them: what was agreed, else the mean."""
    agreed = [mark for mark in given if mark.marker == AGREED]
    chosen = agreed or given
    comments = [mark.comment for mark in (agreed if any(mark.comment for mark in agreed) else given) if mark.comment]
    return round(sum(mark.marks for mark in chosen) / len(chosen), 2), "\n".join(comments)


class Results:
    """The results in the database at ``url``, which is made where there is none; ``Results.at(path)`` for an SQLite file.

    CourseError where it cannot be reached for PATIENCE, or refuses what it is given.
    """

    def __init__(self, url: str) -> None:
        try:
            at = sql.engine.make_url(url)
            if at.drivername == "postgresql":
                at = at.set(drivername="postgresql+psycopg")
            self._engine = sql.create_engine(at)
        except (sql.exc.SQLAlchemyError, ImportError) as error:
            raise CourseError(f"the results cannot be kept at {url.split('@')[-1]}: {_reason(error)}") from None
        try:
            self._prepare()
        except CourseError:
            self.close()
            raise

    def _prepare(self) -> None:
        if self._engine.dialect.name == "sqlite":
            sql.event.listen(self._engine, "connect", _durable)
        else:
            self._transact(_holds_every_name, STARTING)
        try:
            self._transact(_TABLES.create_all, STARTING)
        except (CourseError, sql.exc.IntegrityError):  # another process made them at the same moment
            self._transact(_TABLES.create_all, STARTING)

    @classmethod
    def at(cls, path: Path) -> Results:
        """The results in the SQLite file ``path``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{path}")

    def take_in(self, assessment: str, submission: Submission) -> None:
        """Note who handed in what. A submission that is known stays as it was noted."""
        key = {"assessment": assessment, "learner": submission.learner, "submission": submission.digest}
        moment = submission.submitted_at.astimezone(UTC).isoformat() if submission.submitted_at else None
        last = sql.select(sql.func.coalesce(sql.func.max(_HANDED_IN.c.taken_in), 0))
        order = last.where(_HANDED_IN.c.assessment == assessment).scalar_subquery() + 1
        note = _HANDED_IN.insert().values(**key, file=_storable(submission.file), submitted_at=moment, taken_in=order)

        def take_in(database: Connection) -> None:
            if database.execute(self._of(assessment).filter_by(**key)).first() is None:
                database.execute(note)

        try:
            self._transact(take_in)
        except sql.exc.IntegrityError:  # another process noted it at the same moment
            return

    def known(self, keys: str, environment: str) -> set[str]:
        """The digests of submissions that have marks by these keys in this environment."""
        chosen = sql.select(_MARKED.c.submission).where(_MARKED.c["keys"] == keys, _MARKED.c.environment == environment)
        return {row.submission for row in self._rows(chosen)}

    def write(self, marked: Marked, keys: str, environment: str) -> bool:
        """Keep marks; False where they were there already, which stay."""
        values = {
            "submission": marked.digest, "keys": keys, "environment": environment, "problem": _storable(marked.problem),
            "exercises": json.dumps([asdict(mark) for mark in marked.exercises]), "seconds": marked.seconds,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip
        try:
            self._transact(lambda database: database.execute(_MARKED.insert().values(**values)))
        except sql.exc.IntegrityError:
            return False
        return True

    def latest(
        self, assessment: str, keys: str | None = None, environment: str | None = None
    ) -> dict[str, tuple[Marked, datetime | None]]:
        """By learner: the marks of the last submission, and when it was handed in. One that is not marked yet is left out.

        keys, environment: by which it was marked; None: the newest marks there are.
        """
        marked = {}
        chosen = sql.select(_MARKED).order_by(_MARKED.c.at)
        if keys is not None:
            chosen = chosen.where(_MARKED.c["keys"] == keys)
        if environment is not None:
            chosen = chosen.where(_MARKED.c.environment == environment)
        for row in self._rows(chosen):
            exercises = tuple(ExerciseMark(**item) for item in json.loads(row.exercises))
            marked[row.submission] = Marked(row.submission, exercises, row.problem, row.seconds)
        handed_in = self._rows(self._of(assessment))
        last = {}
        for row in _in_order(handed_in):
            moment = datetime.fromisoformat(row.submitted_at) if row.submitted_at else None
            last[row.learner] = (row.submission, moment)
        read = self.written(assessment)
        return {
            name: (_with_written(marked[digest], name, read), at)
            for name, (digest, at) in sorted(last.items())
            if digest in marked
        }

    def undated(self, assessment: str) -> list[str]:
        """The learners who handed in more than once, one of them without a time: which one is the last is a guess."""
        handed_in = self._rows(self._of(assessment))
        without = {row.learner for row in handed_in if not row.submitted_at}
        several = [learner for learner, count in Counter(row.learner for row in handed_in).items() if count > 1]
        return sorted(without.intersection(several))

    def write_written(self, assessment: str, marks: Iterable[WrittenMark]) -> int:
        """Keep what a marker gave; a second mark by the same marker takes the place of the first. Returns how many."""
        given = [{"assessment": assessment, **asdict(mark), "comment": _storable(mark.comment)} for mark in marks]

        def write(database: Connection) -> None:
            for values in given:
                names = ("assessment", "learner", "question", "answer", "marker")
                database.execute(_WRITTEN.delete().where(*(_WRITTEN.c[name] == values[name] for name in names)))
                database.execute(_WRITTEN.insert().values(**values, at=datetime.now(UTC).isoformat(timespec="seconds")))

        self._transact(write)
        return len(given)

    def written(self, assessment: str) -> dict[tuple[str, str, str], list[WrittenMark]]:
        """What markers gave, by learner, question and digest of the answer; of each the marks in the order of markers' names."""
        chosen = sql.select(_WRITTEN).where(_WRITTEN.c.assessment == assessment).order_by(_WRITTEN.c.marker)
        found: dict[tuple[str, str, str], list[WrittenMark]] = {}
        for row in self._rows(chosen):
            mark = WrittenMark(row.learner, row.question, row.answer, row.marker, row.marks, row.comment)
            found.setdefault((row.learner, row.question, row.answer), []).append(mark)
        return found

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _rows(self, chosen: sql.Select[Any]) -> list[sql.Row[Any]]:
        return self._transact(lambda database: list(database.execute(chosen)))

    def _transact(self, work: Callable[[Connection], _Kept], patience: float = PATIENCE) -> _Kept:
        """What ``work`` returns, done in one transaction; again where the connection is lost, for ``patience`` seconds.

        IntegrityError where a row is there already; CourseError for what does not pass.
        """
        until, pause = time.monotonic() + patience, 0.05
        while True:
            try:
                with self._engine.begin() as database:
                    return work(database)
            except sql.exc.IntegrityError:
                raise
            except (sql.exc.SQLAlchemyError, UnicodeError) as error:
                if not _may_pass(error) or time.monotonic() + pause > until:
                    place = self._engine.url.render_as_string()
                    raise CourseError(f"the results cannot be kept at {place}: {_reason(error)}") from None
            time.sleep(pause)
            pause = min(2 * pause, 2.0)

    @staticmethod
    def _of(assessment: str) -> sql.Select[tuple[str, ...]]:
        return sql.select(_HANDED_IN).where(_HANDED_IN.c.assessment == assessment)


def _in_order(handed_in: Iterable[Any]) -> list[Any]:
    """A learner's submissions by when they were handed in; where one of them has no time, in the order they were taken in."""
    rows = list(handed_in)
    undated = {row.learner for row in rows if not row.submitted_at}
    return sorted(rows, key=lambda row: ("" if row.learner in undated else row.submitted_at, row.taken_in))


def _with_written(marked: Marked, learner: str, read: Mapping[tuple[str, str, str], Sequence[WrittenMark]]) -> Marked:
    """The marks with those of the written answers in them; of several markers see ``counting``."""

    def filled(mark: ExerciseMark) -> ExerciseMark:
        given = read.get((learner, mark.exercise, mark.answer), ()) if mark.status == TO_BE_MARKED else ()
        if not given:
            return mark
        marks, comments = counting(given)
        return replace(mark, status=MARKED, marks=marks, message=comments)

    return replace(marked, exercises=tuple(map(filled, marked.exercises)))


def _may_pass(error: Exception) -> bool:
    """Whether the same transaction may succeed later: the connection was lost, or another transaction stood in the way."""
    if not isinstance(error, sql.exc.DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state).startswith(TRANSIENT)
    if isinstance(error, sql.exc.OperationalError) and "sqlite" in type(error.orig).__module__:
        return "locked" in str(error.orig)
    return error.connection_invalidated or isinstance(error, sql.exc.OperationalError)


def _reason(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"install the package `{'psycopg[binary]' if error.name == 'psycopg' else error.name}`"
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0]


def _storable(text: str) -> str:
    """``text`` as every database takes it: without NUL, and without halves of surrogate pairs."""
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()


def _holds_every_name(database: Connection) -> None:
    """CourseError where a PostgreSQL database cannot hold every learner's name."""
    encoding = database.execute(sql.text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise CourseError(
            f"the results' database has the encoding {encoding}, which does not hold every name: make one with ENCODING 'UTF8'"
        )


def _durable(connection: object, record: object) -> None:
    """What is written survives the end of this process at any moment; readers do not wait for the writer."""
    connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]
    connection.execute("PRAGMA synchronous=NORMAL")  # type: ignore[attr-defined]  # a power cut may cost the last marks, never the file
    connection.execute("PRAGMA busy_timeout=30000")  # type: ignore[attr-defined]
