"""A case: one input on which an answer is tried, and the two kinds of argument that are made only when it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Code:
    """An argument that is code, such as a function or a module; evaluated beside the learner's answer.

    ``source`` is a Python expression with ``torch``, ``nn``, ``F``, ``math`` and ``np`` in scope; ``seed`` seeds torch
    before it is evaluated, so ``Code("nn.Linear(3, 2)", seed=1)`` always has the same parameters.
    """

    source: str
    seed: int = 0


@dataclass(frozen=True)
class TempFile:
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
