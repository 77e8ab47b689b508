"""Slices: what one name needs of a notebook, no more, and with the notebook's own result."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.sources import slicing
from coursekit.sources.source import parse

NAMES = ("a", "b", "c", "d")
HERE = Path("notebook.py")


def run(text: str) -> dict[str, Any]:
    """The namespace that ``text`` leaves."""
    scope: dict[str, Any] = {"__name__": "notebook"}
    exec(compile(text, "<notebook>", "exec"), scope)
    return scope


def sliced(text: str, name: str = "target") -> str:
    """The slice of ``name``."""
    return slicing.slice_text(text, [name], HERE)


@st.composite
def notebooks(draw: st.DrawFn) -> str:
    """A program of definitions over four names that are bound again and again, with statements between that are none."""
    name, other, third = st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(NAMES)
    lines = [f"{one} = {index + 2}" for index, one in enumerate(NAMES)]
    lines += [f"def f_{one}(x=1):\n    return x + {one}" for one in NAMES]
    lines += ["table = {'k': 1}"]
    for number in range(draw(st.integers(1, 14))):
        n, o, t = draw(name), draw(other), draw(third)
        lines.append(
            draw(
                st.sampled_from(
                    [
                        f"{n} = {o} + {number}",
                        f"{n} += {o}",
                        f"{n}, {o} = {o}, {t}",
                        f"{n}: int = {o} * 2",
                        f"{n} = f_{o}({t})",
                        f"{n} = f_{o}() if {t} > 3 else 5",
                        f"{n} = sum({o} * i for i in range(3))",
                        f"{n} = [{o} + i for i in range(2)][-1]",
                        f"{n} = (lambda x: x + {o})({t})",
                        f"def f_{n}(x={o}):\n    return f_{o}(x) + {t} if x < 9 else x",
                        f"def f_{n}(x={o}):\n    {t} = x\n    return {t} * 2",
                        f"def f_{n}(x=0):\n    def inner():\n        return x + {t}\n    return inner()",
                        f"class K_{n}:\n    held = {o}\n    def value(self):\n        return self.held + {t}",
                        f"class K_{n}:\n    {o} = {o}\n\n{n} = K_{n}.{o}",
                        f"table['k'] = {o}",
                        f"{n} = table['k']",
                        f"print({n})",
                        f"for i in range({number}):\n    i + {o}",
                        f"from math import pi as {n}",
                    ]
                )
            )
        )
    reads = " + ".join(draw(st.lists(st.sampled_from([*NAMES, "f_a(2)", "f_b()", "f_c(1)", "table['k']"]), min_size=1)))
    lines.append(f"def target(x={draw(name)}):\n    return x + {reads}")
    lines += draw(
        st.lists(st.sampled_from(["a = 9", "b = a + 1", "def f_c(x=2):\n    return x", "print(a)"]), max_size=2)
    )
    return "\n".join(lines) + "\n"


@given(notebooks())
def test_a_slice_gives_what_the_notebook_gives(text: str) -> None:
    """Run alone in an empty namespace, the slice's function returns what the whole notebook's returns."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            whole: Any = run(text)["target"]()
    except (RecursionError, TypeError, NameError):
        return  # such a notebook does not run at all
    assert run(sliced(text))["target"]() == whole


def test_only_what_is_needed() -> None:
    """Statements that the name does not need are left out; definitions keep their order."""
    text = (
        "import math\nimport os\nx = 1\ny = 2\ndef g():\n    return y\ndef target():\n    return g() + math.pi\nz = 3\n"
    )
    kept = [line for line in sliced(text).splitlines() if line]
    assert kept == ["import math", "y = 2", "def g():", "    return y", "def target():", "    return g() + math.pi"]


def test_the_last_binding_counts() -> None:
    """Names are read as a call at the notebook's end would read them."""
    text = "k = 1\ndef target():\n    return k\nk = 2\n"
    assert "k = 1" not in sliced(text)
    assert run(sliced(text))["target"]() == 2


def test_locals_parameters_and_comprehensions_are_not_globals() -> None:
    """Scoping is Python's: what a function binds itself is not looked for outside."""
    text = "n = print()\nfor i in range(2):\n    pass\ndef target(n):\n    return [i for i in range(n)]\n"
    assert sliced(text).startswith("def target")


def test_annotations_decorators_and_defaults_are_needed() -> None:
    """What a definition reads while it is made belongs to the slice."""
    text = (
        "import functools\nfrom numbers import Number\nsize = 3\n@functools.cache\n"
        "def target(x: Number = size) -> Number:\n    return x\n"
    )
    assert sliced(text).replace("\n\n", "\n") == text


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("for weights in range(3):\n    pass", "'weights' is bound by a for statement"),
        ("weights.append(4)", "'weights' is changed by a bare call"),
        ("while weights:\n    weights.pop()", "'weights' is changed by a while statement"),
        ("with open(0) as weights:\n    pass", "'weights' is bound by a with statement"),
    ],
)
def test_a_slice_never_needs_a_call_or_a_loop(statement: str, said: str) -> None:
    """A name that a loop, a bare call or a block makes is refused, with file and line."""
    text = f"weights = [1]\n{statement}\ndef target():\n    return weights\n"
    with pytest.raises(CourseError, match=rf"notebook.py:2: {said}"):
        sliced(text)


def test_calls_on_modules_change_no_definition() -> None:
    """``torch.manual_seed(0)`` in a cell does not make ``torch`` unusable."""
    text = "import random\nrandom.seed(0)\ndef target():\n    return random\n"
    assert "seed" not in sliced(text)


def test_a_name_without_a_definition_is_refused() -> None:
    """The message names the file and the name."""
    with pytest.raises(CourseError, match=r"notebook.py: defines no 'absent'"):
        sliced("x = 1\n", "absent")


def test_an_exercise_knows_which_lines_a_learner_writes(tiny_course: Project) -> None:
    """The lines of the solution region, and for each where it stands in the source."""
    source = parse(tiny_course.course / "01_tiny" / "morning.py")
    found = slicing.exercise_slice(source, "double")
    lines = found.text.split("\n")
    assert [lines[number - 1].strip() for number in sorted(found.written)] == ["return 2 * x"]
    file = source.path.read_text("utf-8").split("\n")
    assert all(file[at - 1] == line for line, at in zip(lines, found.lines, strict=False) if at)


def test_a_value_is_written_by_every_statement_of_its_region(tiny_course: Project) -> None:
    """Not only by the last, which binds its name."""
    source = parse(tiny_course.course / "01_tiny" / "morning.py")
    found = slicing.exercise_slice(source, "weights")
    lines = found.text.split("\n")
    assert [lines[number - 1] for number in sorted(found.written)] == ["half = 0.5", "weights = [half, 2 * half]"]


def test_definitions_are_those_of_the_part(tiny_course: Project) -> None:
    """The slice of an exercise by session, part and name."""
    text = slicing.definitions(tiny_course, "01_tiny", "morning", "double")
    assert run(text)["double"](4) == 8
    assert "SOLUTION" not in text


def test_a_star_import_may_bind_what_nothing_else_does() -> None:
    """It is kept where a name comes from nowhere else."""
    text = "from math import *\nfrom random import *\nx = 1\ndef target():\n    return x\n"
    assert "import" not in sliced(text)
    assert "from random import *" in sliced(text.replace("return x", "return seed"))


def test_a_name_borrowed_from_python_is_ours_until_it_is_given_back() -> None:
    """`def sum` hides Python's own until `del sum`: what was made of it in between is ours, what comes later is not."""
    text = """
def before(values):
    return sum(values)

def sum(values):
    return 7

ours = sum
del sum

def after(values):
    return sum(values)
"""
    assert run(sliced(text, "before"))["before"]([1, 2]) == 3
    assert run(sliced(text, "sum"))["sum"]([1, 2]) == 7
    assert run(sliced(text, "ours"))["ours"]([1, 2]) == 7
    assert run(sliced(text, "after"))["after"]([1, 2]) == 3
    assert "def sum" not in sliced(text, "after")
    kept = text.replace("del sum", "")
    assert run(sliced(kept, "before"))["before"]([1, 2]) == run(sliced(kept, "after"))["after"]([1, 2]) == 7
