"""The reader of percent files, against jupytext."""

import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.sources.percent import read

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jupytext

HEADER = "# ---\n# title: t\n# ---\n\n"


def lines(*choices: str) -> st.SearchStrategy[list[str]]:
    """Some of ``choices`` and blank lines, with something on the first line."""
    rest = st.lists(st.sampled_from(["", *choices]), max_size=5)
    return st.tuples(st.sampled_from(choices), rest).map(lambda drawn: [drawn[0], *drawn[1]])


prose = lines("Some words.", "## A heading", "- item", "    code", "$x^2$")
code = lines("x = 1", "# a comment", "def f():\n    return 2", "print(x)")
cells = st.lists(
    st.one_of(st.tuples(st.just("markdown"), prose), st.tuples(st.just("code"), code)), min_size=1, max_size=6
)


def write(path: Path, cells: list[tuple[str, list[str]]]) -> None:
    """A percent file of ``cells``."""
    blocks = [HEADER]
    for kind, lines in cells:
        if kind == "markdown":
            blocks.append("# %% [markdown]\n" + "\n".join(f"# {line}" if line else "#" for line in lines) + "\n\n")
        else:
            blocks.append("# %%\n" + "\n".join(lines) + "\n\n")
    path.write_text("".join(blocks), encoding="utf-8")


@given(cells=cells)
def test_cells_are_those_that_jupytext_reads(
    cells: list[tuple[str, list[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Kinds and texts equal jupytext's, and each cell's line is where its text stands in the file."""
    path = tmp_path_factory.mktemp("percent") / "morning.py"
    write(path, cells)
    theirs = jupytext.reads(path.read_text(), fmt="py:percent").cells[1:]
    ours = read(path).cells
    assert [(c["cell_type"], c["source"].strip("\n")) for c in theirs] == [(c.kind, c.text.strip("\n")) for c in ours]
    lines = path.read_text().split("\n")
    for cell in ours:
        first = cell.text.split("\n")[0]
        assert lines[cell.line - 1].removeprefix("# " if cell.kind == "markdown" else "") in (first, "#", "")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("x = 1\n", 1, "begins with a header"),
        ("# ---\n# title: t\n", 1, "no closing line"),
        ("# ---\n# title: t\n# ---\nx = 1\n", 4, "before the first cell"),
        ("# ---\n# t: t\n# ---\n# %% [raw]\n", 4, "unknown cell marker"),
        ("# ---\n# t: t\n# ---\n# %% [markdown]\n# a\nb\n", 6, "begins with `# `"),
        ("# ---\n# t: t\n# ---\n# %% tags=[one]\n1\n", 4, "tags"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    """What is no percent file is refused in one line that begins ``file:line:``."""
    path = tmp_path / "morning.py"
    path.write_text(text)
    with pytest.raises(CourseError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert says in str(caught.value)


def test_tags_are_kept(tmp_path: Path) -> None:
    """``tags=["a"]`` on a marker becomes the cell's tags."""
    path = tmp_path / "morning.py"
    path.write_text(HEADER + '# %% tags=["hide-input", "wide"]\n1\n')
    assert read(path).cells[0].tags == ("hide-input", "wide")
