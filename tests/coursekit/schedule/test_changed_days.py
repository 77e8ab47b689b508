"""A change of days is one edit of the syllabus: sessions are known by name, and what contradicts is told all at once."""

import random
import re
import tomllib
from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.notebooks.title import day_tag
from coursekit.project import Project
from coursekit.schedule.syllabus import Syllabus, load
from coursekit.schedule.timetable import Timetable, day_of, place_of
from tests.coursekit.reference_course import ROOT

TEXT = (ROOT / "course" / "syllabus.toml").read_text("utf-8")
HEAD, *TABLES = re.split(r"(?m)^(?=\[\[day\]\]\n)", TEXT)
LAST, _, TAIL = TABLES[-1].partition("\n\n#")
ROWS = [*TABLES[:-1], f"{LAST}\n\n"]


def read(folder: Path, rows: list[str], head: str = HEAD) -> Syllabus:
    """The syllabus with ``rows`` in the place of its days, in a course that has material of every session."""
    for row in ROWS:
        (folder / "course" / re.findall(r'session = "(.*?)"', row)[0]).mkdir(parents=True, exist_ok=True)
    path = folder / "course" / "syllabus.toml"
    path.write_text(f"{head}{''.join(rows)}#{TAIL}", "utf-8")
    return load(path)


def at(session: str) -> int:
    return next(index for index, row in enumerate(ROWS) if f'session = "{session}"' in row)


def test_a_dropped_day_is_one_table_less(tmp_path: Path) -> None:
    """The others count on without a gap, a day earlier; its publications go with it; what is named is told in words."""
    rows = [row for row in ROWS if '"08_gans"' not in row]
    read(tmp_path, rows)
    project = Project(tmp_path)
    assert [place_of(project, name) for name in ("07_vaes", "09_diffusion", "15_revision")] == [7, 8, 14]
    for name in ("morning", "additional"):
        (tmp_path / "course/08_gans" / f"{name}.py").write_text(
            '# ---\n# title: "Games"\n# objectives: [x]\n# minutes: {cpu: 1}\n# ---\n', "utf-8"
        )
    assert place_of(project, "08_gans") == "the session “Games” (not in this run)"
    with pytest.raises(CourseError, match="no session is called '08_gan'"):
        place_of(project, "08_gan")


def test_two_tables_exchanged_exchange_the_days(tmp_path: Path) -> None:
    """Numbers, dates and tags follow the place; every other day is as it was. 04 and 05 both have an afternoon."""
    before, rows = read(tmp_path, ROWS), list(ROWS)
    a, b = at("04_ml_recap"), at("05_cnns_1")
    rows[a], rows[b] = rows[b], rows[a]
    after = read(tmp_path, rows)
    assert (day_of(after, "04_ml_recap"), day_of(after, "05_cnns_1")) == (5, 4)
    assert [row.date for row in after.day] == [row.date for row in before.day]
    assert {row.session: row.day for row in after.day if row.session not in ("04_ml_recap", "05_cnns_1")} == {
        row.session: row.day for row in before.day if row.session not in ("04_ml_recap", "05_cnns_1")
    }


def test_a_day_put_in_moves_the_others_on(tmp_path: Path) -> None:
    """Its table stands where it is taught; the courseworks keep to their sessions, and the last day takes the next date."""
    new = '[[day]]\ntitle = "Graphs"\nsession = "16_graphs"\nfolder = "16_Graphs"\nparts = [{ part = "morning", kind = "lecture" }]\n\n'
    place = at("08_gans")
    after = read(tmp_path, [*ROWS[:place], new, *ROWS[place:]])
    assert [day_of(after, name) for name in ("07_vaes", "16_graphs", "08_gans", "15_revision")] == [7, 8, 9, 16]
    run = Timetable(after)
    release, due = run.assessment_times(after.assessment[1])
    assert release.date() == due.date() == next(row.date for row in after.day if row.session == "15_revision")
    assert len({row.date for row in after.day}) == 16


def test_a_session_over_two_days(tmp_path: Path) -> None:
    """Two rows of one session are two days, unless the second says `same_day`; a part is named where it matters."""
    place = at("05_cnns_1")
    half = '[[day]]\ntitle = "CNNs, {0}"\nsession = "05_cnns_1"\nfolder = "05_{0}"\nparts = [{{ part = "{0}", kind = "x" }}]\n\n'
    after = read(tmp_path, [*ROWS[:place], half.format("morning"), half.format("afternoon"), *ROWS[place + 1 :]])
    project = Project(tmp_path)
    names = ("05_cnns_1", "05_cnns_1.morning", "05_cnns_1.afternoon", "06_cnns_2")
    assert [place_of(project, name) for name in names] == [5, 5, 6, 7]
    assert len({row.date for row in after.day if row.session == "05_cnns_1"}) == 2


def test_the_tags_of_any_order_are_those_of_its_days(tmp_path: Path) -> None:
    """Fifty orders of the days: a tag a day, in the order in which they are taught, whatever the sessions are called."""
    draw = random.Random(16)
    head = HEAD.replace('no_afternoon = ["Wed"]', "no_afternoon = []")
    together = at("06_cnns_2")  # its second row belongs to the day of the first
    rows = [*ROWS[:together], ROWS[together] + ROWS[together + 1], *ROWS[together + 2 :]]
    tried = 0
    while tried < 50:
        draw.shuffle(rows)
        try:
            facts = read(tmp_path, rows, head)
        except CourseError as error:
            assert "is due before it is released" in str(error)
            continue
        tried += 1
        order = list(dict.fromkeys(row.session for row in facts.day))
        tags = [day_tag(facts.repository, day_of(facts, name) or 0) for name in order]
        assert tags == [f"{facts.repository.tag}-day{number:02d}" for number in range(1, 16)]


def test_all_contradictions_are_told_at_once(tmp_path: Path) -> None:
    """Each with its line, what is wrong and what to write instead."""
    rows = [row.replace("[[day]]\n", "[[day]]\nday = 3\n", 1) if '"03_pytorch_2"' in row else row for row in ROWS]
    with pytest.raises(CourseError, match="days are counted in their order: delete it"):
        read(tmp_path, rows)
    rows = [row for row in ROWS if '"15_revision"' not in row and '"11_nlp"' not in row]
    with pytest.raises(CourseError) as caught:
        read(tmp_path, [row.replace('"05_CNNs_part_I"', '"04_Recap_ML_concepts"') for row in rows])
    words = str(caught.value)
    assert "two rows have the folder" in words
    assert words.count("this run does not teach it; no session is called '15_revision'") == 2
    assert "assessment[1].due.session: this run does not teach it; no session is called '11_nlp'" in words
    lines = [int(number) for number in re.findall(r"(?:toml:|; line )(\d+)", words)]
    assert len(lines) == 4 and lines == sorted(lines)


HOURS = ("morning = { start = 09:00:00, end = 12:00:00 }", "afternoon = { start = 14:00:00, end = 17:00:00 }")


def test_other_hours_shift_all_that_lies_in_them(tmp_path: Path) -> None:
    """An hour later: the same parts, the same lengths, the solutions and the courseworks with them; 20:00 stays 20:00."""
    before = Timetable(read(tmp_path, ROWS))
    later = HEAD.replace(HOURS[0], "morning = { start = 10:00:00, end = 13:00:00 }").replace(
        HOURS[1], "afternoon = { start = 15:00:00, end = 18:00:00 }"
    )
    after = Timetable(read(tmp_path, ROWS, later))
    for old, new in zip(before.parts, after.parts, strict=True):
        moved = {
            (new.start - old.start).seconds,
            (new.end - old.end).seconds,
            (new.solutions_at - old.solutions_at).seconds,
        }
        assert moved == {3600}, new.id
    times = [[f"{moment:%H:%M}" for moment in after.assessment_times(item)] for item in after.syllabus.assessment]
    assert times == [["15:00", "20:00"], ["15:00", "18:00"]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((HOURS[0], "morning = { start = 10:00:00, end = 12:00:00 }"), "90 minutes do not fit: it begins at 11:30 and the morning ends at 12:00"),
        ((HOURS[1], "afternoon = { start = 11:00:00, end = 17:00:00 }"), "11:00-17:00 overlaps with 01_intro_and_ffns.morning on 2022-11-28"),
        (("minutes = 90, file", "end = 10:30:00, file"), "one time of day would stretch or shrink with the run's hours"),
        (("minutes = 90, file", "minutes = 90, start = 09:00:00, end = 10:30:00, file"), "times of day, and a place in a slot"),
        (("after = 90, minutes = 90", "after = 60, minutes = 90"), "10:00-11:30 overlaps with 06_cnns_2.morning"),
        ((HOURS[0], "morning = { start = 07:00:00, end = 12:00:00 }"), "starts at 07:00, before its material is released (08:00)"),
        (('solutions = "afternoon"', "solutions = 11:00:00"), "solutions at 11:00, before the part ends"),
    ],
)  # fmt: skip
def test_hours_that_do_not_hold_together_are_told(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    """What overlaps, what shrinks, what would silently stretch."""
    assert change[0] in TEXT
    text = (HEAD + "".join(ROWS)).replace(*change)
    head, *tables = re.split(r"(?m)^(?=\[\[day\]\]\n)", text)
    with pytest.raises(CourseError, match=re.escape(words)):
        read(tmp_path, tables, head)


def test_the_syllabus_of_the_course_has_no_number_of_a_day() -> None:
    """Neither in a row nor in a reference: only an order."""
    assert not [key for table in tomllib.loads(TEXT)["day"] for key in table if key == "day"]
    assert "day =" not in TEXT.replace("[[day]]", "").replace("same_day =", "")
