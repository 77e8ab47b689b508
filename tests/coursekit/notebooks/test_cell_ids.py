"""Cell ids: unique, valid, and stable under insertion."""

import re

from hypothesis import given
from hypothesis import strategies as st

from coursekit.notebooks.cell_ids import cell_ids
from coursekit.sources.prose import read_prose
from coursekit.sources.source import Cell, Role

texts = st.sampled_from(["## A", "## B", "### C", "Some words.", "More.", "## A\n\n### C"])


def markdown(text: str) -> Cell:
    return Cell("markdown", text, 1, headings=read_prose(text).headings)


cells = st.lists(
    st.one_of(
        texts.map(markdown),
        st.just(Cell("code", "x = 1", 1)),
        st.sampled_from(["f", "g"]).map(lambda name: Cell("code", f"check({name})", 1, (Role("checks", name),))),
        st.sampled_from(["f", "g"]).map(lambda name: Cell("code", f"def {name}", 1, (Role("defines", name),))),
    ),
    max_size=20,
)


@given(cells)
def test_ids_are_unique_and_valid(drawn: list[Cell]) -> None:
    """However cells are duplicated or split, ids differ and are what nbformat 4.5 allows."""
    ids = cell_ids("01_tiny", "morning", drawn)
    assert len(set(ids)) == len(drawn)
    assert all(re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", one) for one in ids)


@given(cells, st.data())
def test_an_inserted_cell_changes_only_ids_after_it_under_its_heading(drawn: list[Cell], data: st.DataObject) -> None:
    """Cells above, under other headings, of the other kind and of exercises keep their ids."""
    at = data.draw(st.integers(0, len(drawn)))
    before = cell_ids("01_tiny", "morning", drawn)
    after = cell_ids("01_tiny", "morning", [*drawn[:at], Cell("code", "new", 1), *drawn[at:]])
    kept = after[:at] + after[at + 1 :]
    assert kept[:at] == before[:at]
    for cell, old, new in zip(drawn, before, kept, strict=True):
        if cell.kind == "markdown" or cell.roles:
            assert old == new
    headed = next((i for i in range(at, len(drawn)) if drawn[i].headings), len(drawn))
    paths = {tuple(h.text for h in cell.headings) for cell in drawn}
    if len(paths) == sum(bool(cell.headings) for cell in drawn) + 1:  # no two headings are alike
        assert kept[headed:] == before[headed:]


@given(cells)
def test_parts_share_no_ids(drawn: list[Cell]) -> None:
    """The same cells in another part have other ids."""
    assert not set(cell_ids("01_tiny", "morning", drawn)) & set(cell_ids("01_tiny", "afternoon", drawn))
