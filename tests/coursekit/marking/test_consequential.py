"""A task that builds on a wrong one is tried with a right one in its place, and that gives nothing away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from coursekit.marking.assessment import Assessment
from coursekit.marking.marking import Marked, mark
from coursekit.marking.sandbox import Sandbox
from coursekit.marking.submission import Submission
from tests.coursekit.marking.assessment import PREAMBLE, SOLUTIONS, WRONG, cells, notebook
from tests.coursekit.marking.conftest import LIMITS

CALLS = "def mse(y, target):\n    assert softmax(y).sum(-1).allclose(torch.ones(2, dtype=y.dtype))\n    return ((y - target) ** 2).mean()\n"


@pytest.fixture(scope="module")
def building(assessment: Assessment) -> Assessment:
    """The small assessment, in which `mse` builds on `softmax`."""
    tasks = tuple(replace(task, after=("softmax",)) if task.name == "mse" else task for task in assessment.tasks)
    return replace(assessment, tasks=tasks, references={"softmax": PREAMBLE + SOLUTIONS["softmax"]})


@pytest.fixture(scope="module")
def warm(building: Assessment) -> Iterator[Sandbox]:
    """A sandbox for it."""
    with Sandbox(building.trials, LIMITS) as sandbox:
        yield sandbox


def marked(building: Assessment, warm: Sandbox, **instead: str) -> Marked:
    return mark(building, Submission("ada", "ada.ipynb", notebook(cells(**instead))), warm)


def test_an_error_costs_its_own_marks(building: Assessment, warm: Sandbox) -> None:
    """A wrong softmax takes down what calls it, until a right one stands in; the reason says so."""
    found = marked(building, warm, softmax=WRONG["softmax"], mse=CALLS)
    assert [each.marks for each in found.exercises] == [0, 1, 1, 1, 1]
    assert found.exercises[1].message.startswith("With a right `softmax` in its place")


def test_a_task_that_is_wrong_itself_stays_wrong(building: Assessment, warm: Sandbox) -> None:
    """A right softmax does not mend a wrong mse."""
    found = marked(building, warm, softmax=WRONG["softmax"], mse=WRONG["mse"])
    assert [each.marks for each in found.exercises] == [0, 0, 1, 1, 1]


def test_the_reference_can_be_seen_and_earns_nothing(building: Assessment, warm: Sandbox) -> None:
    """Code that takes the reference and sends it as every answer gets no mark for what the reference answers, nor its text out."""
    thief = (
        "def mse(y, target):\n    import sys\n    frame = sys._getframe()\n    while frame:\n"
        "        if 'send' in frame.f_locals and 'every' in frame.f_locals:\n            every, send = frame.f_locals['every'], frame.f_locals['send']\n"
        "            from coursekit.marking.inside import trying\n            from dlmodule.checking import serialise\n"
        "            from dlmodule.checking.collect.run import gather\n            trial = every[0]\n"
        "            found = [e.to_data() for e in gather(softmax, trial.cases, trial.probe, limit=1.0)]\n"
        "            send(0, serialise.to_bytes({'form': 'callable', 'type': 'function', 'evidence': found}))\n            break\n"
        "        frame = frame.f_back\n    raise ValueError(softmax.__code__.co_consts, softmax.__code__.co_names)\n"
    )
    sent = warm.run(cells(softmax=WRONG["softmax"], mse=thief), [1], building.references)
    assert 0 in sent.evidence, "the forged answer reaches the marker; what follows shows that it counts for nothing"
    found = marked(building, warm, softmax=WRONG["softmax"], mse=thief)
    assert [each.marks for each in found.exercises] == [0, 0, 1, 1, 1]
    assert not any("keepdim" in each.message or "exp" in each.message for each in found.exercises)
