"""Coursework 2 is marked as a lecturer would: seven learners, from one who does nothing to one who does it another way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from coursekit.marking.marking import Marked
from coursekit.marking.results import Results, WrittenMark
from coursekit.marking.sandbox import Sandbox
from coursekit.marking.submission import Submission as HandedIn
from tests.course.submissions import Cells, Learner, by_name, partly_right

EXERCISES = ("standardise", "train_epoch", "evaluate", "fit", "ResidualUnit", "SectionNet")
WORDS = {question: f"An answer to {question}." for question in ("D1", "D2", "D3", "D4", "D5")}
# What a marker gives for the answers in words, of 30.
READ = {"blank": 0, "hard_coded": 0, "weak": 6, "broken": 16, "median": 17, "strong": 26, "unusual": 27}
# The whole mark, in per cent, that a lecturer would expect.
EXPECTED = {
    "blank": (0, 0), "hard_coded": (0, 8), "weak": (15, 35), "broken": (45, 62), "median": (60, 72), "strong": (93, 100),
    "unusual": (93, 100),
}  # fmt: skip


@pytest.fixture(scope="module")
def learner() -> Learner:
    """Makes submissions."""
    return Learner("coursework_2")


@pytest.fixture(scope="module")
def sandbox(learner: Learner) -> Iterator[Sandbox]:
    """A warm sandbox."""
    with Sandbox(learner.assessment.trials) as warm:
        yield warm


def truth(learner: Learner) -> Tensor:
    """The labels asked for."""
    (file,) = learner.assessment.files
    assert file.truth is not None
    return file.truth


def blank(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """What was given, untouched."""
    return learner.starter(), {}


def weak(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """One function is right, three are half repaired, the network is missing; predictions little better than chance."""
    definitions = {
        "standardise": learner.definition("standardise"),
        "train_epoch": learner.mistake("train_epoch", "gradients_kept", "mean_of_batches"),
        "evaluate": learner.mistake("evaluate", "last_batch_dropped"),
        "fit": learner.mistake("fit", "kept_by_reference"),
        "ResidualUnit": learner.mistake("ResidualUnit", "no_shortcut"),
    }
    return learner.answered(definitions, {"D1": "The loss is noisy."}), {
        "predictions": partly_right(truth(learner), 0.4, 5)
    }


def median(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """Two bugs are left and the unit lacks its last ReLU; what builds on them is right; a network trained for a few epochs."""
    definitions = {name: learner.definition(name) for name in EXERCISES}
    definitions |= {
        "train_epoch": learner.mistake("train_epoch", "mean_of_batches"),
        "fit": learner.mistake("fit", "chosen_on_training_set"),
        "ResidualUnit": learner.mistake("ResidualUnit", "no_relu"),
    }
    return learner.answered(definitions, WORDS), {"predictions": partly_right(truth(learner), 0.78, 5)}


def strong(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """All as in the model solution, and a network that learned well."""
    definitions = {name: learner.definition(name) for name in EXERCISES}
    return learner.answered(definitions, WORDS), {"predictions": partly_right(truth(learner), 0.92, 5)}


def unusual(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """Every answer is right and written otherwise, the cells stand in reverse order, with magics and noise between them."""
    written = {
        "standardise": "by_sums", "train_epoch": "shuffled_first", "evaluate": "in_inference_mode", "fit": "a_copy_of_the_model",
        "ResidualUnit": "with_a_helper", "SectionNet": "one_sequential",
    }  # fmt: skip
    definitions = {name: learner.alternative(name, of) for name, of in written.items()}
    noise = ("code", "%matplotlib inline\n!nvidia-smi\nimport sys\nprint('ready', file=sys.stderr)")
    cells = [noise, *reversed(learner.answered(definitions, WORDS))]
    return cells, {"predictions": partly_right(truth(learner), 0.97, 5)}


def broken(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """A syntax error in one cell, a cell that raises, a name that is never defined; a file that is no prediction."""
    definitions = {name: learner.definition(name) for name in EXERCISES}
    definitions["train_epoch"] = definitions["train_epoch"].replace("len(x), generator", "len(x, generator", 1)
    definitions["standardise"] += "\n\nstandardised = standardise(undefined_name, 1)\n"
    cells = [("code", "raise RuntimeError('kernel died here')"), *learner.answered(definitions, WORDS)]
    return cells, {"predictions": torch.rand(800, 5)}


def hard_coded(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """Every function knows the results of the public cases by heart; the predictions are all one class."""
    recited = (
        "import torch\nSHOWN = {expected}\n\n\ndef {name}(*args, **kwargs):\n"
        "    shape = tuple(args[0].shape) if args and hasattr(args[0], 'shape') else len(args)\n"
        "    return SHOWN.get(shape, torch.zeros(()))\n"
    )
    definitions = {
        name: recited.format(name=name, expected="{(3, 1, 4, 4): 0.75, (6, 1, 3, 3): [0.71, 0.66]}")
        for name in EXERCISES
    }
    return learner.answered(definitions), {"predictions": torch.zeros(800, dtype=torch.int64)}


LEARNERS = {each.__name__: each for each in (blank, hard_coded, weak, broken, median, strong, unusual)}


@pytest.fixture(scope="module")
def marked(learner: Learner, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Marked]:
    """The seven, marked by code and data, before a person has read anything."""
    folder = tmp_path_factory.mktemp("submissions")
    return {name: learner.marks(*make(learner), sandbox, folder / name) for name, make in LEARNERS.items()}


def test_marks_are_those_a_lecturer_would_give(learner: Learner, marked: dict[str, Marked], tmp_path: Path) -> None:
    """Each of the seven lies where it is expected, out of 100, once the answers in words were read; and they rank so."""
    assert learner.assessment.marks == 100
    results = Results.at(tmp_path / "marks.sqlite")
    totals = {}
    for name, found in marked.items():
        results.take_in("coursework_2", HandedIn(name, f"{name}.zip", b"", sealed=found.digest))
        results.write(found, "keys", "here")
        answers = [mark for mark in found.exercises if mark.answer]
        share = READ[name] / len(answers) if answers else 0
        results.write_written(
            "coursework_2", [WrittenMark(name, a.exercise, a.answer, "first", share) for a in answers]
        )
    for name, (found, _) in results.latest("coursework_2").items():
        totals[name] = found.marks
    results.close()
    outside = {
        name: (total, EXPECTED[name])
        for name, total in totals.items()
        if not EXPECTED[name][0] <= total <= EXPECTED[name][1]
    }
    assert not outside
    assert sorted(totals, key=lambda name: (totals[name], name != "strong")) == list(LEARNERS)


def test_an_error_costs_its_own_marks_only(marked: dict[str, Marked]) -> None:
    """What builds on a wrong answer is marked with a right one in its place; nothing is lost twice."""
    median, broken = by_name(marked["median"]), by_name(marked["broken"])
    assert (median["SectionNet"], median["evaluate"]) == (12, 6)
    assert (broken["standardise"], broken["train_epoch"], broken["fit"]) == (4, 0, 8)
    reasons = {mark.exercise: mark.message for mark in marked["median"].exercises}
    assert reasons["SectionNet"].startswith("With a right `ResidualUnit` in its place")


def test_partial_credit_is_what_the_scheme_says(marked: dict[str, Marked]) -> None:
    """One bug of three left, of two, and a missing ReLU: the shares of scheme.toml; predictions by the stated scale."""
    found = by_name(marked["median"])
    assert found["train_epoch"] == pytest.approx(0.7 * 12)
    assert found["fit"] == pytest.approx(0.5 * 8)
    assert found["ResidualUnit"] == pytest.approx(0.6 * 8)
    assert found["predictions"] == pytest.approx(12 + 5 * 3 / 13, abs=0.05)


def test_nothing_hidden_is_told(learner: Learner, marked: dict[str, Marked]) -> None:
    """No reason kept with a mark quotes a hidden case or an expected number of it."""
    for found in marked.values():
        for mark in found.exercises:
            assert "expected" not in mark.message.lower()
            assert not any(
                case.label and case.label in mark.message
                for task in learner.assessment.tasks
                for case in task.key.cases
            )
