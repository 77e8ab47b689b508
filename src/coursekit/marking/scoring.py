"""Scoring a tensor that was handed in: a figure, and the marks that the stated scale gives for it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from coursekit.marking.assessment import File
from coursekit.marking.deciding import COULD_NOT_CHECK, NOT_STARTED, SCORED, ExerciseMark
from dlmodule.errors import DLModuleError

if TYPE_CHECKING:
    from torch import Tensor


def score(file: File, content: bytes | None) -> ExerciseMark:
    """The mark for ``content``, the file as it was handed in; None where it was not."""

    def marked(status: str, marks: float, message: str) -> ExerciseMark:
        return ExerciseMark(file.asked.name, status, round(marks, 1), file.marks, 0, 0, message)

    if content is None:
        return marked(NOT_STARTED, 0, "No such file was handed in.")
    from dlmodule.coursework.given import tensor_in

    try:
        tensor = tensor_in(content, file.asked.name)
    except DLModuleError as error:
        return marked(COULD_NOT_CHECK, 0, f"It could not be read: {error}.")
    if complaint := file.asked.complaint(tensor):
        return marked(SCORED, 0, complaint)
    figure, share, message = _FIGURES[file.score](tensor, file)
    return marked(SCORED, share * on_scale(file.scale, figure), message)


def on_scale(scale: Sequence[tuple[float, float]], figure: float) -> float:
    """Marks for ``figure``: straight lines between the points (figure, marks) of the scale, level beyond its ends."""
    points = sorted(scale)
    if figure <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in itertools.pairwise(points):
        if figure <= right:
            return low + (high - low) * (figure - left) / (right - left)
    return points[-1][1]


# Each returns the figure that the scale is for, the share of its marks that counts, and both in words.
def _accuracy(tensor: Tensor, file: File) -> tuple[float, float, str]:
    """Per cent of the predictions that are right."""
    assert file.truth is not None, "predictions are compared with the truth"
    figure = 100 * (tensor == file.truth).double().mean().item()
    return figure, 1.0, f"{figure:.1f} % of {len(tensor)} are right."


def _samples(tensor: Tensor, file: File) -> tuple[float, float, str]:
    """The samples' distance from real images; what counts is the share of new samples times that of the classes found."""
    from dlmodule import measure

    report = measure.report(tensor, file.like)
    new = 1 - copied(tensor, file.like)
    said = (
        f"Distance (classifier-FID) {report.samples.fid:.2f}; the mean image has {report.mean_image.fid:.1f}, real sections have "
        f"{report.real.fid:.2f}. {report.samples.coverage:.0%} of the structures are there, and {new:.0%} of the samples are no copies."
    )
    if report.samples.fid < 5 * report.real.fid and new > 0.5:
        said += " That is nearly as near as real sections come: a person should look at how they were made."
    return report.samples.fid, new * report.samples.coverage, said


COPY = 0.02  # root mean square, of grey values in [0, 1]: nearer than that, two sections are one with other rounding or faint noise


def copied(samples: Tensor, name: str) -> float:
    """The share of samples that are copies of an image of the set ``name``, mirrored ones included, or of an earlier sample."""
    import torch

    from dlmodule import data

    flat = samples.flatten(1)
    real = torch.cat([data.load(name, split).x for split in ("train", "test")]).flatten(1)
    mirrored = samples.flip(-1).flatten(1)
    reach = COPY * flat.shape[1] ** 0.5
    nearest = torch.stack([torch.cdist(each, real).min(1).values for each in (flat, mirrored)]).min(0).values
    among = torch.cdist(flat, flat)
    again = (among < reach).tril(-1).any(1)
    return float(((nearest < reach) | again).double().mean())


_FIGURES = {"accuracy": _accuracy, "samples": _samples}
