"""Finding answers in a notebook: by name, with what they need, wherever it stands."""

from __future__ import annotations

import pytest

from coursekit.marking.inside.answers import MISSING, Answers

SLOW = "raise SystemExit('the whole notebook was run')"


def test_what_an_answer_needs_may_stand_below_it() -> None:
    """Imports and earlier functions stand below, in any order; nothing else of the notebook is run."""
    cells = [
        SLOW,
        "class Second(First):\n    ratio = math.pi",
        "class First(Base):\n    pass",
        "import math",
        "class Base:\n    pass",
    ]
    answers = Answers(cells)
    assert answers.named("Second").ratio == pytest.approx(3.14159, abs=1e-4)
    assert answers._whole is None


def test_a_reference_stands_in_for_what_the_notebook_defines() -> None:
    """It takes the place of every definition of its name, and of nothing else; what calls it gets it."""
    cells = ["def inner(x):\n    return -x", "def outer(x):\n    return inner(x) + 1", "inner = abs"]
    assert Answers(cells).named("outer")(-3) == 4
    replaced = Answers(cells, {"inner": "import math\n\n\ndef inner(x):\n    return math.sqrt(x)\n"})
    assert replaced.named("outer")(9) == 4
    assert replaced.named("nothing") is MISSING


def test_broken_cells_cost_nothing_else() -> None:
    """A cell that is not Python is left out and named."""
    answers = Answers(["def right(:", "def right():\n    return 1"])
    assert answers.named("right")() == 1
    assert answers.broken == ["cell 1: SyntaxError"]
