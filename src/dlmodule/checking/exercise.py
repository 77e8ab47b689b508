"""The authoring side of a check: what one file under ``course/SESSION/exercises/`` declares.

An ``Exercise`` is an explicit object (nothing is registered behind the author's back). It holds data about the
exercise, its cases, the mistakes people really make, each with the sentence that should meet it, and right answers
written in other ways. Keys are recorded from it; a learner never receives the file itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from dlmodule.checking.case import Case
from dlmodule.checking.probes import Probe, call, custom

AUTOGRAD = ("grad", "backward")  # what torch calls the ways into it
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Edit:
    """A change of the solution's text: ``old``, which occurs ``count`` times, becomes ``new``."""

    old: str
    new: str
    count: int = 1


@dataclass(frozen=True)
class Mistake:
    """A wrong answer people really give, and the sentence that should meet it.

    It is written out as ``candidate``, or is the solution with ``edits``. is_value: ``candidate()`` makes the answer.
    """

    name: str
    sentence: str
    candidate: Any = None
    is_value: bool = False
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Alternative:
    """A right answer written differently: ``candidate`` or ``edits`` of the solution, as in ``Mistake``."""

    name: str
    candidate: Any = None
    is_value: bool = False
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Bug:
    """A planted bug: ``wrong`` stands in the starter where the solution has ``right``.

    sentence: meets an answer in which it alone is left. left: what is still to find, in words for a list of several.
    """

    name: str
    right: str
    wrong: str
    sentence: str
    left: str


@dataclass(frozen=True)
class Measured:
    """A training exercise: right when ``metric`` of the probe's outcome is beyond the bar that stands in the ledger."""

    metric: str
    higher: bool = True


class Exercise:
    """One exercise: its facts, cases, mistakes and alternatives.

    difficulty: 1 (a line) to 5 (hard). minutes: what most learners need; move_on: minutes after which moving on is the
    better use of time (default: twice as many). core: whether a learner who is short of time should still do it. hints:
    two, from a direction to a step; no hint prints the answer. title and part: those of the notebook, whose heading
    and whose definition tell them, unless said. starter: the code a learner begins from, where it is neither an empty body
    nor the solution with a ``bug`` in it. probe: how an answer is tried (default: it is called). forbidden: torch functions
    that would do the whole work, each with the sentence that says why an answer may not call it ("autograd" stands for all
    ways into it); the text of the exercise says so too. measured: for training exercises.
    """

    def __init__(
        self,
        *,
        difficulty: int,
        minutes: int,
        hints: tuple[str, ...],
        core: bool = False,
        move_on: int | None = None,
        title: str = "",
        part: str = "",
        probe: Probe | None = None,
        starter: str | None = None,
        forbidden: Mapping[str, str] | None = None,
        measured: Measured | None = None,
    ) -> None:
        self.difficulty, self.minutes, self.hints, self.core = difficulty, minutes, hints, core
        self.move_on = 2 * minutes if move_on is None else move_on
        self.title, self.part, self.starter, self.measured = title, part, starter, measured
        self.forbidden = {
            name: why for key, why in (forbidden or {}).items() for name in (AUTOGRAD if key == "autograd" else (key,))
        }
        self.chosen_probe: Probe = self._watched(probe or call())
        self.mistakes: list[Mistake] = []
        self.alternatives: list[Alternative] = []
        self.bugs: list[Bug] = []
        self.equivalents: dict[str, str] = {}
        self.confirmed: dict[str, str] = {}
        self.ledger_functions: dict[str, tuple[Callable[..., dict[str, float]], int]] = {}
        self._cases: Callable[[], Iterable[Case]] = lambda: (Case(),)

    def _watched(self, probe: Probe) -> Probe:
        """``probe``, which stops an answer at a forbidden function."""
        return replace(probe, options={**probe.options, "forbidden": self.forbidden}) if self.forbidden else probe

    @property
    def begins_from_code(self) -> bool:
        """Whether a learner begins from code that runs: a starter, or the solution with bugs in it."""
        return self.starter is not None or bool(self.bugs)

    def cases(self, function: Callable[[], Iterable[Case]]) -> Callable[[], Iterable[Case]]:
        """Decorator: ``function`` yields the cases, smallest first. Without one there is a single empty case."""
        self._cases = function
        return function

    def all_cases(self) -> list[Case]:
        """The cases, in the author's order."""
        return list(self._cases())

    def mistake(self, sentence: str, *, value: bool = False) -> Callable[[F], F]:
        """Decorator: a wrong answer, named by its function or class, met by ``sentence``.

        ``value=True``: the function takes no argument and returns the wrong value (value exercises).
        """

        def keep(candidate: F) -> F:
            self.mistakes.append(Mistake(candidate.__name__, sentence, candidate, is_value=value))
            return candidate

        return keep

    def edit(
        self, name: str, old: str | Sequence[str], new: str | Sequence[str], sentence: str, *, count: int = 1
    ) -> None:
        """A wrong answer made from the solution's text by replacing ``old``, which occurs ``count`` times, by ``new``.

        Several places are changed at once where ``old`` and ``new`` are tuples of texts.
        """
        olds, news = ((text,) if isinstance(text, str) else text for text in (old, new))
        edits = tuple(Edit(*pair, count) for pair in zip(olds, news, strict=True))
        self.mistakes.append(Mistake(name, sentence, edits=edits))

    def bug(self, name: str, right: str, wrong: str, sentence: str = "", *, left: str = "") -> None:
        """Plant a bug: the starter has ``wrong`` where the solution has ``right``, which occurs once.

        Left over alone it is a mistake, met by ``sentence``; an only bug needs none, since with it the answer is the
        starter. The answers in which several are left follow by themselves, met by
        a list of what each ``left`` says: the symptom or the place, not the repair (default: the name in words).
        """
        self.bugs.append(Bug(name, right, wrong, sentence, left or name.replace("_", " ")))

    def all_mistakes(self) -> list[Mistake]:
        """The mistakes, in the author's order, after those that the bugs make: each left over, then several together."""
        left_over = [left for count in range(1, len(self.bugs)) for left in itertools.combinations(self.bugs, count)]
        return [*map(_left_over, left_over), *self.mistakes]

    def alternative(self, candidate: Any = None, *, value: bool = False) -> Any:
        """Decorator: another right answer, written differently."""
        if candidate is None:
            return lambda late: self.alternative(late, value=value)
        self.alternatives.append(Alternative(candidate.__name__, candidate, is_value=value))
        return candidate

    def variant(self, name: str, old: str, new: str, *, count: int = 1) -> None:
        """A right answer made from the solution's text by replacing ``old``, which occurs ``count`` times, by ``new``."""
        self.alternatives.append(Alternative(name, edits=(Edit(old, new, count),)))

    def equivalent(self, mutant: str, reason: str) -> None:
        """Declare that mutants whose label contains ``mutant`` compute the same thing, and why."""
        self.equivalents[mutant] = reason

    def confirm(self, mutant: str, mistake: str) -> None:
        """Confirm that the sentence of ``mistake`` is true of mutants whose label contains ``mutant``, which it meets."""
        self.confirmed[mutant] = mistake

    def probe(self, function: F) -> F:
        """Decorator: ``function(candidate, case)`` tries the answer and returns data; its source is shipped to learners."""
        self.chosen_probe = self._watched(replace(custom(), function=function))
        return function

    def ledger(self, row: str, *, seeds: int) -> Callable[[F], F]:
        """Decorator: ``function(solution, seed)`` measures the full-size exercise for the ledger's row ``row``."""

        def keep(function: F) -> F:
            self.ledger_functions[row] = (function, seeds)
            return function

        return keep


def _left_over(bugs: Sequence[Bug]) -> Mistake:
    """The answer in which ``bugs`` are left and the others repaired."""
    edits = tuple(Edit(bug.right, bug.wrong) for bug in bugs)
    if len(bugs) == 1:
        return Mistake(bugs[0].name, bugs[0].sentence, edits=edits)
    *first, last = (bug.left for bug in bugs)
    number = NUMBERS[len(bugs)] if len(bugs) < len(NUMBERS) else str(len(bugs))
    sentence = f"{number} bugs are left: {', '.join(first)}, and {last}."
    return Mistake("_and_".join(bug.name for bug in bugs), sentence, edits=edits)
