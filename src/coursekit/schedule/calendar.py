"""``course calendar``: the run as iCalendar (RFC 5545): sessions, releases and deadlines.

The same syllabus gives the same bytes: nothing is dated by the clock. UIDs come from names, not dates, so that importing the
calendar of a moved run moves the entries that are there. A part that is cancelled stays, as cancelled.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar

from coursekit.schedule.timetable import ScheduledPart, Timetable

_TOLD = ("DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "URL", "STATUS", "ORGANIZER")  # what people are told of an entry


def to_ical(timetable: Timetable, *, releases: bool = True) -> bytes:
    """The calendar of ``timetable``, in the order of its days. releases: also the moments at which material and solutions open."""
    facts = timetable.syllabus
    calendar = icalendar.Calendar()
    calendar.add("prodid", f"-//{facts.repository.owner}//{facts.repository.name}//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", facts.title)
    calendar.add("x-wr-timezone", facts.timezone)
    days = [slot.start.date() for slot in timetable.parts]
    calendar.add_component(_zone(facts.zone, min(days).year, max(days).year + 1))
    for event in (*_sessions(timetable), *(_releases(timetable) if releases else ()), *_assessments(timetable)):
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def revised(content: bytes, former: bytes | None, at: datetime) -> bytes:
    """``content`` as the successor of the calendar that was published before: what changed says so, what did not is as it was.

    A calendar program takes an entry that moved only where its SEQUENCE has grown (RFC 5545, 3.8.7.4); its stamps are then ``at``. What
    is not planned any more stays, as cancelled: people who were told of it are told that it will not be.
    """
    try:
        before = {str(event["UID"]): event for event in icalendar.Calendar.from_ical(former or b"").walk("VEVENT")}
    except (ValueError, KeyError, IndexError):  # nothing published yet, or damaged: it begins anew
        return content
    calendar = icalendar.Calendar.from_ical(content)
    for event in calendar.walk("VEVENT"):
        known = before.get(str(event["UID"]))
        if known is None:
            continue
        stamp, number = known.decoded("DTSTAMP", at), int(known.get("SEQUENCE", 0))
        if any(_written(event, name) != _written(known, name) for name in _TOLD):
            number, stamp = number + 1, at.astimezone(UTC)
        _stamp(event, stamp, number)
    planned = {str(event["UID"]): event for event in calendar.walk("VEVENT")}
    instants = any(map(_is_instant, planned))
    for uid, known in before.items():
        if uid not in planned and (instants or not _is_instant(uid)):
            calendar.add_component(_cancelled(known, at))
    return bytes(calendar.to_ical())


def _cancelled(known: icalendar.cal.Component, at: datetime) -> icalendar.cal.Component:
    """An entry that was published and is not planned any more; one that was cancelled before stays as it is."""
    if str(known.get("STATUS")) != "CANCELLED":
        for name, value in (
            ("SUMMARY", f"Cancelled: {known.get('SUMMARY', '')}"),
            ("STATUS", "CANCELLED"),
            ("TRANSP", "TRANSPARENT"),
        ):
            known[name] = icalendar.vText(value)
        _stamp(known, at.astimezone(UTC), int(known.get("SEQUENCE", 0)) + 1)
    return known


def _is_instant(uid: str) -> bool:
    """Whether it is the moment at which material or solutions open, which a calendar may leave out."""
    return uid.partition("@")[0].endswith((".material", ".solutions"))


def _stamp(event: icalendar.cal.Component, stamp: Any, number: int) -> None:
    """Say when the entry was last changed, and how often."""
    for name in ("DTSTAMP", "LAST-MODIFIED", "SEQUENCE"):
        event.pop(name, None)
    event.add("dtstamp", stamp)
    event.add("last-modified", stamp)
    if number:
        event.add("sequence", number)


def _written(event: icalendar.cal.Component, name: str) -> str:
    return str(event[name].to_ical() if name in event else "")


def _zone(zone: ZoneInfo, first: int, last: int) -> icalendar.Timezone:
    """VTIMEZONE from the start of year ``first`` to the start of year ``last``.

    Written out because an onset stands in the clock time *before* the change, which icalendar's own ``from_tzid`` gets wrong.
    """
    component = icalendar.Timezone()
    component.add("tzid", zone.key)
    here, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last, 1, 1, tzinfo=UTC)
    before = here.astimezone(zone)
    component.add_component(_observance(before, before))
    while here < end:
        # No zone changes twice within an hour, and every change is at a whole minute.
        here += timedelta(hours=1)
        if here.astimezone(zone).utcoffset() == before.utcoffset():
            continue
        change = here - timedelta(hours=1)
        while change.astimezone(zone).utcoffset() == before.utcoffset():
            change += timedelta(minutes=1)
        after = change.astimezone(zone)
        component.add_component(_observance(before, after))
        before = after
    return component


def _observance(before: datetime, after: datetime) -> icalendar.cal.Component:
    """The rule that holds from ``after`` on, where clocks had kept the offset of ``before``."""
    rule = icalendar.TimezoneDaylight() if after.dst() else icalendar.TimezoneStandard()
    was, becomes = before.utcoffset() or timedelta(), after.utcoffset() or timedelta()
    rule.add("dtstart", (after.astimezone(UTC) + was).replace(tzinfo=None))
    rule.add("tzoffsetfrom", was)
    rule.add("tzoffsetto", becomes)
    rule.add("tzname", after.tzname())
    return rule


def _event(
    timetable: Timetable, name: str, summary: str, start: datetime, end: datetime | None = None, *, category: str
) -> icalendar.Event:
    """One entry. Without ``end`` it is an instant, and leaves the time of day free."""
    facts = timetable.syllabus
    event = icalendar.Event()
    known_by = facts.calendar_id or f"{facts.repository.name}.{facts.repository.owner}"
    event.add("uid", f"{name}@{known_by}".lower())
    # The standard demands a stamp; that of the run's first release is the same in every calendar of this run.
    _stamp(event, timetable.parts[0].release_at.astimezone(UTC), 0)
    if organiser := next((member for member in facts.team if member.email), None):
        address = icalendar.vCalAddress(f"mailto:{organiser.email}")
        address.params["cn"] = organiser.name
        event.add("organizer", address)
    event.add("summary", summary)
    event.add("dtstart", start)
    if end is not None:
        event.add("dtend", end)
    event.add("categories", [category])
    event.add("transp", "OPAQUE" if end is not None else "TRANSPARENT")
    return event


def _sessions(timetable: Timetable) -> Iterator[icalendar.Event]:
    for slot in timetable.parts:
        cancelled = slot.part.cancelled
        summary = f"Cancelled: {_name(slot)}" if cancelled else _name(slot)
        event = _event(timetable, slot.id, summary, slot.start, slot.end, category="Session")
        event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
        if cancelled:
            event["transp"] = icalendar.vText("TRANSPARENT")
        if slot.notice:
            event.add("description", slot.notice)
        if slot.day.meeting:
            event.add("url", slot.day.meeting)
        yield event


def _releases(timetable: Timetable) -> Iterator[icalendar.Event]:
    for slot in timetable.parts:
        if slot.has_material:
            yield _event(
                timetable, f"{slot.id}.material", f"Material: {_name(slot)}", slot.release_at, category="Release"
            )
        if slot.part.notebook:
            yield _event(
                timetable, f"{slot.id}.solutions", f"Solutions: {_name(slot)}", slot.solutions_at, category="Release"
            )


def _assessments(timetable: Timetable) -> Iterator[icalendar.Event]:
    for item in timetable.syllabus.assessment:
        release, due = timetable.assessment_times(item)
        yield _event(timetable, f"{item.id}.release", f"{item.title}: release", release, category="Release")
        yield _event(timetable, f"{item.id}.due", f"{item.title}: due", due, category="Deadline")


def _name(slot: ScheduledPart) -> str:
    """``05 CNNs part I, morning: code-along``."""
    return f"{slot.day.day:02d} {slot.day.title}, {slot.part.part}: {slot.part.title or slot.part.kind}"
