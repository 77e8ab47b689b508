"""What the site shows at a moment: which pages there are, and what each is made from.

Everything is worked out in memory from ``build/course.json`` and the files it names. Only what is due enters: a part that is
not released is no page, no link, no row of the ledger, and so no word of the search index either.
"""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from coursekit.errors import CourseError
from coursekit.ledger import read
from coursekit.marking.coursework import Coursework
from coursekit.notebooks.cell_ids import cell_id
from coursekit.project import Project
from coursekit.publish import brief, release_pages
from coursekit.publish.site_glossary import glossary_page
from coursekit.publish.site_ledger import ledger_page
from coursekit.publish.site_outputs import executed
from coursekit.schedule.release_path import notes_path
from dlmodule.course import Course, Day, Part, Version
from dlmodule.home import page

# The order of the documents in the navigation; any other follows by name.
DOCUMENTS = ("README", "docs/take_the_course", "docs/teach_the_course", "docs/author_an_exercise", "docs/draw_a_figure")
_EMBEDDED = re.compile(r'<img (?P<before>[^>]*?)src="data:image/(?P<kind>png|jpeg|svg\+xml);base64,(?P<data>[^"]+)"')
_SHOWN = ("image/", "text/")
NO_OUTPUTS = """```{note}
The figures and outputs of this notebook are not shown: it has not been run for this site. Your own copy shows them when you run it, and what
its models reach stands under [Measurements](/ledger.md).
```"""


@dataclass
class Pages:
    """The site before Sphinx: ``sources`` by their path below Sphinx's folder, ``files`` by their path on the site."""

    sources: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    origins: dict[str, Path] = field(default_factory=dict)  # of a source: the file a person would mend
    home: str = ""


def page_name(day: Day, part: Part, version: Version) -> str:
    """The address of a part on the site, without ``.html``: ``parts/05_cnns_1/morning_solutions``."""
    return f"parts/{day.session}/{part.part}{'_solutions' if version == 'solutions' else ''}"


def collect(project: Project, course: Course, *, at: datetime | None) -> Pages:
    """All pages of ``course`` that are due at ``at``; None: everything. Raises CourseError for files missing or damaged."""
    course = course.as_of(at)
    pages = Pages()
    _add_theme(pages)
    if at is None:
        _add_documents(project, pages)
    else:
        _add_documents_of_a_class(project, course, pages)
    days = [_add_day(project, day, pages) for day in course.days]
    pages.sources["ledger.md"] = ledger_page(read(project), _released(course)).encode()
    pages.origins["ledger.md"] = project.ledger
    pages.sources["glossary.md"] = glossary_page(course, _student_pages(course)).encode()
    pages.origins["glossary.md"] = project.course
    for item in course.assessments:
        if item.is_out and Coursework.exists(project, item.id):
            pages.sources[f"{item.id}.md"] = brief.page(project, item.id).encode()
            pages.origins[f"{item.id}.md"] = project.course / item.id / "brief.md"
            pages.files[f"{item.id}.pdf"] = brief.pdf(project, item.id)
    facts = {
        "title": course.title,
        "mark": course.title.split(":")[0],
        "days": [day for day in days if day["parts"]],
        "docs": _documents(pages),
    }
    pages.sources["site.json"] = json.dumps(facts, ensure_ascii=False, indent=1).encode()
    pages.sources["index.md"] = _index(facts).encode()
    calendar = project.build / "calendar.ics"
    if calendar.is_file():
        pages.files["calendar.ics"] = calendar.read_bytes()
    pages.home = page.render(
        course,
        # A page that shows everything belongs to no day; this one was long before any course.
        at=at or datetime(1970, 1, 1, tzinfo=UTC),
        progress=(),
        mode="site",
        href=lambda day, part, version: part.slides if version == "slides" else f"{page_name(day, part, version)}.html",
        static="_static/",
        calendar="calendar.ics" if calendar.is_file() else None,
        search="search.html",
        glossary="glossary.html",
    )
    return pages


def _add_day(project: Project, day: Day, pages: Pages) -> dict[str, Any]:
    """Adds the pages of ``day``; returns what the navigation says of it."""
    row = page.describe(day)
    parts = []
    for part, described in zip(day.parts, row.parts, strict=True):
        if not part.due:
            continue
        for version in part.due:
            path = part.path(version)
            assert path is not None, "what is due exists"
            if version == "slides":
                pages.files[path] = _file(project, path, "course slides").read_bytes()
                notes = notes_path(PurePosixPath(path))
                page_of_notes = _file(project, notes.as_posix(), "course slides").read_text(encoding="utf-8")
                pages.sources[notes.as_posix()] = f"---\norphan: true\n---\n{page_of_notes}".encode()
                pages.origins[notes.as_posix()] = project.course / day.session / f"{notes.stem}.typ"
            else:
                name = f"{page_name(day, part, version)}.ipynb"
                pages.sources[name] = _notebook(project, day, part, version, path, pages)
                pages.origins[name] = project.course / day.session / f"{part.part}.py"
        parts.append(
            {
                "label": described.label,
                "page": page_name(day, part, "student") if "student" in part.due else None,
                "solutions": page_name(day, part, "solutions") if "solutions" in part.due else None,
                "slides": part.slides if "slides" in part.due else None,
                "notes": notes_path(PurePosixPath(str(part.slides))).with_suffix("").as_posix()
                if "slides" in part.due
                else None,
            }
        )
    return {
        "number": row.number,
        "title": row.title,
        "anchor": row.anchor,
        "iso": row.iso,
        "date": row.date,
        "parts": parts,
    }


def _file(project: Project, name: str, made_by: str) -> Path:
    path = project.build / name
    if not path.is_file():
        raise CourseError(f"it is missing; run `{made_by}`", file=path)
    return path


def _notebook(project: Project, day: Day, part: Part, version: Version, path: str, pages: Pages) -> bytes:
    """The notebook to be shown: as it was executed, where that run may be shown; else without outputs, which the page says."""
    built = _file(project, path, "course build")
    run = executed(project, day, part, version)
    notebook = json.loads(built.read_text(encoding="utf-8")) if run is None else run
    page = page_name(day, part, version)
    installation = cell_id(day.session, part.part, "install")
    notebook["cells"] = [cell for cell in notebook["cells"] if cell.get("id") != installation]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [
                _output(output, "../" * page.count("/"), pages)
                for output in cell["outputs"]
                # A student version stops where an exercise is not written yet; the page needs no traceback to say so.
                if output["output_type"] != "error"
            ]
    if run is None:
        notebook["cells"].insert(1, {"cell_type": "markdown", "id": "no-outputs", "metadata": {}, "source": NO_OUTPUTS})
    # Search finds the exercises and never gives away their answers.
    metadata = {
        key: notebook["metadata"][key] for key in ("kernelspec", "language_info") if key in notebook["metadata"]
    }
    notebook["metadata"] = metadata | ({"orphan": True, "nosearch": True} if version == "solutions" else {})
    return json.dumps(notebook, ensure_ascii=False, sort_keys=True).encode()


def _output(output: dict[str, Any], up: str, pages: Pages) -> dict[str, Any]:
    """An output with what a plain page can show; pictures become files of the site, loaded when they come into view."""
    data = output.get("data")
    if data is None:
        return output
    data = {kind: value for kind, value in data.items() if kind.startswith(_SHOWN)}

    def outside(found: re.Match[str]) -> str:
        try:
            content = base64.b64decode(found["data"], validate=True)
        except binascii.Error:
            return found[0]
        suffix = {"png": "png", "jpeg": "jpg"}.get(found["kind"], "svg")
        name = f"figures/{hashlib.sha256(content).hexdigest()[:20]}.{suffix}"
        pages.files[name] = content
        return f'<img loading="lazy" {found["before"]}src="{up}{name}"'

    if "text/html" in data:
        html = data["text/html"]
        data["text/html"] = _EMBEDDED.sub(outside, html if isinstance(html, str) else "".join(html))
    return {**output, "data": data}


def _add_documents(project: Project, pages: Pages) -> None:
    """README, CONTRIBUTING and docs/, at the addresses that they have in the repository, so that links hold in both places."""
    written = [*sorted((project.root / "docs").rglob("*.md")), *(project.root / name for name in ("README.md", "CONTRIBUTING.md", "LICENSE"))]  # fmt: skip
    for path in written:
        if path.is_file():
            name = path.relative_to(project.root).as_posix()
            pages.sources[name] = path.read_bytes()
            pages.origins[name] = path


def _add_documents_of_a_class(project: Project, course: Course, pages: Pages) -> None:
    """What speaks to learners: the overview of a release, which no team's command stands in, and how to take the course."""
    guide, licence = project.root / release_pages.GUIDE, project.root / "LICENSE"
    overview = release_pages.overview(course, guide=guide.is_file())
    pages.sources["README.md"] = "\n".join([f"# {course.title}", "", *overview, ""]).encode()
    pages.origins["README.md"] = project.syllabus
    for path in (guide, licence):
        if path.is_file():
            name = path.relative_to(project.root).as_posix()
            pages.sources[name] = path.read_bytes()
            pages.origins[name] = path


def _documents(pages: Pages) -> list[dict[str, str]]:
    """The documents in the order of the navigation, each with its title."""
    names = [
        name.removesuffix(".md")
        for name in pages.origins
        if name.endswith(".md") and name not in ("ledger.md", "glossary.md") and not name.startswith("slides/")
    ]
    chosen = [name for name in DOCUMENTS if name in names]
    rest = sorted(
        set(names) - set(chosen), key=lambda name: (name != "CONTRIBUTING", not name.endswith("/README"), name)
    )
    return [{"page": name, "title": _title(pages.sources[f"{name}.md"].decode(), name)} for name in (*chosen, *rest)]


def _title(text: str, name: str) -> str:
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return "Install and overview" if name == "README" else found[1].strip() if found else name


def _index(facts: dict[str, Any]) -> str:
    """The page whose place the home takes: it tells Sphinx the order of all others."""
    parts = [part["page"] for day in facts["days"] for part in day["parts"] if part["page"]]
    order = [*parts, "ledger", "glossary", *(document["page"] for document in facts["docs"])]
    return "\n".join(["---", "nosearch: true", "---", f"# {facts['title']}", "", "```{toctree}", *order, "```", ""])


def _add_theme(pages: Pages) -> None:
    """Sphinx's settings, the templates, and all that a page loads."""
    theme, look = files("coursekit.publish") / "site_theme", files("dlmodule.home") / "static"
    pages.sources["conf.py"] = (theme / "conf.py").read_bytes()
    for folder in ("templates", "static"):
        for item in (theme / folder).iterdir():
            pages.sources[f"_{folder}/{item.name}"] = item.read_bytes()
    for name in ("palette.css", "home.css", "icon.svg"):
        pages.sources[f"_static/{name}"] = (look / name).read_bytes()
    mathjax = find_spec("sphinx-mathjax-offline")
    if mathjax is None or mathjax.origin is None:
        raise CourseError(
            "sphinx-mathjax-offline is missing; install the course with its staff extra: pip install -e '.[staff]'"
        )
    script = Path(mathjax.origin).parent / "static" / "mathjax" / "tex-svg-full.js"
    pages.sources["_static/mathjax.js"] = script.read_bytes()


def _student_pages(course: Course) -> dict[str, str]:
    """The page of each part that is released, by the part's id."""
    return {day.part_id(part): page_name(day, part, "student") for day, part in course.parts() if "student" in part.due}


def _released(course: Course) -> dict[str, tuple[str, str]]:
    """For each exercise of a part that is released: its title and the part's page."""
    return {
        f"{day.session}.{exercise.name}": (exercise.title, page_name(day, part, "student"))
        for day, part in course.parts()
        if "student" in part.due
        for exercise in part.exercises
    }
