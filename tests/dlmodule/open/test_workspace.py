"""The workspace never loses what a learner wrote: not by opening, not by updating, not when the machine stops half-way."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from random import Random
from typing import Any

import pytest

from dlmodule.errors import DLModuleError
from dlmodule.open.merge import read_notebook
from dlmodule.open.workspace import Workspace, create
from tests.soak import rounds

NAME = PurePosixPath("05_CNNs_part_I/05_cnns_1_morning.ipynb")
AT = datetime(2022, 12, 2, 10, tzinfo=UTC)


def course(path: Path, *sources: str) -> Path:
    """A course notebook with one code cell per source, ids a, b, c, ..."""
    cells = [
        {"cell_type": "code", "id": chr(97 + i), "metadata": {}, "source": s, "execution_count": None, "outputs": []}
        for i, s in enumerate(sources)
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def write(path: Path, change: dict[str, str], extra: str = "") -> None:
    """Edit cells by id as a learner does, and add one at the end."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = change.get(cell["id"], cell["source"])
    if extra:
        notebook["cells"].append({"cell_type": "markdown", "id": "mine", "metadata": {}, "source": extra})
    path.write_text(json.dumps(notebook), encoding="utf-8")


def sources(path: Path) -> list[str]:
    """The cells' texts."""
    return [cell["source"] for cell in read_notebook(path.read_bytes(), path.name)["cells"]]


def test_opening_copies_once_and_never_overwrites(tmp_path: Path) -> None:
    """The second opening, of a newer course too, leaves the learner's file byte for byte."""
    space, source = Workspace(tmp_path / "w"), course(tmp_path / "c.ipynb", "1", "2")
    path = space.open(NAME, source)
    assert sources(path) == ["1", "2"]
    write(path, {"a": "mine"})
    before = path.read_bytes()
    course(source, "1", "2", "3")
    assert space.open(NAME, source) == path
    assert path.read_bytes() == before


def test_the_state_of_a_copy(tmp_path: Path) -> None:
    """Absent, current, newer and damaged; a course rebuilt with other metadata only is not newer."""
    space, source = Workspace(tmp_path / "w"), course(tmp_path / "c.ipynb", "1")
    assert space.state(NAME, source) == ("absent", "")
    path = space.open(NAME, source)
    assert space.state(NAME, source) == ("current", "")
    source.write_text(source.read_text().replace('"metadata": {}', '"metadata": {"x": 1}'))
    assert space.state(NAME, source) == ("current", "")
    course(source, "1", "2")
    assert space.state(NAME, source) == ("newer", "")
    path.write_text('{"cells": [')
    state, problem = space.state(NAME, source)
    assert state == "damaged" and str(NAME) in problem


def test_an_update_merges_backs_up_and_settles(tmp_path: Path) -> None:
    """The learner's cells stay, new ones come, the copy before is kept, and nothing is newer afterwards."""
    space, source = Workspace(tmp_path / "w"), course(tmp_path / "c.ipynb", "1", "2")
    path = space.open(NAME, source)
    write(path, {"b": "mine"}, "a note of my own")
    before = path.read_bytes()
    course(source, "1 newer", "2", "3")
    done = space.update(NAME, source, at=AT)
    assert sources(path) == ["1 newer", "mine", "a note of my own", "3"]
    assert (done.updated, done.added, done.conflicts) == (1, 1, 0)
    backups = list((space.private / "backups").rglob("*.ipynb"))
    assert [backup.read_bytes() for backup in backups] == [before]
    assert space.state(NAME, source) == ("current", "")
    after = path.read_bytes()
    space.update(NAME, source, at=AT + timedelta(seconds=1))
    assert path.read_bytes() == after


def test_a_copy_that_comes_back_from_an_open_tab_is_offered_the_update_again(tmp_path: Path) -> None:
    """An editor that held the old copy writes it over the update: the copy says what it descends from, so nothing is taken for done."""
    space, source = Workspace(tmp_path / "w"), course(tmp_path / "c.ipynb", "text 1", "text 2")
    path = space.open(NAME, source)
    in_the_tab = path.read_bytes()
    course(source, "text 1, mended", "text 2", "text 3")
    space.update(NAME, source, at=AT)
    path.write_bytes(in_the_tab)
    write(path, {"b": "mine"})
    assert space.state(NAME, source) == ("newer", "")
    done = space.update(NAME, source, at=AT)
    assert sources(path) == ["text 1, mended", "mine", "text 3"]
    assert (done.updated, done.added, done.conflicts) == (1, 1, 0)
    course(source, "text 1, mended again", "text 2", "text 3")
    assert space.update(NAME, source, at=AT).updated == 1
    assert sources(path) == ["text 1, mended again", "mine", "text 3"]


def test_a_copy_made_before_copies_knew_their_base_is_merged_with_the_version_last_handed_out(tmp_path: Path) -> None:
    """Workspaces of an earlier installation go on."""
    space, source = Workspace(tmp_path / "w"), course(tmp_path / "c.ipynb", "1", "2")
    path = space.path(NAME)
    path.parent.mkdir(parents=True)
    path.write_bytes(source.read_bytes())
    (space.private / "base" / NAME).parent.mkdir(parents=True)
    (space.private / "base" / NAME).write_bytes(source.read_bytes())
    assert space.state(NAME, source) == ("current", "")
    write(path, {"b": "mine"})
    course(source, "1 newer", "2")
    assert space.update(NAME, source, at=AT).updated == 1
    assert sources(path) == ["1 newer", "mine"]


@pytest.mark.soak
def test_an_editor_that_saves_beside_two_updaters_loses_no_cell(tmp_path: Path) -> None:
    """Saves in bursts, each with a cell of its own, while two processes update to ever newer versions: every cell is there."""
    random = Random(0)
    versions = [course(tmp_path / f"{n}.ipynb", *(f"{i} of {n}" for i in range(3 + n))) for n in range(12)]
    space = Workspace(tmp_path / "w")
    path = space.open(NAME, versions[0])
    command = [sys.executable, "-c", WORKER, str(space.root), str(NAME), "0", *map(str, versions)]
    workers = [subprocess.Popen(command) for _ in range(2)]
    added: set[str] = set()
    for number in range(rounds(100, whole=1000)):
        raw = path.read_bytes()
        notebook = json.loads(raw)
        added.add(f"cell {number}")
        cell = {"cell_type": "markdown", "id": f"own-{number}", "metadata": {}, "source": f"cell {number}"}
        notebook["cells"].append(cell)
        part = path.with_suffix(".mine")
        part.write_text(json.dumps(notebook))
        part.replace(path)
        time.sleep(random.choice((0.002, 0.004, 0.008, 0.2)))  # an update needs a moment without a save
    assert [worker.wait(60) for worker in workers] == [0, 0]
    assert added <= set(sources(path))


def test_a_save_that_was_cut_short_is_brought_back(tmp_path: Path) -> None:
    """JupyterLab keeps the copy before in .~NAME while it writes; else the whole cells of the file, a checkpoint, a backup."""
    space, source = Workspace(tmp_path / "w"), course(tmp_path / "c.ipynb", "1", "2")
    path = space.open(NAME, source)
    write(path, {"b": "mine"})
    whole = path.read_bytes()
    side, checkpoint = (
        path.with_name(f".~{path.name}"),
        path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint.ipynb",
    )
    checkpoint.parent.mkdir()
    for place, words in ((side, "before its last save"), (checkpoint, "checkpoint")):
        place.write_bytes(whole)
        path.write_bytes(b"")
        assert words in str(space.restore(NAME, at=AT))
        assert "mine" in sources(path)
        place.unlink()
    path.write_bytes(whole[: whole.index(b"mine") + 40])
    assert "whole" in str(space.restore(NAME, at=AT))
    assert sources(path)[0] == "1"
    kept = [backup.read_bytes() for backup in (space.private / "backups").rglob("*.ipynb")]
    assert any(b"mine" in content for content in kept)
    path.write_bytes(b"no notebook at all")
    for backup in (space.private / "backups").rglob("*.ipynb"):
        backup.unlink()
    assert space.restore(NAME, at=AT) is None
    assert path.read_bytes() == b"no notebook at all"


def test_without_a_known_base_every_cell_counts_as_written(tmp_path: Path) -> None:
    """A base that is lost or damaged costs a note too many, never a cell."""
    for damage in (None, "half"):
        space, source = Workspace(tmp_path / f"w{damage}"), course(tmp_path / "c.ipynb", "1")
        path = space.open(NAME, source)
        (base,) = (space.private / "base").iterdir()
        base.unlink() if damage is None else base.write_text(damage)
        write(path, {"a": "mine"})
        course(source, "2")
        assert space.update(NAME, source, at=AT).conflicts == 1
        assert sources(path)[0] == "mine"


def test_a_damaged_notebook_is_left_alone_until_a_fresh_copy_is_asked_for(tmp_path: Path) -> None:
    """An update refuses in one line; starting afresh keeps the damaged bytes beside the new copy."""
    space, source = Workspace(tmp_path / "w"), course(tmp_path / "c.ipynb", "1")
    path = space.open(NAME, source)
    path.write_text('{"cells": [ my answer')
    with pytest.raises(DLModuleError, match="is damaged: line 1"):
        space.update(NAME, source, at=AT)
    assert space.open(NAME, source).read_text() == '{"cells": [ my answer'
    aside = space.start_afresh(NAME, source, at=AT)
    assert aside.read_text() == '{"cells": [ my answer'
    assert sources(path) == ["1"]


def test_names_that_lead_outside_are_refused(tmp_path: Path) -> None:
    """Neither the folder above nor the workspace's own records can be reached by a name."""
    space = Workspace(tmp_path / "w")
    for name in ("../x.ipynb", ".course/opened.json", "/etc/passwd"):
        with pytest.raises(DLModuleError, match="outside the workspace"):
            space.path(PurePosixPath(name))


def test_create_never_overwrites(tmp_path: Path) -> None:
    """A taken name is an error and the file stays; no part of a file is left behind."""
    create(tmp_path / "x", b"first")
    with pytest.raises(DLModuleError, match="exists already"):
        create(tmp_path / "x", b"second")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x", b"first")]


def test_a_lost_record_of_openings_is_an_empty_one(tmp_path: Path) -> None:
    """Damage there costs a click, not a traceback."""
    space = Workspace(tmp_path)
    space.note_opened("05_cnns_1.morning", at=AT)
    assert space.opened() == {"05_cnns_1.morning": AT.isoformat()}
    (space.private / "opened.json").write_text("[1")
    assert space.opened() == {}


# Opens, then updates to each version in turn. Stops dead (no clean-up of any kind) before the Nth touch of the workspace.
WORKER = """
import os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from dlmodule.open.workspace import Workspace

root, name, stop, *versions = sys.argv[1:]
touches = 0

def watch(event, arguments):
    global touches
    if event in ("open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.chmod") and root in str(arguments[0]):
        touches += 1
        if touches == int(stop):
            os._exit(9)

sys.addaudithook(watch)
space, name = Workspace(Path(root)), PurePosixPath(name)
space.open(name, Path(versions[0]))
for number, version in enumerate(versions[1:]):
    space.update(name, Path(version), at=datetime(2022, 12, 2, tzinfo=UTC) + timedelta(seconds=number + 100 * int(stop)))
"""


def run_worker(root: Path, stop: int, *versions: Path) -> int:
    """The worker's exit code: 9 where it was stopped, 0 where it came through."""
    command = [sys.executable, "-c", WORKER, str(root), str(NAME), str(stop), *map(str, versions)]
    return subprocess.run(command, check=False, timeout=60).returncode


def test_stopped_at_any_touch_of_the_disk_no_cell_is_lost_and_the_update_can_be_repeated(tmp_path: Path) -> None:
    """Every point in turn: the notebook is whole, holds every cell the learner wrote, and a second try ends as an undisturbed one."""
    old, new = course(tmp_path / "1.ipynb", "1", "2", "3"), course(tmp_path / "2.ipynb", "1 new", "2 new", "3", "4")
    reference = Workspace(tmp_path / "reference")
    write(reference.open(NAME, old), {"b": "mine"}, "my note")
    reference.update(NAME, new, at=AT)
    expected = sources(reference.path(NAME))

    stop, code = 0, 9
    while code == 9:
        stop += 1
        space = Workspace(tmp_path / f"w{stop}")
        path = space.open(NAME, old)
        write(path, {"b": "mine"}, "my note")
        code = run_worker(space.root, stop, old, new)
        assert {"mine", "my note"} <= set(sources(path)), f"stopped at {stop}"
        assert run_worker(space.root, 0, old, new) == 0
        assert sources(path) == expected, f"stopped at {stop}"
    assert code == 0 and stop > 10


def test_stopped_during_the_first_copy_the_next_opening_makes_it(tmp_path: Path) -> None:
    """There is either no notebook yet or the whole of it."""
    old = course(tmp_path / "1.ipynb", "1", "2")
    stop, code = 0, 9
    while code == 9:
        stop += 1
        path = Workspace(tmp_path / f"w{stop}").path(NAME)
        code = run_worker(tmp_path / f"w{stop}", stop, old)
        assert not path.exists() or sources(path) == ["1", "2"]
        assert run_worker(tmp_path / f"w{stop}", 0, old) == 0
        assert sources(path) == ["1", "2"]
    assert code == 0 and stop > 4


@pytest.mark.soak
def test_killed_at_random_moments_no_cell_is_lost(tmp_path: Path) -> None:
    """The operating system's own kill, between forty versions: the cells are there after each."""
    random = Random(5)
    versions = [course(tmp_path / f"{n}.ipynb", *(f"{i} of {n}" for i in range(3 + n))) for n in range(20)]
    space = Workspace(tmp_path / "w")
    path = space.open(NAME, versions[0])
    write(path, {"b": "mine"}, "my note")
    for _ in range(rounds(12, whole=100)):
        command = [sys.executable, "-c", WORKER, str(space.root), str(NAME), "0", *map(str, versions)]
        worker = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0.02, 0.25))
        worker.kill()
        worker.wait()
        assert {"mine", "my note"} <= set(sources(path))
