"""How good are generated images? Scores by one frozen classifier per data set, each beside its controls.

    print(measure.report(samples, "glyphs"))

No score stands alone: `report` gives every one of them for real images as well (the floor), for the mean image and for noise.
"""

from dlmodule.measure.classifier import Classifier, frozen, names
from dlmodule.measure.report import Report, Row, report
from dlmodule.measure.scores import class_coverage, frechet_distance, precision_recall, two_sample_accuracy

__all__ = [
    "Classifier",
    "Report",
    "Row",
    "class_coverage",
    "frechet_distance",
    "frozen",
    "names",
    "precision_recall",
    "report",
    "two_sample_accuracy",
]
