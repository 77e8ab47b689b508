"""A file is written whole or not at all, and only where a file may be."""

import os
from pathlib import Path

import pytest

from dlmodule import files
from dlmodule.errors import DLModuleError
from dlmodule.files import write_atomically


def test_permissions_of_a_file_that_is_there_are_kept(tmp_path: Path) -> None:
    """A private file stays private; a new one is as readable as any other of this user."""
    private, new = tmp_path / "private", tmp_path / "folder" / "new"
    private.write_text("old")
    private.chmod(0o600)
    write_atomically(private, "new")
    write_atomically(new, "new")
    (tmp_path / "plain").write_text("")
    assert private.stat().st_mode & 0o777 == 0o600
    assert new.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_is_no_file_is_left_as_it_is(tmp_path: Path) -> None:
    """A folder, a pipe, a device: one line, and nothing is replaced."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (tmp_path, pipe, Path(os.devnull)):
        before = place.stat().st_mode
        with pytest.raises(DLModuleError, match="not a regular file"):
            write_atomically(place, b"x")
        assert place.stat().st_mode == before
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_a_file_that_changed_at_the_last_moment_is_not_replaced(tmp_path: Path) -> None:
    """``instead_of`` says what the file held when it was read."""
    path = tmp_path / "x"
    path.write_bytes(b"theirs")
    assert not write_atomically(path, b"ours", instead_of=b"what we read")
    assert path.read_bytes() == b"theirs"
    assert write_atomically(path, b"ours", instead_of=b"theirs")
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("x", b"ours")]


@pytest.mark.parametrize("saves", [1, 2, 3])
def test_a_save_between_the_look_and_the_replacement_is_kept(
    saves: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor that saves just before each of our exchanges: its newest save is what stands."""
    path, exchange, left = tmp_path / "x", files._exchange, list(range(saves))

    def exchange_late(first: Path, second: Path) -> bool:
        if left:
            path.with_suffix(".editor").write_bytes(b"save %d" % left.pop(0))
            path.with_suffix(".editor").replace(path)
        return exchange(first, second)

    path.write_bytes(b"theirs")
    monkeypatch.setattr(files, "_exchange", exchange_late)
    assert not write_atomically(path, b"ours", instead_of=b"theirs")
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("x", b"save %d" % (saves - 1))]


def test_a_disk_that_cannot_exchange_files_still_replaces_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was seen a moment ago has to do there."""
    path = tmp_path / "x"
    path.write_bytes(b"theirs")
    monkeypatch.setattr(files, "_exchange", lambda first, second: False)
    assert write_atomically(path, b"ours", instead_of=b"theirs")
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("x", b"ours")]
