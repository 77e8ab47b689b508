"""The calendar: read back by icalendar, it says what the timetable says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import icalendar
import pytest
from click.testing import CliRunner

from coursekit.commands.calendar import command
from coursekit.schedule.calendar import revised, to_ical
from coursekit.schedule.timetable import Timetable
from tests.coursekit.reference_course import ROOT
from tests.coursekit.schedule.plans import planned
from tests.coursekit.schedule.test_timetable import RUN


def events(run: Timetable = RUN) -> dict[str, icalendar.Event]:
    """The entries by UID."""
    found = icalendar.Calendar.from_ical(to_ical(run)).walk("VEVENT")
    assert len({str(event["UID"]) for event in found}) == len(found)
    return {str(event["UID"]): event for event in found}


def test_every_session_release_and_deadline_is_there() -> None:
    """30 sessions, 25 releases of notebooks and solutions each, and release and deadline of two courseworks."""
    found = events()
    kinds = [event["CATEGORIES"].to_ical().decode() for event in found.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"Session": 30, "Release": 52, "Deadline": 2}
    due = found["coursework_1.due@dl_module.ese-msc-2022"]["DTSTART"].dt
    assert due.astimezone(UTC) == datetime(2022, 12, 12, 20, tzinfo=UTC)
    for slot in RUN.parts:
        event = found[f"{slot.id}@dl_module.ese-msc-2022"]
        assert (event["DTSTART"].dt, event["DTEND"].dt) == (slot.start, slot.end)


def test_the_same_input_gives_the_same_bytes() -> None:
    """Nothing in it comes from the clock, and UIDs do not change when the run moves."""
    assert to_ical(RUN) == to_ical(RUN)
    assert events().keys() == events(planned("2027-03-15")).keys()


@pytest.mark.parametrize("start", ["2027-03-15", "2027-10-18"])
def test_the_time_zone_is_right_by_itself(start: str) -> None:
    """VTIMEZONE alone, read as the standard says, gives the offset of every event on both sides of the change."""
    calendar = icalendar.Calendar.from_ical(to_ical(planned(start)))
    rules = [
        (rule["DTSTART"].dt.replace(tzinfo=None), rule["TZOFFSETTO"].td)
        for rule in calendar.walk("STANDARD") + calendar.walk("DAYLIGHT")
    ]
    onsets = {(rule["DTSTART"].dt - rule["TZOFFSETFROM"].td).time() for rule in calendar.walk("DAYLIGHT")}
    assert {f"{onset:%H:%M}" for onset in onsets} == {"01:00"}  # 01:00 UTC, everywhere in Europe
    for event in calendar.walk("VEVENT"):
        moment = event["DTSTART"].dt
        local = moment.replace(tzinfo=None)
        assert max(rule for rule in rules if rule[0] <= local)[1] == moment.utcoffset()
    assert len({offset for _, offset in rules}) == 2 and timedelta(hours=1) in {offset for _, offset in rules}


def test_what_is_cancelled_stays_as_cancelled() -> None:
    """The entry that people have is told so, and takes no time; the others are as before."""
    before, after = events(), events(planned(s05_cnns_1__afternoon="cancelled = true, note = 'the room is flooded'"))
    uid = "05_cnns_1.afternoon@dl_module.ese-msc-2022"
    assert before.keys() == after.keys()
    assert {key for key in before if before[key].to_ical() != after[key].to_ical()} == {uid}
    cancelled = after[uid]
    assert cancelled["STATUS"] == "CANCELLED" and cancelled["TRANSP"] == "TRANSPARENT"
    assert str(cancelled["SUMMARY"]).startswith("Cancelled: ")
    assert cancelled["DESCRIPTION"] == "Cancelled. the room is flooded"


def test_entries_survive_a_renamed_repository() -> None:
    """They are known by ``calendar_id``; without one by the repository, as before."""
    renamed = {"repository": RUN.syllabus.repository.model_copy(update={"name": "elsewhere"})}
    assert events(Timetable(RUN.syllabus.model_copy(update=renamed))).keys() == events().keys()
    without = Timetable(RUN.syllabus.model_copy(update={**renamed, "calendar_id": None}))
    assert all(uid.endswith("@elsewhere.ese-msc-2022") for uid in events(without))


def test_the_first_of_the_team_with_an_address_is_the_organiser() -> None:
    """And without one there is none."""
    team = [member.model_copy(update={"email": f"{n}@example.org"}) for n, member in enumerate(RUN.syllabus.team)]
    named = events(Timetable(RUN.syllabus.model_copy(update={"team": team})))
    assert {str(event["ORGANIZER"]) for event in named.values()} == {"mailto:0@example.org"}
    assert all("ORGANIZER" not in event for event in events().values())


def test_releases_can_be_left_out() -> None:
    """Sessions and deadlines stay."""
    kept = icalendar.Calendar.from_ical(to_ical(RUN, releases=False)).walk("VEVENT")
    kinds = {event["CATEGORIES"].to_ical().decode() for event in kept if ".release@" not in str(event["UID"])}
    assert kinds == {"Session", "Deadline"}


def test_the_command_prints_or_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways give the same bytes; lines end as the standard demands."""
    monkeypatch.setenv("DLMODULE_COURSE", str(ROOT))
    printed = CliRunner().invoke(command, [])
    CliRunner().invoke(command, ["-o", str(tmp_path / "x.ics")], catch_exceptions=False)
    written = (tmp_path / "x.ics").read_bytes()
    assert printed.stdout_bytes == written == to_ical(RUN)
    assert all(line.endswith(b"\r\n") and len(line) <= 77 for line in written.splitlines(keepends=True))


def test_an_entry_that_moved_says_so_and_the_others_are_as_they_were() -> None:
    """A calendar program takes the new time only with a higher SEQUENCE; published again unchanged, nothing changes."""
    moved = planned("2027-01-11")
    first, second = datetime(2026, 12, 1, 9, tzinfo=UTC), datetime(2026, 12, 8, 9, tzinfo=UTC)
    published = revised(to_ical(RUN), None, first)
    assert published == to_ical(RUN)
    assert revised(to_ical(RUN), published, second) == published
    again = revised(to_ical(moved), published, second)
    for event in icalendar.Calendar.from_ical(again).walk("VEVENT"):
        assert (int(event["SEQUENCE"]), event["DTSTAMP"].dt) == (1, second)
    assert revised(to_ical(moved), again, datetime(2026, 12, 9, tzinfo=UTC)) == again
    back = icalendar.Calendar.from_ical(revised(to_ical(RUN), again, first)).walk("VEVENT")
    assert {int(event["SEQUENCE"]) for event in back} == {2}


@pytest.mark.parametrize("former", [b"", b"no calendar", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n"])
def test_a_damaged_former_calendar_is_none(former: bytes) -> None:
    """It begins anew."""
    assert revised(to_ical(RUN), former, datetime(2026, 12, 1, tzinfo=UTC)) == to_ical(RUN)


def test_what_is_dropped_from_the_run_is_cancelled_once_and_comes_back() -> None:
    """People who have the entry are told; published again nothing changes, and a session that is taught after all is a change."""
    first, second, third = (datetime(2026, 12, day, 9, tzinfo=UTC) for day in (1, 8, 9))
    days = [day for day in RUN.syllabus.day if day.session != "08_gans"]
    shorter = to_ical(Timetable(RUN.syllabus.model_copy(update={"day": days})))
    published = revised(shorter, to_ical(RUN), first)
    found = {str(event["UID"]): event for event in icalendar.Calendar.from_ical(published).walk("VEVENT")}
    assert found.keys() == events().keys()
    dropped = {uid for uid in found if uid.startswith("08_gans.")}
    assert {uid for uid, event in found.items() if event.get("STATUS") == "CANCELLED"} == dropped and len(dropped) == 6
    for uid in dropped:
        assert (int(found[uid]["SEQUENCE"]), found[uid]["LAST-MODIFIED"].dt) == (1, first)
    assert revised(shorter, published, second) == published
    back = icalendar.Calendar.from_ical(revised(to_ical(RUN), published, third)).walk("VEVENT")
    assert {str(event["UID"]) for event in back if int(event.get("SEQUENCE", 0)) == 2} == dropped
    assert not [event for event in back if event.get("STATUS") == "CANCELLED"]


def test_a_calendar_without_release_instants_cancels_none() -> None:
    """They were left out, which says nothing of whether material opens."""
    published = revised(to_ical(RUN, releases=False), to_ical(RUN), datetime(2026, 12, 1, tzinfo=UTC))
    assert published == to_ical(RUN, releases=False)
