"""`course site`: what is due is a page, what is not is nowhere, and the same input gives the same tree."""

import base64
import json
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coursekit.cache import digest_of
from coursekit.errors import CourseError
from coursekit.ledger import put
from coursekit.project import Project
from coursekit.publish import site_sphinx
from coursekit.publish.site import build_site
from coursekit.publish.site_ledger import ledger_page
from tests.coursekit.test_ledger import FULL
from tests.dlmodule.open import reference_run

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def at(text: str) -> datetime:
    """A wall-clock time in London."""
    return datetime.fromisoformat(text).replace(tzinfo=reference_run.LONDON)


def mark(path: Path) -> str:
    """The word planted in the notebook at ``path`` and nowhere else."""
    return f"canary{path.stem.replace('_', '')}x"


def write_site_project(root: Path) -> Project:
    """The reference run, built, with a canary in each notebook and documents that link to one another."""
    reference_run.write(root / "build")
    for path in (root / "build/notebooks").rglob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        prose = f"{mark(path)} and $e^{{i\\pi}} = -1$, which scrolls:\n\n$$ {'x + ' * 80} y $$"
        notebook["cells"].append({"cell_type": "markdown", "id": "canary", "metadata": {}, "source": prose})
        path.write_text(json.dumps(notebook), encoding="utf-8")
    (root / "docs").mkdir()
    (root / "docs/take_the_course.md").write_text(
        "# Take the course\n\nFirst [install](../README.md).\n", encoding="utf-8"
    )
    (root / "README.md").write_text(
        "# The module\n\n[How](docs/take_the_course.md). See [LICENSE](LICENSE).\n", encoding="utf-8"
    )
    (root / "LICENSE").write_text("MIT\n", encoding="utf-8")
    return Project(root)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The reference run; tests that change it copy it first."""
    return write_site_project(tmp_path_factory.mktemp("course"))


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def executed(project: Project, stem: str, outputs: list[dict[str, Any]], *, rehearsal: bool = False) -> None:
    """Keep ``outputs`` as those of the first code cell of a notebook of day 05."""
    text = (project.build / f"notebooks/05_cnns_1/{stem}.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")["outputs"] = outputs
    notebook["metadata"]["dlmodule"] = {"executed": {"notebook": digest_of(text), "rehearsal": rehearsal}}
    path = project.build / f"executed/05_cnns_1/{stem}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.mark.parametrize(
    "moment", ["2022-11-01T12:00", "2022-12-02T07:59:59", "2022-12-02T08:00", "2022-12-02T12:00", None]
)
def test_only_what_is_due_is_on_the_site(project: Project, tmp_path: Path, moment: str | None) -> None:
    """At each side of a release the words of a notebook stand in the site if, and only if, it is due; slides likewise."""
    when = at(moment) if moment else None
    build_site(project, at=when, to=tmp_path / "site")
    files = tree(tmp_path / "site")
    everything = b"\n".join(files.values()) + "\n".join(files).encode()
    for day in reference_run.facts()["days"]:
        for part in day["parts"]:
            for version in ("student", "solutions", "slides"):
                if not part[version]:
                    continue
                opens = datetime.fromisoformat(part["solutions_at" if version == "solutions" else "release_at"])
                due = when is None or when >= opens
                if version == "slides":
                    assert (part["slides"] in files) == due
                    notes = part["slides"].replace(".pdf", "_notes.html")
                    assert (notes in files) == due == (f"NOTES_{day['session']}".encode() in everything)
                    continue
                assert (mark(Path(part[version])).encode() in everything) == due, part[version]
                page = f"parts/{day['session']}/{part['part']}{'_solutions' if version == 'solutions' else ''}.html"
                assert (page in files) == due
                assert (page.encode() in files["index.html"]) == due


@pytest.mark.parametrize(
    "moment", ["2022-11-01T12:00", "2022-12-02T07:59:59", "2022-12-02T08:00", "2022-12-05T10:29", None]
)
def test_nothing_on_the_site_names_what_is_not_out(project: Project, tmp_path: Path, moment: str | None) -> None:
    """Title, objectives and exercises of a source appear in pages, home, navigation and search index from its release on, not before."""
    copy = Project(tmp_path / "course")
    shutil.copytree(project.root, copy.root)
    facts = json.loads((copy.build / "course.json").read_text(encoding="utf-8"))
    written = [(day, part) for day in facts["days"] for part in day["parts"] if part["student"]]
    for number, (_, part) in enumerate(written):
        part |= {
            "syllabus_title": f"syllabustitle{number}x",
            "title": f"sourcetitle{number}x",
            "objectives": [f"objective{number}x"],
        }
        part["exercises"] = [
            {"name": f"exercise{number}x", "title": f"exercisetitle{number}x", "difficulty": 1, "minutes": 5}
        ]
        part["terms"] = [{"name": f"exerciseterm{number}x", "says": f"This is exercisesays{number}x."}]
        part["letters"] = [{"letter": "$x$", "meaning": f"exerciseletter{number}x"}]
    (copy.build / "course.json").write_text(json.dumps(facts), encoding="utf-8")
    when = at(moment) if moment else None
    build_site(copy, at=when, to=tmp_path / "site")
    everything = b"\n".join(tree(tmp_path / "site").values()).decode("utf-8", "replace").casefold()
    assert len(written) >= 3
    for number, (_, part) in enumerate(written):
        out = when is None or when >= datetime.fromisoformat(part["release_at"])
        assert (f"sourcetitle{number}x" in everything) == out
        assert (f"syllabustitle{number}x" in everything) == (not out)
        if not out:
            assert not re.search(rf"(objective|exercise\w*){number}x", everything)
        else:
            assert all(f"exercise{word}{number}x" in everything for word in ("term", "says", "letter"))


def test_nothing_but_pages(project: Project, tmp_path: Path) -> None:
    """No source, no build record and no absolute path of this machine is on the site; the home is its index."""
    build_site(project, at=None, to=tmp_path / "site")
    files = tree(tmp_path / "site")
    assert not [
        name for name in files if "_sources" in name or name.endswith((".ipynb", ".md", ".doctree", ".buildinfo"))
    ]
    assert not [name for name, content in files.items() if str(project.root).encode() in content]
    assert b'id="lectures"' in files["index.html"]


def test_the_search_does_not_give_answers_away(project: Project, tmp_path: Path) -> None:
    """Exercises are found; solutions, although they are pages, are not."""
    build_site(project, at=None, to=tmp_path / "site")
    index = (tmp_path / "site/searchindex.js").read_text(encoding="utf-8")
    assert "parts/05_cnns_1/morning" in index
    assert "canary05cnns1morningx" in index
    assert "canary05cnns1morningsolutionsx" not in index


def test_same_input_same_tree_and_at_once(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made afresh the tree is the same byte for byte; made again it needs no Sphinx."""
    build_site(project, at=None, to=tmp_path / "one")
    first = tree(tmp_path / "one")
    cache = project.build / "cache/site"
    cache.rename(project.build / "cache/before")
    build_site(project, at=None, to=tmp_path / "one")
    assert first == tree(tmp_path / "one")
    monkeypatch.setattr(site_sphinx, "_run", lambda *_: pytest.fail("Sphinx ran although nothing has changed"))
    build_site(project, at=None, to=tmp_path / "two")
    assert first == tree(tmp_path / "two")


def test_outputs_show_where_they_are_of_the_present_text(tmp_path: Path) -> None:
    """Pictures become files and keep their alternative text; widgets, errors and the outputs of a former text do not show."""
    project = write_site_project(tmp_path)
    picture = f'<img src="data:image/png;base64,{base64.b64encode(PIXEL).decode()}" alt="a reflector" width="1">'
    shown = {"output_type": "display_data", "metadata": {}, "data": {
        "text/html": picture, "text/plain": "x", "application/vnd.jupyter.widget-view+json": {"model_id": "m"}}}  # fmt: skip
    error = {"output_type": "error", "ename": "NotImplementedError", "evalue": "gone", "traceback": ["gone"]}
    executed(project, "05_cnns_1_morning", [shown, error])
    executed(project, "05_cnns_1_afternoon", [{"output_type": "stream", "name": "stdout", "text": "stale output"}])
    path = project.build / "notebooks/05_cnns_1/05_cnns_1_afternoon.ipynb"
    path.write_text(
        path.read_text(encoding="utf-8").replace("edge_kernels = ...", "edge_kernels = None"), encoding="utf-8"
    )
    build_site(project, at=None, to=tmp_path / "site")
    page = (tmp_path / "site/parts/05_cnns_1/morning.html").read_text(encoding="utf-8")
    (figure,) = (tmp_path / "site/figures").iterdir()
    assert figure.read_bytes() == PIXEL
    assert f'src="../../figures/{figure.name}"' in page
    assert 'alt="a reflector"' in page
    assert "gone" not in page
    assert "widget" not in page
    assert "stale output" not in (tmp_path / "site/parts/05_cnns_1/afternoon.html").read_text(encoding="utf-8")


def test_no_rehearsal_stands_beside_a_measured_figure(tmp_path: Path) -> None:
    """Of a part whose models were measured at full size a rehearsal's outputs do not show, and the page says that it shows none."""
    project = write_site_project(tmp_path)
    number: list[dict[str, Any]] = [{"output_type": "stream", "name": "stdout", "text": "accuracy 58.7 %"}]
    for stem in ("05_cnns_1_morning", "05_cnns_1_afternoon", "05_cnns_1_afternoon_solutions"):
        executed(project, stem, number, rehearsal=stem.endswith(("solutions", "morning")))
    project.course.mkdir(exist_ok=True)
    put(project, "full", FULL)  # of an exercise of the afternoon
    missing = build_site(project, at=None, to=tmp_path / "site")
    pages = {
        name: (tmp_path / f"site/parts/05_cnns_1/{name}.html").read_text(encoding="utf-8")
        for name in ("morning", "afternoon", "afternoon_solutions", "morning_solutions")
    }
    assert {name for name, text in pages.items() if "58.7 %" in text} == {"morning", "afternoon"}
    assert {name for name, text in pages.items() if "has not been run for this site" in text} == {
        "afternoon_solutions",
        "morning_solutions",
    }
    assert [each for each in missing if each.startswith("05")] == ["05_cnns_1.morning", "05_cnns_1.afternoon"]
    assert "04_ml_recap.morning --student" in missing


def test_the_measurements_name_each_machine_once() -> None:
    """In a sentence where there is one, in a list that the rows point to where there are several."""
    one: Any = {"full": [FULL, {**FULL, "set": "other"}], "rehearsal": []}
    page = ledger_page(one, {FULL["id"]: ("Train", "parts/x")})
    assert page.count("2 cores") == 1 and "| Machine |" not in page
    two: Any = {"full": [FULL, {**FULL, "hardware": "another"}, {**FULL, "set": "other"}], "rehearsal": []}
    page = ledger_page(two, {FULL["id"]: ("Train", "parts/x")})
    assert page.count("2 cores") == 1 == page.count("another")
    assert [row.split(" | ")[4] for row in page.splitlines() if row.startswith("| [Train]")] == ["1", "2", "1"]


def test_a_broken_link_is_one_line_at_its_place(tmp_path: Path) -> None:
    """Sphinx's warning is an error that names the document and its line; the site that stood there stays."""
    project = write_site_project(tmp_path)
    build_site(project, at=None, to=tmp_path / "site")
    before = tree(tmp_path / "site")
    document = tmp_path / "docs/take_the_course.md"
    document.write_text("# Take the course\n\nSee [this](no_such_page.md).\n", encoding="utf-8")
    with pytest.raises(CourseError) as caught:
        build_site(project, at=None, to=tmp_path / "site")
    assert str(caught.value).startswith(f"{document}:3: ")
    assert "no_such_page" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert before == tree(tmp_path / "site")
    assert not list(tmp_path.glob(".site.*"))


def test_a_folder_of_something_else_is_left_alone(project: Project, tmp_path: Path) -> None:
    """A site never replaces a folder that holds other files."""
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(CourseError, match="something other than a site"):
        build_site(project, at=None, to=tmp_path)
    assert (tmp_path / "thesis.txt").is_file()


def test_a_naive_moment_is_refused(project: Project, tmp_path: Path) -> None:
    """A moment without a zone means nothing."""
    with pytest.raises(ValueError, match="aware"):
        build_site(project, at=datetime.now() - timedelta(0), to=tmp_path / "site")
