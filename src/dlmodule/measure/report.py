"""All scores of a set of samples, each beside its controls."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlmodule import data
from dlmodule.errors import DLModuleError
from dlmodule.measure.classifier import Classifier, frozen, judge
from dlmodule.measure.scores import class_coverage, frechet_distance, precision_recall, two_sample_accuracy


@dataclass(frozen=True)
class Row:
    """The scores of one set of images. fid: lower is better; coverage, precision, recall: 1 is best; told_apart: 0.5 is best."""

    fid: float
    coverage: float
    precision: float
    recall: float
    told_apart: float


@dataclass(frozen=True)
class Report:
    """Scores of ``count`` samples and of three controls: as many real images, the mean image, and noise."""

    name: str
    count: int
    samples: Row
    real: Row
    mean_image: Row
    noise: Row

    @property
    def percent_of_noise(self) -> float:
        """The samples' classifier-FID as a percentage of the noise ceiling."""
        return 100 * self.samples.fid / self.noise.fid

    def __str__(self) -> str:
        """A table, a line for each set."""
        lines = [f"{self.count} images, judged by the frozen classifier of {self.name}", ""]
        lines.append(f"{'':22}{'FID':>9}{'coverage':>10}{'precision':>11}{'recall':>8}{'told apart':>12}")
        rows = {"samples": self.samples, "real (the floor)": self.real, "mean image": self.mean_image, "noise (the ceiling)": self.noise}  # fmt: skip
        for label, row in rows.items():
            lines.append(
                f"{label:22}{row.fid:9.3f}{row.coverage:10.2f}{row.precision:11.2f}{row.recall:8.2f}{row.told_apart:12.2f}"
            )
        return "\n".join(lines)


def report(samples: Tensor, name: str) -> Report:
    """Score ``samples`` (N, 1, H, W) in [0, 1] against the test set of ``name``; at most as many as that set holds are used.

    The floor is the same number of training images against the test set: what a perfect generator would score at this N.
    """
    model, test = frozen(name), data.load(name, "test").x
    if samples.shape[1:] != test.shape[1:]:
        raise DLModuleError(
            f"{name} has images of shape {tuple(test.shape[1:])}, the samples have {tuple(samples.shape[1:])}"
        )
    if len(samples) < 100:
        raise DLModuleError(f"a score of {len(samples)} samples would be chance: draw at least 100")
    count = min(len(samples), len(test), 2_000)
    train = data.load(name).x[:count]
    noise = torch.rand(train.shape, generator=torch.Generator().manual_seed(0))
    sets = {
        "samples": samples[:count],
        "real": train,
        "mean_image": train.mean(0, keepdim=True).expand_as(train),
        "noise": noise,
    }
    real = judge(model, test[:count])
    return Report(name, count, **{label: _row(model, x, real) for label, x in sets.items()})


def _row(model: Classifier, x: Tensor, real: tuple[Tensor, Tensor]) -> Row:
    features, classes = judge(model, x)
    precision, recall = precision_recall(features, real[0])
    told_apart = two_sample_accuracy(features, real[0])
    return Row(frechet_distance(features, real[0]), class_coverage(classes, real[1]), precision, recall, told_apart)
