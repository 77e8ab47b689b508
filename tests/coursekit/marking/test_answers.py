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


@pytest.mark.parametrize(
    ("cell", "reaches"),
    [
        ("import torch\ndef f(x):\n    torch.relu = abs\n", True),
        ("from torch import nn\ndef f(x):\n    del nn.Module.__call__\n", True),
        ("import torch.nn.functional as F\ndef f(x):\n    setattr(F, 'relu', abs)\n", True),
        ("def f(x):\n    import os\n    os.environ['A'] = 'b'\n", True),
        ("import torch\ndef f(x):\n    x.grad = torch.zeros(3)\n    x[0] = 1\n", False),
        ("import torch\nclass Net:\n    pass\nNet.f = abs\nf = Net.f\n", False),
        ("import torch\ndef f(x):\n    return x\n\ntorch.backends.cudnn.benchmark = True\n", False),  # `f` needs none of it
    ],
)  # fmt: skip
def test_what_writes_into_a_module_reaches_out(cell: str, reaches: bool) -> None:
    """By assignment, deletion or a function, in what was run for the answer; its own objects are its own."""
    answers = Answers([cell])
    assert callable(answers.named("f"))
    assert answers.reach_out() is reaches
