"""Progress travels between machines as one file; reading, exporting and importing never lose an attempt."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmodule.checking.progress import Progress
from dlmodule.errors import DLModuleError
from dlmodule.open.attempts import FORMAT, export_attempts, import_attempts, read_attempts


def attempt(number: int) -> dict[str, object]:
    """One attempt as the checks record it."""
    return {
        "exercise": f"05_cnns_1.e{number}",
        "status": "right",
        "mistake": None,
        "rung": "",
        "at": f"2022-12-02T10:00:{number:02d}+00:00",
    }


def lines(*numbers: int) -> str:
    """A progress file of attempts."""
    return "".join(json.dumps(attempt(number)) + "\n" for number in numbers)


def test_a_missing_file_is_no_progress(tmp_path: Path) -> None:
    """Nothing recorded yet is no problem."""
    assert read_attempts(tmp_path / "none").attempts == ()


def test_a_damaged_line_is_reported_and_the_others_count(tmp_path: Path) -> None:
    """One clear line, and not a byte changed."""
    path = tmp_path / "progress.jsonl"
    path.write_bytes(lines(1).encode() + b'{"exercise": "05\xff\n[]\n' + lines(2).encode())
    before = path.read_bytes()
    record = read_attempts(path)
    assert record.attempts == [attempt(1), attempt(2)]
    assert record.problems == (
        "progress.jsonl is damaged (2 lines, the first is line 2); everything else in it counts, and nothing was changed.",
    )
    assert path.read_bytes() == before


def test_an_import_adds_what_is_new_to_the_end(tmp_path: Path) -> None:
    """What was there stays as it is, byte for byte, a line cut short included; importing twice adds nothing."""
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_text(lines(1) + '{"exerc')
    other.write_text(lines(1, 2, 3))
    assert import_attempts(path, export_attempts(other).encode()) == 2
    assert import_attempts(path, export_attempts(other).encode()) == 0
    assert path.read_text().startswith(lines(1) + '{"exerc\n')
    assert Progress(path).load() == [attempt(1), attempt(2), attempt(3)]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"format": "other", "attempts": []}',
        json.dumps({"format": FORMAT, "attempts": [1]}).encode(),
    ],
)
def test_a_wrong_file_is_refused_whole(tmp_path: Path, document: bytes) -> None:
    """One line says why, and nothing is written."""
    with pytest.raises(DLModuleError, match="export of progress"):
        import_attempts(tmp_path / "p", document)
    assert not (tmp_path / "p").exists()


@given(st.lists(st.integers(0, 59), max_size=6), st.lists(st.integers(0, 59), max_size=6))
def test_after_importing_both_ways_two_machines_know_the_same(
    tmp_path_factory: pytest.TempPathFactory, a: list[int], b: list[int]
) -> None:
    """The union, on both sides."""
    folder = tmp_path_factory.mktemp("machines")
    first, second = folder / "a", folder / "b"
    first.write_text(lines(*a))
    second.write_text(lines(*b))
    import_attempts(first, export_attempts(second).encode())
    import_attempts(second, export_attempts(first).encode())
    for path in (first, second):
        assert {str(each["at"]) for each in read_attempts(path).attempts} == {str(attempt(n)["at"]) for n in (*a, *b)}
