"""A whole term against a class's repository: moved to January and to March, with a holiday, a swap, a cancelled afternoon, and a
correction; every tag installs by itself and judges an answer, and each calendar is the successor of the one before (RFC 5546).
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest
from click.testing import CliRunner

from coursekit.build import build
from coursekit.commands import move, release
from coursekit.project import Project
from coursekit.schedule.course_table import course_table
from tests.coursekit.conftest import EXERCISES, SYLLABUS
from tests.coursekit.reference_course import ROOT

LONDON = ZoneInfo("Europe/London")
SESSIONS = ("01_graphs", "02_trees", "03_paths")
SOURCE = '''\
# ---
# title: "About {name}"
# objectives: [double a number]
# minutes: {{cpu: 1}}
# ---

# %% [markdown]
# ## Doubling
# It comes back on {{day: 02_trees}}.

# %%
from dlmodule.checking import checks

check = checks("{session}")

# %% [markdown]
# ### Exercise: double

# %%
def double(x: float) -> float:
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %%
check(double)
'''
ROW = """
[[day]]
title = "{name}"
session = "{session}"
folder = "{session}"
parts = [{{ part = "morning", kind = "lecture" }}, {{ part = "afternoon", kind = "practical", notebook = false }}]
"""
ANSWER = """
from dlmodule.checking import checks
import dlmodule

def double(x: float) -> float:
    return x + x

print(dlmodule.__file__)
checks("{session}")(double)
"""


class Term:
    """The team's course and the class's repository, and what the team does to both."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.project = folder, Project(folder / "course")
        self.bare, self.to = folder / "course.git", folder / "class"
        self.tagged: dict[str, str] = {}  # by tag: the session that its day teaches

    @property
    def syllabus(self) -> str:
        return self.project.syllabus.read_text("utf-8")

    def edit(self, old: str, new: str) -> None:
        """One edit of the syllabus."""
        assert self.syllabus.count(old) == 1, old
        self.project.syllabus.write_text(self.syllabus.replace(old, new), "utf-8")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(self.to), *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    def publish(self, moment: str) -> tuple[str, list[icalendar.Event]]:
        """Release at ``moment`` and run the commands that the release prints; what it said, and the calendar published."""
        done = CliRunner().invoke(release.command, ["--at", moment, "--to", str(self.to)])
        assert done.exit_code == 0, done.output or done.exception
        for line in done.output.partition("Commands:\n")[2].splitlines():
            if line.startswith("  git "):
                ran = subprocess.run(line.strip(), shell=True, capture_output=True, text=True, check=False)
                assert ran.returncode == 0 or "nothing to commit" in ran.stdout, ran
        for tag in re.findall(r"^  (?:set |move) (\S+):", done.output, re.MULTILINE):
            number = int(tag[-2:])
            days = course_table(self.project).as_of(datetime.now(UTC).replace(year=2099)).days
            self.tagged[tag] = next(day.session for day in days if day.day == number)
        return done.output, events((self.to / "calendar.ics").read_bytes())

    def judged(self, tag: str) -> str:
        """What the check says of a right answer where only the release at ``tag`` is installed."""
        target = self.folder / f"installed {tag} {len(list(self.folder.iterdir()))}"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-compile"]
        subprocess.run(
            [*pip, "--target", str(target), f"git+{self.bare.as_uri()}@{tag}"], check=True, capture_output=True
        )
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DLMODULE")}
        environment |= {"PYTHONPATH": str(target), "DLMODULE_PROGRESS": str(target / "progress.jsonl")}
        script = ANSWER.format(session=self.tagged[tag])
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=target, env=environment, capture_output=True, text=True, check=False
        )
        assert str(target) in done.stdout, done.stderr  # and not this checkout
        return done.stdout


def events(content: bytes) -> list[icalendar.Event]:
    return list(icalendar.Calendar.from_ical(content).walk("VEVENT"))


def follows(before: list[icalendar.Event], after: list[icalendar.Event]) -> set[str]:
    """Holds the second calendar to RFC 5546, 2.1.4 and 3.2.1: the UIDs that changed. No entry is dropped."""
    known = {str(event["UID"]): event for event in before}
    now = {str(event["UID"]): event for event in after}
    assert len(now) == len(after) and known.keys() <= now.keys()
    changed = set()
    for uid, old in known.items():
        new = now[uid]
        told = [
            [str(e.get(k) and e[k].to_ical()) for k in ("DTSTART", "DTEND", "SUMMARY", "STATUS")] for e in (old, new)
        ]
        numbers = [int(event.get("SEQUENCE", 0)) for event in (old, new)]
        if told[0] == told[1]:
            assert numbers[0] == numbers[1] and old["DTSTAMP"].dt == new["DTSTAMP"].dt, uid
            assert old["LAST-MODIFIED"].dt == new["LAST-MODIFIED"].dt, uid
        else:
            assert numbers[1] == numbers[0] + 1 and new["DTSTAMP"].dt > old["DTSTAMP"].dt, uid
            assert new["LAST-MODIFIED"].dt == new["DTSTAMP"].dt and old["ORGANIZER"] == new["ORGANIZER"], uid
            changed.add(uid.partition("@")[0])
    return changed


@pytest.fixture
def term(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Term]:
    """A course of three days in its first term, with keys recorded, and an empty repository of the class."""
    found = Term(tmp_path / "Kurs über Netze")  # spaces and umlauts, as in many a learner's name
    found.project.course.mkdir(parents=True)
    head = (
        SYLLABUS.partition("\n[[day]]")[0]
        .replace('role = "c', 'email = "team@example.org", role = "c')
        .replace("\nself_paced", "\nstart = 2022-11-28\nbreaks = []\nself_paced")
    )
    rows = "".join(ROW.format(name=name[3:].title(), session=name) for name in SESSIONS)
    found.project.syllabus.write_text(head + "\n" + rows, "utf-8")
    for session in SESSIONS:
        folder = found.project.course / session
        (folder / "exercises").mkdir(parents=True)
        (folder / "morning.py").write_text(SOURCE.format(session=session, name=session[3:]), "utf-8")
        (folder / "exercises/double.py").write_text(EXERCISES["double"], "utf-8")
    shutil.copytree(
        ROOT / "src/dlmodule", found.project.root / "src/dlmodule", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, found.project.root / name)
    assert not build(found.project).problems
    monkeypatch.setenv("DLMODULE_COURSE", str(found.project.root))
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Team")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "team@example.org")
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(found.bare)], check=True)
    subprocess.run(["git", "clone", "--quiet", str(found.bare), str(found.to)], check=True, capture_output=True)
    found.git("config", "push.default", "current")
    yield found


@pytest.mark.soak
@pytest.mark.parametrize(
    ("start", "holiday", "days"),
    [
        ("2027-01-11", "first = 2027-01-12", ("2027-01-11", "2027-01-13", "2027-01-14")),
        ("2027-03-15", "first = 2027-03-16, last = 2027-03-29", ("2027-03-15", "2027-03-30", "2027-03-31")),
    ],
)  # fmt: skip
def test_a_whole_term(term: Term, start: str, holiday: str, days: tuple[str, str, str]) -> None:
    """Each change is one edit; after it the class has what is due, by tags that install, and people's calendars follow."""
    moved = CliRunner().invoke(move.command, [start, "--yes"])
    assert moved.exit_code == 0, moved.output
    _, first = term.publish(f"{start}T08:00")

    term.edit("breaks = []", f'breaks = [{{ {holiday}, why = "a holiday" }}]')
    _, second = term.publish(f"{start}T12:00")
    assert {uid.partition(".")[0] for uid in follows(first, second)} == {"02_trees", "03_paths"}
    # Nine o'clock on the wall, also behind the change to summer time of 28 March.
    begins = {event["DTSTART"].dt.astimezone(LONDON) for event in second if ".morning@" in str(event["UID"])}
    assert {f"{moment:%Y-%m-%d %H:%M}" for moment in begins} == {f"{day} 09:00" for day in days}

    trees, paths = (ROW.format(name=name[3:].title(), session=name) for name in SESSIONS[1:])
    term.edit(trees + paths, paths + trees)
    said, third = term.publish(f"{days[1]}T08:00")
    assert {uid.partition(".")[0] for uid in follows(second, third)} == {"02_trees", "03_paths"}
    assert "tag v1.2-day02" in said and term.tagged["v1.2-day02"] == "03_paths"
    notebook = (term.to / "03_paths/03_paths_morning/03_paths_morning_exercises.ipynb").read_text("utf-8")
    assert "@v1.2-day02" in notebook and "It comes back on day 03." in notebook

    term.edit(
        paths, paths.replace('kind = "practical"', 'kind = "practical", cancelled = true, note = "the room is flooded"')
    )
    _, fourth = term.publish(f"{days[1]}T12:00")
    assert follows(third, fourth) == {"03_paths.afternoon"}
    cancelled = next(event for event in fourth if str(event["UID"]).startswith("03_paths.afternoon@"))
    assert cancelled["STATUS"] == "CANCELLED" and "flooded" in cancelled["DESCRIPTION"]
    assert "the room is flooded" in (term.to / "README.md").read_text("utf-8")

    exercise = term.project.exercise("01_graphs", "double")
    exercise.write_text(exercise.read_text("utf-8").replace("You squared the number.", "That is the square."), "utf-8")
    assert not build(term.project).problems
    before = term.git("rev-parse", "v1.2-day01", "v1.2-day02")
    said, fifth = term.publish(f"{days[2]}T08:00")
    assert "move v1.2-day01: changed: keys/01_graphs.safetensors" in said and not follows(fourth, fifth)
    after = term.git("ls-remote", "origin")
    assert before.split()[0] not in re.findall(r"(\w+)\trefs/tags/v1.2-day01", after)
    assert before.split()[1] in re.findall(r"(\w+)\trefs/tags/v1.2-day02", after)
    assert term.tagged == {"v1.2-day01": "01_graphs", "v1.2-day02": "03_paths", "v1.2-day03": "02_trees"}
    for tag in term.tagged:
        assert "right" in term.judged(tag).lower(), tag
