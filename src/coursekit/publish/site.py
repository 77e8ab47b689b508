"""``course site``: the static web site of the course, as of a moment.

The home of ``course open``, every released part as a page, slides, the ledger, the documentation and a search, made with Sphinx
and MyST-NB. Nothing is executed: outputs are those that ``course execute`` kept. Links are relative and nothing comes
from another host, so the folder works from a disk, a memory stick, or any path of any web server.

The site is made aside and moved into its place, whole or not at all.
"""

import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.notebooks.cell_ids import cell_ids
from coursekit.project import Project
from coursekit.publish.site_outputs import unexecuted
from coursekit.publish.site_pages import Pages, collect
from coursekit.publish.site_sphinx import Complaint, tree
from coursekit.sources.revision import assembled
from dlmodule.course import Course, read_course
from dlmodule.files import is_abandoned

# MyST-NB numbers the lines of a notebook so: 10 000 for each cell, from 1.
_LINES_PER_CELL = 10_000


def build_site(project: Project, *, at: datetime | None, to: Path, course: Course | None = None) -> list[str]:
    """Write the site with exactly what is due at ``at`` to the folder ``to``; None: everything there is.

    It shows ``course``, by default build/course.json, and what that names, so `course build` comes first. Returns the notebooks without outputs to show, whose
    pages say so. Raises CourseError for a file that is missing,
    for anything Sphinx warns of (naming the file and line to mend), and where ``to`` holds something other than a site.
    """
    to = to.resolve()
    if to.exists() and not _is_site(to):
        raise CourseError("there is something other than a site here; name another folder or remove it", file=to)
    course = course or read_course(project.build / "course.json")
    pages = collect(project, course, at=at)
    made = tree(pages.sources, project.cache, lambda complaints: _error(project, pages, complaints))
    to.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(to)
    with tempfile.TemporaryDirectory(
        dir=to.parent, prefix=f".{to.name}.", suffix=".part", ignore_cleanup_errors=True
    ) as work:
        fresh = Path(work) / "site"
        shutil.copytree(made, fresh, copy_function=shutil.copyfile)
        for name, content in {**pages.files, "index.html": pages.home.encode(), ".nojekyll": b""}.items():
            target = fresh / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        if to.exists():
            to.rename(Path(work) / "before")
        fresh.rename(to)
    return unexecuted(project, course.as_of(at))


def _is_site(folder: Path) -> bool:
    """Whether ``folder`` is empty or was written by ``build_site``."""
    return folder.is_dir() and (
        not any(folder.iterdir()) or ((folder / "searchindex.js").is_file() and (folder / "_static/home.css").is_file())
    )


def _remove_abandoned(to: Path) -> None:
    """Folders beside ``to`` that a killed run left; the site that such a run had moved aside is put back first."""
    for folder in to.parent.glob(f".{to.name}.*.part"):
        if (folder / "before").is_dir() and not to.exists():
            (folder / "before").rename(to)
        if is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _error(project: Project, pages: Pages, complaints: list[Complaint]) -> CourseError:
    """What Sphinx complains of as one line, at the place to mend."""
    first, others = complaints[0], len(complaints) - 1
    text = f"{first.text}{f' (and {others} more)' if others else ''}"
    if first.source is None:
        return CourseError(f"the site: {text}")
    origin = pages.origins.get(first.source, Path(first.source))
    line = first.line
    if first.source.endswith(".ipynb") and line is not None:
        line = _line_of_source(project, origin, pages.sources[first.source], line)
    return CourseError(f"on the site: {text}", file=origin, line=line)


def _line_of_source(project: Project, source: Path, notebook: bytes, line: int) -> int | None:
    """The line of a part's source that Sphinx's line of the notebook stands for; None in a cell that the build wrote."""
    import json

    number, within = divmod(line - 1, _LINES_PER_CELL)
    shown = json.loads(notebook)["cells"]
    if not 0 < number <= len(shown):
        return None
    parsed = assembled(project, source.parent.name, source.stem)
    cells = dict(zip(cell_ids(parsed.session, parsed.part, parsed.cells), parsed.cells, strict=True))
    cell = cells.get(shown[number - 1]["id"])
    if cell is None:
        return None
    # The build adds lines under an exercise's heading, so the line is looked for by its words.
    said, written = "".join(shown[number - 1]["source"]).split("\n"), cell.text.split("\n")
    words = said[within - 1] if 0 < within <= len(said) else ""
    return cell.line + (written.index(words) if words in written else 0)
