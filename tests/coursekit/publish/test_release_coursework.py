"""A coursework comes out at its moment, whole, and without anything that answers it."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from coursekit.build import build
from coursekit.exercises.leaks import find, normal, secret_lines
from coursekit.project import Project
from coursekit.publish.release import contents
from dlmodule.checking import key
from dlmodule.coursework import given as handed_out

ROOT = Path(__file__).parents[3]
OUT = datetime(2022, 12, 16, 14, tzinfo=ZoneInfo("Europe/London"))
FILES = {
    "coursework_2/README.md", "coursework_2/brief.pdf", "coursework_2/coursework_2.ipynb", "keys/coursework_2.safetensors",
    "keys/coursework_2_given.safetensors",
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A course that holds coursework 2 and nothing else, built."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "course" / "coursework_2", root / "course" / "coursework_2")
    for name in ("course/syllabus.toml", "pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, root / name)
    (root / "course" / "ledger.toml").touch()
    made = Project(root)
    problems = build(made, ["coursework_2"]).problems
    assert not problems, problems[0]
    return made


def test_it_comes_out_at_its_moment(project: Project) -> None:
    """A second before, nothing of it; at the moment, the notebook, its checks, its data and its brief, and no solutions."""
    before, after = set(contents(project, OUT - timedelta(seconds=1))), set(contents(project, OUT))
    assert {name for name in before if "coursework_2" in name} == set()
    assert {name for name in after if "coursework_2" in name} == FILES
    for at, place in ((OUT - timedelta(seconds=1), None), (OUT, "coursework_2/coursework_2.ipynb")):
        told = {
            item["id"]: item.get("notebook") for item in json.loads(contents(project, at)["course.json"])["assessments"]
        }
        assert told["coursework_2"] == place


def test_nothing_that_comes_out_answers_it(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of a solution, a mistake, the scheme or the hidden cases; checks name no mistake; the data has no labels asked for."""
    files = {name: content for name, content in contents(project, OUT).items() if name in FILES}
    secrets = secret_lines(project, "coursework_2")
    assert normal("best, weights = history[-1], copy.deepcopy(model.state_dict())") in secrets
    for name, content in files.items():
        assert (
            find(
                secrets,
                content.decode("utf-8", "replace").replace("\\n", "\n").replace('",\n', "\n"),
                within_lines=False,
            )
            == []
        ), name
    checks = key.from_bytes(files["keys/coursework_2.safetensors"], "key")
    assert set(checks) == {"standardise", "train_epoch", "evaluate", "fit", "ResidualUnit", "SectionNet"}
    assert all(not (each.mistakes or each.hints or each.variants) for each in checks.values())
    (tmp_path / "coursework_2_given.safetensors").write_bytes(files["keys/coursework_2_given.safetensors"])
    monkeypatch.setenv("DLMODULE_KEYS", str(tmp_path))
    held = handed_out("coursework_2")
    assert {name: tuple(tensor.shape) for name, tensor in held.items()} == {
        "labelled_x": (2400, 32, 32), "labelled_y": (2400,), "unlabelled_x": (800, 32, 32)
    }  # fmt: skip
    assert files["coursework_2/brief.pdf"].startswith(b"%PDF")


def test_a_second_build_draws_nothing_again(project: Project) -> None:
    """The data are known by what they are made from."""
    assert build(project, ["coursework_2"]).written == []
