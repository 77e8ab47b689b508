"""The merge of a newer course notebook into a learner's copy keeps what the learner wrote, whatever both sides did."""

import json
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmodule.errors import DLModuleError
from dlmodule.open.merge import EMPTY, NOTE, Cell, Notebook, merge, read_notebook, same_content, write_notebook


def made(*cells: tuple[str, str]) -> Notebook:
    """A notebook of code cells (id, source)."""
    return {**EMPTY, "cells": [_cell(identity, "code", source) for identity, source in cells]}


def _cell(identity: str, kind: str, source: str) -> Cell:
    cell: Cell = {"cell_type": kind, "id": identity, "metadata": {}, "source": source}
    return {**cell, "execution_count": None, "outputs": []} if kind == "code" else cell


def shown(notebook: Notebook) -> list[tuple[str, str]]:
    """Ids and sources, notes by the id they are about."""
    return [
        (c["metadata"].get("dlmodule", {}).get("newer_version_of", c["id"]), c["source"]) for c in notebook["cells"]
    ]


def test_untouched_cells_become_the_course_s_and_answers_stay() -> None:
    """What the learner left alone is renewed, what they wrote is not."""
    base = made(("text", "old"), ("answer", "..."))
    ours = made(("text", "old"), ("answer", "42"))
    done = merge(base, ours, made(("text", "new"), ("answer", "...")))
    assert shown(done.notebook) == [("text", "new"), ("answer", "42")]
    assert (done.updated, done.added, done.conflicts) == (1, 0, 0)


def test_a_cell_changed_on_both_sides_stays_and_the_new_version_stands_beneath_as_text() -> None:
    """Running the notebook must not replace the answer by a newer stub, so the newer version is no code cell."""
    done = merge(made(("f", "def f(): ...")), made(("f", "def f(): return 1")), made(("f", "def f(x): ...")))
    answer, note = done.notebook["cells"]
    assert answer["source"] == "def f(): return 1"
    assert note["cell_type"] == "markdown"
    assert note["source"] == f"> {NOTE}\n\n```python\ndef f(x): ...\n```"
    assert note["metadata"]["dlmodule"] == {"newer_version_of": "f"}
    assert done.conflicts == 1


def test_new_cells_come_in_the_course_s_order_after_what_the_learner_added() -> None:
    """A scratch cell stays under the cell it was written for."""
    base = made(("a", "1"), ("c", "3"))
    ours = made(("a", "1"), ("scratch", "mine"), ("c", "3"))
    done = merge(base, ours, made(("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")))
    assert [cell["id"] for cell in done.notebook["cells"]] == ["a", "scratch", "b", "c", "d"]


def test_cells_the_learner_moved_stay_where_they_were_put() -> None:
    """The learner's order wins over the course's once they have moved cells about."""
    base, ours = made(("a", "1"), ("b", "2"), ("c", "3")), made(("c", "3"), ("a", "1"), ("b", "2"))
    done = merge(base, ours, made(("a", "1"), ("b", "2"), ("new", "n"), ("c", "3")))
    assert [cell["id"] for cell in done.notebook["cells"]] == ["c", "a", "b", "new"]


def test_deleted_cells_stay_deleted_and_dropped_ones_go_unless_they_were_written_in() -> None:
    """Each side's deletion counts, except against the learner's own writing."""
    base = made(("a", "1"), ("b", "2"), ("c", "3"))
    done = merge(base, made(("b", "2"), ("c", "mine")), made(("a", "newer")))
    assert shown(done.notebook) == [("c", "mine")]


def test_outputs_stay_with_a_cell_whose_text_stays() -> None:
    """A plot that took ten minutes is not thrown away by an update elsewhere; new metadata arrives all the same."""
    base, theirs = made(("a", "1")), made(("a", "1"), ("b", "2"))
    theirs["cells"][0]["metadata"] = {"tags": ["slow"]}
    ours = made(("a", "1"))
    ours["cells"][0].update(outputs=[{"output_type": "stream", "name": "stdout", "text": "hi"}], execution_count=7)
    first = merge(base, ours, theirs).notebook["cells"][0]
    assert first["outputs"] and first["execution_count"] == 7 and first["metadata"] == {"tags": ["slow"]}


def test_pictures_pasted_into_a_text_cell_count_as_writing() -> None:
    """An attachment is content."""
    base = {**EMPTY, "cells": [_cell("a", "markdown", "text")]}
    ours = {**EMPTY, "cells": [{**_cell("a", "markdown", "text"), "attachments": {"x.png": {"image/png": "aGk="}}}]}
    theirs = {**EMPTY, "cells": [_cell("a", "markdown", "newer text")]}
    kept, note = merge(base, ours, theirs).notebook["cells"]
    assert kept["attachments"] and "newer text" in note["source"]


ids = st.sampled_from("abcdefgh")
kinds = st.sampled_from(["code", "markdown"])
texts = st.sampled_from(["", "1", "2", "```\nx\n```", "é∀\u2028\x0c", "last\n"])


def notebooks(identities: st.SearchStrategy[str]) -> st.SearchStrategy[Notebook]:
    """Notebooks with distinct ids in any order."""
    cells = st.lists(st.builds(_cell, identities, kinds, texts), max_size=8, unique_by=lambda cell: cell["id"])
    return cells.map(lambda made: {**EMPTY, "cells": made})


@st.composite
def edits(draw: st.DrawFn) -> tuple[Notebook, Notebook, Notebook]:
    """(base, ours, theirs): both sides edit, delete, move and add; the learner's own cells have ids of their own."""
    base = draw(notebooks(ids))

    def edited(extra: str) -> Notebook:
        cells = []
        for cell in base["cells"]:
            match draw(st.sampled_from(["keep", "keep", "keep", "edit", "retype", "delete"])):
                case "keep":
                    cells.append(cell)
                case "edit":
                    cells.append({**cell, "source": draw(texts)})
                case "retype":
                    cells.append(_cell(cell["id"], draw(kinds), cell["source"]))
        for identity in draw(st.lists(st.sampled_from(extra), max_size=4, unique=True)):
            cells.insert(draw(st.integers(0, len(cells))), _cell(identity, draw(kinds), draw(texts)))
        if draw(st.integers(0, 3)) == 0:
            cells = draw(st.permutations(cells))
        return {**EMPTY, "cells": cells}

    # "s" may be added on both sides: a learner's id that collides with a course's must not cost the learner's cell.
    return base, edited("mnops"), edited("stuvw")


def content(cell: Cell) -> tuple[str, str, str]:
    """What identifies a piece of writing."""
    return cell["id"], cell["cell_type"], cell["source"]


@given(edits(), st.booleans())
def test_every_cell_the_learner_wrote_survives(three: tuple[Notebook, Notebook, Notebook], base_known: bool) -> None:
    """Edited and added cells are in the result with their ids and texts; without a base that is every cell."""
    base, ours, theirs = three
    given_cells = {content(cell) for cell in base["cells"]} if base_known else set()
    written = [content(cell) for cell in ours["cells"] if content(cell) not in given_cells]
    result = {content(cell) for cell in merge(base if base_known else None, ours, theirs).notebook["cells"]}
    assert [cell for cell in written if cell not in result] == []


@given(edits())
def test_every_course_cell_is_there_as_a_cell_or_as_a_note(three: tuple[Notebook, Notebook, Notebook]) -> None:
    """Nothing new is missed: a course cell the learner did not delete is in the result, under its id or as a note."""
    base, ours, theirs = three
    deleted = {cell["id"] for cell in base["cells"]} - {cell["id"] for cell in ours["cells"]}
    before = {cell["id"]: content(cell) for cell in base["cells"]}
    cells = merge(base, ours, theirs).notebook["cells"]
    there = {content(cell) for cell in cells}
    notes = {cell["metadata"].get("dlmodule", {}).get("newer_version_of") for cell in cells}
    for cell in theirs["cells"]:
        if cell["id"] not in deleted and before.get(cell["id"]) != content(cell):
            assert content(cell) in there or cell["id"] in notes


@given(edits())
def test_merging_again_changes_nothing(three: tuple[Notebook, Notebook, Notebook]) -> None:
    """Idempotent against the old base (an update cut short before the base was written) and against the new one."""
    base, ours, theirs = three
    once = merge(base, ours, theirs).notebook
    assert merge(base, once, theirs).notebook == once
    assert merge(theirs, once, theirs).notebook == once


@given(edits())
def test_the_result_is_a_valid_notebook_and_the_inputs_are_untouched(
    three: tuple[Notebook, Notebook, Notebook],
) -> None:
    """nbformat accepts what is written; reading it back gives the same; merging does not write into its inputs."""
    copies = json.loads(json.dumps(three))
    result = merge(*three).notebook
    assert json.loads(json.dumps(three)) == copies
    data = write_notebook(result)
    nbformat.validate(nbformat.reads(data.decode(), as_version=4))
    assert same_content(read_notebook(data, "x"), result)


@given(notebooks(ids), notebooks(ids))
def test_order_within_each_side_is_kept(base: Notebook, theirs: Notebook) -> None:
    """Where the learner did not move cells, the course's cells stand in the course's order."""
    result = [cell["id"] for cell in merge(base, base, theirs).notebook["cells"]]
    course = [cell["id"] for cell in theirs["cells"] if cell["id"] in result]
    assert [identity for identity in result if identity in course] == course


def test_copied_and_nameless_cells_count_as_the_learner_s_own() -> None:
    """Two cells with one id, and one without: all survive, each under an id of its own."""
    raw: dict[str, Any] = {
        **EMPTY,
        "cells": [_cell("a", "code", "1"), _cell("a", "code", "2"), _cell("a", "code", "2")],
    }
    del raw["cells"][2]["id"]
    ours = read_notebook(json.dumps(raw).encode(), "x.ipynb")
    assert len({cell["id"] for cell in ours["cells"]}) == 3
    assert ours == read_notebook(json.dumps(raw).encode(), "x.ipynb")
    result = merge(made(("a", "1")), ours, made(("a", "new"))).notebook
    assert [cell["source"] for cell in result["cells"]] == ["new", "2", "2"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "line 1"),
        (b'{"cells": [\n{"a": ', "line 2"),
        (b"[]", "not a notebook"),
        (b'{"cells": [1], "nbformat": 4}', "cell 1"),
        (b'{"cells": [], "nbformat": 3}', "version 4"),
        (b"\xff\xfe", "byte 0"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_damage_is_named_in_one_line(data: bytes, words: str) -> None:
    """Whatever is wrong with a file, the error names it and says where."""
    with pytest.raises(DLModuleError, match=words) as error:
        read_notebook(data, "05/x.ipynb")
    assert str(error.value).startswith("05/x.ipynb is damaged") and "\n" not in str(error.value)
