"""Coursework 1 is marked as a lecturer would: seven learners, from one who does nothing to one who does it another way.

What a network would draw is stood in for by new sections of the simulator that are smoothed, as a VAE smooths: nothing is trained.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from coursekit.marking.marking import Marked
from coursekit.marking.sandbox import Sandbox
from coursekit.marking.scoring import copied, on_scale
from dlmodule import data
from dlmodule.data import patches
from tests.course.submissions import Cells, Learner, by_name

EXERCISES = ("UpBlock", "Generator", "negative_elbo", "lateral_correlation", "nearest_real")
WORDS = {question: f"An answer to {question}." for question in ("C1", "C2", "C3", "C4")}
# What a marker gives for the answers in words, of 30.
READ = {"blank": 0, "hard_coded": 0, "weak": 6, "broken": 15, "median": 17, "strong": 27, "unusual": 26}
# The whole mark, in per cent, that a lecturer would expect.
EXPECTED = {
    "blank": (0, 0), "hard_coded": (0, 5), "weak": (20, 40), "broken": (38, 55), "median": (58, 72), "strong": (88, 100),
    "unusual": (88, 100),
}  # fmt: skip


@pytest.fixture(scope="module")
def learner() -> Learner:
    """Makes submissions."""
    return Learner("coursework_1")


@pytest.fixture(scope="module")
def sandbox(learner: Learner) -> Iterator[Sandbox]:
    """A warm sandbox."""
    with Sandbox(learner.assessment.trials) as warm:
        yield warm


@functools.cache
def new_sections() -> Tensor:
    """A thousand sections that stand in no data set: five hundred and their mirror images."""
    x, _ = patches.draw(patches.SECTIONS, 500, (2022, 12, 12))
    grey = x[:, None].float() / 255
    return torch.cat([grey, grey.flip(-1)])


def smoothed(reach: int) -> Tensor:
    """New sections, averaged ``reach`` samples around each: the more, the farther from real ones."""
    x = F.pad(new_sections(), (reach,) * 4, mode="replicate")
    return F.avg_pool2d(x, 2 * reach + 1, 1).clamp(0, 1).contiguous()


def principal_components(count: int) -> Tensor:
    """Draws from a normal density of the training set's principal components."""
    flat = data.load("seismic_sections").x[:2000].flatten(1)
    mean = flat.mean(0)
    _, values, axes = torch.linalg.svd(flat - mean, full_matrices=False)
    z = torch.randn(1000, count, generator=torch.Generator().manual_seed(0)) * values[:count] / len(flat) ** 0.5
    return (mean + z @ axes[:count]).clamp(0, 1).view(-1, 1, 32, 32)


def blank(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """What was given, untouched."""
    return learner.starter(), {}


def weak(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """A block in the wrong order, a loss whose terms do not belong together, one measure; sections that have no layers."""
    definitions = {
        "UpBlock": learner.mistake("UpBlock", "convolution_first"),
        "negative_elbo": learner.mistake("negative_elbo", "mean_over_pixels"),
        "lateral_correlation": learner.mistake("lateral_correlation", "covariance"),
    }
    return learner.answered(definitions, {"C1": "VAEs are stable."}), {"samples": principal_components(40)}


def median(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """Three small mistakes, none of which costs what builds on it; blurred sections."""
    definitions = {name: learner.definition(name) for name in EXERCISES}
    definitions |= {
        "UpBlock": learner.mistake("UpBlock", "relu_without_leak"),
        "negative_elbo": learner.mistake("negative_elbo", "no_normaliser"),
        "nearest_real": learner.mistake("nearest_real", "never_mirrored"),
    }
    return learner.answered(definitions, WORDS), {"samples": smoothed(2)}


def strong(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """All as in the model solution, and sections that are nearly sharp."""
    definitions = {name: learner.definition(name) for name in EXERCISES}
    return learner.answered(definitions, WORDS), {"samples": smoothed(1)}


def unusual(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """A GAN; every answer is written otherwise; the cells stand in reverse order."""
    written = {
        "UpBlock": "repeated", "Generator": "in_a_loop", "critic_step": "two_backward_passes", "lateral_correlation": "by_means",
        "nearest_real": "by_products",
    }  # fmt: skip
    definitions = {name: learner.alternative(name, of) for name, of in written.items()}
    return list(reversed(learner.answered(definitions, WORDS))), {"samples": smoothed(1)}


def broken(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """A syntax error in one cell, a training that stops the kernel, and samples that are not numbers."""
    definitions = {name: learner.definition(name) for name in EXERCISES}
    definitions["UpBlock"] = definitions["UpBlock"].replace("super().__init__()", "super().__init__(", 1)
    cells = [("code", "import os\nlosses = [1 / 0 for _ in range(3)]"), *learner.answered(definitions, WORDS)]
    return cells, {"samples": torch.full((1000, 1, 32, 32), torch.nan)}


def hard_coded(learner: Learner) -> tuple[Cells, dict[str, Tensor]]:
    """Functions that know the public cases by heart, and the training set handed in as samples."""
    recited = "import torch\n\n\ndef {name}(*args, **kwargs):\n    return torch.full((len(args[0]),), 0.37)\n"
    definitions = {name: recited.format(name=name) for name in ("negative_elbo", "lateral_correlation", "nearest_real")}
    return learner.answered(definitions), {"samples": data.load("seismic_sections").x[:1000].flip(-1).clone()}


LEARNERS = {each.__name__: each for each in (blank, hard_coded, weak, broken, median, strong, unusual)}


@pytest.fixture(scope="module")
def marked(learner: Learner, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Marked]:
    """The seven, marked by code and data, before a person has read anything."""
    folder = tmp_path_factory.mktemp("submissions")
    return {name: learner.marks(*make(learner), sandbox, folder / name) for name, make in LEARNERS.items()}


def test_marks_are_those_a_lecturer_would_give(learner: Learner, marked: dict[str, Marked]) -> None:
    """Each of the seven lies where it is expected, out of 100, with what a marker gives for the words; and they rank so."""
    assert learner.assessment.marks == 100
    assert all(sum(mark.of for mark in found.exercises) == 100 for found in marked.values())
    totals = {name: found.marks + READ[name] for name, found in marked.items()}
    outside = {
        name: (total, EXPECTED[name])
        for name, total in totals.items()
        if not EXPECTED[name][0] <= total <= EXPECTED[name][1]
    }
    assert not outside, {name: by_name(marked[name]) for name in outside}
    ranked = sorted(totals, key=lambda name: totals[name])
    assert ranked[:5] == list(LEARNERS)[:5] and set(ranked[5:]) == {"strong", "unusual"}


def test_the_better_choice_counts(marked: dict[str, Marked]) -> None:
    """A VAE's loss or a GAN's step: the one that was written is worth its marks, the other nothing and costs nothing."""
    of = {name: {mark.exercise: mark.of for mark in found.exercises} for name, found in marked.items()}
    assert (of["strong"]["negative_elbo"], of["strong"]["critic_step"]) == (12, 0)
    assert (of["unusual"]["negative_elbo"], of["unusual"]["critic_step"]) == (0, 12)
    assert by_name(marked["unusual"])["critic_step"] == 12


def test_a_generator_is_marked_with_a_right_block(marked: dict[str, Marked]) -> None:
    """A wrong block costs its own marks; a generator made of it has all of its own."""
    assert by_name(marked["median"])["UpBlock"] == pytest.approx(0.8 * 6)
    assert by_name(marked["median"])["Generator"] == 10
    assert (by_name(marked["broken"])["UpBlock"], by_name(marked["broken"])["Generator"]) == (0, 10)


def test_copies_are_found() -> None:
    """Training and test sections, mirrored or faintly noised, and one sample a thousand times: copies; new sections are none."""
    train, test = data.load("seismic_sections").x[:100], data.load("seismic_sections", "test").x[:100]
    noise = 0.01 * torch.randn(100, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    assert copied(train, "seismic_sections") == copied(test.flip(-1), "seismic_sections") == 1
    assert copied((train + noise).clamp(0, 1), "seismic_sections") == 1
    assert copied(new_sections()[:1].expand(100, -1, -1, -1).contiguous(), "seismic_sections") == pytest.approx(0.99)
    assert copied(new_sections()[:500], "seismic_sections") == 0


def test_the_scale_is_made_of_straight_lines() -> None:
    """Between two points marks grow evenly, in either direction; beyond the ends they are level."""
    rising, falling = [(20.0, 0.0), (45.0, 5.0), (75.0, 12.0)], [(2.0, 30.0), (18.0, 15.0), (75.0, 0.0)]
    assert [on_scale(rising, x) for x in (0, 20, 32.5, 75, 100)] == [0, 0, 2.5, 12, 12]
    assert [on_scale(falling, x) for x in (0, 2, 10, 75, 1e6)] == [30, 30, 22.5, 0, 0]
