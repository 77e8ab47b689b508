"""Plans of the reference run that have changed: moved to another term, with days that are free, cancelled or elsewhere."""

from datetime import date

from coursekit.schedule import syllabus
from coursekit.schedule.timetable import Timetable
from tests.coursekit.reference_course import ROOT

PATH = ROOT / "course" / "syllabus.toml"


def planned(start: str = "2022-11-28", breaks: str = "[]", **parts: str) -> Timetable:
    """The run from ``start`` on; ``breaks`` as TOML. parts: fields to add, by SESSION__PART, such as ``cancelled = true``."""
    text = PATH.read_text("utf-8").replace("\nbreaks = []\n", f"\nbreaks = {breaks}\n")
    for name, fields in parts.items():
        session, _, part = name.removeprefix("s").partition("__")
        head, found, tail = text.partition(f'session = "{session}"')
        tail = tail.replace(f'{{ part = "{part}",', f'{{ part = "{part}", {fields},', 1)
        text = head + found + tail
    return Timetable(syllabus.moved(PATH, text.encode(), date.fromisoformat(start))[1])
