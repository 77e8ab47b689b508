"""Keys and attempts are found from wherever a notebook is opened, and keys nowhere but where the documentation says."""

import os
from pathlib import Path

import pytest

from dlmodule import place
from dlmodule.place import key_folders, note_place, progress_file


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that knows its place, and its notebooks' folder as the present one, without ``course open``'s environment."""
    for name in ("DLMODULE_KEYS", "DLMODULE_PROGRESS"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "work" / "05_CNNs_part_I"
    folder.mkdir(parents=True)
    note_place(tmp_path / "work", keys=tmp_path / "build" / "keys", progress=tmp_path / "work/.course/progress.jsonl")
    monkeypatch.chdir(folder)
    return tmp_path / "work"


def test_a_notebook_of_the_workspace_finds_keys_and_the_home_s_attempts(workspace: Path) -> None:
    """Opened in VS Code or plain Jupyter: the workspace remembers both."""
    assert key_folders()[0] == workspace.parent / "build" / "keys"
    assert progress_file() == workspace / ".course" / "progress.jsonl"


def test_the_environment_comes_first(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``course open`` or a person says, and nothing besides."""
    monkeypatch.setenv("DLMODULE_KEYS", "/elsewhere")
    monkeypatch.setenv("DLMODULE_PROGRESS", "/elsewhere/p.jsonl")
    assert key_folders() == [Path("/elsewhere")]
    assert progress_file() == Path("/elsewhere/p.jsonl")


def test_a_folder_that_happens_to_be_called_keys_is_not_read(workspace: Path) -> None:
    """Keys can hold code: those of a built course count, where its course.json stands."""
    for folder in (workspace, workspace.parent):
        for name in ("keys", "build/keys", ".course/keys"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    (workspace / place.NOTE).unlink()
    outside = [folder for folder in key_folders() if folder.is_relative_to(workspace.parent)]
    assert outside == []
    (workspace.parent / "build" / "course.json").write_text("{}")
    assert key_folders()[0] == workspace.parent / "build" / "keys"


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="gives files to other users")
def test_what_another_user_put_above_is_not_trusted(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where all may write to /tmp: neither another's note nor another's course."""
    (workspace.parent / "build").mkdir()
    (workspace.parent / "build" / "course.json").write_text("{}")
    os.chown(workspace / place.NOTE, 12345, 12345)
    os.chown(workspace.parent / "build" / "course.json", 12345, 12345)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert [folder for folder in key_folders() if folder.is_relative_to(workspace.parent)] == []
    assert not progress_file().is_relative_to(workspace.parent)
    os.chown(workspace / place.NOTE, 54321, 54321)
    assert key_folders()[0] == workspace.parent / "build" / "keys"


@pytest.mark.parametrize("damage", ["", "[]", '{"keys": 3}', '{"keys": "relative"}', "[" * 100_000, "\udcff"])
def test_a_damaged_note_is_no_note(workspace: Path, damage: str) -> None:
    """It is written anew when the course is opened next."""
    (workspace / place.NOTE).write_bytes(damage.encode("utf-8", "surrogateescape"))
    assert workspace.parent / "build" / "keys" not in key_folders()
    assert progress_file().name == "progress.jsonl"
    note_place(workspace, keys=workspace.parent / "build/keys", progress=workspace / ".course/progress.jsonl")
    assert key_folders()[0] == workspace.parent / "build" / "keys"
