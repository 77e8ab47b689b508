"""The files of a release that are made for it: the resolved course, README with the lecture table, and pyproject.toml."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

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


def readme(course: Course) -> str:
    """The repository's front page: the lecture table, how to take part, dates, team and primers."""
    lines = [
        f"# {course.title}",
        "",
        course.objective,
        "",
        "## Lectures",
        "",
        f"All times are those of {course.timezone}.",
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
            links = [
                _link("notebook", part.student) + colab,
                _link("solutions", part.solutions),
                _link("slides", part.slides),
            ]
            time = f"{part.start:%H:%M}-{part.end:%H:%M}" if part.start and part.end else ""
            lines.append("| " + " | ".join([*first, time, title, *links]) + " |")
    lines += ["", "Links become active as the course progresses.", "", "## Take part", "", course.colab, ""]
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
    ]
    lines += ["## Assessment", ""]
    for item in course.assessments:
        lines.append(
            f"- {item.title} ({item.format}): released {_when(item.release_at)}, due {_when(item.due_at)}; {item.weight:.0%} of the module mark"
        )
    lines += ["", "## Primers", "", "Not mandatory.", ""]
    for primer in course.primers:
        lines.append(f"- {_link(primer.title, primer.url) or primer.title}")
    lines += ["", "## Team", ""]
    for member in course.team:
        lines.append(f"- {member.name}" + (f", {member.role}" if member.role else ""))
    return "\n".join([*lines, "", "Code: MIT. Prose: CC BY 4.0. See [LICENSE](LICENSE).", ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _link(text: str, address: str | None) -> str:
    return f"[{text}]({address})" if address else ""


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def pyproject(path: Path, *, keys: bool) -> str:
    """A pyproject.toml that installs ``dlmodule`` and its ``course open``, from the project's own at ``path``.

    keys: whether the release has a folder of keys; they are installed with the package, where Colab finds them.
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
    if keys:
        lines += ["", "[tool.hatch.build.targets.wheel.force-include]", 'keys = "dlmodule/keys"']
    return "\n".join([*lines, ""])


def _pairs(table: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """Strings and lists of strings as TOML, which writes them as JSON does."""
    return [f"{name} = {json.dumps(table[name], ensure_ascii=False)}" for name in names if name in table]
