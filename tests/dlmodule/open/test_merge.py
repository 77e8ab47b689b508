"""The merge of a newer course notebook into a learner's copy keeps what the learner wrote, whatever both sides did."""

import json
from random import Random
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
    base = made(("a", "plot(x)"), ("b", "2"), ("c", "3"))
    done = merge(base, made(("b", "2"), ("c", "mine")), made(("a", "plot(x, y)")))
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


def written(label: str, tail: str = "") -> str:
    """A text that is told from any other cell's, as texts of a real notebook are; ``tail`` is what somebody added."""
    letters = Random(label).choices("bcdfghjklmnpqrstvwxz", k=60)
    return f"{label} = {''.join(letters)}{tail}"


def label_of(cell: Cell) -> str:
    """Which cell this is, whatever its id."""
    return str(cell["source"].split(" = ")[0])


def placed(cells: list[Cell]) -> list[Cell]:
    """Ids that say the place only, as where a cell was inserted above."""
    return [{**cell, "id": f"place-{index}"} for index, cell in enumerate(cells)]


@st.composite
def edits(draw: st.DrawFn) -> tuple[Notebook, Notebook, Notebook]:
    """(base, ours, theirs): both sides edit, delete, move and add; ids may be kept, or shift with the place, or be lost."""
    labels = draw(st.lists(ids, max_size=8, unique=True))
    base = [_cell(label, draw(kinds), written(label)) for label in labels]

    def edited(extra: str, who: str, *, moves: bool) -> list[Cell]:
        cells = []
        for cell in base:
            match draw(st.sampled_from(["keep", "keep", "keep", "edit", "delete"])):
                case "keep":
                    cells.append(cell)
                case "edit":
                    cells.append({**cell, "source": cell["source"] + f"  # {who}"})
        for label in draw(st.lists(st.sampled_from(extra), max_size=3, unique=True)):
            cells.insert(draw(st.integers(0, len(cells))), _cell(label, draw(kinds), written(label)))
        return draw(st.permutations(cells)) if moves and draw(st.integers(0, 3)) == 0 else cells

    ours, theirs = edited("mnop", "learner", moves=True), edited("stuv", "course", moves=False)
    if draw(st.booleans()):
        base, theirs = placed(base), placed(theirs)
        place_of = {label_of(cell): cell["id"] for cell in base}
        ours = [{**cell, "id": place_of.get(label_of(cell), cell["id"])} for cell in ours]
    if draw(st.integers(0, 3)) == 0:  # saved by Colab, or by a tool that knows no ids
        ours = [{**cell, "id": f"colab-{index}"} for index, cell in enumerate(ours)]
    return tuple({**EMPTY, "cells": list(cells)} for cells in (base, ours, theirs))  # type: ignore[return-value]


def content(cell: Cell) -> tuple[str, str]:
    """What identifies a piece of writing."""
    return cell["cell_type"], cell["source"]


@given(edits(), st.booleans())
def test_every_cell_the_learner_wrote_survives(three: tuple[Notebook, Notebook, Notebook], base_known: bool) -> None:
    """Edited and added cells are in the result, each as often as the learner had it; without a base that is every cell."""
    base, ours, theirs = three
    given_cells = {content(cell) for cell in base["cells"]} if base_known else set()
    mine = [content(cell) for cell in ours["cells"] if content(cell) not in given_cells]
    result = [content(cell) for cell in merge(base if base_known else None, ours, theirs).notebook["cells"]]
    assert [cell for cell in mine if result.count(cell) < mine.count(cell)] == []


@given(edits())
def test_every_course_cell_is_there_as_a_cell_or_as_a_note(three: tuple[Notebook, Notebook, Notebook]) -> None:
    """Nothing new is missed: what the course changed or added, and the learner did not delete, is in the result or in a note."""
    base, ours, theirs = three
    deleted = {label_of(cell) for cell in base["cells"]} - {label_of(cell) for cell in ours["cells"]}
    before = {content(cell) for cell in base["cells"]}
    texts_there = [cell["source"] for cell in merge(base, ours, theirs).notebook["cells"]]
    for cell in theirs["cells"]:
        if label_of(cell) not in deleted and content(cell) not in before:
            assert any(cell["source"] in text for text in texts_there)


@given(edits())
def test_no_cell_of_the_course_runs_twice(three: tuple[Notebook, Notebook, Notebook]) -> None:
    """Each cell has one live version in the result: the learner's or the course's, never both."""
    cells = merge(*three).notebook["cells"]
    live = [label_of(cell) for cell in cells if "newer-version" not in cell["metadata"].get("tags", [])]
    assert len(live) == len(set(live))
    assert len({cell["id"] for cell in cells}) == len(cells)


@given(edits())
def test_merging_again_changes_nothing(three: tuple[Notebook, Notebook, Notebook]) -> None:
    """Idempotent: what holds the course's version already stays as it is."""
    base, ours, theirs = three
    once = merge(base, ours, theirs).notebook
    again = merge(theirs, once, theirs).notebook
    assert [content(cell) for cell in again["cells"]] == [content(cell) for cell in once["cells"]]


def test_an_inserted_cell_or_a_mended_heading_shifts_ids_and_nothing_else() -> None:
    """Ids say the place. A teacher's new cell arrives as a cell; the learner's answer stays the only live one."""
    base = made(("p0", 'prediction = ""  # write here'), ("p1", "x = 1"), ("p2", 'prediction = ""  # and here'))
    ours = made(("p0", 'prediction = "mine"'), ("p1", "x = 1"), ("p2", 'prediction = ""  # and here'))
    inserted = made(
        ("p0", "NEW = 1"),
        ("p1", 'prediction = ""  # write here'),
        ("p2", "x = 1"),
        ("p3", 'prediction = ""  # and here'),
    )
    done = merge(base, ours, inserted)
    sources = [cell["source"] for cell in done.notebook["cells"]]
    assert sources == ["NEW = 1", 'prediction = "mine"', "x = 1", 'prediction = ""  # and here']
    assert (done.updated, done.added, done.conflicts) == (0, 1, 0)
    renamed = {**base, "cells": [{**cell, "id": f"q{i}"} for i, cell in enumerate(base["cells"])]}
    done = merge(base, ours, renamed)
    assert [cell["source"] for cell in done.notebook["cells"]] == [cell["source"] for cell in ours["cells"]]
    assert (done.updated, done.added, done.conflicts) == (0, 0, 0)


@pytest.mark.parametrize("saved_by", ["Colab", "format 4.4", "new ids", "Windows"])
def test_a_correction_reaches_a_copy_whatever_saved_it(saved_by: str) -> None:
    """Ids that are gone or new, and line ends of Windows, do not keep a mended cell away, and touch no answer."""

    def saved(notebook: Notebook) -> bytes:
        raw = json.loads(json.dumps(notebook))
        for index, cell in enumerate(raw["cells"]):
            match saved_by:
                case "Colab":
                    cell["metadata"] = {"id": cell.pop("id")[:12]}
                case "format 4.4":
                    del cell["id"]
                case "new ids":
                    cell["id"] = f"other-{index}"
                case "Windows":
                    cell["source"] = cell["source"].replace("\n", "\r\n")
        return json.dumps({**raw, "nbformat_minor": 0 if saved_by == "Colab" else 4}).encode()

    base = made(
        ("a", "# Load\nimport torch\n"),
        ("b", "def answer(x):\n    raise NotImplementedError\n"),
        ("c", "check(answer)\n"),
    )
    ours = json.loads(json.dumps(base))
    ours["cells"][1]["source"] = "def answer(x):\n    return x + 1\n"
    theirs = json.loads(json.dumps(base))
    theirs["cells"][0]["source"] = "# Load, mended\nimport torch\n"
    done = merge(base, read_notebook(saved(ours), "x"), theirs)
    assert [c["source"] for c in done.notebook["cells"]] == [
        theirs["cells"][0]["source"],
        ours["cells"][1]["source"],
        "check(answer)\n",
    ]
    assert (done.updated, done.added, done.conflicts) == (1, 0, 0)


def test_a_copy_that_has_little_of_the_course_says_so() -> None:
    """Where most of what the course gave is not found, the merge is unsure of itself."""
    base = made(*((label, written(label)) for label in "abcdef"))
    assert merge(base, made(("a", written("a"))), base).unsure
    assert not merge(base, base, base).unsure


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
        (b'{"cells": ' + b"9" * 5000 + b"}", "too many digits"),
    ],
)
def test_damage_is_named_in_one_line(data: bytes, words: str) -> None:
    """Whatever is wrong with a file, the error names it and says where."""
    with pytest.raises(DLModuleError, match=words) as error:
        read_notebook(data, "05/x.ipynb")
    assert str(error.value).startswith("05/x.ipynb is damaged") and "\n" not in str(error.value)
