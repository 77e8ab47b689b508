"""Cells find their other selves, each at most once, whatever was done to ids and places."""

from hypothesis import given
from hypothesis import strategies as st

from dlmodule.open.matching import Cell, match


def cell(identity: str, source: str, kind: str = "code") -> Cell:
    """A cell as ``read_notebook`` gives it."""
    return {"cell_type": kind, "id": identity, "source": source, "metadata": {}}


cells = st.lists(
    st.builds(cell, st.sampled_from("abcd"), st.text("xy \n", max_size=6), st.sampled_from(["code", "markdown"])),
    max_size=7,
)


@given(cells, cells, st.booleans(), st.booleans())
def test_a_cell_is_paired_at_most_once(first: list[Cell], second: list[Cell], trust: bool, equal: bool) -> None:
    """Pairs are one to one, of one kind, and inside both notebooks."""
    found = match(first, second, descendant=trust, equal_only=equal)
    assert len(set(found.values())) == len(found)
    assert all(first[i]["cell_type"] == second[j]["cell_type"] for j, i in found.items())


@given(cells)
def test_a_notebook_matches_itself(notebook: list[Cell]) -> None:
    """Every cell is paired, with one of the same kind and text."""
    found = match(notebook, notebook)
    assert len(found) == len(notebook)
    assert all(notebook[i]["source"] == notebook[j]["source"] for j, i in found.items())


def test_an_exercise_is_known_by_its_name() -> None:
    """A rewritten definition, its check and its heading are paired although no text agrees and everything moved."""
    first = [
        cell("1", "# Exercise 1: the mean\nold words", "markdown"),
        cell("2", "def mean(x):\n    ..."),
        cell("3", "check(mean)"),
    ]
    second = [
        cell("7", "check(mean)  # again, with more"),
        cell("8", "def mean(values, axis):\n    return values.sum(axis) / values.shape[axis]"),
        cell("9", "# Exercise 1: the mean\nnothing of what stood here", "markdown"),
    ]
    assert match(first, second) == {0: 2, 1: 1, 2: 0}
