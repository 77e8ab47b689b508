"""The lecture table's own file names: the links of the reference run, and how a run may choose its paths."""

from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.schedule.course_table import course_table
from coursekit.schedule.release_path import ReleaseFiles
from coursekit.schedule.syllabus import load
from coursekit.schedule.timetable import published_path
from tests.coursekit import reference_course
from tests.coursekit.reference_course import LINKS, ROOT

SYLLABUS = ROOT / "course" / "syllabus.toml"


def test_all_links_of_the_reference_run_hold() -> None:
    """45 of 45, and no two of them the same."""
    syllabus = load(SYLLABUS)
    assert len({path for *_, path in LINKS}) == 45
    assert [published_path(syllabus, *place) for *place, _ in LINKS] == [path for *_, path in LINKS]


def test_the_companion_notebook_lies_beside_its_slides() -> None:
    """The row's only folder, not one called after the row twice."""
    path = published_path(load(SYLLABUS), "06_cnns_2", "probability", "student")
    assert path == "06_Probability/06_Probability_morning/06_Probability_exercises.ipynb"


def test_colab_opens_what_a_release_writes(tmp_path: Path) -> None:
    """In the lecture table and in the notebook itself: the path under which the release publishes it."""
    project = reference_course.write(tmp_path)
    table = {(day.session, part.part): part.colab or "" for day, part in course_table(project).parts()}
    for session, part, version, path in LINKS:
        if version == "student":
            assert table[session, part].endswith(f"/blob/main/{path}")
            built = project.notebook(session, part, solutions=False)
            assert f"/blob/main/{path})" in built.read_text(encoding="utf-8")


def test_a_run_that_chooses_nothing_gets_the_usual_paths() -> None:
    """Folder, part, and what the file is."""
    assert (
        ReleaseFiles().path("05_CNNs", "morning", "student")
        == "05_CNNs/05_CNNs_morning/05_CNNs_morning_exercises.ipynb"
    )
    assert ReleaseFiles().path("05_CNNs", "morning", "slides") == "05_CNNs/05_CNNs_morning/05_CNNs_morning_slides.pdf"
    assert ReleaseFiles(student="a/b.ipynb").path("05_CNNs", "morning", "student") == "05_CNNs/a/b.ipynb"


CHOSEN = "04_Recap_ML_concepts_morning/04_Recap_ML_concepts_morning_codealong.ipynb"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("../../elsewhere.ipynb", "pattern"),
        ("/root.ipynb", "pattern"),
        ("a//b.ipynb", "pattern"),
        ("a/.hidden.ipynb", "pattern"),
        ("slides.pdf", "pattern"),
        ("other/04_recap_ml_concepts_AFTERNOON_exercises.ipynb", "two files of 04_Recap_ML_concepts are called"),
    ],
)
def test_a_path_that_cannot_be_is_refused_with_its_line(tmp_path: Path, path: str, message: str) -> None:
    """Out of the folder, hidden, of another kind, or a name that serves twice (on a file system without case, too)."""
    text = SYLLABUS.read_text(encoding="utf-8")
    assert CHOSEN in text
    target = tmp_path / "syllabus.toml"
    target.write_text(text.replace(CHOSEN, path), encoding="utf-8")
    with pytest.raises(CourseError, match=message) as raised:
        load(target)
    assert raised.value.line is not None and "file" in str(raised.value)
