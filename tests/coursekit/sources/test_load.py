"""The load of a part: what is counted, and when it fits its slot."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.build import build
from coursekit.project import Project
from coursekit.schedule.course_table import lecture_rows
from coursekit.sources.load import Load, load_of
from coursekit.sources.source import parse
from tests.coursekit.conftest import EXERCISES, MORNING, write_course

FIFTEEN = "fifteen words make a tenth of a minute so ten of these lines take one minute"


def marked(*names: str) -> dict[str, str]:
    """The tiny course's exercises, those of ``names`` marked as core."""
    return {
        n: t.replace("    minutes=5,", "    minutes=5,\n    core=True,") if n in names else t
        for n, t in EXERCISES.items()
    }


def load(root: Path, text: str, exercises: dict[str, str] | None = None) -> Load:
    project = write_course(root, {"morning": text}, exercises)
    return load_of(parse(project.course / "01_tiny" / "morning.py"))


def test_words_exercises_and_predictions_are_counted(tmp_path: Path) -> None:
    """300 words more are two minutes more; a prediction is two; code counts for nothing."""
    plain = load(tmp_path / "plain", MORNING)
    assert (plain.every, plain.core, plain.marked) == (20, 20, False)
    words = "\n".join(f"# {FIFTEEN}." for _ in range(20))
    longer = load(tmp_path / "longer", MORNING.replace("# Done.", words))
    assert longer.minutes - plain.minutes == 2
    predicting = load(tmp_path / "predicting", MORNING.replace("# Done.", "# **Predict.** How many?"))
    assert predicting.minutes - plain.minutes == 2
    assert load(tmp_path / "code", MORNING + f'\n# %%\nx = """{FIFTEEN * 50}"""\n') == plain


def test_core_is_what_is_marked(tmp_path: Path) -> None:
    """With one exercise of four marked, the core holds its five minutes; everything stays everything."""
    found = load(tmp_path, MORNING, marked("weights"))
    assert (found.core, found.every, found.marked) == (5, 20, True)
    assert found.everything - found.minutes == 15


@given(st.builds(Load, *[st.integers(0, 400)] * 3, st.booleans()), st.integers(1, 480))
def test_a_part_fits_when_0_15_of_its_slot_stay_free(load: Load, slot: int) -> None:
    """Compared in whole numbers, so that rounding plays no part."""
    assert load.fits(slot) == (20 * load.minutes <= 17 * slot) or abs(load.minutes - 0.85 * slot) < 1e-9


@pytest.mark.parametrize(("core", "words"), [((), "no exercise is marked core=True"), (("double",), "its core takes")])
def test_a_build_says_where_a_part_overruns(tmp_path: Path, core: tuple[str, ...], words: str) -> None:
    """Once, when the part is made; one that fits is not mentioned."""
    project: Project = write_course(tmp_path, {"morning": MORNING}, marked(*core))
    assert build(project, keys=False).overruns == []
    source = project.course / "01_tiny" / "morning.py"
    source.write_text(MORNING.replace("# Done.", "\n".join(f"# {FIFTEEN}." for _ in range(1500))))
    (line,) = build(project, keys=False).overruns
    assert line.startswith("01_tiny.morning: ") and words in line and "180 min holds 153" in line
    assert build(project, keys=False).overruns == []
    (row, *_) = lecture_rows(project)
    assert row.overrun == line
