"""The files of a release that are made for it: the resolved course, README with the lecture table, and pyproject.toml."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from coursekit.notebooks.title import ENCLOSED
from coursekit.schedule.release_path import notes_path
from coursekit.schedule.syllabus import Syllabus
from coursekit.schedule.timetable import published_path
from dlmodule.course import VERSIONS, Assessment, Course, Day, Part, Version


def released_course(known: Course, syllabus: Syllabus) -> Course:
    """The course for learners, as of the release's moment: with the release's own paths; what is not in it has none."""

    def place(day: Day, part: Part, version: Version) -> str | None:
        return published_path(syllabus, day.session, part.part, version) if version in part.due else None

    def released(day: Day, part: Part) -> Part:
        student, solutions, slides = (place(day, part, version) for version in VERSIONS)
        return replace(part, student=student, solutions=solutions, slides=slides)

    def given(item: Assessment) -> Assessment:
        there = item.is_out and item.notebook is not None
        return replace(item, notebook=published_path(syllabus, item.id, "notebook", "student") if there else None)

    days = tuple(replace(day, parts=tuple(released(day, part) for part in day.parts)) for day in known.days)
    return replace(known, days=days, assessments=tuple(map(given, known.assessments)))


GUIDE = "docs/take_the_course.md"  # how a day goes and what a card says; a release has it at the same place


def readme(course: Course, *, guide: bool = False) -> str:
    """The repository's front page: the lecture table, and ``overview``."""
    lines = [
        f"# {course.title}",
        "",
        course.objective,
        "",
        "## Lectures",
        "",
        f"All times are those of {course.timezone}. [calendar.ics](calendar.ics) has them for your calendar.",
        "",
    ]
    lines += ["| day | date | time | lecture | practical | solutions | slides |", "|---|---|---|---|---|---|---|"]
    for day in course.days:
        for index, part in enumerate(day.parts):
            first = [f"{day.day:02d}", f"{day.weekday} {day.date}"] if index == 0 else ["", ""]
            meeting = f" ([meeting]({day.meeting}))" if index == 0 and day.meeting else ""
            note = f". **{_cell(part.note)}**" if part.note else ""
            title = f"{_cell(day.title)}, {part.part}: {_cell(part.kind)}{meeting}{note}"
            colab = f" · [Colab]({part.colab})" if part.colab else ""
            notes = notes_path(PurePosixPath(part.slides)).as_posix() if part.slides else None
            links = [
                _link("notebook", part.student) + colab,
                _link("solutions", part.solutions),
                " · ".join(filter(None, [_link("slides", part.slides), _link("notes", notes)])),
            ]
            time = f"{part.start:%H:%M}-{part.end:%H:%M}" if part.start and part.end else ""
            lines.append("| " + " | ".join([*first, time, title, *links]) + " |")
    lines += ["", "Links become active as the course progresses.", "", *overview(course, guide=guide)]
    return "\n".join([*lines, "", "Code: MIT. Prose: CC BY 4.0. See [LICENSE](LICENSE).", ""])


def overview(course: Course, *, guide: bool) -> list[str]:
    """What a class is told beside its lecture table, line by line: how to take part and to hand in, dates, primers, team.

    guide: whether ``GUIDE`` lies where it can be linked to.
    """
    lines = ["## Take part", "", course.colab, ""]
    if guide:
        lines += [f"How a day goes, and what a check card says: [Take the course]({GUIDE}).", ""]
    repository = course.repository
    lines += ["On your own computer, with Python 3.11 or newer:", "", "```sh"]
    if repository:
        lines += [f"git clone https://github.com/{repository.owner}/{repository.name}.git", f"cd {repository.name}"]
    lines += [
        "python3 -m venv .venv",
        ".venv/bin/python -m pip install .",
        ".venv/bin/course open",
        "```",
        "",
        "On Windows write `.venv\\Scripts\\` in place of `.venv/bin/`. On Linux pip fetches PyTorch with the drivers of a GPU, several "
        "gigabytes. Without a GPU, choose *Pip* and *CPU* at <https://pytorch.org/get-started/locally/> and run the command shown there, "
        "with the pip of `.venv`, before the second line.",
        "",
        "New material and corrections: `git pull`, install once more with the same command, and open the course again. Your own "
        "notebooks are a copy outside the repository, and what you wrote in them stays. On Colab, open the notebook again from the table.",
        "",
        "## Assessment",
        "",
    ]
    for item in course.assessments:
        lines.append(
            f"- {item.title} ({item.format}): released {_when(item.release_at)}, due {_when(item.due_at)}; {item.weight:.0%} of the module mark"
        )
    if course.assessments:
        name = course.assessments[0].id
        lines += [
            "",
            "A coursework opens from the course's home once it is released: pull, install once more, and open the course. To hand in, save the "
            f"notebook and run its last cell, or run `course submit {name} NOTEBOOK` with the path of `course` above. Both write one sealed "
            f"file, `{name}.zip`, and print its receipt. Upload the file where the brief says, and keep the receipt.",
        ]
    lines += ["", "## Primers", "", "Not mandatory.", ""]
    for primer in course.primers:
        lines.append(f"- {_link(primer.title, primer.url) or primer.title}")
    lines += ["", "## Team", ""]
    for member in course.team:
        email = f"[{member.email}](mailto:{member.email})" if member.email else ""
        lines.append(
            "- " + ", ".join(filter(None, [_link(member.name, member.url) or member.name, member.role, email]))
        )
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _link(text: str, address: str | None) -> str:
    return f"[{text}]({address})" if address else ""


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def pyproject(path: Path, *, keys: bool, enclosed: Mapping[str, str] = MappingProxyType({})) -> str:
    """A pyproject.toml that installs ``dlmodule`` and its ``course open``, from the project's own at ``path``.

    keys: whether the release has a folder of keys; they are installed with the package, where Colab finds them. enclosed: the files
    that go with notebooks, by where each is in the release: ``SESSION/NAME``, under which it is installed likewise.
    """
    project = tomllib.loads(path.read_text(encoding="utf-8"))
    facts = project["project"]
    lines = ["[build-system]", *_pairs(project["build-system"], ("requires", "build-backend")), "", "[project]"]
    lines += _pairs(
        facts,
        ("name", "version", "description", "readme", "requires-python", "license", "license-files", "dependencies"),
    )
    lines += ["", "[project.scripts]", 'course = "dlmodule.__main__:main"', ""]
    lines += ["[tool.hatch.build.targets.wheel]", 'packages = ["src/dlmodule"]']
    included = {"keys": "dlmodule/keys"} if keys else {}
    once = {
        name: place for place, name in sorted(enclosed.items(), reverse=True)
    }  # solutions may lie in a folder of their own
    included |= {place: f"dlmodule/{ENCLOSED}/{name}" for name, place in once.items()}
    if included:
        lines += ["", "[tool.hatch.build.targets.wheel.force-include]"]
        lines += [f"{json.dumps(place)} = {json.dumps(target)}" for place, target in sorted(included.items())]
    return "\n".join([*lines, ""])


def _pairs(table: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """Strings and lists of strings as TOML, which writes them as JSON does."""
    return [f"{name} = {json.dumps(table[name], ensure_ascii=False)}" for name in names if name in table]
