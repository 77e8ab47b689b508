"""The course home: one page that shows the whole module, made from ``course.json`` and nothing else.

``render`` serves both `course open` (``mode="local"``: buttons that open notebooks, progress, workspace) and the static
site (``mode="site"``: links only). What a page shows at a moment is worked out here; the template only lays it out.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from dlmodule.course import Course, Day, Part, Version, is_active, moment, opens_at, part_id
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
    """One assessment and how it stands at this moment."""

    title: str
    format: str
    opens: str
    due: str
    due_iso: str
    weight: str
    state: str


def render(
    course: Course,
    *,
    at: datetime,
    progress: Iterable[Attempt],
    mode: Literal["local", "site"],
    self_paced: bool | None = None,
    href: Href | None = None,
    local: Local | None = None,
    static: str = "static/",
    calendar: str | None = None,
    search: str | None = None,
) -> str:
    """The home as one HTML page.

    ``self_paced`` None takes the course's own setting. ``href`` gives the address of a part's version on a page that only
    links (the site); the local page opens notebooks by forms and asks it for slides only. ``static`` is the address of this
    package's static folder, ``calendar`` and ``search`` the addresses of course.ics and of a search page, if there are any.
    """
    paced = bool(course.get("self_paced", True)) if self_paced is None else self_paced
    zone = ZoneInfo(course.get("timezone", "UTC"))
    now = at.astimezone(zone)
    attempts = list(progress)
    status = statuses(attempts)
    days = [_day(course, day, now, paced, status, href, local) for day in course["days"]]
    resume = where_to_continue(
        course, at=now, self_paced=paced, progress=attempts, opened=local.opened if local else {}
    )
    numbers = sorted({day.number for day in days})
    reached = _reached(course, days, attempts, local, now, paced)
    depth = f"the well has reached day {reached}" if reached else "the well has not been begun"
    page = _environment().get_template("home.html")
    return page.render(
        course=course,
        mode=mode,
        local=local,
        days=days,
        today=[day for day in days if day.today],
        resume=resume if mode == "local" else None,
        assessments=[_assessment(course, item, now, paced) for item in course.get("assessments", ())],
        primers=course.get("primers", ()),
        banner=banner.draw(
            len(numbers),
            numbers.index(reached) + 1 if reached in numbers else 0,
            f"A cross-section through layered rock, one bed for each of the {len(numbers)} days; {depth}.",
        ),
        self_paced=paced,
        right=sum(part.right for day in days for part in day.parts),
        exercises=sum(len(part.exercises) for day in days for part in day.parts),
        static=static,
        calendar=calendar,
        search=search,
        state=digest(attempts),
    )


def describe(course: Course, day: Day) -> DayRow:
    """A day as the table names it: its number, anchor and date, and the labels and titles of its parts."""
    return _day(course, day, datetime(1970, 1, 1, tzinfo=UTC), True, {}, None, None)


def digest(progress: Iterable[Attempt]) -> str:
    """A short name for a state of progress: the open page asks for it to know whether to show itself anew."""
    text = "\n".join(f"{a.get('exercise')} {a.get('status')} {a.get('at')}" for a in progress)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _day(
    course: Course,
    day: Day,
    at: datetime,
    paced: bool,
    status: Mapping[str, str],
    href: Href | None,
    local: Local | None,
) -> DayRow:
    date = datetime.fromisoformat(day["date"])
    return DayRow(
        number=int(day["day"]),
        anchor=f"{day['session']}-{day.get('folder', '')}".replace(".", "-").lower(),
        date=f"{day.get('weekday', f'{date:%a}')} {date.day} {date:%b}",
        iso=day["date"],
        title=day["title"],
        meeting=day.get("meeting"),
        today=day["date"] == f"{at:%Y-%m-%d}",
        parts=[_part(course, day, part, at, paced, status, href, local) for part in day.get("parts", ())],
    )


def _part(
    course: Course,
    day: Day,
    part: Part,
    at: datetime,
    paced: bool,
    status: Mapping[str, str],
    href: Href | None,
    local: Local | None,
) -> PartRow:
    identity = part_id(day, part)
    zone = course.get("timezone", "UTC")
    start, end = moment(part.get("start"), zone), moment(part.get("end"), zone)
    links: dict[str, Link] = {}
    for version in ("student", "solutions", "slides"):
        if not part.get(version):
            continue
        active = is_active(course, part, version, at=at, self_paced=paced)
        links[version] = Link(
            version=version,
            active=active,
            when=clock(opens_at(course, part, version)),
            href=href(day, part, version) if active and href else None,
            state=local.states.get((identity, version), "absent") if local else "absent",
        )
    student = links.get("student")
    exercises = [
        ExerciseRow(
            e["title"],
            int(e.get("difficulty", 1)),
            int(e.get("minutes", 0)),
            status.get(f"{day['session']}.{e['name']}", ""),
        )
        for e in part.get("exercises", ())
    ]
    return PartRow(
        id=identity,
        label=part_label(day, part),
        title=part_title(day, part),
        note=str(part.get("note") or ""),
        hours=f"{start:%H:%M}–{end:%H:%M}" if start and end else "",
        minutes=(part.get("minutes") or {}).get("study"),
        objectives=part.get("objectives", ()) or (),
        exercises=exercises,
        colab=part.get("colab") if student and student.active else None,
        links=links,
    )


def _assessment(course: Course, item: Mapping[str, Any], at: datetime, paced: bool) -> AssessmentRow:
    zone = course.get("timezone", "UTC")
    opens, due = moment(item.get("release_at"), zone), moment(item.get("due_at"), zone)
    if paced or opens is None or due is None:
        state = ""
    elif at < opens:
        state = f"opens in {span(opens - at)}"
    elif at <= due:
        state = f"due in {span(due - at)}"
    else:
        state = "closed"
    weight = item.get("weight")
    share = (
        f"{100 * weight:g} %" if isinstance(weight, int | float) and weight <= 1 else f"{weight:g} %" if weight else ""
    )
    form = str(item.get("format") or "")
    return AssessmentRow(item["title"], form, clock(opens), clock(due), due.isoformat() if due else "", share, state)


def _reached(
    course: Course, days: Sequence[DayRow], progress: Sequence[Attempt], local: Local | None, at: datetime, paced: bool
) -> int:
    """The deepest day the learner has worked on; before any work, and on the site, today's day while the run lasts; else 0."""
    sessions = {str(a.get("exercise")).split(".")[0] for a in progress} | {
        p.split(".")[0] for p in (local.opened if local else ())
    }
    worked = [int(day["day"]) for day in course["days"] if day["session"] in sessions]
    if worked or paced:
        return max(worked, default=0)
    return max((day.number for day in days if day.iso <= f"{at:%Y-%m-%d}"), default=0)


def clock(when: datetime | None) -> str:
    """A moment as people say it: Fri 2 Dec, 08:00."""
    return f"{when:%a} {when.day} {when:%b}, {when:%H:%M}" if when else ""


def span(length: Any) -> str:
    """A length of time in its largest unit: 3 days, 5 hours, 12 minutes."""
    minutes = int(length.total_seconds() // 60)
    for size, unit in ((1440, "day"), (60, "hour")):
        if minutes >= 2 * size or (size == 60 and minutes >= size):
            count = minutes // size
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return f"{minutes} minute{'s' if minutes != 1 else ''}"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("dlmodule.home"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
