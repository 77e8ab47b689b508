"""``course release``: exactly what is due, nothing else, whatever happens while it is written."""

import contextlib
import json
import random
import re
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from coursekit.build import Report, build
from coursekit.commands import release as command_module
from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.publish import release as module
from coursekit.publish.release import MANIFEST, contents, release, write
from coursekit.schedule.course_table import course_table
from dlmodule.checking import key as answers
from tests.coursekit import reference_course
from tests.coursekit.reference_course import DECKS, LINKS, ROOT, TABLE

LONDON = ZoneInfo("Europe/London")
ALWAYS = {"README.md", "LICENSE", "pyproject.toml", "course.json", "calendar.ics", "src/dlmodule/__init__.py",
          "src/dlmodule/open/home.css"}  # fmt: skip
# The table's own names, and those of the companion notebook, which the reference run did not have; the rest are the usual ones.
COMPANION = "06_Probability/06_Probability_morning/06_Probability"
NAMED = {(session, part, version): path for session, part, version, path in LINKS}
NAMED["06_cnns_2", "probability", "student"] = f"{COMPANION}_exercises.ipynb"
NAMED["06_cnns_2", "probability", "solutions"] = f"{COMPANION}_solutions.ipynb"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The reference run, built once; no test changes it."""
    return reference_course.write(tmp_path_factory.mktemp("reference"))


def at(text: str) -> datetime:
    """A wall-clock time in London."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def expected(moment: datetime) -> tuple[set[str], set[str], set[str]]:
    """From the table written by hand: files due, and the texts of solutions and of student versions that may be seen."""
    files, solved, seen = set(ALWAYS), set(), set()
    for date, folder, session, part, solutions in TABLE:
        stem = f"{folder}/{folder}_{part}/{folder}_{part}"
        if not solutions or moment < at(f"{date}T08:00"):
            continue
        files |= {NAMED.get((session, part, "student"), f"{stem}_exercises.ipynb"), f"keys/{session}.safetensors"}
        seen.add(f"{session}_{part}")
        if (session, part) in DECKS:
            slides = NAMED[session, part, "slides"]
            files |= {slides, slides.replace(".pdf", "_notes.md")}
        if moment >= at(f"{date}T{solutions}"):
            files.add(NAMED.get((session, part, "solutions"), f"{stem}_solutions.ipynb"))
            solved.add(f"{session}_{part}")
    return files, solved, seen


MOMENTS = sorted(
    {at(f"{date}T{hour}") for date, *_, solutions in TABLE if solutions for hour in ("08:00", solutions)}
    | {at("2022-12-09T14:00"), at("2022-12-16T14:00")}
)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("second", [-1, 0], ids=["before", "at"])
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment:%m-%dT%H:%M}")
def test_a_release_holds_exactly_what_the_syllabus_says(project: Project, moment: datetime, second: int) -> None:
    """At every moment of the run, and a second before it: the files, and within them no planted text and no early solution."""
    moment += timedelta(seconds=second)
    files, solved, seen = expected(moment)
    found = contents(project, moment)
    assert set(found) == files
    text = b"\n".join(found.values()).decode()
    assert "CANARY" not in text and "canary" not in text
    assert set(re.findall(r"SOLUTION_(\w+)", text)) == solved
    for mark in ("TITLE", "OBJECTIVE"):
        assert set(re.findall(rf"{mark}_(\w+)", text)) == seen
    assert {name.split("/")[1] for name in found if name.startswith("keys/")} == {
        f"{name}.safetensors" for name in re.findall(r"KEY_(\w+)", text)
    }


def test_the_run_has_the_moments_of_the_table(project: Project) -> None:
    """The moments tested above are all there are: mornings, ends of parts, and the release of both courseworks."""
    assert list(course_table(project).moments()) == MOMENTS


def test_running_twice_writes_nothing(project: Project, tmp_path: Path) -> None:
    """The second run finds everything as it is."""
    moment = at("2022-12-02T12:00")
    release(project, moment, tmp_path)
    before = tree(tmp_path)
    stamps = {name: (tmp_path / name).stat().st_mtime_ns for name in before if name != MANIFEST}
    assert release(project, moment, tmp_path) == ([], [])
    assert tree(tmp_path) == before
    assert stamps == {name: (tmp_path / name).stat().st_mtime_ns for name in stamps}


def test_a_term_released_moment_after_moment_equals_a_fresh_release(project: Project, tmp_path: Path) -> None:
    """What was there before leaves no trace; going back in time takes away what is no longer due."""
    for moment in (MOMENTS[0], MOMENTS[7], MOMENTS[-1], MOMENTS[3]):
        release(project, moment, tmp_path / "term")
        fresh = tmp_path / f"{moment:%m%d%H%M}"
        release(project, moment, fresh)
        assert tree(tmp_path / "term") == tree(fresh)
        assert not [p for p in (tmp_path / "term").rglob("*") if p.is_dir() and not any(p.iterdir())]


@pytest.mark.parametrize("stop", range(0, 60, 4))
def test_a_crash_at_any_write_is_mended_by_the_next_run(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    """Stopped at any touch of the disk, with a temporary file left behind; the next run, even of another moment, gives that tree."""
    early, late = contents(project, at("2022-12-02T12:00")), contents(project, at("2022-12-05T17:00"))
    write(late, tmp_path / "crashed")
    write(early, tmp_path / "fresh")
    left = stop
    real_write, real_remove = module.write_atomically, module._remove

    def touch(path: Path) -> None:
        nonlocal left
        if left == 0:
            path.with_name(f".{path.name}.ab12_x.part").write_text("half")
            raise KeyboardInterrupt
        left -= 1

    def stopping_write(path: Path, data: bytes | str) -> None:
        touch(path)
        real_write(path, data)

    def stopping_remove(to: Path, name: str) -> None:
        touch(to / name)
        real_remove(to, name)

    monkeypatch.setattr(module, "write_atomically", stopping_write)
    monkeypatch.setattr(module, "_remove", stopping_remove)
    with contextlib.suppress(KeyboardInterrupt):
        write(early, tmp_path / "crashed")
    monkeypatch.undo()
    write(early, tmp_path / "crashed")
    assert tree(tmp_path / "crashed") == tree(tmp_path / "fresh")


def test_a_foreign_file_is_neither_removed_nor_written_over(project: Project, tmp_path: Path) -> None:
    """Files that no release wrote stay; one in the way stops the release before it changes anything."""
    foreign = {".git/config": "theirs", "05_CNNs_part_I/notes.txt": "mine", "15/keep/.keep": ""}
    for name, text in foreign.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    release(project, MOMENTS[-1], tmp_path)
    release(project, MOMENTS[0], tmp_path)
    assert {name: (tmp_path / name).read_text() for name in foreign} == foreign
    other = tmp_path / "other"
    other.mkdir()
    (other / "README.md").write_text("somebody's own")
    with pytest.raises(CourseError, match=r"README\.md: is not from a release"):
        release(project, MOMENTS[0], other)
    assert tree(other) == {"README.md": b"somebody's own"}


def test_a_days_notebooks_install_the_tag_that_its_release_names(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tag that `course release` asks for on a morning is the one in that day's notebooks, and in no other day's."""
    monkeypatch.setenv("DLMODULE_COURSE", str(project.root))
    monkeypatch.setattr(command_module, "build", lambda *_, **__: Report())
    done = CliRunner().invoke(command_module.command, ["--at", "2022-12-06T08:00", "--to", str(tmp_path / "to")])
    assert done.exit_code == 0, done.output
    assert "tag the push v0.1.0-day07:" in done.output
    tagged = {n for n, data in tree(tmp_path / "to").items() if b"@v0.1.0-day07" in data and n.endswith(".ipynb")}
    assert tagged == {n for n in tree(tmp_path / "to") if n.startswith("07_") and n.endswith(".ipynb")} != set()


def test_whatever_the_order_of_days_no_notebook_asks_for_a_tag_that_no_release_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days exchanged at random, mornings skipped at random: at every release the tags named so far hold those its notebooks install."""
    project = reference_course.write(tmp_path / "course")
    text = project.syllabus.read_text(encoding="utf-8")
    sessions = ["01_intro_and_ffns", "02_pytorch_1", "04_ml_recap", "05_cnns_1", "09_diffusion"]
    monkeypatch.setenv("DLMODULE_COURSE", str(project.root))
    for seed in range(3):
        order = random.Random(seed).sample(sessions, len(sessions))
        exchanged = dict(zip(sessions, order, strict=True))
        project.syllabus.write_text(
            re.sub("|".join(sessions), lambda found, exchanged=exchanged: exchanged[found[0]], text)
        )
        assert not build(Project(project.root), keys=False).problems
        monkeypatch.setattr(command_module, "build", lambda *_, **__: Report())
        named: set[str] = set()
        for moment in ("2022-11-28T08:00", "2022-12-01T09:00", "2022-12-02T08:00", "2022-12-08T17:00"):
            to = tmp_path / f"to{seed}"
            done = CliRunner().invoke(command_module.command, ["--at", moment, "--to", str(to)])
            assert done.exit_code == 0, done.output
            named |= set(re.findall(r"v0\.1\.0-day\d\d", done.output))
            books = b"".join(data for name, data in tree(to).items() if name.endswith(".ipynb")).decode()
            assert set(re.findall(r"@(v0\.1\.0-day\d\d)", books)) <= named
        monkeypatch.undo()
        monkeypatch.setenv("DLMODULE_COURSE", str(project.root))


@pytest.mark.parametrize(
    "content",
    ["", "[]", "[" * 100_000, '{"files": 3}', '{"files": {"a\\u0000b": "0"}}', '{"files": {"a": []}}', "\xff",
     '{"files": {"\\ud800": "0"}}'],
)  # fmt: skip
def test_a_damaged_list_of_files_is_one_line(tmp_path: Path, content: str) -> None:
    """What is ours is then not known, so nothing is written and nothing removed."""
    (tmp_path / MANIFEST).write_text(content, encoding="latin-1")
    with pytest.raises(CourseError, match="is damaged"):
        write({"new.txt": b"new"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]


def test_a_release_never_leaves_its_folder(project: Project, tmp_path: Path) -> None:
    """A link that leads out of the folder is an error, and nothing is written through it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "keys").symlink_to(tmp_path / "outside", target_is_directory=True)
    with pytest.raises(CourseError, match="leads out"):
        release(project, MOMENTS[0], tmp_path / "to")
    assert not list((tmp_path / "outside").iterdir())


def test_what_is_due_but_not_built_is_an_error(project: Project) -> None:
    """The release is refused; it never goes out with a hole in it."""
    deck = project.build / "slides" / "07_vaes" / "vaes.pdf"
    held = deck.read_bytes()
    deck.unlink()
    try:
        with pytest.raises(CourseError, match="run `course slides`"):
            contents(project, MOMENTS[-1])
    finally:
        deck.write_bytes(held)


def test_the_released_course_is_one_that_opens(project: Project, tmp_path: Path) -> None:
    """course.json is read by the learner's home; every path in it is a file of the release, every file of a part is in it."""
    from dlmodule.course import VERSIONS, find_course

    release(project, at("2022-12-06T09:00"), tmp_path)
    course = find_course(tmp_path)
    named = {path for _, part in course.facts.parts() for version in VERSIONS if (path := part.path(version))}
    assert named == {n for n in tree(tmp_path) if n.endswith((".ipynb", ".pdf"))}
    assert all(course.file(name).is_file() for name in named)
    assert course.facts.self_paced is False
    assert (course.keys / "07_vaes.safetensors").is_file()
    for name in named:
        assert f"({name})" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_the_badge_of_a_released_notebook_leads_to_itself(project: Project) -> None:
    """Open in Colab opens the very file of the release, on the branch of the syllabus."""
    found = contents(project, MOMENTS[-1])
    for name, data in found.items():
        if name.endswith(".ipynb"):
            first = "".join(json.loads(data)["cells"][0]["source"])
            assert f"(https://colab.research.google.com/github/ese-msc-2022/DL_module/blob/main/{name})" in first


def test_the_released_package_installs_for_a_learner(project: Project) -> None:
    """pyproject.toml names the package, its dependencies and keys, and nothing of the team's."""
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    made = tomllib.loads(contents(project, MOMENTS[0])["pyproject.toml"].decode())
    assert made["project"]["dependencies"] == ours["dependencies"]
    assert "optional-dependencies" not in made["project"]
    assert made["project"]["scripts"] == {"course": "dlmodule.__main__:main"}
    assert made["tool"]["hatch"]["build"]["targets"]["wheel"] == {
        "packages": ["src/dlmodule"], "force-include": {"keys": "dlmodule/keys"},
    }  # fmt: skip
    empty = contents(project, MOMENTS[0] - timedelta(days=1))["pyproject.toml"].decode()
    assert "keys" not in empty


def test_a_time_that_is_none_is_one_line(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``--at tomorrow`` says what to write instead."""
    monkeypatch.setenv("DLMODULE_COURSE", str(project.root))
    done = CliRunner().invoke(command_module.command, ["--at", "tomorrow", "--to", str(tmp_path / "x")])
    assert isinstance(done.exception, CourseError)
    assert "2022-12-02T12:00" in str(done.exception)
    assert not (tmp_path / "x").exists()


def test_a_session_in_the_making_does_not_stop_a_release(project: Project) -> None:
    """A source that is wrong stops the release from the moment it is due, and no release before."""
    path = project.course / "09_diffusion" / "morning.py"
    held = path.read_text(encoding="utf-8")
    before = contents(project, at("2022-12-08T07:59"))
    try:
        path.write_text(held + "# %%\nx = (\n", encoding="utf-8")
        assert contents(project, at("2022-12-08T07:59")) == before
        with pytest.raises(CourseError, match="never closed"):
            contents(project, at("2022-12-08T08:00"))
    finally:
        path.write_text(held, encoding="utf-8")


def test_a_release_holds_nothing_of_a_draft(tmp_path: Path) -> None:
    """Neither its notebook nor its exercises in the key of a session that has begun; the key's others stay as they were."""
    project = reference_course.write(tmp_path)
    session = project.course / "01_intro_and_ffns"
    words = {"session": session.name, "part": "extra"}
    (session / "extra.py").write_text(reference_course.SOURCE.format(**words))
    (session / "exercises" / "extra_double.py").write_text(reference_course.EXERCISE.format(**words))
    assert build(project, ["01_intro_and_ffns"]).problems == []
    built = answers.load(project.key(session.name))
    assert built.keys() == {"morning_double", "afternoon_double", "extra_double"}
    found = contents(project, at("2022-11-28T09:00"))
    assert not any("extra" in name for name in found)
    assert b"extra" not in b"".join(data for name, data in found.items() if not name.startswith("src/"))
    key = answers.from_bytes(found["keys/01_intro_and_ffns.safetensors"], "key")
    others = [exercise for name, exercise in built.items() if name != "extra_double"]
    assert answers.to_bytes(list(key.values())) == answers.to_bytes(others)
