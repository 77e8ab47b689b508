"""What a check says of an answer, as data; cards and terminal lines are made from it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, ClassVar

RIGHT, WRONG, NOT_STARTED, COULD_NOT_CHECK = "right", "wrong", "not started", "could not check"


@dataclass(frozen=True)
class Diagnosis:
    """The verdict on one answer, and why.

    status: "right", "wrong", "not started" or "could not check". mistake: the name of the mistake that was met, or
    None. message: one or two sentences for the learner. rung: the step of the diagnosis that decided ("mistake",
    "raised", "type", "shape", "values", ...). lines: the learner's own lines of a traceback. case: what the input was,
    in words. expected and got: the values of that case, where showing them helps. figure: what a training exercise's
    rehearsal reached.
    """

    exercise: str
    status: str
    message: str
    rung: str
    mistake: str | None = None
    lines: tuple[str, ...] = ()
    case: str = ""
    expected: Any = None
    got: Any = None
    hints: tuple[str, ...] = ()
    minutes: int = 0
    move_on: int = 0
    part: str = ""
    blocked_by: str | None = None
    figure: float | None = None

    # Not part of the data: what the answer printed and displayed, what comes after it, and the cell whose output already
    # holds the card.
    shown: ClassVar[tuple[dict[str, Any], ...]] = ()
    onward: ClassVar[str] = ""
    _displayed_in: ClassVar[int | None] = None

    def showing(self, shown: tuple[dict[str, Any], ...]) -> Diagnosis:
        """This diagnosis, with what the answer printed and displayed."""
        object.__setattr__(self, "shown", shown)
        return self

    def going_on(self, onward: str) -> Diagnosis:
        """This diagnosis, with a sentence that says what comes next."""
        object.__setattr__(self, "onward", onward)
        return self

    def displayed(self) -> Diagnosis:
        """This diagnosis, which as the last value of this cell shows nothing: its card has been displayed."""
        object.__setattr__(self, "_displayed_in", _cell())
        return self

    @property
    def right(self) -> bool:
        """Whether the answer is right."""
        return self.status == RIGHT

    def __str__(self) -> str:
        """The words of the card, for a terminal."""
        from dlmodule.checking.show.card import as_text

        return as_text(self)

    def _ipython_display_(self) -> None:
        """Nothing, where this cell shows the card already; else IPython goes on to the other forms."""
        if self._displayed_in is None or self._displayed_in != _cell():
            raise NotImplementedError

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        """The card, for a notebook."""
        from dlmodule.checking.show.card import as_html

        return as_html(self)


def _cell() -> int | None:
    """The number of the cell that IPython runs; None elsewhere."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell.execution_count if shell is not None else None
