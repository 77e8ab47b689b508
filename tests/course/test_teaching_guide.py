"""docs/teach_the_course.md does what it says: every change of plans is made as it is written there, and a class's site is published."""

import re
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from coursekit.build import build
from coursekit.cli import course
from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.publish.release import HANDFUL
from coursekit.schedule.syllabus import Day, load
from coursekit.schedule.timetable import ScheduledPart, Timetable
from tests.coursekit.test_whole_term import Term, term

__all__ = ["term"]  # a fixture

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/teach_the_course.md").read_text("utf-8")
TABLE = GUIDE.partition("| what happens")[2].partition("\n\n")[0]
ROWS = dict(re.findall(r"^\| (.+?) \| (.+) \|$", TABLE, re.MULTILINE))


def section(title: str) -> str:
    """The text under a heading of the second level."""
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


class Copy:
    """A course with the syllabus of this one, sources left where they are."""

    def __init__(self, root: Path) -> None:
        self.path = root / "course" / "syllabus.toml"
        self.path.parent.mkdir()
        for entry in (ROOT / "course").iterdir():
            if entry.is_dir():
                (self.path.parent / entry.name).symlink_to(entry)
        self.write((ROOT / "course/syllabus.toml").read_text("utf-8"))
        self.before = self.days()

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    def write(self, text: str) -> None:
        self.path.write_text(text, "utf-8")

    def edit(self, old: str, new: str) -> None:
        """One edit; what is edited stands there once."""
        assert self.text.count(old) == 1, old
        self.write(self.text.replace(old, new))

    def table(self, session: str) -> str:
        """The first ``[[day]]`` table of a session."""
        tables = re.split(r"(?m)^(?=\[\[day\]\]\n)", self.text)
        found = next(table for table in tables if f'session = "{session}"' in table)
        return found.partition("\n\n")[0] + "\n\n"

    def in_part(self, session: str, part: str, fields: str) -> None:
        """Write ``fields`` into a part."""
        old = self.table(session)
        self.edit(old, old.replace(f'part = "{part}",', f'part = "{part}", {fields},'))

    def days(self) -> list[Day]:
        return list(load(self.path).day)

    def part(self, name: str) -> ScheduledPart:
        return next(slot for slot in Timetable(load(self.path)).parts if slot.id == name)

    def run(self, line: str) -> str:
        """A command of the guide, as it stands there."""
        program, *words = line.split()
        assert program == "course"
        done = CliRunner().invoke(course, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copy:
    """The course, to be changed."""
    monkeypatch.setenv("DLMODULE_COURSE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return Copy(tmp_path)


def written(what: str, kind: str = "") -> str:
    """The code in the row of ``what`` that begins with ``kind``."""
    return next(code for code in re.findall(r"`([^`]+)`", ROWS[what]) if code.startswith(kind))


def another_term(copy: Copy) -> None:
    copy.run(f"{written('another term', 'course move')} --yes")
    assert copy.days()[0].date == date(2027, 3, 15)


def a_break(copy: Copy) -> None:
    copy.edit("breaks = []", written("a break or a holiday", "breaks"))
    plan = copy.run("course move 2027-03-15 --yes")
    assert "free: Fri 2027-03-26 to Mon 2027-03-29, Easter" in plan
    assert not [day for day in copy.days() if date(2027, 3, 26) <= day.date <= date(2027, 3, 29)]


def exchanged(copy: Copy) -> None:
    first, second = copy.table("04_ml_recap"), copy.table("05_cnns_1")
    copy.write(copy.text.replace(first + second, second + first))
    assert [day.session for day in copy.days()][3:5] == ["05_cnns_1", "04_ml_recap"]
    assert [day.date for day in copy.days()] == [day.date for day in copy.before]


def dropped(copy: Copy) -> None:
    copy.run("course calendar -o run.ics")
    copy.edit(copy.table("08_gans"), "")
    assert "08_gans" not in {day.session for day in copy.days()} and copy.days()[-1].day == copy.before[-1].day - 1
    copy.run("course calendar -o run.ics")
    unfolded = Path("run.ics").read_bytes().decode().replace("\r\n ", "")
    (event,) = re.findall(r"BEGIN:VEVENT\r\n(?:(?!END:VEVENT).)*08_gans\.morning@.*?END:VEVENT", unfolded, re.DOTALL)
    assert "STATUS:CANCELLED" in event


def put_in(copy: Copy) -> None:
    (copy.path.parent / "16_graphs").mkdir()
    lines = re.findall(r"`([^`]+)`", ROWS["a day is put in"])
    assert lines[0] == "[[day]]"
    copy.edit(copy.table("08_gans"), "\n".join(lines) + "\n\n" + copy.table("08_gans"))
    sessions = [day.session for day in copy.days()]
    assert sessions.index("16_graphs") == sessions.index("08_gans") - 1
    assert copy.days()[-1].date > copy.before[-1].date


def on_two_days(copy: Copy) -> None:
    whole = copy.table("04_ml_recap")
    folder = 'folder = "04_Recap_ML_concepts"'
    halves = [re.sub(rf'    \{{ part = "{other}".*\n', "", whole) for other in ("afternoon", "morning")]
    copy.edit(whole, halves[0] + halves[1].replace(folder, 'folder = "04_Recap_2"'))
    dates = {day.date for day in copy.days() if day.session == "04_ml_recap"}
    assert len(dates) == 2
    assert written("a session on two days", "same_day") == "same_day = true"
    again = copy.table("04_ml_recap") + "[[day]]\n"
    copy.edit(again, f"{again}same_day = true\n")
    assert len({day.date for day in copy.days() if day.session == "04_ml_recap"}) == 1


def other_hours(copy: Copy) -> None:
    line = written("other hours", "morning")
    copy.write(re.sub(r"(?m)^morning = \{.*?\}", line, copy.text))
    assert f"{copy.part('05_cnns_1.morning').start:%H:%M}" == "10:00"
    assert f"{copy.part('06_cnns_2.probability').start:%H:%M}" == "11:30"
    copy.write(copy.text.replace("end = 13:00:00", "end = 12:00:00"))
    with pytest.raises(CourseError, match="do not fit"):
        copy.days()


def on_a_date_of_its_own(copy: Copy) -> None:
    copy.run("course move 2027-03-15 --yes")
    copy.edit(
        copy.table("05_cnns_1"),
        copy.table("05_cnns_1").replace("[[day]]\n", f"[[day]]\n{written('a day on a date of its own')}\n"),
    )
    days = copy.days()
    place = next(index for index, day in enumerate(days) if day.session == "05_cnns_1")
    assert days[place].date == date(2027, 3, 20) and days[place + 1].date == date(2027, 3, 22)


def cancelled(copy: Copy) -> None:
    before = copy.part("05_cnns_1.afternoon")
    copy.in_part("05_cnns_1", "afternoon", written("a part is cancelled"))
    after = copy.part("05_cnns_1.afternoon")
    assert after.notice == "Cancelled. the room is flooded" and after.release_at == before.release_at
    assert "STATUS:CANCELLED" in copy.run("course calendar")


def at_another_time(copy: Copy) -> None:
    copy.run("course move 2027-03-15 --yes")
    copy.in_part("05_cnns_1", "afternoon", written("a part at another time", "moved_to"))
    with pytest.raises(CourseError, match=r"overlaps with 05_cnns_1\.afternoon on 2027-03-22"):
        copy.days()
    copy.write(copy.text.replace("moved_to = ", "start = 18:00:00, end = 19:30:00, moved_to = "))
    part = copy.part("05_cnns_1.afternoon")
    assert part.release_at.date() == part.start.date() == part.solutions_at.date() == date(2027, 3, 22)
    assert f"{part.solutions_at:%H:%M}" == "19:30"


def corrected(copy: Copy) -> None:
    """What a class then does, and that Colab installs the moved tag, is played in tests/coursekit/test_whole_term.py."""
    row = ROWS["a mistake in a notebook"]
    copy.run("course new 16_graphs")
    copy.run("course new 16_graphs.pool --kind function")
    source = copy.path.parent / "16_graphs/morning.py"
    source.write_text(source.read_text("utf-8").replace("# ## ", "# ## Mended: ", 1), "utf-8")
    lines = re.findall(r"`(course [^`]+)`", row)
    assert lines == ["course build", "course verify SESSION"]
    copy.run(f"{lines[0]} 16_graphs")
    copy.run(lines[1].replace("SESSION", "16_graphs"))
    assert "Mended: " in Project(copy.path.parents[1]).notebook("16_graphs", "morning", solutions=False).read_text(
        "utf-8"
    )


TRIED: dict[str, Callable[[Copy], None]] = {
    "another term": another_term,
    "a break or a holiday": a_break,
    "two days change places": exchanged,
    "a day is dropped": dropped,
    "a day is put in": put_in,
    "a session on two days": on_two_days,
    "other hours": other_hours,
    "a day on a date of its own": on_a_date_of_its_own,
    "a part is cancelled": cancelled,
    "a part at another time": at_another_time,
    "a mistake in a notebook": corrected,
}


def test_every_change_of_plans_is_tried() -> None:
    """The table of the guide, and the number of files that it names."""
    assert set(ROWS) - {"what happens", "---"} == set(TRIED)
    assert HANDFUL == 5 and "more than five files" in section("When plans change")


@pytest.mark.parametrize("what", TRIED)
def test_what_the_guide_says_of_a_change_holds(copy: Copy, what: str) -> None:
    """The edit or the command of the row, made as it stands there."""
    TRIED[what](copy)


def steps(title: str) -> list[str]:
    """The commands in the text under ``title``, in their order."""
    return re.findall(r"`((?:course|git) [^`]+)`", section(title))


def pages(term: Term, name: str) -> dict[str, bytes]:
    """What GitHub Pages serves from the root of the branch that the guide names."""
    (branch,) = set(re.findall(r"branch `([\w-]+)`, folder `/ \(root\)`", GUIDE))
    to = term.folder / name
    subprocess.run(["git", "clone", "--quiet", "-b", branch, str(term.bare), str(to)], check=True, capture_output=True)
    return {
        path.relative_to(to).as_posix(): path.read_bytes()
        for path in to.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(to).parts
    }


@pytest.mark.kernel
def test_a_class_s_site_is_published_as_the_guide_says(term: Term, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each release the branch holds its site at the root, no solution before its time, and nothing else of the release."""
    monkeypatch.chdir(term.project.root)
    lines = steps("Publish on GitHub")
    assert lines[:2] == ["git clone", "course site"] and "course release --at NOW --to ../class" in lines
    (push,) = [line for line in lines if "subtree" in line]
    runner = CliRunner()
    assert runner.invoke(course, ["site"], catch_exceptions=False).exit_code == 0
    for student in (["--student"], []):
        ran = runner.invoke(course, ["execute", "01_graphs.morning", *student], catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
    for number, moment in enumerate(("2022-11-28T08:00", "2022-11-28T12:00")):
        term.publish(moment)
        subprocess.run(push, shell=True, check=True, capture_output=True)
        served = pages(term, f"pages{number}")
        site = {p.relative_to(term.to / "site").as_posix(): p for p in (term.to / "site").rglob("*") if p.is_file()}
        assert served == {name: path.read_bytes() for name, path in site.items()}
        assert {"index.html", ".nojekyll", "parts/01_graphs/morning.html"} <= served.keys()
        assert ("parts/01_graphs/morning_solutions.html" in served) == (number == 1)


def test_a_site_shows_what_is_due_and_all_of_it_only_when_asked(
    term: Term, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is still to come: the default has no page of it, the morning its notebook, `--everything` its solutions."""
    term.edit("start = 2022-11-28", "start = 2098-12-01")
    assert not build(Project(term.project.root)).problems
    (term.project.root / "docs").mkdir()
    for name in ("docs/teach_the_course.md", "README.md"):
        (term.project.root / name).write_text("# canaryteam\n\nBuild it.\n", "utf-8")
    for options, expected in (
        ([], set()),
        (["--at", "2098-12-01T08:00"], {"morning.html"}),
        (["--at", "2098-12-01T12:00"], {"morning.html", "morning_solutions.html"}),
        (["--everything"], {"morning.html", "morning_solutions.html"}),
    ):
        to = tmp_path / f"site{len(options)}{options[-1:]}"
        done = CliRunner().invoke(course, ["site", *options, "-o", str(to)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert {path.name for path in to.glob("parts/01_graphs/*.html")} == expected
        text = b"".join(path.read_bytes() for path in to.rglob("*") if path.is_file())
        assert (b"canaryteam" in text) == (
            options == ["--everything"]
        )  # what speaks to the team is on its own site alone
    assert datetime.now(UTC).year < 2098
