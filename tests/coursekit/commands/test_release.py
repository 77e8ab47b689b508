"""`course release`: what would change is shown before it is done, and what looks like a slip is asked for twice."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from coursekit.build import Report
from coursekit.commands import release
from coursekit.project import Project
from tests.coursekit import reference_course

IN_TERM, LATER, NEXT_YEAR = "2022-11-28T08:00", "2022-11-29T12:00", "2023-12-09T12:00"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The reference run, built once; no test changes it."""
    return reference_course.write(tmp_path_factory.mktemp("reference"))


@pytest.fixture
def to(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds the release of the second day."""
    monkeypatch.setenv("DLMODULE_COURSE", str(project.root))
    monkeypatch.setattr(release, "build", lambda *_, **__: Report())
    done = run("--at", LATER, to=tmp_path / "to")
    assert done.exit_code == 0, done.output
    return tmp_path / "to"


def run(*arguments: str, to: Path) -> Result:
    """The command."""
    return CliRunner().invoke(release.command, [*arguments, "--to", str(to)])


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_dry_run_says_what_the_release_then_does(to: Path) -> None:
    """Line by line: the files that are written afterwards are those, and no other; before that nothing changes."""
    before = tree(to)
    said = run("--at", "2022-11-29T17:00", "--dry-run", to=to).output.splitlines()
    assert tree(to) == before and said
    assert run("--at", "2022-11-29T17:00", to=to).exit_code == 0
    after = tree(to)
    changed = {name for name in after if before.get(name) != after[name]} - {".release.json"}
    assert {line.removeprefix("write ") for line in said} == changed
    assert run("--at", "2022-11-29T17:00", "--dry-run", to=to).output == "nothing would change\n"


@pytest.mark.parametrize(("moment", "words"), [(NEXT_YEAR, "not in the run"), ("2021-11-29T12:00", "would remove")])
def test_a_year_typed_wrong_changes_nothing(to: Path, moment: str, words: str) -> None:
    """A moment outside the run, and a release that would empty the folder: refused, in one line that says how to go on."""
    before = tree(to)
    done = run("--at", moment, to=to)
    assert done.exit_code != 0 and words in str(done.exception) and "--yes" in str(done.exception)
    assert "needs --yes" in run("--at", moment, "--dry-run", to=to).output
    assert tree(to) == before
    assert run("--at", moment, "--yes", to=to).exit_code == 0
    assert tree(to) != before
