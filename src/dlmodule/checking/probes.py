"""How an answer is tried: a probe calls a candidate on a case and returns what it did, as data.

A ``Probe`` is a name and options, so it can stand in a key; ``TRIALS`` holds the function behind each name. The
probes cover the shapes an exercise takes: function, module, random function, iterator, stateful object, files, value;
functions of a callable use ``call`` with a ``Code`` argument; anything else is a custom probe, whose source is
recorded in the key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Probe:
    """What a key says of a probe: its name, its options (data), and for a custom probe its function or source."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    function: Callable[..., Any] | None = field(default=None, compare=False)

    @property
    def unwatched(self) -> Probe:
        """The same probe with nothing forbidden: a named mistake stands for a result, by whatever tool it was made."""
        return replace(self, options={name: option for name, option in self.options.items() if name != "forbidden"})


def call(*, grad: bool = False) -> Probe:
    """Call the answer. ``grad=True``: also the gradients with respect to every floating-point tensor argument."""
    return Probe("call", {"grad": grad})


def puzzle() -> Probe:
    """Call the answer, permitting only indexing, broadcasting and arithmetic (``collect.permitted``), and no Python loop.

    An answer that uses another torch function is told why not; the named mistakes are those that use the built-in.
    """
    return Probe("puzzle")


def vjp() -> Probe:
    """An operation of an autograd engine: called with arrays it returns its result and a pull, gradient -> gradients.

    The first argument of a case is the gradient that arrives; the others are the inputs (NumPy arrays), whose gradients are
    compared, and which must be left as they were.
    """
    return Probe("vjp")


def module(*, grad: bool = False, train: bool = False) -> Probe:
    """Build the module, fill its parameters by matching shapes, call it; count its parameters.

    Same-shaped parameters are matched in two orders, of registration and of first use: a right answer may declare its
    layers in any sensible order. ``train=True`` leaves it in training mode (default: eval).
    """
    return Probe("module", {"grad": grad, "train": train})


def sample(statistics: dict[str, str], *, draws: int = 2000) -> Probe:
    """A random function that takes ``generator=``: ``statistics`` are expressions in the stacked draws ``x``.

    The generator must be used, and the same seed must give the same draw.
    """
    return Probe("sample", {"statistics": statistics, "draws": draws})


def iterate(*, limit: int = 100) -> Probe:
    """An iterator or generator function: its first ``limit`` items, and whether it ended."""
    return Probe("iterate", {"limit": limit})


def script() -> Probe:
    """A stateful object: build it from the case's arguments, then run the case's steps; what each returned."""
    return Probe("script")


def file() -> Probe:
    """A file writer or reader: ``TempFile`` arguments are paths in a fresh folder; what was returned and what was written."""
    return Probe("file")


def value() -> Probe:
    """The answer is a value."""
    return Probe("value")


def custom() -> Probe:
    """A probe the exercise brings along (``@exercise.probe``)."""
    return Probe("custom")
