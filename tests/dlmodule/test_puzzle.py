"""A puzzle's picture says how an attempt compares, whatever the attempt does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import pytest
import torch
from torch import Tensor

from dlmodule import plot, puzzle


def not_written(x: Tensor, shift: int) -> Tensor:
    raise NotImplementedError


ATTEMPTS: list[tuple[Callable[..., Any], str]] = [
    (lambda x, shift: x[(torch.arange(3) - shift) % 3], "the same"),
    (lambda x, shift: x, "3 entries differ"),
    (lambda x, shift: x[(torch.arange(3) - shift) % 3] + (torch.arange(3) == 1), "1 entry differs"),
    (lambda x, shift: x[:2], "shape (2,)"),
    (lambda x, shift: x[None, None], "shape (1, 1, 3)"),
    (lambda x, shift: x.tolist(), "no tensor, list"),
    (lambda x, shift: x[9], "raises IndexError"),
    (not_written, "not written yet"),
]


@pytest.mark.parametrize(("attempt", "words"), ATTEMPTS, ids=[words for _, words in ATTEMPTS])
def test_it_says_how_the_attempt_compares(
    attempt: Callable[..., Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the title of the attempt and in the alternative text, with all that is given."""
    said: list[str] = []
    titles: list[str] = []

    def keep(fig: Any, text: str) -> None:
        said.append(text)
        titles.extend(axis.get_title() for axis in fig.axes)
        plt.close(fig)

    monkeypatch.setattr(plot, "alt", keep)
    puzzle.picture(attempt, torch.roll, torch.tensor([1.0, 2.0, 4.0]), 1)
    assert titles == ["x", "target", f"yours: {words}"]
    assert said[0].endswith(f"Given: x = [1.0, 2.0, 4.0]; shift = 1. Target: [4.0, 1.0, 2.0]. Your attempt: {words}.")
    assert plt.get_fignums() == []


def test_truths_are_drawn_as_numbers() -> None:
    """A table of True and False is given, or returned, as often as one of numbers."""
    puzzle.picture(lambda keep: keep, lambda keep: keep.long(), torch.tensor([True, False]))
    assert plt.get_fignums() == []
