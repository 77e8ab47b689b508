"""What a check says of an answer, as data; cards and terminal lines are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RIGHT, WRONG, NOT_STARTED, COULD_NOT_CHECK = "right", "wrong", "not started", "could not check"


@dataclass(frozen=True)
class Diagnosis:
    """The verdict on one answer, and why.

    status: "right", "wrong", "not started" or "could not check". mistake: the name of the mistake that was met, or
    None. message: one or two sentences for the learner. rung: the step of the diagnosis that decided ("mistake",
    "raised", "type", "shape", "values", ...). lines: the learner's own lines of a traceback. case: what the input was,
    in words. expected and got: the values of that case, where showing them helps.
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

    @property
    def right(self) -> bool:
        """Whether the answer is right."""
        return self.status == RIGHT

    def __str__(self) -> str:
        """The words of the card, for a terminal."""
        from dlmodule.checking.show.card import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        """The card, for a notebook."""
        from dlmodule.checking.show.card import as_html

        return as_html(self)
