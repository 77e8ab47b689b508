"""The authoring side of a check: what one file under ``course/SESSION/exercises/`` declares.

An ``Exercise`` is an explicit object (nothing is registered behind the author's back). It holds data about the
exercise, its cases, the mistakes people really make, each with the sentence that should meet it, and right answers
written in other ways. Keys are recorded from it; a learner never receives the file itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from dlmodule.checking.probes import Probe, call, custom

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Given:
    """An argument that is code, such as a function or a module; evaluated beside the learner's answer.

    ``source`` is a Python expression with ``torch``, ``nn``, ``F``, ``math`` and ``np`` in scope; ``seed`` seeds torch
    before it is evaluated, so ``Given("nn.Linear(3, 2)", seed=1)`` always has the same parameters.
    """

    source: str
    seed: int = 0


@dataclass(frozen=True)
class Temp:
    """A path argument: the file ``name`` in a fresh temporary folder."""

    name: str


@dataclass(frozen=True)
class Case:
    """One input on which an answer is tried. Order them smallest first: the first that fails is what a learner sees.

    Tensors stand in float64 on the CPU where the exercise allows it. The methods return changed copies, so a case
    reads as one line: ``Case(image, kernel).named("a ramp").within(atol=1e-6)``.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    label: str = ""
    seed: int = 0
    atol: float | None = None
    rtol: float | None = None
    constructor: tuple[tuple[Any, ...], dict[str, Any]] | None = None
    steps: tuple[tuple[str, tuple[Any, ...], dict[str, Any], bool], ...] = ()
    files: dict[str, str | bytes] = field(default_factory=dict)
    expected: Any = None
    has_expected: bool = False
    errors: dict[str, Any] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        object.__setattr__(self, "args", args)
        object.__setattr__(self, "kwargs", kwargs)
        object.__setattr__(self, "files", {})

    def _with(self, **changes: Any) -> Case:
        copy = Case(*self.args, **self.kwargs)
        for name in self.__dataclass_fields__:
            object.__setattr__(copy, name, changes.get(name, getattr(self, name)))
        return copy

    def named(self, label: str) -> Case:
        """Say in words what the input is; the diagnosis uses it: "on a 3x3 ramp ..."."""
        return self._with(label=label)

    def seeded(self, seed: int) -> Case:
        """Seed torch, NumPy and random with ``seed`` before the answer is called (default 0)."""
        return self._with(seed=seed)

    def within(self, *, atol: float | None = None, rtol: float | None = None) -> Case:
        """The tolerance of this case, ``atol + rtol * |right|``; otherwise it follows from the dtype."""
        return self._with(atol=atol, rtol=rtol)

    def built(self, *args: Any, **kwargs: Any) -> Case:
        """Constructor arguments of the module under test (``probes.module``)."""
        return self._with(constructor=(args, kwargs))

    def then(self, method: str, *args: Any, **kwargs: Any) -> Case:
        """Call ``method`` next on the object under test (``probes.script``)."""
        return self._with(steps=(*self.steps, (method, args, kwargs, True)))

    def then_get(self, attribute: str) -> Case:
        """Read ``attribute`` next from the object under test (``probes.script``)."""
        return self._with(steps=(*self.steps, (attribute, (), {}, False)))

    def with_file(self, name: str, content: str | bytes) -> Case:
        """Put a file into the temporary folder before the answer is called (``probes.file``)."""
        return self._with(files={**self.files, name: content})

    def expecting(self, value: Any, *, within: dict[str, Any] | None = None) -> Case:
        """The right value in closed form, instead of the recorded one.

        For ``probes.sample``, ``within`` gives each statistic's standard error; it is judged at z = 6.11, a two-sided
        false-alarm rate of 1e-9.
        """
        return self._with(expected=value, has_expected=True, errors=within)


@dataclass(frozen=True)
class Mistake:
    """A wrong answer people really give, and the sentence that should meet it.

    It is written out as ``candidate``, or is an edit of the solution: ``old`` replaced by ``new`` at ``count`` places.
    """

    name: str
    sentence: str
    candidate: Any = None
    is_value: bool = False
    old: str | None = None
    new: str | None = None
    count: int = 1


@dataclass(frozen=True)
class Alternative:
    """A right answer written differently."""

    name: str
    candidate: Any
    is_value: bool = False


@dataclass(frozen=True)
class Measured:
    """A training exercise: right when ``metric`` of the probe's outcome is beyond the bar that stands in the ledger."""

    metric: str
    higher: bool = True


class Exercise:
    """One exercise: its facts, cases, mistakes and alternatives.

    title: as in the notebook's heading. difficulty: 1 (a line) to 5 (hard). minutes: what most learners need;
    move_on: minutes after which moving on is the better use of time. hints: two, from a direction to a step; no hint
    prints the answer. part: the source that holds it. starter: the code a learner begins from, where it is not an
    empty body. probe: how an answer is tried (default: it is called). measured: for training exercises.
    """

    def __init__(
        self,
        *,
        title: str,
        difficulty: int,
        minutes: int,
        move_on: int,
        hints: tuple[str, ...],
        part: str,
        probe: Probe | None = None,
        starter: str | None = None,
        measured: Measured | None = None,
    ) -> None:
        self.title, self.difficulty, self.minutes, self.move_on = title, difficulty, minutes, move_on
        self.hints, self.part, self.starter, self.measured = hints, part, starter, measured
        self.how: Probe = probe or call()
        self.mistakes: list[Mistake] = []
        self.alternatives: list[Alternative] = []
        self.equivalents: dict[str, str] = {}
        self.ledger_functions: dict[str, tuple[Callable[..., dict[str, float]], int]] = {}
        self._cases: Callable[[], Iterable[Case]] = lambda: (Case(),)

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

    def edit(self, name: str, old: str, new: str, sentence: str, *, count: int = 1) -> None:
        """A wrong answer made from the solution's text by replacing ``old``, which occurs ``count`` times, by ``new``."""
        self.mistakes.append(Mistake(name, sentence, old=old, new=new, count=count))

    def alternative(self, candidate: Any = None, *, value: bool = False) -> Any:
        """Decorator: another right answer, written differently."""
        if candidate is None:
            return lambda late: self.alternative(late, value=value)
        self.alternatives.append(Alternative(candidate.__name__, candidate, is_value=value))
        return candidate

    def equivalent(self, mutant: str, reason: str) -> None:
        """Declare that mutants whose label contains ``mutant`` compute the same thing, and why."""
        self.equivalents[mutant] = reason

    def probe(self, function: F) -> F:
        """Decorator: ``function(candidate, case)`` tries the answer and returns data; its source is shipped to learners."""
        self.how = replace(custom(), function=function)
        return function

    def ledger(self, row: str, *, seeds: int) -> Callable[[F], F]:
        """Decorator: ``function(solution, seed)`` measures the full-size exercise for the ledger's row ``row``."""

        def keep(function: F) -> F:
            self.ledger_functions[row] = (function, seeds)
            return function

        return keep
