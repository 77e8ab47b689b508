"""What cost a class most: exercise by exercise, from marks and from the attempts that learners chose to export.

Learners are counted, never named. A number that fewer than ``FEWEST`` of them make up is left out, where one could tell who is who.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coursekit.errors import CourseError
from coursekit.marking.deciding import NOT_STARTED, TO_BE_MARKED
from coursekit.marking.marking import Marked
from dlmodule.coursework.receipts import SEALED

FEWEST = 3
LARGEST = 16 << 20  # bytes of an exported file


@dataclass
class Insight:
    """One exercise in a class. lost: of all the marks that could be had, the share that was not; None where nothing was marked.

    tried, solved: learners in the exported attempts; attempts: their number until it was right, on average (or until now).
    mistakes: how many learners made each, the most frequent first.
    """

    exercise: str
    learners: int = 0
    lost: float | None = None
    not_started: int = 0
    tried: int = 0
    solved: int = 0
    attempts: float = 0.0
    mistakes: list[tuple[str, int]] = field(default_factory=list)

    @property
    def weight(self) -> float:
        """How much it deserves a place in the review: the share that was lost, or of learners who tried in vain, and attempts."""
        in_vain = 1 - self.solved / self.tried if self.tried else 0.0
        return max(self.lost or 0.0, in_vain) + min(self.attempts, 20) / 100


def insights(marked: Mapping[str, Sequence[Marked]], attempts: Sequence[Sequence[Mapping[str, Any]]]) -> list[Insight]:
    """Every exercise, the one that cost most first. marked: by assessment, of each learner; attempts: of each learner who exported."""
    found: dict[str, Insight] = {}
    made: dict[str, Counter[str]] = defaultdict(Counter)
    for assessment, of_class in marked.items():
        _count_marks(assessment, of_class, found, made)
    _count_attempts(attempts, found, made)
    for name, insight in found.items():
        insight.mistakes = [(mistake, count) for mistake, count in made[name].most_common() if count >= FEWEST]
    shown = [insight for insight in found.values() if max(insight.learners, insight.tried) >= FEWEST]
    return sorted(shown, key=lambda insight: (-insight.weight, insight.exercise))


def _count_marks(
    assessment: str, of_class: Sequence[Marked], found: dict[str, Insight], made: dict[str, Counter[str]]
) -> None:
    had: dict[str, float] = defaultdict(float)
    could: dict[str, float] = defaultdict(float)
    for marked in of_class:
        for mark in marked.exercises:
            if not mark.of or mark.status == TO_BE_MARKED:
                continue
            name = f"{assessment}.{mark.exercise}"
            insight = found.setdefault(name, Insight(name))
            insight.learners += 1
            insight.not_started += mark.status == NOT_STARTED
            had[name] += mark.marks
            could[name] += mark.of
            if mark.mistake:
                made[name][mark.mistake] += 1
    for name, most in could.items():
        found[name].lost = round(1 - had[name] / most, 3)


def _count_attempts(
    attempts: Sequence[Sequence[Mapping[str, Any]]], found: dict[str, Insight], made: dict[str, Counter[str]]
) -> None:
    needed: dict[str, list[int]] = defaultdict(list)
    for of_learner in attempts:
        by_exercise: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for attempt in of_learner:
            by_exercise[str(attempt["exercise"])].append(attempt)
        for name, tries in by_exercise.items():
            insight = found.setdefault(name, Insight(name))
            rights = [number for number, attempt in enumerate(tries, 1) if attempt.get("status") == "right"]
            insight.tried += 1
            insight.solved += bool(rights)
            needed[name].append(rights[0] if rights else len(tries))
            made[name].update({str(attempt["mistake"]) for attempt in tries if attempt.get("mistake")})
    for name, counts in needed.items():
        found[name].attempts = round(sum(counts) / len(counts), 1)


def read_exports(folder: Path) -> list[list[dict[str, Any]]]:
    """The attempts in every file of ``folder`` that a learner's home exported, a list for each. CourseError for one that is none."""
    return [_export(path) for path in sorted(folder.glob("*.json"))]


def _export(path: Path) -> list[dict[str, Any]]:
    try:
        if path.stat().st_size > LARGEST:
            raise CourseError(f"is larger than {LARGEST >> 20} MB", file=path)
        attempts = json.loads(path.read_text("utf-8"))["attempts"]
        if not all(isinstance(attempt["exercise"], str) for attempt in attempts):
            raise TypeError("an attempt at no exercise")
        return [attempt for attempt in attempts if attempt.get("status") != SEALED]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise CourseError("is no progress that the course's home exported", file=path) from None


@dataclass(frozen=True)
class Whereabouts:
    """How far a learner is who sent their progress: exercises tried and solved, and the last one they worked on."""

    learner: str
    tried: int
    solved: int
    last: str


def whereabouts(folder: Path) -> list[Whereabouts]:
    """A row for each file of ``folder``, by its name, which the learner or the team chose. CourseError for a file that is no export."""
    rows = []
    for path in sorted(folder.glob("*.json")):
        attempts = _export(path)
        tried = {attempt["exercise"] for attempt in attempts}
        solved = {attempt["exercise"] for attempt in attempts if attempt.get("status") == "right"}
        last = max(attempts, key=lambda attempt: str(attempt.get("at", "")), default=None)
        rows.append(Whereabouts(path.stem, len(tried), len(solved), last["exercise"] if last else "-"))
    return rows


def agenda(
    found: Sequence[Insight],
    titles: Mapping[str, str],
    sentences: Mapping[str, str],
    requests: Iterable[str],
    *,
    most: int = 8,
) -> str:
    """The review session's agenda as Markdown: what learners asked for, then what cost them most.

    sentences: what a check says of a mistake, by ``SESSION.EXERCISE.MISTAKE``. requests: a line for each request; the same words are
    counted together.
    """
    lines = ["# Review", ""]
    asked = Counter(" ".join(request.split()) for request in requests if request.strip())
    if asked:
        lines += [
            "## You asked for",
            "",
            *(f"- {text}{f' ({n} times)' if n > 1 else ''}" for text, n in asked.most_common()),
            "",
        ]
    lines += ["## What cost you most", ""]
    for insight in found[:most]:
        lines += [
            f"### {titles.get(insight.exercise, insight.exercise)}",
            "",
            f"`{insight.exercise}`: {_facts(insight)}.",
            "",
        ]
        for mistake, count in insight.mistakes[:3]:
            said = sentences.get(f"{insight.exercise}.{mistake}", mistake.replace("_", " "))
            lines.append(f"- {count} learners: {said}")
        lines += [""] if insight.mistakes else []
    return "\n".join(lines).rstrip() + "\n"


def _facts(insight: Insight) -> str:
    facts = []
    if insight.lost is not None:
        facts.append(f"{insight.lost:.0%} of the marks were lost")
    if insight.not_started:
        facts.append(f"{insight.not_started} of {insight.learners} did not start")
    if insight.tried:
        facts.append(f"{insight.solved} of {insight.tried} solved it, after {insight.attempts:g} attempts on average")
    return ", ".join(facts)
