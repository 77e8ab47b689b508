"""The course home: one page that shows the whole module, made from ``course.json`` and nothing else.

``render`` serves both `course open` (``mode="local"``: buttons that open notebooks, progress, workspace) and the static
site (``mode="site"``: links only). What a page shows at a moment is worked out here; the template only lays it out.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from dlmodule.course import VERSIONS, Assessment, Course, Day, Part, Version
from dlmodule.coursework.receipts import receipts
from dlmodule.home import banner
from dlmodule.home.resume import Attempt, part_label, part_title, statuses, where_to_continue

Href = Callable[[Day, Part, Version], str | None]


@dataclass(frozen=True)
class Local:
    """What the page knows about this machine; absent on the static site."""

    xsrf: str  # Jupyter's token, carried by every form
    workspace: str  # where the notebooks are, to be shown
    states: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (part, version) -> state of the copy
    opened: Mapping[str, str] = field(default_factory=dict)  # part -> ISO time of its last opening
    notices: Sequence[str] = ()  # what is damaged: one line each
    message: str = ""  # what the last action did
    failed: bool = False  # whether it could not do it
    recording: bool = False  # whether checks are still being recorded
    lab: str = "../lab"


@dataclass(frozen=True)
class Link:
    """One version of one part in the table."""

    version: Version
    active: bool
    when: str  # when it becomes active, if it is not
    href: str | None
    state: str  # of the learner's copy: absent, current, newer, damaged


@dataclass(frozen=True)
class ExerciseRow:
    """One exercise and whether the learner has it right."""

    name: str
    title: str
    difficulty: int
    minutes: int
    status: str  # "right", "tried" or ""


@dataclass(frozen=True)
class PartRow:
    """One row of the lecture table."""

    id: str
    label: str
    title: str
    note: str
    awaited: bool
    hours: str
    minutes: int | None
    objectives: Sequence[str]
    exercises: Sequence[ExerciseRow]
    colab: str | None
    links: Mapping[str, Link]

    @property
    def right(self) -> int:
        """How many exercises are right."""
        return sum(exercise.status == "right" for exercise in self.exercises)


@dataclass(frozen=True)
class DayRow:
    """One day of the lecture table."""

    number: int
    anchor: str
    date: str
    iso: str
    title: str
    meeting: str | None
    today: bool
    parts: Sequence[PartRow]


@dataclass(frozen=True)
class AssessmentRow:
    """One assessment and how it stands at this moment. opens_here: its notebook can be opened; receipts: (digest, when), the newest first."""

    id: str
    title: str
    format: str
    opens: str
    due: str
    due_iso: str
    weight: str
    state: str
    opens_here: bool
    receipts: Sequence[tuple[str, str]]


def render(
    course: Course,
    *,
    at: datetime,
    progress: Iterable[Attempt],
    mode: Literal["local", "site"],
    href: Href | None = None,
    local: Local | None = None,
    static: str = "static/",
    calendar: str | None = None,
    search: str | None = None,
    glossary: str | None = None,
) -> str:
    """The home as one HTML page.

    ``course`` is as of the moment ``at``, or wholly open (``Course.as_of``). ``href`` gives the address of a part's version on a
    page that only links (the site); the local page opens notebooks by forms and asks it for slides only. ``static`` is the address of this
    package's static folder, ``calendar``, ``search`` and ``glossary`` the addresses of course.ics, of a search page and of the glossary, if there are any.
    """
    now = at.astimezone(course.zone)
    attempts = list(progress)
    status = statuses(attempts)
    days = [_day(day, None if course.self_paced else now, status, href, local) for day in course.days]
    resume = where_to_continue(course, at=now, progress=attempts, opened=local.opened if local else {})
    numbers = sorted({day.number for day in days})
    reached = _current_day(course, attempts, local, now)
    depth = f"the well has reached day {reached}" if reached else "the well has not been begun"
    page = environment().get_template("home.html")
    return page.render(
        course=course,
        mode=mode,
        local=local,
        days=days,
        today=[day for day in days if day.today],
        resume=resume if mode == "local" else None,
        assessments=[_assessment(item, now, course.self_paced, attempts) for item in course.assessments],
        banner=banner.draw(
            len(numbers),
            numbers.index(reached) + 1 if reached in numbers else 0,
            f"A cross-section through layered rock, one bed for each of the {len(numbers)} days; {depth}.",
        ),
        right=sum(part.right for day in days for part in day.parts),
        exercises=sum(len(part.exercises) for day in days for part in day.parts),
        static=static,
        calendar=calendar,
        search=search,
        glossary=glossary,
        state=digest(attempts),
    )


def describe(day: Day) -> DayRow:
    """A day as the table names it: its number, anchor and date, and the labels and titles of its parts."""
    return _day(day, None, {}, None, None)


def digest(progress: Iterable[Attempt]) -> str:
    """A short name for a state of progress: the open page asks for it to know whether to show itself anew."""
    text = "\n".join(f"{a.get('exercise')} {a.get('status')} {a.get('at')}" for a in progress)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _day(day: Day, now: datetime | None, status: Mapping[str, str], href: Href | None, local: Local | None) -> DayRow:
    return DayRow(
        number=day.day,
        anchor=f"{day.session}-{day.folder}".replace(".", "-").lower(),
        date=f"{day.weekday or f'{day.date:%a}'} {day.date.day} {day.date:%b} {day.date.year}",
        iso=day.date.isoformat(),
        title=day.title,
        meeting=day.meeting,
        today=now is not None and day.date == now.date(),
        parts=[_part(day, part, status, href, local) for part in day.parts],
    )


def _part(day: Day, part: Part, status: Mapping[str, str], href: Href | None, local: Local | None) -> PartRow:
    identity = day.part_id(part)
    links: dict[str, Link] = {}
    for version in VERSIONS:
        if part.path(version) is None:
            continue
        active = version in part.due
        links[version] = Link(
            version=version,
            active=active,
            when=clock(part.opens_at(version)),
            href=href(day, part, version) if active and href else None,
            state=local.states.get((identity, version), "absent") if local else "absent",
        )
    return PartRow(
        id=identity,
        label=part_label(day, part),
        title=part_title(day, part),
        note=part.note or "",
        awaited=part.awaited,
        hours=f"{part.start:%H:%M}–{part.end:%H:%M}" if part.start and part.end else "",
        minutes=part.minutes.study,
        objectives=part.objectives,
        exercises=[
            ExerciseRow(exercise.name, exercise.title, exercise.difficulty, exercise.minutes, status.get(name, ""))
            for name, exercise in zip(day.exercise_ids(part), part.exercises, strict=True)
        ],
        colab=part.colab if "student" in part.due else None,
        links=links,
    )


def _assessment(item: Assessment, now: datetime, self_paced: bool, attempts: Sequence[Attempt]) -> AssessmentRow:
    opens, due = item.release_at, item.due_at
    # In UTC: two wall-clock times of one zone are compared and subtracted without the hour that a clock change adds or takes.
    moment = now.astimezone(UTC)
    if self_paced or opens is None or due is None:
        state = ""
    elif moment < opens.astimezone(UTC):
        state = f"opens in {span(opens.astimezone(UTC) - moment)}"
    elif moment <= due.astimezone(UTC):
        state = f"due in {span(due.astimezone(UTC) - moment)}"
    else:
        state = "closed"
    share = f"{100 * item.weight:g} %" if item.weight else ""
    return AssessmentRow(
        item.id, item.title, item.format, clock(opens), clock(due), due.isoformat() if due else "", share, state,
        opens_here=item.is_out and item.notebook is not None,
        receipts=[(sealed.digest, clock(sealed.at.astimezone(now.tzinfo))) for sealed in receipts(attempts, item.id)],
    )  # fmt: skip


def _current_day(course: Course, progress: Sequence[Attempt], local: Local | None, now: datetime) -> int:
    """The deepest day the learner has worked on; before any work, and on the site, today's day while the run lasts; else 0."""
    names = [str(attempt.get("exercise")) for attempt in progress] + list(local.opened if local else ())
    sessions = {name.split(".")[0] for name in names}
    worked = [day.day for day in course.days if day.session in sessions]
    if worked or course.self_paced:
        return max(worked, default=0)
    return max((day.day for day in course.days if day.date <= now.date()), default=0)


def clock(when: datetime | None) -> str:
    """A moment as people say it: Fri 2 Dec 2022, 08:00."""
    return f"{when:%a} {when.day} {when:%b} {when.year}, {when:%H:%M}" if when else ""


def span(length: timedelta) -> str:
    """A length of time in its largest unit: 3 days, 5 hours, 12 minutes."""
    minutes = int(length.total_seconds() // 60)
    for size, unit in ((1440, "day"), (60, "hour")):
        if minutes >= 2 * size or (size == 60 and minutes >= size):
            count = minutes // size
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return f"{minutes} minute{'s' if minutes != 1 else ''}"


@cache
def environment() -> Environment:
    """What makes pages from the templates of this package."""
    return Environment(
        loader=PackageLoader("dlmodule.home"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
