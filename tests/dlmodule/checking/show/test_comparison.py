"""Expected beside got, drawn for any numbers that an answer can hold."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from dlmodule.checking.show.comparison import as_grid, beside_html, beside_text, number

SIZES = st.tuples(st.integers(1, 60), st.integers(1, 60))


@st.composite
def tables(draw: st.DrawFn) -> Tensor:
    """A table with anything in it: NaN, infinities, whole numbers, tiny and huge ones."""
    rows, columns = draw(SIZES)
    few = draw(st.lists(st.floats(width=64), min_size=1, max_size=6))
    return torch.tensor(few, dtype=torch.float64).repeat(rows * columns)[: rows * columns].reshape(rows, columns)


@given(tables(), tables())
def test_any_two_tables_are_drawn(expected: Tensor, got: Tensor) -> None:
    """Whatever the numbers are, the card is well-formed and the terminal has a line for each row."""
    page = beside_html(expected, got, "a <case> & more")
    assert len(ET.fromstring(f"<card>{page}</card>").findall(".//figure")) == 2
    assert len(beside_text(expected, got, "a case")) >= 3


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.0, "3"), (-0.25, "-0.25"), (1e7, "1e+07"), (float("nan"), "nan"), (float("-inf"), "-inf"), (1 / 3, "0.3333")],
)
def test_a_number_is_short(value: float, text: str) -> None:
    """Whole numbers without a point, others to four digits, NaN and infinities by name."""
    assert number(value) == text


def test_what_differs_is_marked() -> None:
    """Numbers that differ are underlined in both tables; NaN differs from a number, and not from NaN."""
    nan = float("nan")
    page = beside_html(torch.tensor([[1.0, nan, 2.0]]), torch.tensor([[1.0, nan, nan]]), "")
    cells = [cell for table in ET.fromstring(f"<card>{page}</card>").findall(".//table") for cell in table.iter("td")]
    assert ["underline" in cell.attrib["style"] for cell in cells] == [False, False, True] * 2


def test_what_is_no_table_is_not_drawn() -> None:
    """Text, complex numbers and nothing at all have no picture; the terminal still shows them in words."""
    for value in ("text", torch.ones(2, dtype=torch.complex64), torch.empty(0), None):
        assert as_grid(value) is None
    assert beside_html("text", torch.ones(2), "") == ""
    assert beside_text("text", torch.ones(2), "")[0].endswith("'text'")
