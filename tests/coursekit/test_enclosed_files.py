"""`files: [wells.csv]` in a source's header: the file goes with the notebook to recording, kernel, release, and workspace.

(Colab, where nothing lies beside a notebook, is in tests/course/test_colab.py.)
"""

import json
import shutil
from datetime import datetime
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

import pytest

from coursekit.build import build
from coursekit.errors import CourseError
from coursekit.exercises.verify import prove_all
from coursekit.notebooks.execute import execute
from coursekit.project import Project
from coursekit.publish.release import contents, write
from coursekit.publish.tags import tags_of
from dlmodule.checking import key
from dlmodule.open.workspace import Workspace
from tests.coursekit.conftest import EXERCISES, write_course
from tests.coursekit.reference_course import ROOT

SOURCE = """\
# ---
# title: "Wells"
# objectives: [read a table]
# minutes: {cpu: 1}
# files: [wells.csv]
# ---

# %% [markdown]
# ## Depths

# %%
from pathlib import Path

from dlmodule.checking import checks

check = checks("01_tiny")
depths = [float(line) for line in Path("wells.csv").read_text().split()]

# %% [markdown]
# ### Exercise: weights
# Half the depths.

# %%
### BEGIN SOLUTION
weights = [depth / 2 for depth in depths]
### END SOLUTION

# %%
check("weights", weights)
"""
MORNING = datetime(2022, 11, 28, 8, tzinfo=ZoneInfo("Europe/London"))
NOON = datetime(2022, 11, 28, 12, tzinfo=ZoneInfo("Europe/London"))
PLACE = "01_Tiny/01_Tiny_morning/wells.csv"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A course whose morning reads a table, built with its key."""
    made = write_course(tmp_path / "c", {}, {"weights": EXERCISES["weights"]})
    (made.course / "01_tiny/wells.csv").write_text("1.0\n2.0\n")
    (made.course / "01_tiny/morning.py").write_text(SOURCE)
    shutil.copytree(ROOT / "src/dlmodule/open", made.root / "src/dlmodule/open")
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, made.root / name)
    assert build(made).problems == []
    return made


def depths(project: Project, text: str) -> Project:
    """The course with another table, built anew."""
    (project.course / "01_tiny/wells.csv").write_text(text)
    again = Project(project.root)
    assert build(again).problems == []
    return again


def expected(project: Project) -> object:
    """The right answer that the key of ``weights`` holds."""
    return key.load(project.key("01_tiny"))["weights"].right[0].value


def test_a_key_is_recorded_beside_the_file_and_anew_when_it_changes(project: Project) -> None:
    """The answer is that of the table; another table gives another key, the same table records nothing."""
    assert expected(project) == [0.5, 1.0]
    assert build(Project(project.root)).written == []
    assert expected(depths(project, "8.0\n4.0\n")) == [4.0, 2.0]
    (proof,) = prove_all(depths(project, "1.0\n2.0\n"), ["01_tiny.weights"], fresh=True)
    assert proof.solution == "right"


@pytest.mark.kernel
def test_a_kernel_finds_the_file_and_a_changed_one_is_run_again(project: Project) -> None:
    """Solutions run clean beside a copy of the file, in a folder that holds nothing else."""
    (first,) = execute(project, ["01_tiny.morning"], rehearsal=True)
    assert first.ok and not first.reused, first.problems
    (second,) = execute(depths(project, "3.0\n"), ["01_tiny.morning"], rehearsal=True)
    assert second.ok and not second.reused, second.problems


def test_a_release_holds_the_file_from_its_morning_on_and_a_new_one_moves_the_tag(
    project: Project, tmp_path: Path
) -> None:
    """It lies beside the notebook, is installed with the package, and what Colab installs changes with it."""
    night = MORNING.replace(hour=7)
    assert not [name for name in contents(project, night) if name.endswith(".csv")]
    files = contents(project, MORNING)
    assert files[PLACE] == b"1.0\n2.0\n"
    assert f'"{PLACE}" = "dlmodule/enclosed_files/01_tiny/wells.csv"' in files["pyproject.toml"].decode()
    assert [tag.why for tag in tags_of(project, MORNING, tmp_path, files)] == ["the day is new in this folder"]
    write(files, tmp_path)
    assert tags_of(project, MORNING, tmp_path, files) == []
    project = depths(project, "1.0\n2.0\n\n")
    (tag,) = tags_of(project, NOON, tmp_path, contents(project, NOON))
    assert tag.moves and PLACE in tag.why


def test_a_learner_finds_the_file_beside_the_notebook_and_keeps_what_they_wrote(
    project: Project, tmp_path: Path
) -> None:
    """A newer table takes the place of one that is as it came, and of no other."""
    files = contents(project, MORNING)
    write(files, tmp_path / "release")
    notebook = next((tmp_path / "release").rglob("*.ipynb"))
    space, name = Workspace(tmp_path / "work"), PurePosixPath("01_Tiny/morning.ipynb")
    path = space.open(name, notebook).with_name("wells.csv")
    assert path.read_text() == "1.0\n2.0\n"
    notebook.with_name("wells.csv").write_text("5.0\n")
    space.open(name, notebook)
    assert path.read_text() == "5.0\n"
    path.write_text("mine")
    notebook.with_name("wells.csv").write_text("6.0\n")
    space.open(name, notebook)
    assert path.read_text() == "mine"
    path.unlink()
    space.open(name, notebook)
    assert path.read_text() == "6.0\n"


def test_a_file_of_the_learner_s_own_is_never_written_over(project: Project, tmp_path: Path) -> None:
    """One that was there before the notebook was opened."""
    (tmp_path / "work/01_Tiny").mkdir(parents=True)
    (tmp_path / "work/01_Tiny/wells.csv").write_text("mine")
    built = project.notebook("01_tiny", "morning", solutions=False)
    Workspace(tmp_path / "work").open(PurePosixPath("01_Tiny/morning.ipynb"), built)
    assert (tmp_path / "work/01_Tiny/wells.csv").read_text() == "mine"
    assert (tmp_path / "work/01_Tiny/morning.ipynb").is_file()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("logs.csv", r"morning.py:5: header: files: no file logs.csv lies beside this source"),
        ("../syllabus.toml", "not the plain name of a data file"),
        ("morning.py", "not the plain name of a data file"),
        (".secret", "not the plain name of a data file"),
        ("exercises", "no file exercises lies beside"),
        ("link.csv", "no file link.csv lies beside"),
    ],
)
def test_a_file_that_cannot_go_along_is_one_line(project: Project, names: str, words: str) -> None:
    """Absent, outside the session, a program, hidden, a folder, a link that may lead anywhere."""
    (project.course / "01_tiny/link.csv").symlink_to("/etc/hostname")
    path = project.course / "01_tiny/morning.py"
    path.write_text(SOURCE.replace("[wells.csv]", f"[{names}]"))
    (problem, *_) = build(Project(project.root), keys=False).problems
    assert isinstance(problem, CourseError)
    with pytest.raises(CourseError, match=words):
        raise problem


def test_a_notebook_names_plain_files_only(project: Project, tmp_path: Path) -> None:
    """A notebook that somebody tampered with brings nothing from elsewhere on the disk."""
    built = project.notebook("01_tiny", "morning", solutions=False)
    notebook = json.loads(built.read_text())
    notebook["metadata"]["dlmodule"]["files"] = ["../../course.json", "wells.csv", 3]
    built.write_text(json.dumps(notebook))
    Workspace(tmp_path / "work").open(PurePosixPath("01_Tiny/deep/morning.ipynb"), built)
    found = {p.relative_to(tmp_path / "work").as_posix() for p in (tmp_path / "work").rglob("*") if p.is_file()}
    assert {name for name in found if not name.startswith(".course")} == {
        "01_Tiny/deep/morning.ipynb", "01_Tiny/deep/wells.csv",
    }  # fmt: skip
