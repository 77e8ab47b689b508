"""Whatever an exception does when it is asked for its text, a card says what happened, in text that can be saved."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from dlmodule.checking import Case
from dlmodule.checking.judge import judge_with
from tests.dlmodule.checking.conftest import MakeKey


def raising(error: type[BaseException]) -> Callable[[Any], str]:
    """A ``__str__`` that fails."""

    def text(self: Any) -> str:
        raise error("from __str__")

    return text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (raising(RuntimeError), "It raises Odd"),
        (raising(SystemExit), "It raises Odd"),
        (lambda self: 5, "It raises Odd"),
        (lambda self: "half a character: \ud800", "It raises Odd: half a character: \\ud800"),
        (lambda self: "two\nlines", "It raises Odd: two lines"),
    ],
)
def test_an_exception_that_cannot_say_what_it_is_is_an_answer_that_raises(
    make_key: MakeKey, text: Callable[[Any], Any], words: str
) -> None:
    """The verdict is about the answer, and its card can be written to any notebook."""
    odd = type("Odd", (Exception,), {"__str__": text, "__repr__": text})

    def answer(x: torch.Tensor) -> torch.Tensor:
        raise odd

    diagnosis = judge_with(make_key(lambda x: x, [Case(torch.ones(2))]), answer)
    assert diagnosis.status == "wrong" and diagnosis.message.startswith(words)
    assert f"{diagnosis}{diagnosis._repr_html_()}".encode()
