"""A coursework's public and private halves: what is wrong in them is said, and a private folder has a seed of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.marking.coursework import Coursework, new_private
from coursekit.project import Project

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with coursework 2 alone."""
    shutil.copytree(ROOT / "course" / "coursework_2", tmp_path / "repository" / "course" / "coursework_2")
    return Project(tmp_path / "repository")


def test_a_private_folder_has_a_seed_of_its_own(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made once, outside the repository, is readable by its owner alone, and holds the stand-in's scheme under another seed."""
    demo = Coursework(project, "coursework_2").scheme
    made = new_private(project, "coursework_2", tmp_path / "private")
    assert made.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("DLMODULE_PRIVATE", str(tmp_path / "private"))
    own = Coursework(project, "coursework_2")
    assert own.scheme.task == demo.task and own.scheme.seed != demo.seed
    assert len(set(own.seed)) == 4 and all(0 <= word < 2**32 for word in own.seed)
    with pytest.raises(CourseError, match="is there already"):
        new_private(project, "coursework_2", tmp_path / "private")
    with pytest.raises(CourseError, match="inside the repository"):
        new_private(project, "coursework_2", project.root / "private")
    with pytest.raises(CourseError, match="no coursework is called"):
        new_private(project, "coursework_7", tmp_path / "other")


def test_cases_come_from_the_seed_alone(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed gives the same cases and labels; another seed gives others."""
    first, again = (Coursework(project, "coursework_2") for _ in range(2))
    new_private(project, "coursework_2", tmp_path / "private")
    monkeypatch.setenv("DLMODULE_PRIVATE", str(tmp_path / "private"))
    other = Coursework(project, "coursework_2")
    (x,), (y,), (z,) = ([one._cases("fit")[0].args[0]] for one in (first, again, other))
    assert x.equal(y) and not x.equal(z)
    truths = [one._drawn("truth")["predictions"] for one in (first, again, other)]
    assert truths[0].equal(truths[1]) and (truths[0] != truths[2]).double().mean() > 0.6


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("private_demo/scheme.toml", 'seed = "5', 'seed = "x5', "seed"),
        ("private_demo/scheme.toml", "partial = 0.0", "partial = 2.0", "task.standardise.partial"),
        ("coursework.toml", "marks = 12", "mraks = 12", "task.1.marks"),
        ("coursework.toml", "[[task]]", "[[task", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(project: Project, file: str, old: str, new: str, words: str) -> None:
    """One line with the file and the field."""
    path = project.course / "coursework_2" / file
    path.write_text(path.read_text().replace(old, new, 1))
    coursework = Coursework(project, "coursework_2")
    with pytest.raises(CourseError, match=words) as error:
        _ = coursework.public, coursework.scheme
    assert path.name in str(error.value)
