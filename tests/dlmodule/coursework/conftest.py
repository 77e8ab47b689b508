"""A small coursework as a learner has it: its given file, a notebook in a folder, and nothing handed in yet."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from dlmodule.coursework.given import Asked, Given, file_name

GIVEN = Given({"x": torch.arange(4, dtype=torch.uint8)}, (Asked("predictions", "int64", (4,), 0, 2),), ("D1", "D2"))
STUB = "def double(x):\n    raise NotImplementedError('...your code here...')\n"
SOLUTION = "def double(x):\n    return 2 * x\n"
ANSWERS = "**Question D{n}.** Why?\n\n**Answer D{n}.**\n\n{text}"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """``write(code=..., answers=..., run=...)`` saves the notebook in the folder in which the test stands."""
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / file_name("coursework_9")).write_bytes(GIVEN.to_bytes())
    monkeypatch.setenv("DLMODULE_KEYS", str(keys))
    monkeypatch.setenv("DLMODULE_PROGRESS", str(tmp_path / "progress.jsonl"))
    monkeypatch.chdir(tmp_path)

    def written(
        code: str = SOLUTION, answers: tuple[str, ...] = ("Because.", "So."), *, run: bool = True, outputs: Any = ()
    ) -> Path:
        cells: list[dict[str, Any]] = [
            {"cell_type": "code", "source": code, "execution_count": 1 if run else None, "outputs": list(outputs)},
            *({"cell_type": "markdown", "source": ANSWERS.format(n=n, text=text)} for n, text in enumerate(answers, 1)),
            {
                "cell_type": "code",
                "source": "coursework.submit('coursework_9')",
                "execution_count": None,
                "outputs": [],
            },
        ]
        known = {"session": "coursework_9", "version": "student", "exercises": ["double"]}
        book = {"cells": cells, "metadata": {"dlmodule": known}, "nbformat": 4, "nbformat_minor": 5}
        path = tmp_path / "coursework_9.ipynb"
        path.write_text(json.dumps(book))
        return path

    return written
