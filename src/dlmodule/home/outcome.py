"""The outcome page: for each topic what the learner built, their measured figures beside the course's, what to revise next, and
where to go from here. Made from ``course.json`` and the attempts on record, and made to be printed.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dlmodule.course import Course, Day, Exercise, Measured, Part
from dlmodule.home.page import Local, digest, environment
from dlmodule.home.resume import Attempt, statuses
from dlmodule.revision.agenda import Entry, Item, agenda

SHOWN = 8  # entries of the agenda: about an hour


@dataclass(frozen=True)
class Figure:
    """A training exercise: what the learner's last check reached, and what ours did."""

    title: str
    metric: str
    yours: str  # "" where none is on record
    passes: bool
    bar: str  # "at least 43.1 %"
    rehearsal: str
    full: Sequence[str]


@dataclass(frozen=True)
class Topic:
    """One day: what was built of it, what was tried and is not right yet, and what is left."""

    number: int
    title: str
    built: Sequence[str]
    tried: Sequence[str]
    left: int
    figures: Sequence[Figure]

    @property
    def total(self) -> int:
        """How many exercises it has."""
        return len(self.built) + len(self.tried) + self.left


@dataclass(frozen=True)
class Next:
    """Something to revise, and the part that it stands in."""

    title: str
    day: int
    minutes: int
    why: str
    part: str


def render(course: Course, *, at: datetime, progress: Iterable[Attempt], local: Local, static: str = "static/") -> str:
    """The outcome page as HTML. ``course`` is as of the moment ``at``, or wholly open (``Course.as_of``)."""
    now = at.astimezone(course.zone)
    attempts = list(progress)
    topics = [topic for day in course.days if (topic := _topic(day, attempts)).total]
    return environment().get_template("outcome.html").render(
        course=course,
        mode="local",
        local=local,
        date=f"{now.day} {now:%B %Y}",
        topics=topics,
        built=sum(len(topic.built) for topic in topics),
        total=sum(topic.total for topic in topics),
        begun=any(topic.built or topic.tried for topic in topics),
        revise=_next(course, attempts, now),
        static=static,
        state=digest(attempts),
    )  # fmt: skip


def _topic(day: Day, attempts: Sequence[Attempt]) -> Topic:
    status = statuses(attempts)
    named = [pair for part in day.parts for pair in zip(day.exercise_ids(part), part.exercises, strict=True)]
    built = [exercise.title for identity, exercise in named if status.get(identity) == "right"]
    tried = [exercise.title for identity, exercise in named if status.get(identity) == "tried"]
    reached = _figures(attempts)
    figures = [
        _figure(exercise, exercise.measured, reached.get(identity))
        for identity, exercise in named
        if exercise.measured is not None and identity in status
    ]
    return Topic(day.day, day.title, built, tried, len(named) - len(built) - len(tried), figures)


def _figures(attempts: Iterable[Attempt]) -> Mapping[str, float]:
    """exercise -> the figure of the last check that has one."""
    ordered = sorted(attempts, key=lambda attempt: str(attempt.get("at")))
    values = ((str(attempt.get("exercise")), attempt.get("figure")) for attempt in ordered)
    return {name: value for name, value in values if isinstance(value, float) and math.isfinite(value)}


def _figure(exercise: Exercise, measured: Measured, yours: float | None) -> Figure:
    passes = yours is not None and (yours >= measured.bar if measured.higher else yours <= measured.bar)
    return Figure(
        title=exercise.title,
        metric=measured.metric.replace("_", " "),
        yours="" if yours is None else _number(yours, measured),
        passes=passes,
        bar=f"{'at least' if measured.higher else 'at most'} {_number(measured.bar, measured)}",
        rehearsal=measured.rehearsal,
        full=measured.full,
    )


def _number(value: float, measured: Measured) -> str:
    return f"{100 * value:.1f} %" if measured.percent else f"{value:.3g}"


def _next(course: Course, attempts: Sequence[Attempt], now: datetime) -> list[Next]:
    """The first of the agenda: exercises and questions that the learner tried, and the core of what is open."""
    known = statuses(attempts)
    found: dict[str, tuple[Day, Part, Item]] = {}
    for day, part in course.parts():
        if "student" not in part.due:
            continue
        for identity, exercise in zip(day.exercise_ids(part), part.exercises, strict=True):
            if exercise.core or identity in known:
                found[identity] = day, part, Item(identity, day.session, exercise.title, exercise.minutes)
        for question in part.questions:
            if question.id in known:  # it stands in the revision, and belongs to the session that its id begins with
                topic = question.id.partition(".")[0]
                found[question.id] = day, part, Item(question.id, topic, question.title, question.minutes)
    entries = agenda([item for _, _, item in found.values()], attempts, at=now)[:SHOWN]
    return [_placed(entry, *found[entry.item.id][:2]) for entry in entries]


def _placed(entry: Entry, day: Day, part: Part) -> Next:
    return Next(entry.item.title, day.day, entry.item.minutes, entry.why, day.part_id(part))
