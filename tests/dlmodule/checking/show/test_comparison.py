"""Expected beside got, drawn for any numbers that an answer can hold."""

from __future__ import annotations

import base64
import io
import xml.etree.ElementTree as ET

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread
from torch import Tensor

from dlmodule.checking.show.comparison import as_grid, beside_html, beside_text, number

SIZES = st.tuples(st.integers(1, 60), st.integers(1, 60))


@st.composite
def tables(draw: st.DrawFn) -> Tensor:
    """A table with anything in it: NaN, infinities, whole numbers, tiny and huge ones."""
    rows, columns = draw(SIZES)
    few = draw(st.lists(st.floats(width=64), min_size=1, max_size=6))
    return torch.tensor(few, dtype=torch.float64).repeat(rows * columns)[: rows * columns].reshape(rows, columns)


@settings(deadline=None)  # the first picture loads matplotlib
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


def picture(page: str, which: int) -> Tensor:
    """The pixels of a card's picture, (H, W, 4)."""
    source = ET.fromstring(f"<card>{page}</card>").findall(".//img")[which].attrib["src"]
    return torch.tensor(imread(io.BytesIO(base64.b64decode(source.split(",")[1]))))


def test_a_picture_is_small_and_shows_each_value_on_one_scale() -> None:
    """One pixel a value: the least is dark blue, the greatest yellow, in both pictures alike, NaN orange; a few kB a card."""
    expected = torch.arange(48.0 * 48).reshape(48, 48)
    got = expected.clone()
    got[0, 0] = float("nan")
    page = beside_html(expected, got, "a ramp")
    assert len(page) < 8_000
    first, second = picture(page, 0), picture(page, 1)
    assert first.shape == (48, 48, 4)
    assert torch.equal(first[1:], second[1:])
    assert first[0, 0, 2] > first[0, 0, 0] and first[-1, -1, 0] > first[-1, -1, 2]
    assert second[0, 0, :3].mul(255).round().tolist() == [0xD5, 0x5E, 0x00]
