"""The resolved course: what is due at a moment, and that no damage of course.json is more than one line."""

import copy
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmodule.course import Course, Day, Part, course_from, read_course
from dlmodule.errors import DLModuleError
from dlmodule.home.page import render
from tests.dlmodule.open import reference_run

RUN = course_from(reference_run.facts())
SECOND = timedelta(seconds=1)


def due(moment: datetime | None) -> set[tuple[str, str]]:
    """(part, version) of what is due."""
    return {(day.part_id(part), version) for day, part in RUN.as_of(moment).parts() for version in part.due}


def test_what_is_due_grows_at_every_moment_and_only_there() -> None:
    """A second before a moment is as the moment before it; nothing is due before the first, everything after the last."""
    moments = RUN.moments()
    assert due(moments[0] - SECOND) == set() and due(moments[-1]) == due(None)
    for before, after in pairwise(moments):
        assert due(before) == due(after - SECOND) <= due(after)


def test_a_part_that_is_not_out_is_known_by_its_place_only() -> None:
    """Its title is the syllabus's, and nothing of its source is there; when it opens is no secret."""
    moment = datetime(2022, 12, 2, 7, 59, tzinfo=reference_run.LONDON)
    day, part = RUN.as_of(moment).find("05_cnns_1.morning")
    assert part.title == day.title == "CNNs part I"
    assert (part.objectives, part.exercises, part.colab, part.minutes.study) == ((), (), None, None)
    assert part.opens_at("student") == moment + timedelta(minutes=1)
    assert RUN.as_of(moment + timedelta(minutes=1)).find("05_cnns_1.morning")[1].exercises


def test_the_hour_that_is_there_twice_is_told_apart() -> None:
    """In autumn 01:30 comes twice; what opens at the second stays closed at the first."""
    late = datetime(2022, 10, 30, 1, 30, fold=1, tzinfo=reference_run.LONDON)
    run = Course(
        "Autumn",
        days=(Day(1, late.date(), "One", "01_one", parts=(Part("morning", release_at=late, student="a.ipynb"),)),),
    )
    early = late.replace(fold=0)
    assert run.as_of(early).days[0].parts[0].due == ()
    assert run.as_of(late).days[0].parts[0].due == ("student",)


def test_a_naive_moment_is_refused() -> None:
    """It would mean another moment on every machine."""
    with pytest.raises(ValueError, match="aware"):
        RUN.as_of(datetime(2022, 12, 2))


def test_reading_is_the_inverse_of_writing() -> None:
    """The text of a course is a course again."""
    assert course_from(json.loads(RUN.to_json())) == RUN


def write(folder: Path, content: bytes | str) -> Path:
    """A course.json."""
    path = folder / "course.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return path


def read_or_complain(path: Path) -> Course | None:
    """The course, or None where one line says what is wrong; anything else fails the test."""
    try:
        return read_course(path)
    except DLModuleError as error:
        text = str(error)
        assert text.startswith(str(path)) and "run `course build`" in text and text.isprintable(), text
        return None


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every value within ``value``, the root excluded."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in ((*place, key), *places(item, (*place, key)))]


PLACES = places(reference_run.facts())
RUBBISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(
        ["../../etc/passwd", "/etc/passwd", "a//b", "javascript:alert(1)", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00",
         "24:00", "\ud800", "Europe/Nowhere", "../UTC", "", " ", 10**400, float("nan"), -1, True]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(PLACES), RUBBISH, st.sampled_from(["change", "remove", "double"])),
        min_size=1,
        max_size=4,
    )
)
def test_a_damaged_course_is_one_line_or_a_page(tmp_path_factory: pytest.TempPathFactory, damage: list[Any]) -> None:
    """Any value replaced by any other, removed or doubled: it is refused with file and field, or the whole home is shown."""
    facts = copy.deepcopy(reference_run.facts())
    for place, rubbish, how in damage:
        target: Any = facts
        try:
            for key in place[:-1]:
                target = target[key]
            if how == "change":
                target[place[-1]] = rubbish
            elif how == "remove":
                del target[place[-1]]
            elif isinstance(target, list):
                target.append(target[place[-1]])
        except (KeyError, IndexError, TypeError):  # an earlier damage took the place away
            continue
    path = write(tmp_path_factory.getbasetemp(), json.dumps(facts))
    course = read_or_complain(path)
    if course is not None:
        moment = datetime(2022, 12, 6, 12, tzinfo=UTC)
        for known in (course.as_of(None), course.as_of(moment)):
            assert render(known, at=moment, progress=[], mode="site").endswith("</html>")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(RUN.to_json().encode()) - 1), st.binary(max_size=4), st.integers(0, 200))
def test_damaged_bytes_are_one_line_or_a_course(
    tmp_path_factory: pytest.TempPathFactory, at: int, put: bytes, lost: int
) -> None:
    """Bytes lost, added or changed anywhere."""
    content = RUN.to_json().encode()
    read_or_complain(write(tmp_path_factory.getbasetemp(), content[:at] + put + content[at + lost :]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("", ":1: Expecting value"),
        ("{}", "it has no days"),
        ('{"days": [], "title": "T", "timezone": "Mars/Olympus"}', "timezone is not the name of a time zone"),
        ('{"days": [], "title": ' + "1" * 5000 + "}", "not a built course"),
        (b"\xff\xfe", "cannot be read"),
        ('{"title": "T", "days": [{"day": 1, "date": "2022-11-28", "title": "D", "session": "s", "parts": [{"part": "p", "student": "../x"}]}]}',
         "days[0].parts[0].student is not a path in the course: '../x'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, content: str | bytes, message: str) -> None:
    """File, field or line, and what to do."""
    with pytest.raises(DLModuleError) as raised:
        read_course(write(tmp_path, content))
    assert message in str(raised.value)
