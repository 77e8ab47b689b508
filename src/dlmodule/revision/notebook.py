"""What the revision notebook works with: its agenda, checks of exercises from every day, answers that you mark yourself, and how
well your confidence agrees with the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from dlmodule.checking.diagnosis import Diagnosis
from dlmodule.checking.judge import Check
from dlmodule.checking.progress import Progress
from dlmodule.errors import DLModuleError
from dlmodule.progress_bar import in_notebook
from dlmodule.revision.agenda import Entry, Item, agenda

BINS = 5  # of confidence, as many as forty answers fill


@dataclass(frozen=True)
class Answer:
    """A question answered: how sure the learner was, 0 to 1, and whether it was right."""

    sure: float
    right: bool


class Revision:
    """A learner's revision, kept in the record of attempts beside those of the checks.

    ``part`` is the notebook's name, SESSION.PART, so that the home leads back to it. ``progress`` is where attempts are kept (default:
    this learner's), ``clock`` gives the present moment, aware.
    """

    def __init__(
        self, part: str, progress: Progress | None = None, clock: Callable[[], datetime] | None = None
    ) -> None:
        self._progress = replace(progress or Progress.local(), part=part)
        self._clock = clock or (lambda: datetime.now(UTC).astimezone())

    def agenda(self, *items: tuple[str, str, int], shown: int = 10) -> None:
        """Show what to revise first, of ``items`` (id, title, minutes): ``shown`` entries, in a notebook with links to them."""
        known = [Item(name, name.split(".")[0], title, minutes) for name, title, minutes in items]
        entries = agenda(known, self._progress.load(), at=self._clock())[:shown]
        lines = [_line(number, entry) for number, entry in enumerate(entries, 1)]
        if in_notebook():
            from IPython.display import Markdown, display

            display(Markdown("\n".join(lines)))  # type: ignore[no-untyped-call]
        else:
            print("\n".join(lines))

    def check(self, exercise: str, answer: Any) -> Diagnosis:
        """Judge ``answer`` to ``exercise``, SESSION.EXERCISE, with that session's own check."""
        session, _, name = exercise.partition(".")
        return Check(session, self._progress)(name, answer)

    def answered(self, question: str, *, sure: float | None, right: bool | None) -> None:
        """Record how an answer to ``question`` went. sure: how sure you were before you looked, 0 to 1; right: whether it was.

        Nothing is recorded until both are filled in. Raises DLModuleError for what is neither.
        """
        if sure is None or right is None:
            print("Write your answer down. Fill in sure (0 to 1) before you look, and right (True or False) after.")
            return
        if isinstance(sure, bool) or not isinstance(sure, int | float) or not 0 <= sure <= 1:
            raise DLModuleError(f"sure is a number from 0 to 1, not {sure!r}")
        if not isinstance(right, bool):
            raise DLModuleError(f"right is True or False, not {right!r}")
        at = self._clock().astimezone(UTC).isoformat(timespec="seconds")
        status = "right" if right else "wrong"
        self._progress.append({"exercise": question, "status": status, "at": at, "sure": float(sure)})
        print(f"Recorded: {status}, and you were {sure:.0%} sure.")

    def answers(self) -> list[Answer]:
        """The last answer to each question that has one on record."""
        last: dict[str, Answer] = {}
        for attempt in sorted(self._progress.load(), key=lambda attempt: str(attempt.get("at"))):
            sure = attempt.get("sure")
            if isinstance(sure, float) and 0 <= sure <= 1 and attempt.get("status") in ("right", "wrong"):
                last[attempt["exercise"]] = Answer(sure, attempt["status"] == "right")
        return list(last.values())

    def reliability(self) -> None:
        """Show your reliability diagram: how often you were right, for each degree of confidence."""
        answers = self.answers()
        if not answers:
            print("No question is answered yet. Answer some above, then run this cell again.")
            return
        right = sum(answer.right for answer in answers) / len(answers)
        sure = sum(answer.sure for answer in answers) / len(answers)
        print(
            f"{len(answers)} questions: right {right:.0%}, on average {sure:.0%} sure, Brier score {brier(answers):.3f}"
        )
        _draw(binned(answers), len(answers))


def brier(answers: Sequence[Answer]) -> float:
    """The mean squared difference between confidence and truth: 0 is perfect, 0.25 is what "50 % sure" always gets."""
    return sum((answer.sure - answer.right) ** 2 for answer in answers) / len(answers)


def binned(answers: Sequence[Answer]) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, how many) of each fifth of the scale that holds answers."""
    groups: dict[int, list[Answer]] = {}
    for answer in answers:
        groups.setdefault(min(int(answer.sure * BINS), BINS - 1), []).append(answer)
    return [
        (sum(a.sure for a in group) / len(group), sum(a.right for a in group) / len(group), len(group))
        for _, group in sorted(groups.items())
    ]


def _line(number: int, entry: Entry) -> str:
    item = entry.item
    place = item.title.replace(" ", "-")  # how JupyterLab names a heading
    title = f"[{item.title}](#{place})" if in_notebook() else item.title
    return f"{number}. {title} (day {item.topic[:2]}, {item.minutes} min): {entry.why}"


def _draw(points: Sequence[tuple[float, float, int]], count: int) -> None:
    import matplotlib.pyplot as plt

    from dlmodule import plot

    fig, ax = plt.subplots(figsize=(4.2, 3.8))
    ax.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--")
    ax.plot([sure for sure, _, _ in points], [right for _, right, _ in points], marker="o")
    for sure, right, several in points:
        ax.annotate(str(several), (sure, right), textcoords="offset points", xytext=(7, -11))
    ax.set(xlabel="how sure you were", ylabel="share right", xlim=(-0.03, 1.06), ylim=(-0.06, 1.06))
    calibration = "; ".join(f"{sure:.0%} sure, {right:.0%} right of {several}" for sure, right, several in points)
    plot.alt(fig, f"Reliability of {count} answers against the diagonal: {calibration}.")
