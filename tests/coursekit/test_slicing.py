"""A slice holds what a definition needs, no more, and computes what the whole notebook computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit import slicing
from coursekit.errors import CourseError
from coursekit.source import Source, parse

HEADER = '# ---\n# title: "T"\n# objectives: [o]\n# prerequisites: []\n# minutes: {study: 1, cpu: 1, gpu: 1}\n# data: []\n# ---\n\n'


def source(folder: Path, *cells: str) -> Source:
    path = folder / "05_tiny" / "morning.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER + "".join(f"# %%\n{cell}\n\n" for cell in cells))
    return parse(path)


@st.composite
def programs(draw: st.DrawFn) -> list[str]:
    """Cells of definitions that read earlier names while they run, and any name when they are called."""
    cells, bound = ["import math\nx0 = 2", "def f0(n):\n    return n + x0"], ["x0"]
    functions = ["f0"]
    for number in range(1, draw(st.integers(2, 7))):
        one, other = draw(st.sampled_from(bound)), draw(st.sampled_from(functions))
        kind = draw(st.sampled_from(["value", "again", "function", "augmented", "tuple", "class"]))
        if kind == "value":
            cells.append(f"x{number} = {one} * 3 + {other}(1)")
            bound.append(f"x{number}")
        elif kind == "again":
            cells.append(f"{one} = {one} + 5")
        elif kind == "augmented":
            cells.append(f"{one} += {number}")
        elif kind == "tuple":
            cells.append(f"x{number}, unused{number} = {one} + 1, math.pi")
            bound.append(f"x{number}")
        elif kind == "class":
            cells.append(f"class C{number}:\n    k = {one}\n    def go(self, n):\n        return {other}(n) + self.k")
            cells.append(f"def f{number}(n):\n    return C{number}().go(n) + sum({one} for _ in range(2))")
            functions.append(f"f{number}")
        else:
            cells.append(f"def f{number}(n, m={one}):\n    return {other}(n) * m - {one}")
            functions.append(f"f{number}")
        cells.append("print('training')" if draw(st.booleans()) else "for _ in range(2):\n    pass")
    return [*cells, functions[-1]]


@settings(max_examples=60, deadline=None)
@given(programs())
def test_a_slice_computes_what_the_notebook_computes(
    tmp_path_factory: pytest.TempPathFactory, program: list[str]
) -> None:
    """Run alone, the slice of the last function gives the same results as the whole notebook."""
    *cells, name = program
    made = source(tmp_path_factory.mktemp("slice"), *cells)
    whole: dict[str, Any] = {}
    exec("\n".join(cells).replace("print('training')", ""), whole)
    alone: dict[str, Any] = {}
    text = slicing.slice_of(made, [name])
    exec(text, alone)
    assert [alone[name](n) for n in range(4)] == [whole[name](n) for n in range(4)]
    assert "training" not in text


def test_what_only_a_loop_binds_is_refused(tmp_path: Path) -> None:
    """A check must not depend on a training cell: the error names its line."""
    made = source(tmp_path, "for step in range(3):\n    model = step", "def f():\n    return model")
    with pytest.raises(CourseError, match=r"morning\.py:10: 'model' is bound by a for statement"):
        slicing.slice_of(made, ["f"])


def test_an_unknown_name_is_said(tmp_path: Path) -> None:
    """A name that the notebook does not define is one clear line."""
    with pytest.raises(CourseError, match="defines no 'g'"):
        slicing.slice_of(source(tmp_path, "def f():\n    return 1"), ["g"])


def test_a_probe_travels_with_what_it_uses_and_nothing_else() -> None:
    """The probe's slice holds its helper and import, and no mistake."""
    text = (
        "import torch\nimport math\nexercise = Exercise()\n\ndef tool(x):\n    return math.sin(x)\n\n"
        "@exercise.probe\ndef probe(candidate, case):\n    return tool(candidate(1))\n\n"
        "@exercise.mistake('no')\ndef wrong(x):\n    return torch.zeros(x)\n"
    )
    cut = slicing.slice_text(text, ["probe"], Path("e.py"))
    assert "def tool" in cut and "import math" in cut
    assert "exercise" not in cut and "torch" not in cut
