"""``course submit``: whatever is forgotten is said, and what is there is sealed, whatever state it is in."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from dlmodule import coursework
from dlmodule.checking.diagnosis import Diagnosis
from dlmodule.checking.progress import Progress
from dlmodule.coursework.command import command
from dlmodule.coursework.receipts import receipts
from dlmodule.coursework.sealing import unseal
from dlmodule.coursework.submitting import sealed
from dlmodule.errors import DLModuleError
from tests.dlmodule.coursework.conftest import STUB, Write

RIGHT = torch.tensor([0, 2, 1, 1])


def complete(write: Write) -> Path:
    """A notebook with nothing forgotten, and its predictions."""
    coursework.hand_in("coursework_9", predictions=RIGHT)
    return write()


def test_nothing_forgotten(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receipt is the digest of the file; it holds the notebook and the predictions as they are; no network is used."""
    path = complete(write)

    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("a network was asked for")

    monkeypatch.setattr(socket, "socket", no_network)
    done = CliRunner().invoke(command, ["coursework_9"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    content = Path("coursework_9.zip").read_bytes()
    assert hashlib.sha256(content).hexdigest() in done.output
    held = unseal(content)
    assert held.notebook == path.read_bytes()
    assert held.files == {"predictions.safetensors": Path("coursework_9_predictions.safetensors").read_bytes()}
    assert held.assessment == "coursework_9"
    (kept,) = receipts(Progress.local().load(), "coursework_9")
    assert kept.digest == held.digest and abs(kept.at - held.sealed_at) < timedelta(seconds=2)
    assert receipts(Progress.local().load(), "coursework_8") == []


FORGOTTEN = {
    "a cell that was not run": (lambda write: write(run=False), "Cell 1 (`def double(x):`) was not run."),
    "a cell that fails": (
        lambda write: write(outputs=[{"output_type": "error", "ename": "ValueError"}]),
        "Cell 1 (`def double(x):`) stops with an error.",
    ),
    "an exercise that is not written": (lambda write: write(STUB), "`double` is not written yet."),
    "an exercise that was deleted": (lambda write: write("x = 1"), "`double` is not defined by any cell."),
    "an answer that is empty": (lambda write: write(answers=("Because.", "")), "Answer D2 is empty."),
    "an answer that was never begun": (lambda write: write(answers=("*Write here.*", "So.")), "Answer D1 is empty."),
    "a question that was deleted": (
        lambda write: write(answers=("Because.",)),
        "Answer D2: the line **Answer D2.** is gone; without it your answer is not found.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FORGOTTEN)
def test_what_is_forgotten_is_said(write: Write, what: str) -> None:
    """Exactly that is said, and the notebook is sealed all the same."""
    coursework.hand_in("coursework_9", predictions=RIGHT)
    change, sentence = FORGOTTEN[what]
    change(write)
    receipt = sealed("coursework_9")
    assert receipt.forgotten == (sentence,)
    assert unseal(receipt.path.read_bytes()).notebook
    assert CliRunner().invoke(command, ["coursework_9"]).exit_code == 1


def test_missing_predictions(write: Write) -> None:
    """They are missed, and so are predictions of another shape that stand under their name."""
    write()
    assert [sentence[:8] for sentence in sealed("coursework_9").forgotten] == ["There is"]
    with pytest.raises(DLModuleError, match=r"shape \(3,\); \(4,\) is asked for"):
        coursework.hand_in("coursework_9", predictions=RIGHT[:3])
    with pytest.raises(DLModuleError, match="0 to 2 is asked for"):
        coursework.hand_in("coursework_9", predictions=RIGHT + 1)
    with pytest.raises(DLModuleError, match="not for 'samples'"):
        coursework.hand_in("coursework_9", samples=RIGHT)
    assert not list(Path.cwd().glob("*.safetensors"))
    Path("coursework_9_predictions.safetensors").write_bytes(b"junk")
    assert "cannot be read" in sealed("coursework_9").forgotten[0]


def test_a_notebook_that_was_not_saved(write: Write) -> None:
    """Predictions or a check that are newer than the notebook's file say that the browser holds what the file does not."""
    path = complete(write)
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    assert [sentence.endswith("save the notebook (Ctrl-S).") for sentence in sealed("coursework_9").forgotten] == [True]
    os.utime("coursework_9_predictions.safetensors", (an_hour_ago, an_hour_ago))
    assert sealed("coursework_9").forgotten == ()
    Progress.local().record(Diagnosis("coursework_9.double", "right", "", ""))
    assert [sentence[:17] for sentence in sealed("coursework_9").forgotten] == ["You ran a check a"]


def test_the_newest_notebook_of_the_coursework_is_taken(write: Write) -> None:
    """Another session's notebook, the solutions, and what is no notebook are passed over."""
    complete(write)
    other = json.loads(Path("coursework_9.ipynb").read_text())
    other["metadata"]["dlmodule"]["session"] = "05_cnns_1"
    Path("newer.ipynb").write_text(json.dumps(other))
    Path("broken.ipynb").write_text("{")
    assert sealed("coursework_9").path.name == "coursework_9.zip"
    Path("coursework_9.ipynb").unlink()
    with pytest.raises(DLModuleError, match="no notebook of coursework_9 in"):
        sealed("coursework_9")


def test_in_a_notebook_it_says_why_nothing_was_sealed(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """An exam's last cell never shows a traceback."""
    write().unlink()
    coursework.submit("coursework_9")
    assert capsys.readouterr().out.startswith("Not sealed: no notebook of coursework_9")
