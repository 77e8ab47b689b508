"""Notebooks that learners of every kind might hand in for a coursework, made from its source."""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from coursekit.exercises.loading import load_whole
from coursekit.marking.assessment import Assessment
from coursekit.marking.coursework import Coursework
from coursekit.marking.intake import submissions
from coursekit.marking.marking import Marked, mark
from coursekit.marking.sandbox import Sandbox
from coursekit.project import Project
from coursekit.sources.regions import solution_text
from coursekit.sources.slicing import own_definition
from coursekit.sources.source import source_of
from coursekit.sources.student import student_code
from dlmodule.coursework.sealing import seal

PROJECT = Project(Path(__file__).parents[2])
HANDED_IN = datetime(2022, 12, 16, 16, tzinfo=UTC)
Cells = list[tuple[str, str]]  # kind and text


class Learner:
    """Makes submissions to the coursework ``name``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.coursework = Coursework(PROJECT, name)
        self.source = source_of(PROJECT, name, self.coursework.public.notebook)

    @functools.cached_property
    def assessment(self) -> Assessment:
        """The coursework as it is marked."""
        return self.coursework.assessment()

    def starter(self) -> Cells:
        """The cells that a learner gets."""
        return [
            (cell.kind, cell.text if cell.tree is None else student_code(self.source, cell))
            for cell in self.source.cells
        ]

    def definition(self, exercise: str) -> str:
        """The model solution of an exercise."""
        return solution_text(own_definition(self.source, exercise).text)

    def alternative(self, exercise: str, name: str) -> str:
        """A right answer written otherwise, under the exercise's name."""
        file = PROJECT.exercise(self.name, exercise).read_text("utf-8")
        node = next(node for node in ast.parse(file).body if getattr(node, "name", "") == name)
        text = "\n".join(file.split("\n")[node.lineno - 1 : node.end_lineno])
        return re.sub(rf"\b{name}\b", exercise, text)

    def mistake(self, exercise: str, *names: str) -> str:
        """The solution with named mistakes of the exercise in it."""
        loaded = load_whole(PROJECT, self.name, exercise)
        text = self.definition(exercise)
        for edit in (edit for one in loaded.mistakes if one.name in names for edit in one.edits):
            assert edit.old in text, (exercise, edit)
            text = text.replace(edit.old, edit.new)
        return text

    def answered(self, definitions: Mapping[str, str], words: Mapping[str, str] | None = None) -> Cells:
        """The starter with ``definitions`` in the place of the exercises, and ``words`` below the questions."""
        cells = []
        for cell, (kind, text) in zip(self.source.cells, self.starter(), strict=True):
            for name in cell.exercises("defines"):
                text = definitions.get(name, text)
            for question, answer in (words or {}).items():
                if f"**Answer {question}.**" in text:
                    text = text.replace("*Write here.*", answer)
            cells.append((kind, text))
        return cells

    def marks(self, cells: Cells, files: Mapping[str, Tensor], sandbox: Sandbox, folder: Path) -> Marked:
        """Seal, take in and mark: the way from a learner to the marks."""
        sealed = seal(
            self.name, notebook(cells), {f"{name}.safetensors": save({name: t}) for name, t in files.items()}, HANDED_IN
        )
        folder.mkdir()
        (folder / "learner.zip").write_bytes(sealed)
        (submission,) = submissions(folder, assessment=self.name)
        return mark(self.assessment, submission, sandbox)


def notebook(cells: Cells) -> bytes:
    """A notebook file with these cells."""
    content = [
        {"cell_type": kind, "source": text, "metadata": {}, "id": f"c{number}"}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for number, (kind, text) in enumerate(cells)
    ]
    return json.dumps({"cells": content, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def by_name(marked: Marked) -> dict[str, float]:
    """Marks by task."""
    return {mark.exercise: mark.marks for mark in marked.exercises}


def partly_right(truth: Tensor, share: float, classes: int) -> Tensor:
    """Predictions of which ``share`` are right."""
    wrong = torch.arange(len(truth)) >= round(share * len(truth))
    return torch.where(wrong, (truth + 1) % classes, truth)
