"""The moving cart and pole: every frame is in it, it names what it shows, and it needs nothing from outside."""

import math
from xml.etree import ElementTree

import pytest

from dlmodule.plot.animation import cart_pole

NAME = "{http://www.w3.org/2000/svg}"


def test_every_frame_moves_cart_and_pole() -> None:
    root = ElementTree.fromstring(cart_pole([0, 1.5, -2], [0, math.pi / 6, -0.1], "a pole & a cart").svg)
    moves, turns = root.iter(NAME + "animateTransform")
    assert moves.get("values") == "0.0 0;150.0 0;-200.0 0"
    assert turns.get("values") == "0.0;30.0;-5.7"
    assert {a.get("dur") for a in (moves, turns)} == {"0.06s"}
    assert root.get("aria-label") == root.findtext(NAME + "title") == "a pole & a cart"


def test_nothing_is_fetched_and_a_button_halts_it() -> None:
    shown = cart_pole([0, 1], [0, 1], "two frames")._repr_mimebundle_()
    page = shown["text/html"].replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "http" not in page and "src=" not in page and "pauseAnimations" in page
    assert shown["text/plain"] == "Animation: two frames"


@pytest.mark.parametrize(
    ("x", "angle", "text"), [([0, 1], [0, 1], " "), ([0], [0], "one"), ([0, 1], [0, 1, 2], "unequal")]
)
def test_bad_input_gets_one_sentence(x: list[float], angle: list[float], text: str) -> None:
    with pytest.raises(ValueError, match="an animation needs"):
        cart_pole(x, angle, text)
