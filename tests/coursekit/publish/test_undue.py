"""At every moment of the calendar nothing in the whole tree of a release, its site and search index included, names what is not due.

The reference run with a word planted in every title, objective, exercise and text of every source; the release then is
searched for those words, whatever the file, and in the form in which search engines keep them.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from coursekit.build import build
from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.publish.release import contents, release
from coursekit.publish.site_pages import collect
from coursekit.schedule.course_table import course_table
from tests.coursekit import reference_course
from tests.coursekit.reference_course import ROOT, TABLE

SOURCE = '''\
# ---
# title: "Title canarytitle{word}"
# objectives: ["see canaryaim{word}"]
# minutes: {{cpu: 1}}
# ---

# %% [markdown]
# ## Heading canaryheading{word}
# Prose canaryprose{word}.

# %%
from dlmodule.checking import checks

check = checks("{session}")
print("canarycode{word}")

# %% [markdown]
# ## Exercises
# ### Exercise: {part}_double

# %%
def {part}_double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    canarysolution{word} = x + x
    return canarysolution{word}
    ### END SOLUTION

# %%
check({part}_double)
'''

EXERCISE = '''\
"""Twice a number."""

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    title="Double canaryexercise{word}", difficulty=1, minutes=5, move_on=10, hints=("one", "two"), part="{part}"
)


@exercise.cases
def cases():
    yield Case(2.0)
'''


def word(session: str, part: str) -> str:
    """The letters that stand for a part, in no other word."""
    return f"{session.replace('_', '')}{part}q"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The reference run with a planted word for each part and place; it has a site."""
    project = reference_course.write(tmp_path_factory.mktemp("planted"))
    for _, _, session, part, solutions in TABLE:
        if solutions:
            folder = project.course / session
            planted = {"word": word(session, part), "session": session, "part": part}
            (folder / f"{part}.py").write_text(SOURCE.format(**planted), encoding="utf-8")
            (folder / "exercises" / f"{part}_double.py").write_text(EXERCISE.format(**planted), encoding="utf-8")
    report = build(project, keys=False)
    assert not report.problems, report.problems[0]
    (project.build / "site").mkdir()
    (project.root / "README.md").write_text("# The module\n\nSee [LICENSE](LICENSE).\n", encoding="utf-8")
    return project


def parts() -> Iterator[tuple[str, datetime, datetime]]:
    """(word, when the part is out, when its solutions are) from the table written by hand."""
    for day, _, session, part, solutions in TABLE:
        if solutions:
            stamps = (datetime.fromisoformat(f"{day}T{hour}+00:00") for hour in ("08:00", solutions))
            yield word(session, part), *stamps


# Without the site, which takes seconds each time: its pages are searched at the moments below.
@pytest.mark.parametrize("second", [-1, 0, 1])
def test_no_file_of_a_release_names_what_is_not_due(project: Project, second: int) -> None:
    """Each opening of the run, a second before and a second after it."""
    site = project.build / "site"
    site.rename(site.with_name("aside"))
    try:
        for opening in course_table(project).moments():
            _search(project, opening + timedelta(seconds=second))
    finally:
        site.with_name("aside").rename(site)


@pytest.mark.parametrize("moment", ["2022-11-28T07:59:59", "2022-12-02T11:59:59", "2022-12-05T08:00"])
def test_nor_does_its_site(project: Project, moment: str) -> None:
    """Pages, navigation, search index: before the run, a second before solutions, on a morning with two rows."""
    assert "site/searchindex.js" in _search(project, datetime.fromisoformat(f"{moment}+00:00"))


@pytest.mark.parametrize("second", [-1, 0])
def test_sphinx_is_given_nothing_that_is_not_due(project: Project, second: int) -> None:
    """Each opening of the run, and a second before it: pages, navigation, glossary and home, of which Sphinx makes
    every page and the search index. It sees no other file, so what is not here is nowhere on the site."""
    course = course_table(project)
    for opening in course.moments():
        moment = opening + timedelta(seconds=second)
        pages = collect(project, course, at=moment)
        _nothing_undue({**pages.sources, **pages.files, "index.html": pages.home.encode()}, moment)


def test_a_release_with_a_site_needs_its_notebooks_executed(project: Project, tmp_path: Path) -> None:
    """One line with the command to run, and nothing written; before anything is out there is nothing to execute."""
    with pytest.raises(
        CourseError, match=r"^01_intro_and_ffns\.\w+ is due .* `course execute 01_intro_and_ffns\.\w+ --student`"
    ) as caught:
        release(project, datetime.fromisoformat("2022-11-28T09:00+00:00"), tmp_path / "class")
    assert "\n" not in str(caught.value) and not (tmp_path / "class").exists()


def _search(project: Project, moment: datetime) -> dict[str, bytes]:
    """Every planted word of the release at ``moment`` belongs to something due, and what is due is really there."""
    files = contents(project, moment)
    _nothing_undue(files, moment)
    return files


def _nothing_undue(files: Mapping[str, bytes], moment: datetime) -> None:
    """The words planted in ``files`` are those of what is due at ``moment``, all of them."""
    text = b"\n".join((name.encode() + b"\n" + data) for name, data in files.items()).decode("utf-8", "replace").lower()
    named = set(re.findall(r"canary[a-z]+\d\d[a-z0-9]+?q", text))
    out = {name for name, opens, _ in parts() if moment >= opens}
    solved = {name for name, _, opens in parts() if moment >= opens}
    student = ("title", "aim", "heading", "prose", "code", "exercise")
    expected = {f"canary{kind}{name}" for name in out for kind in student}
    expected |= {f"canarysolution{name}" for name in solved}
    assert named == expected, (moment, named ^ expected)


def test_a_release_of_this_course_is_as_quiet() -> None:
    """The titles of the real sources, which say more than the syllabus: none is in the released course before its day."""
    course = course_table(Project(ROOT))
    for moment in course.moments():
        known = course.as_of(moment - timedelta(seconds=1)).to_json()
        for day, part in course.parts():
            if (
                part.release_at is not None
                and part.release_at >= moment
                and part.student
                and part.title not in (part.syllabus_title, day.title)
            ):
                assert part.title not in known, (moment, part.title)
