"""What a check keeps of an attempt."""

from pathlib import Path

from dlmodule.checking.diagnosis import RIGHT, WRONG, Diagnosis
from dlmodule.checking.progress import Progress


def test_a_trainings_figure_is_kept_beside_the_attempt(tmp_path: Path) -> None:
    """Right or below the bar; an exercise that trains nothing has none, and a diverged training none that is a number."""
    progress = Progress(tmp_path / "progress.jsonl")
    for status, figure in ((RIGHT, 0.744), (WRONG, 0.31), (WRONG, float("nan")), (RIGHT, None)):
        progress.record(Diagnosis("01_intro_and_ffns.train_digits", status, "", "measured", figure=figure))
    assert [attempt.get("figure") for attempt in progress.load()] == [0.744, 0.31, None, None]
