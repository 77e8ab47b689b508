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
    assert {line.removeprefix("write ") for line in said if line.startswith("write ")} == changed
    assert not [line for line in said if not line.startswith("write ")]
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


def tags(output: str) -> dict[str, str]:
    """The tags that a release names, with what it says of each."""
    lines = [line.split() for line in output.splitlines() if line.startswith(("  set ", "  move "))]
    return {name.rstrip(":"): what for what, name, *_ in lines}


def test_a_release_says_which_tags_to_set_and_which_to_move(project: Project, to: Path) -> None:
    """A new day is set; a corrected key moves its day's tag alone; a correction in the text moves none; commands are printed."""
    key, notebook = project.build / "keys/01_intro_and_ffns.safetensors", to / "README.md"
    before = key.read_bytes()
    third = run("--at", "2022-11-30T08:00", to=to).output
    assert tags(third) == {"v0.1.0-day03": "set"}
    assert f"git -C {to} push origin v0.1.0-day03" in third and "no site: `course site`" in third
    try:
        key.write_bytes(b"corrected")
        notebook.write_bytes(b"an older text")
        dry = run("--at", "2022-11-30T08:00", "--dry-run", to=to).output
        assert "move tag v0.1.0-day01: changed: keys/01_intro_and_ffns.safetensors" in dry
        fixed = run("--at", "2022-11-30T08:00", to=to).output
        assert tags(fixed) == {"v0.1.0-day01": "move"}
        assert f"git -C {to} tag --force v0.1.0-day01" in fixed and "push --force origin v0.1.0-day01" in fixed
    finally:
        key.write_bytes(before)


def test_a_new_package_moves_no_tag_of_its_own_accord(project: Project, to: Path) -> None:
    """The days that it could be given to are named; nothing is forced."""
    (to / "src/dlmodule/__init__.py").write_bytes(b"an older one")
    done = run("--at", LATER, to=to).output
    assert tags(done) == {} and "--force" not in done
    assert "days out before keep what they have" in done and "v0.1.0-day01, v0.1.0-day02" in done


def test_a_session_at_a_place_of_another_takes_its_tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days exchanged after their release: the notebooks of both ask for tags that hold the other's keys, so both are moved."""
    project = reference_course.write(tmp_path / "course")
    monkeypatch.setenv("DLMODULE_COURSE", str(project.root))
    monkeypatch.setattr(release, "build", lambda *_, **__: Report())
    to = tmp_path / "to"
    assert run("--at", LATER, to=to).exit_code == 0
    text = project.syllabus.read_text("utf-8")
    for old, new in (("01_intro_and_ffns", "00"), ("02_pytorch_1", "01_intro_and_ffns"), ("00", "02_pytorch_1")):
        text = text.replace(f'session = "{old}"\nfolder', f'session = "{new}"\nfolder')
    project.syllabus.write_text(text, "utf-8")
    done = run("--at", LATER, "--yes", to=to)
    assert done.exit_code == 0, done.output
    assert tags(done.output) == {"v0.1.0-day01": "move", "v0.1.0-day02": "move"}
