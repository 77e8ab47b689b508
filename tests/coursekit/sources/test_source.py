"""A source keeps its rules, or says in one line which it breaks and where."""

from collections.abc import Callable
from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.sources.source import Role, parse
from tests.coursekit.conftest import EXERCISES, MORNING, write_course

HEADER = MORNING[: MORNING.index("# %%")]
CHECK = '# %%\nfrom dlmodule.checking import checks\n\ncheck = checks("01_tiny")\n\n'
DOUBLE = (
    "# %%\ndef double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n\n# %%\ncheck(double)\n\n"
)


def test_cells_know_their_roles(tiny_course: Project) -> None:
    """Heading, definition and check of each exercise are found; exercises come in the order of the source."""
    source = parse(tiny_course.course / "01_tiny" / "morning.py")
    assert (source.session, source.part, source.header.title) == ("01_tiny", "morning", "Tiny: doubling and tripling")
    assert [meta.name for meta in source.exercises] == ["double", "weights", "Counter", "find_the_bug"]
    for name in ("double", "weights", "Counter", "find_the_bug"):
        found = [role.kind for cell in source.cells for role in cell.roles if role.exercise == name]
        assert found == ["heading", "defines", "checks"]


def test_lines_are_those_of_the_file(tiny_course: Project) -> None:
    """Each cell's line is where its text stands in the file."""
    path = tiny_course.course / "01_tiny" / "morning.py"
    lines = path.read_text().split("\n")
    for cell in parse(path).cells:
        assert lines[cell.line - 1].endswith(cell.text.split("\n")[0])


def test_a_method_may_be_an_exercise(tmp_path: Path) -> None:
    """An exercise that is a method is defined by the class that holds it, and checked by name."""
    text = (
        HEADER
        + CHECK
        + "# %% [markdown]\n# ## Exercise 1.1: a method\n\n# %%\nclass Value:\n    def double(self, x):\n"
        + "        ### BEGIN SOLUTION\n        return 2 * x\n        ### END SOLUTION\n\n"
        + '# %%\ncheck("double", Value().double)\n'
    )
    source = parse_text(tmp_path, text)
    assert [cell.roles for cell in source.cells if cell.roles] == [
        (Role("heading", "double"),),
        (Role("defines", "double"),),
        (Role("checks", "double"),),
    ]


def parse_text(tmp_path: Path, text: str, exercises: tuple[str, ...] = ("double",)):  # type: ignore[no-untyped-def]
    project = write_course(tmp_path / "course", {"morning": text}, {name: EXERCISES[name] for name in exercises})
    return parse(project.course / "01_tiny" / "morning.py")


def after_header(text: str) -> str:
    return HEADER + text


BROKEN: dict[str, tuple[Callable[[], str], tuple[str, ...], str, str]] = {
    "header is not YAML": (lambda: "# ---\n# title: [\n# ---\n", (), "morning.py:2: ", "not YAML"),
    "header lacks a title": (lambda: HEADER.replace("# title", "# titel"), (), "morning.py:2: ", "title"),
    "header has an unknown key": (lambda: HEADER.replace("# data:", "# dates:"), (), "morning.py:8: ", "dates"),
    "header has a wrong number": (lambda: HEADER.replace("cpu: 1,", "cpu: -1,"), (), "morning.py:7: ", "cpu"),
    "header counts by hand": (
        lambda: HEADER.replace("{cpu", "{study: 20, cpu"),
        (),
        "morning.py:7: ",
        "study is counted",
    ),
    "header is empty": (lambda: "# ---\n# ---\n", (), "morning.py:2: ", "key: value"),
    "syntax error": (lambda: after_header("# %%\nx = 1\nx = (\n"), (), "morning.py:13: ", "syntax error"),
    "a magic": (lambda: after_header("# %%\nx = 1\n%timeit x\n"), (), "morning.py:13: ", "magic"),
    "a shell line": (lambda: after_header("# %%\n!ls\n"), (), "morning.py:12: ", "magic"),
    "input": (lambda: after_header("# %%\n\nx = input('?')\n"), (), "morning.py:13: ", "input()"),
    "a region left open": (
        lambda: after_header("# %%\nx = 1\n### BEGIN SOLUTION\nx = 2\n"),
        (),
        "morning.py:13: ",
        "without an END",
    ),
    "a title in the prose": (lambda: after_header("# %% [markdown]\n# # T\n"), (), "morning.py:12: ", "header"),
    "a skipped heading": (
        lambda: after_header("# %% [markdown]\n# ## A\n# #### B\n"),
        (),
        "morning.py:13: ",
        "skips a level",
    ),
    "a heading that says what is core": (
        lambda: after_header("# %% [markdown]\n# ## Exercise 1.1: a (core)\n"),
        (),
        "morning.py:12: ",
        "core=True",
    ),
    "an image without alt text": (
        lambda: after_header("# %% [markdown]\n# a\n# ![ ](x.png)\n"),
        (),
        "morning.py:13: ",
        "alt text",
    ),
    "an HTML image without alt text": (
        lambda: after_header('# %% [markdown]\n# <img src="x.png">\n'),
        (),
        "morning.py:12: ",
        "alt text",
    ),
    "a figure without alt text": (
        lambda: after_header("# %% [markdown]\n# ```{figure} x.png\n# :width: 3\n# ```\n"),
        (),
        "morning.py:12: ",
        "alt text",
    ),
    "a check of an unknown exercise": (
        lambda: after_header(CHECK + "# %%\ndef triple(x): ...\n\ncheck(triple)\n"),
        (),
        "morning.py:19: ",
        "unknown exercise",
    ),
    "a check of an unknown name": (
        lambda: after_header(CHECK + "# %%\ncheck(doubel)\n"),
        ("double",),
        "morning.py:17: ",
        "nothing above it defines",
    ),
    "a check of an expression": (
        lambda: after_header(CHECK + "# %%\ncheck(lambda x: x)\n"),
        ("double",),
        "morning.py:17: ",
        "is written",
    ),
    "the check of another session": (
        lambda: after_header(CHECK.replace("01_tiny", "02_other")),
        (),
        "morning.py:14: ",
        "02_other",
    ),
    "an exercise without a definition": (
        lambda: after_header(CHECK),
        ("double",),
        "double.py:1: ",
        "holds no definition",
    ),
    "an exercise whose answer would show": (
        lambda: after_header(CHECK + "# %%\ndef double(x):\n    return 2 * x\n\n# %%\ncheck(double)\n"),
        ("double",),
        "morning.py:17: ",
        "neither a solution region nor a starter",
    ),
    "a duplicate exercise": (
        lambda: after_header(CHECK + DOUBLE + DOUBLE),
        ("double",),
        "morning.py:26: ",
        "duplicate",
    ),
    "an exercise that is never checked": (
        lambda: after_header(CHECK + DOUBLE.replace("check(double)", "pass")),
        ("double",),
        "morning.py:17: ",
        "never checked",
    ),
}


@pytest.mark.parametrize(("text", "exercises", "where", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_is_named_with_file_and_line(
    tmp_path: Path, text: Callable[[], str], exercises: tuple[str, ...], where: str, says: str
) -> None:
    """Each broken rule is one line: file, line, and what to mend."""
    with pytest.raises(CourseError) as caught:
        parse_text(tmp_path, text(), exercises)
    message = str(caught.value)
    assert where in message
    assert says in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "prose",
    [
        "# ```python\n# # a comment\n# ![](x.png)\n# ```",
        '# <img src="x.png" alt="a fault">',
        "# ![a fault](x.png) and `![](y.png)`",
        "# ```{figure} x.png\n# :alt: a fault\n# ```",
        "# ## A\n# ### B\n# ## C",
    ],
)
def test_what_keeps_the_rules_passes(tmp_path: Path, prose: str) -> None:
    """Code in fences and spans is no markdown; text alternatives and nested headings are fine."""
    assert len(parse_text(tmp_path, after_header(f"# %% [markdown]\n{prose}\n"), ()).cells) == 1
