"""Files that were damaged in any way: what reads them says one line or goes on, and loses nothing. Seeds are fixed.

The rounds of `make soak` are ten thousand in all; `make test` makes a fiftieth of them.
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from random import Random

import pytest

from dlmodule.checking import key as keys
from dlmodule.checking.progress import Progress
from dlmodule.course import find_course
from dlmodule.errors import DLModuleError
from dlmodule.home.page import Local, render
from dlmodule.open.attempts import export_attempts, import_attempts, read_attempts
from dlmodule.open.workspace import Workspace
from dlmodule.place import NOTE, key_folders, progress_file
from tests.dlmodule.open import reference_run
from tests.soak import rounds

pytestmark = pytest.mark.soak
AT = datetime(2022, 12, 2, 10, tzinfo=UTC)
NAME = PurePosixPath("05/n.ipynb")
TOKENS = (
    b"null", b"-1", b"1e999", b"NaN", b'"\\ud800"', b"[]", b"{}", b"[" * 3000, b'""', b"true", b"9" * 5000, b"\xff\xfe", b"\x00",
    b"\xef\xbb\xbf", b"\r\n", b'"cells"', b'{"id": "a"}', b"\xe2\x80\xa8", b",", b":", b"}", b"]",
)  # fmt: skip


def damaged(whole: bytes, random: Random) -> bytes:
    """``whole`` with one to four damages: cut off, bytes lost, changed, doubled or moved, tokens put in or in the place of others."""
    content = bytearray(whole)
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(content) + 1)
        end = min(len(content), start + random.choice((1, 2, 8, 64, 512)))
        match random.randrange(7):
            case 0:
                del content[start:]
            case 1:
                del content[start:end]
            case 2 if start < len(content):
                content[start] ^= 1 << random.randrange(8)
            case 3:
                content[start:start] = content[start:end]
            case 4:
                content[start:start] = random.choice(TOKENS)
            case 5:
                content[start:end] = random.choice(TOKENS)
            case _:
                content[start:end] = random.randbytes(end - start)
    return bytes(content)


def complained(action: Callable[[], object]) -> bool:
    """Whether ``action`` ended with one line for a reader; any other error fails the test."""
    try:
        action()
    except DLModuleError as error:
        assert "\n" not in str(error) and len(str(error)) < 600, str(error)
        return True
    return False


def cell_texts(content: bytes) -> list[str]:
    """The sources of a notebook's cells, where it is one."""
    return ["".join(cell["source"]) for cell in json.loads(content)["cells"]]


def test_a_damaged_notebook_is_told_and_every_byte_of_it_is_kept(tmp_path: Path) -> None:
    """Looked at, opened, updated, brought back or begun afresh: what was there is a notebook again, or lies in a file as it was."""
    random = Random(14)
    first, second = (tmp_path / f"{n}.ipynb" for n in "12")
    for path, text in ((first, "The end"), (second, "The very end")):
        cells = reference_run.notebook(("a", "markdown", "# A"), ("b", "code", "x = ..."), ("c", "markdown", text))
        path.write_text(json.dumps(cells, indent=1, sort_keys=True))
    told = 0
    for number in range(rounds(60, whole=3000)):
        space = Workspace(tmp_path / f"w{number}")
        path = space.open(NAME, first)
        mine = path.read_bytes().replace(b"x = ...", b"x = 'mine'")
        before = damaged(mine, random)
        path.write_bytes(before)
        os.utime(path, (0, 0))  # long ago: nobody is saving it
        state, line = space.state(NAME, first)
        assert (state == "damaged") == bool(line) and "\n" not in line
        space.open(NAME, first)
        space.cell_of(NAME, "x")
        assert path.read_bytes() == before
        updated = not complained(lambda space=space: space.update(NAME, second, at=AT))  # type: ignore[misc]
        if not updated and not complained(lambda space=space: space.restore(NAME, at=AT)):  # type: ignore[misc]
            told += 1
            if space.state(NAME, second)[0] == "damaged":
                space.start_afresh(NAME, second, at=AT)
        files = [file.read_bytes() for file in space.root.rglob("*") if file.is_file()]
        assert before in files
        assert space.state(NAME, second)[0] != "damaged" and cell_texts(path.read_bytes())
    assert told > 0


def test_a_damaged_key_is_refused_or_says_the_same(tmp_path: Path) -> None:
    """A key is a verdict's ground: nothing but the whole of it is read."""
    random, whole = Random(15), keys.to_bytes([reference_run.key()])
    refused = 0
    for _ in range(rounds(60, whole=3000)):
        content = damaged(whole, random)
        if not complained(lambda content=content: keys.from_bytes(content, "k")):  # type: ignore[misc]
            assert keys.to_bytes(list(keys.from_bytes(content, "k").values())) == whole
        else:
            refused += 1
    assert refused > 0


def test_damaged_attempts_are_told_and_stay(tmp_path: Path) -> None:
    """The home shows the others, an export is JSON for any reader, an import takes all or nothing."""
    random, path = Random(16), tmp_path / "progress.jsonl"
    line = json.dumps(
        {"exercise": "05_cnns_1.a", "status": "right", "mistake": None, "rung": "", "at": "2022-12-02T10:00:00+00:00"}
    )
    whole = "".join(line.replace("1.a", f"1.a{n}") + "\n" for n in range(8)).encode()
    course = reference_run.write(tmp_path / "build")
    shown = find_course(course.parent).facts.as_of(None)
    for number in range(rounds(40, whole=2000)):
        path.write_bytes(before := damaged(whole, random))
        record = read_attempts(path)
        assert all("\n" not in problem for problem in record.problems)
        local = Local(xsrf="x", workspace="w", notices=record.problems)
        if number % 20 == 0:
            assert render(shown, at=AT, progress=record.attempts, mode="local", local=local).encode("utf-8", "replace")
        exported = json.loads(export_attempts(path), parse_constant=lambda name: pytest.fail(f"{name} in an export"))
        assert len(exported["attempts"]) == len(record.attempts)
        Progress(path).solved()
        assert path.read_bytes() == before
        other = tmp_path / "other"
        other.write_bytes(whole)
        document = damaged(export_attempts(other).encode(), random)
        if complained(lambda document=document: import_attempts(path, document)):  # type: ignore[misc]
            assert path.read_bytes() == before
        else:
            assert path.read_bytes().startswith(before)


def test_a_damaged_note_of_the_place_or_of_openings_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are conveniences: they cost a click."""
    for name in ("DLMODULE_KEYS", "DLMODULE_PROGRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    random, space = Random(17), Workspace(tmp_path)
    note = json.dumps({"keys": str(tmp_path / "k"), "progress": str(tmp_path / "p")}).encode()
    opened = json.dumps({"05_cnns_1.morning": AT.isoformat()}).encode()
    (tmp_path / ".course").mkdir()
    for _ in range(rounds(40, whole=2000)):
        (tmp_path / NOTE).write_bytes(damaged(note, random))
        (space.private / "opened.json").write_bytes(damaged(opened, random))
        assert key_folders() and progress_file()
        assert all(isinstance(when, str) for when in space.opened().values())
