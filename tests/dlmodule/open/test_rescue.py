"""What is left of a notebook that was cut off: the newest text of every cell, in its order."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmodule.errors import DLModuleError
from dlmodule.open.merge import EMPTY, read_notebook
from dlmodule.open.rescue import rescue, whole_cells
from dlmodule.open.workspace import Workspace

AT = datetime(2022, 12, 2, 10, tzinfo=UTC)
NAME = PurePosixPath("05/n.ipynb")
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=1, max_size=8)


def saved(sources: list[str], version: str = "") -> bytes:
    """A notebook as Jupyter writes it, with an id for each place."""
    cells = [
        {"cell_type": "markdown", "id": f"c{n}", "metadata": {}, "source": [f"{version}{text}"]}
        for n, text in enumerate(sources)
    ]
    return json.dumps({**EMPTY, "cells": cells}, indent=1, sort_keys=True, ensure_ascii=False).encode()


def texts(content: bytes) -> list[str]:
    """The cells' sources."""
    return [cell["source"] for cell in read_notebook(content, "n")["cells"]]


@settings(deadline=None)
@given(TEXTS, st.integers(0, 10_000))
def test_cut_off_anywhere_the_whole_cells_come_back_in_their_order(sources: list[str], where: int) -> None:
    """Never half a cell, never one that was not there; a cut behind the last cell loses none."""
    whole = saved(sources)
    cut = whole[: where % (len(whole) + 1)]
    found = [cell["source"] for cell in whole_cells(cut)]
    assert found == texts(whole)[: len(found)]
    if b'"metadata": {},\n "nbformat"' in cut:
        assert found == texts(whole)


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.integers(0, 10_000))
def test_the_newest_text_of_every_cell_is_brought_back(
    tmp_path_factory: pytest.TempPathFactory, sources: list[str], where: int
) -> None:
    """A save cut off anywhere: its whole cells, then those of the copy before it. What was there is kept whatever happens."""
    space = Workspace(tmp_path_factory.mktemp("w"))
    path = space.path(NAME)
    path.parent.mkdir(parents=True)
    before, after = saved(sources, "old "), saved(sources, "new ")
    cut = after[: where % len(after)]
    path.write_bytes(cut)
    os.utime(path, (0, 0))  # long ago: not a save that is still going on
    path.with_name(f".~{path.name}").write_bytes(before)
    try:
        read_notebook(cut, "n")
    except DLModuleError:
        newest = len(whole_cells(cut))
        assert space.restore(NAME, at=AT)
        assert texts(path.read_bytes()) == [*texts(after)[:newest], *texts(before)[newest:]]
        kept = {backup.read_bytes() for backup in (space.private / "backups").rglob("*.ipynb")}
        assert {cut, before} <= kept


def test_a_cell_that_the_newest_version_left_out_stays_out_and_its_copy_is_kept(tmp_path: Path) -> None:
    """The learner deleted the second cell, then the machine stopped during the save."""
    older = tmp_path / ".~n.ipynb"
    older.write_bytes(saved(["first", "second", "third", "fourth"]))
    notebook = json.loads(saved(["first", "second", "third", "fourth"]))
    del notebook["cells"][1]
    newest = json.dumps(notebook, indent=1).encode()
    cut = newest[: newest.index(b"fourth")]
    rescued = rescue(cut, [("a copy", older)])
    assert rescued is not None
    assert [cell["source"] for cell in rescued.notebook["cells"]] == ["first", "third", "fourth"]
    assert rescued.words == "the 2 cells that were whole in it and 1 more of a copy"
    assert rescued.older == older.read_bytes()


def test_a_notebook_that_reads_is_never_replaced(tmp_path: Path) -> None:
    """A save that ended meanwhile was no damage."""
    space = Workspace(tmp_path)
    path = space.path(NAME)
    path.parent.mkdir(parents=True)
    path.write_bytes(saved(["mine"]))
    path.with_name(f".~{path.name}").write_bytes(saved(["old"]))
    with pytest.raises(DLModuleError, match="is not damaged"):
        space.restore(NAME, at=AT)
    assert texts(path.read_bytes()) == ["mine"]
