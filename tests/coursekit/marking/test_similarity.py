"""Copied work is found however it is dressed up; work of one's own, and what everybody was given, is not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from coursekit.commands.similarity import command
from coursekit.errors import CourseError
from coursekit.marking.fingerprints import RUN, WINDOW, prints_of
from coursekit.marking.similarity import alike, page, runs_of_notebook
from coursekit.marking.submission import Submission
from tests.coursekit.marking.assessment import notebook

ROOT = Path(__file__).parents[3]

STARTER = ["import torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn", "CLASSES = ('flat', 'dipping', 'folded', 'faulted', 'salt')\nlabelled = torch.rand(2400, 1, 32, 32)\nlabels = torch.randint(5, (2400,))\ntrain_x, train_y = labelled[:2000], labels[:2000]\nvalidation_x, validation_y = labelled[2000:], labels[2000:]"]  # fmt: skip

ADA = [
    """class Network(nn.Module):
    def __init__(self, width=16, classes=5):
        super().__init__()
        layers = [nn.Conv2d(1, width, 3, padding=1), nn.ReLU()]
        for _ in range(3):
            layers += [nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU()]
            width = 2 * width
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(width, classes)

    def forward(self, images):
        features = self.layers(images).amax((2, 3))
        return self.head(F.dropout(features, 0.2, self.training))""",
    """def noisy(images, strength):
    gain = 1 + strength * torch.randn(len(images), 1, 1, 1)
    shifted = torch.roll(images, int(torch.randint(-3, 4, ())), dims=-1)
    return (gain * shifted + 0.05 * torch.randn_like(images)).clamp(0, 1)""",
    """def learn(network, epochs, batch_size=100):
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    accuracies = []
    for epoch in range(epochs):
        network.train()
        for batch in torch.randperm(len(train_x)).split(batch_size):
            optimiser.zero_grad()
            loss = F.cross_entropy(network(noisy(train_x[batch], 0.1)), train_y[batch], label_smoothing=0.05)
            loss.backward()
            optimiser.step()
        schedule.step()
        network.eval()
        with torch.no_grad():
            accuracies.append((network(validation_x).argmax(1) == validation_y).float().mean().item())
    return accuracies""",
]
BOB = [
    """def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 5, padding=2, bias=False), nn.GroupNorm(4, o), nn.GELU(), nn.MaxPool2d(2))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.b1, self.b2, self.b3 = block(1, 24), block(24, 48), block(48, 96)
        self.out = nn.Linear(96 * 16, 5)

    def forward(self, x):
        x = self.b3(self.b2(self.b1(x)))
        return self.out(x.flatten(1))""",
    """net = Net()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(train_x, train_y), batch_size=64, shuffle=True)
best = 0.0
for e in range(8):
    net.train()
    for xb, yb in loader:
        if torch.rand(()) < 0.5:
            xb = xb.flip(3)
        loss = nn.CrossEntropyLoss()(net(xb), yb)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    net.eval()
    with torch.inference_mode():
        hits = sum((net(v).argmax(-1) == w).sum().item() for v, w in zip(validation_x.split(50), validation_y.split(50)))
    if hits / 400 > best:
        best = hits / 400
        torch.save(net.state_dict(), 'best.pt')""",
]
RENAMES = {
    "Network": "Predictor", "network": "model", "noisy": "jitter", "images": "x", "strength": "amount", "gain": "scale", "shifted": "moved",
    "learn": "fit", "optimiser": "opt", "schedule": "sched", "accuracies": "history", "layers": "stack", "features": "pooled",
    "head": "last", "batch": "rows", "epoch": "e", "width": "w", "loss": "objective",
}  # fmt: skip


def renamed(texts: list[str]) -> list[str]:
    """With every name exchanged that the author chose."""
    pattern = re.compile(rf"(?<!torch\.optim\.)\b({'|'.join(RENAMES)})\b")
    return [pattern.sub(lambda match: RENAMES[match[1]], text) for text in texts]


def recommented(texts: list[str]) -> list[str]:
    """With comments, other strings and numbers, and other line breaks."""
    broken = [text.replace(", ", ",\n                ").replace("0.1", "0.12") for text in texts]
    return [f'# my own idea\n"""What I do here."""\n{text}  # done'.replace(":\n", ":  # why\n") for text in broken]


def handed_in(learner: str, texts: list[str], words: str = "") -> Submission:
    """A notebook that begins from the starter."""
    content = json.loads(notebook([*STARTER, *texts]))
    content["cells"].append({"cell_type": "markdown", "source": words, "metadata": {}})
    return Submission(learner, f"{learner}.ipynb", json.dumps(content).encode())


KNOWN = runs_of_notebook(notebook(STARTER))
COPIES = {
    "verbatim": ADA,
    "renamed": renamed(ADA),
    "reordered": ADA[::-1],
    "other comments, numbers and line breaks": recommented(ADA),
    "all of it together": recommented(renamed(ADA[::-1])),
    "cells joined": ["\n\n".join(ADA)],
    "in a cell that Python cannot read": [*ADA[:2], ADA[2] + "\nfor in:"],
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_is_found(copy: str) -> None:
    """Nearly all of the smaller notebook is in the other; who wrote on their own is in no pair."""
    assert COPIES[copy] != ADA or copy == "verbatim"
    pairs = alike([handed_in("ada", ADA), handed_in("bob", BOB), handed_in("eve", COPIES[copy])], KNOWN)
    assert [pair.learners for pair in pairs] == [("ada", "eve")]
    assert pairs[0].share > 0.8


def test_one_copied_function_among_ones_own_is_found_and_shown() -> None:
    """Eve's own network around Ada's training: the pair is listed, and the passage is the training, with its cells."""
    mixed = handed_in("eve", [BOB[0], renamed(ADA)[2]])
    (pair,) = alike([handed_in("ada", ADA), mixed], KNOWN)
    assert 0.25 < pair.share < 0.9
    (training,) = [passage for passage in pair.passages if passage.cells == (5, 4)]
    first, second = training.texts
    assert "CosineAnnealingLR(optimiser, epochs)" in first and "CosineAnnealingLR(opt, epochs)" in second


def test_answers_in_words_are_compared() -> None:
    """Words count as code does, whatever their case and layout; what stands in the question does not."""
    said = "The folded and the faulted patches are confused most: 31 of 80, because a small throw bends the layers as a fold does. "
    said += "With the noise of this survey the break itself is two samples wide, so I would ask for larger patches and for a second interpreter."
    other = "Salt is easy. My network mixes up faults and folds, since both bend layers at this size; larger patches would tell."
    words = said.upper().replace(" ", "\n", 5)
    pairs = alike([handed_in("ada", [], said), handed_in("eve", [], words), handed_in("bob", [], other)], KNOWN)
    assert [pair.learners for pair in pairs] == [("ada", "eve")]


def test_what_everybody_was_given_is_no_likeness() -> None:
    """Two who changed nothing, and two with work of their own below it, are in no pair; without the starter taken off they were."""
    untouched = [handed_in("ada", []), handed_in("bob", [])]
    assert alike(untouched, KNOWN) == []
    assert [pair.share for pair in alike(untouched)] == [1.0]
    assert alike([handed_in("ada", ADA), handed_in("bob", BOB)], KNOWN) == []


def test_the_usual_answer_of_a_large_class_is_no_likeness() -> None:
    """Twelve of forty who write the textbook's loop are no pair; two who share a network besides are one."""
    textbook = [handed_in(f"learner {n}", [ADA[2]] if n < 12 else BOB[n % 2 :]) for n in range(38)]
    assert [p for p in alike(textbook, KNOWN) if "learner 1" in p.learners] == []
    together = [handed_in("ada", ADA), handed_in("eve", renamed(ADA))]
    assert [pair.learners for pair in alike([*textbook, *together], KNOWN)] == [("ada", "eve")]


def test_what_cannot_be_read_is_like_nothing() -> None:
    """Two empty files, a file with a problem, and a notebook whose cells are no cells."""
    odd = b'{"cells": [1, {"cell_type": "raw", "source": "x"}, {"cell_type": "code", "source": ["a", 3]}, {}], "nbformat": 4}'
    files = [Submission("a", "a", b""), Submission("b", "b", b""), Submission("c", "c", b"", problem="a link"), Submission("d", "d", odd)]  # fmt: skip
    assert alike(files, KNOWN) == []


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=30),
    st.lists(st.sampled_from("stuvwxyz"), max_size=30),
    st.integers(0, 10**9),
)
def test_a_passage_of_the_promised_length_is_always_found(before: list[str], after: list[str], seed: int) -> None:
    """Whatever stands around it: RUN + WINDOW - 1 words in a row that two texts share give them a fingerprint in common."""
    shared = [f"w{(seed >> shift) % 7}" for shift in range(RUN["markdown"] + WINDOW["markdown"] - 1)]
    texts = [" ".join([*before, *shared, *after]), " ".join([*after, *shared, *before, "x"])]
    first, second = (prints_of([{"cell_type": "markdown", "source": text}]) for text in texts)
    assert first.keys() & second.keys()


def test_the_page_escapes_what_learners_wrote() -> None:
    """A name and a passage that mean harm are text; the page says that it is no finding."""
    evil = "<script>alert(1)</script>"
    pairs = alike([handed_in(evil, [*ADA, f"x = '{evil}'"]), handed_in("eve", [*ADA, f"x = '{evil}'"])], KNOWN)
    text = page("Coursework 9", pairs, 2)
    assert evil not in text and "&lt;script&gt;" in text and "not a finding" in text


def test_the_command_lists_pairs_of_a_coursework(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the module's own texts taken off: the model solution that two handed in says nothing, their own network does."""
    from tests.course.submissions import Learner
    from tests.course.submissions import notebook as notebook_of

    monkeypatch.setenv("DLMODULE_COURSE", str(ROOT))
    learner = Learner("coursework_2")
    solution = {name: learner.definition(name) for name in ("standardise", "train_epoch", "evaluate", "fit", "ResidualUnit", "SectionNet")}  # fmt: skip
    own = {"ada": [], "zoe": [], "bob": ADA, "eve": renamed(ADA)}
    for name, texts in own.items():
        cells = [*learner.answered(solution), *(("code", text) for text in texts)]
        (tmp_path / f"{name}.ipynb").write_bytes(notebook_of(cells))
    to = tmp_path / "pairs.html"
    done = CliRunner().invoke(command, ["coursework_2", str(tmp_path), "--page", str(to)], catch_exceptions=False)
    assert "bob and eve" in done.stdout and "1 pair of 4 submissions to look at; a list, not a finding." in done.stdout
    assert "ada" not in done.stdout and "bob and eve" in to.read_text("utf-8")
    given_out = tmp_path / "given.ipynb"
    given_out.write_bytes(notebook(ADA))
    less = CliRunner().invoke(command, ["coursework_2", str(tmp_path), "--known", str(given_out), "--json"], catch_exceptions=False)  # fmt: skip
    assert less.stdout == ""
    given_out.write_bytes(b"{}")
    with pytest.raises(CourseError, match=r"given\.ipynb.*not a Jupyter notebook"):
        CliRunner().invoke(command, ["coursework_2", str(tmp_path), "--known", str(given_out)], catch_exceptions=False)
    with pytest.raises(CourseError, match="no coursework 'coursework_7'"):
        CliRunner().invoke(command, ["coursework_7", str(tmp_path)], catch_exceptions=False)
