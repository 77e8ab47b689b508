"""Cells find their other selves, each at most once, whatever was done to ids and places."""

import time

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


def test_a_file_in_a_cell_and_a_thousand_cells_take_a_moment() -> None:
    """Letter by letter, a pasted file of 700 kB took minutes; so did a thousand cells without ids, each compared with each."""
    lines = [f"{number} {number**2 % 997} measured" for number in range(30_000)]
    pasted = cell("1", "\n".join(lines)), cell("2", "\n".join(lines[:100] + lines[105:] + ["more"]))
    same = cell("3", "a\n" * 200_000), cell("4", "a\n" * 150_000 + "b\n" * 10_000)
    began = time.process_time()
    assert match([pasted[0]], [pasted[1]]) == {0: 0}
    match([same[0], pasted[0]], [pasted[1], same[1]])
    first = [
        cell(f"a{number}", f"x{number} = f({number}) + {number % 7}  # what was measured") for number in range(1000)
    ]
    second = [
        cell(f"b{number}", f"x{number} = f({number}) + {number % 7}  # as measured again") for number in range(1000)
    ]
    found = match(first, second)
    assert len(found) >= 900
    assert time.process_time() - began < 20
