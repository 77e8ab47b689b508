"""What `course verify` refuses in a source that builds: each with its line, none in the course as it is."""

import re
from pathlib import Path

import pytest

from coursekit.exercises.measurements import narrow
from coursekit.exercises.source_rules import refused
from coursekit.project import Project, find_parts
from tests.coursekit.conftest import MORNING, write_course
from tests.coursekit.reference_course import ROOT

SOUND = MORNING.replace(" The model reaches {ledger: 01_tiny.double.nothing.accuracy}.", "").replace(
    "[00_before]", "[]"
)
PLOT = "# %%\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\n"
MEASURED = '\n\n@exercise.ledger("digits", seeds=3)\ndef on_digits(solution, seed):\n    return {"accuracy": 1.0}\n'

CASES = {
    "no heading": ("# ### Exercise 1.1: double\n# Return", "# Return", r":24: no heading above 'double'"),
    "an unknown prerequisite": ("prerequisites: []", "prerequisites: [01_tine]", r":6: prerequisite '01_tine' .* mean 01_tiny\?"),
    "a misspelt figure": ("# Done.", "# {ledger: 01_tiny.double.digit.accuracy}", "mean 01_tiny.double.digits.accuracy"),
    "a figure of another form": ("# Done.", "# {ledger: double.digits}", "names no figure"),
    "a missing image": ("# Done.", "# Done.\n# ![a fault](fault.png)", "image 'fault.png' is missing"),
    "an HTML image": ("# Done.", '# <img src="fault.png" alt="a fault">', "image 'fault.png' is missing"),
    "a figure directive": ("# Done.", "# ```{figure} fault.png\n# :alt: a fault\n# ```", "image 'fault.png' is missing"),
    "an image of another host": ("# Done.", "# ![a](https://a.org/b.png)", "is on another host"),
    "an image beside the source": ("# Done.", "# ![a](morning.py)", "does not travel"),
    "a plot without words": ("# %% [markdown]\n# ## Summary", PLOT + "\n# %% [markdown]\n# ## Summary", "plt.subplots draws"),
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The tiny course without the two things that are wrong with it."""
    found = write_course(tmp_path, {"morning": SOUND})
    path = found.course / "01_tiny" / "exercises" / "double.py"
    path.write_text(path.read_text() + MEASURED)
    return found


@pytest.mark.parametrize(("old", "new", "words"), CASES.values(), ids=CASES)
def test_it_is_refused_with_its_line(project: Project, old: str, new: str, words: str) -> None:
    """One line, which names the file, the line of what is wrong, and the cause."""
    source = project.course / "01_tiny" / "morning.py"
    assert refused(project, ["01_tiny.morning"]) == []
    assert SOUND.count(old) == 1
    source.write_text(SOUND.replace(old, new))
    (line,) = refused(project, ["01_tiny.morning"])
    assert re.search(words, line)
    number = int(line.split(":")[1])
    assert set(source.read_text().split("\n")[number - 1].split()) & set(new.split()) or "no heading" in line


@pytest.mark.parametrize("ending", ['plot.alt(fig, "two points")', 'dlmodule.plot.alt(fig, "two points")'])
def test_a_plot_with_words_passes(project: Project, ending: str) -> None:
    """Also where the figure is drawn by a function of the same cell."""
    source = project.course / "01_tiny" / "morning.py"
    source.write_text(SOUND + "\n" + PLOT + ending + "\n")
    assert refused(project, ["01_tiny.morning"]) == []


def test_what_is_measured_later_may_be_quoted(project: Project) -> None:
    """A figure that an exercise declares and nobody has measured yet is no misspelling."""
    source = project.course / "01_tiny" / "morning.py"
    source.write_text(SOUND.replace("# Done.", "# {ledger: 01_tiny.double.digits.accuracy}"))
    assert refused(project, ["01_tiny.morning"]) == []


def test_a_source_that_cannot_be_read_stops_no_other(project: Project) -> None:
    """Its line stands beside those of the others."""
    (project.course / "01_tiny" / "afternoon.py").write_text("no header")
    (project.course / "01_tiny" / "morning.py").write_text(SOUND.replace("# Done.", "# ![a](b.png)"))
    first, second = refused(project, ["01_tiny.afternoon", "01_tiny.morning"])
    assert "afternoon.py:1: a source begins" in first and "b.png" in second


def test_the_course_keeps_the_rules() -> None:
    """Nothing in any source of the course is refused."""
    project = Project(ROOT)
    assert refused(project, [part.id for part in find_parts(project)]) == []


@pytest.mark.parametrize(
    ("right", "mistake", "bar", "words"),
    [
        ([0.90, 0.92, 0.94], [0.50, 0.52, 0.54], 0.72, ""),
        ([0.90, 0.92, 0.94], [0.50, 0.52, 0.54], 0.89, "right answer"),
        ([0.70, 0.80, 0.90], [0.50, 0.52, 0.54], 0.62, "right answer"),
        ([0.90, 0.92, 0.94], [0.10, 0.50, 0.60], 0.64, "mistake 'timid'"),
    ],
)
@pytest.mark.parametrize("sign", [1, -1], ids=["higher", "lower"])
def test_a_bar_lies_farther_off_than_the_spread(
    sign: int, right: list[float], mistake: list[float], bar: float, words: str
) -> None:
    """From right answers and from the mistake; the same where lower is better."""
    values = {"right": {"solution": right}, "mistakes": {"timid": mistake, "other": [float("nan")] * 3}}
    turned = {kind: {n: [sign * v for v in column] for n, column in rows.items()} for kind, rows in values.items()}
    said = narrow({"higher": sign > 0, "bar": sign * bar, **turned})
    assert (words in said) and bool(said) == bool(words)
