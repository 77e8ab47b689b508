"""Of the times a network says 80 %, is it right in 80 %? The reliability diagram's numbers, and one number for all of it."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=20,
    move_on=30,
    core=True,
    hints=(
        "Two numbers per example first: its confidence (the largest probability) and whether it was right (0 or 1). Then bins.",
        "index = (confidence * bins).ceil() - 1 is the bin of (b/B, (b+1)/B]; torch.bincount(index, weights=..., minlength=bins) sums "
        "within bins. Divide by counts clamped to at least 1.",
    ),
)


def two_classes(confidence: list[float]) -> torch.Tensor:
    """(N, 2): the first class with the given probability, the second with the rest."""
    p = torch.tensor(confidence, dtype=torch.float64)
    return torch.stack([p, 1 - p], 1)


def peaked(count: int, classes: int) -> torch.Tensor:
    """(count, classes): softmax of fixed waves, from nearly level to sharply peaked."""
    n = torch.arange(count * classes, dtype=torch.float64)
    logits = (n * 1.7).sin().reshape(count, classes) * torch.linspace(0.5, 6, count, dtype=torch.float64)[:, None]
    return logits.softmax(1)


@exercise.cases
def cases():
    yield Case(two_classes([0.9, 0.8]), torch.tensor([0, 1]), bins=2).named("two examples in one bin")
    yield Case(two_classes([0.95, 0.93, 0.91, 0.65]), torch.tensor([0, 0, 1, 0]), bins=5).named(
        "four examples in two of five bins"
    )
    yield Case(two_classes([0.62, 0.73, 0.71]), torch.tensor([0, 1, 0]), bins=10).named("nobody surer than 73 %")
    yield Case(two_classes([1.0, 0.75, 0.5, 1.0]), torch.tensor([0, 1, 0, 1]), bins=4).named(
        "confidences on the edges of bins"
    )
    yield Case(peaked(40, 3), torch.arange(40) * 7 % 3, bins=10).named("forty examples, three classes")
    yield Case(peaked(25, 4), torch.arange(25) * 3 % 4).named("the default number of bins")


exercise.edit(
    "bins_weigh_the_same",
    "(count / count.sum() * (accuracy - confidence).abs()).sum()",
    "(accuracy - confidence).abs().mean()",
    "Your ECE gives every bin the same weight. It is an expectation over examples: a bin weighs as many as it holds, n_b / N.",
)
exercise.edit(
    "gaps_cancel",
    "(accuracy - confidence).abs()",
    "(accuracy - confidence)",
    "You let over- and under-confident bins cancel: take the absolute value of each gap. Without it the sum is only the overall accuracy "
    "minus the mean confidence.",
)
exercise.edit(
    "left_closed_bins",
    ".ceil().long() - 1",
    ".floor().long().clamp(max=bins - 1)",
    "A confidence on the edge of two bins went to the upper one. The bins here are (b/B, (b+1)/B], as in Guo et al.: closed on the right.",
)
exercise.edit(
    "squared_gaps",
    "(accuracy - confidence).abs()",
    "(accuracy - confidence).square()",
    "You squared the gaps. ECE takes their absolute value, so that it reads in the units of a probability.",
)
exercise.equivalent("operands of - swapped", "the difference stands inside an absolute value")


@exercise.mistake(
    "You used the middle of each bin as its confidence. The examples of a bin need not sit in the middle, and most are crowded near 1: "
    "average their confidences."
)
def bin_centres(probabilities, y, *, bins=10):
    top, predicted = probabilities.max(1)
    index = (top * bins).ceil().long() - 1
    count = torch.bincount(index, minlength=bins)
    n = count.clamp(min=1)
    accuracy = torch.bincount(index, weights=(predicted == y).to(top.dtype), minlength=bins) / n
    confidence = ((torch.arange(bins, dtype=top.dtype) + 0.5) / bins) * (count > 0)
    return confidence, accuracy, count, (count / count.sum() * (accuracy - confidence).abs()).sum()


@exercise.mistake(
    "You binned the probability of the true class. The network's confidence is that of its own prediction, right or wrong; otherwise it "
    "could never be sure and wrong."
)
def confidence_in_the_truth(probabilities, y, *, bins=10):
    top = probabilities.gather(1, y[:, None])[:, 0]
    right = (probabilities.argmax(1) == y).to(top.dtype)
    index = ((top * bins).ceil().long() - 1).clamp(0)
    count = torch.bincount(index, minlength=bins)
    n = count.clamp(min=1)
    confidence = torch.bincount(index, weights=top, minlength=bins) / n
    accuracy = torch.bincount(index, weights=right, minlength=bins) / n
    return confidence, accuracy, count, (count / count.sum() * (accuracy - confidence).abs()).sum()


exercise.edit(
    "sum_not_mean_confidence",
    "weights=top, minlength=bins) / filled",
    "weights=top, minlength=bins)",
    "Your confidence is the sum over each bin. Divide by the number of examples in it, as for the accuracy.",
)
exercise.edit(
    "accuracy_over_all",
    "weights=predicted == y, minlength=bins) / filled",
    "weights=predicted == y, minlength=bins) / len(y)",
    "You divided the right answers of each bin by the number of all examples. A bin's accuracy is among its own examples: divide by its count.",
)
exercise.edit(
    "gap_over_bins",
    "count / count.sum()",
    "count / bins",
    "You weigh each bin by count / bins. The weight is the share of all examples that fall into it, n_b / N.",
)
exercise.edit(
    "largest_gap",
    "(count / count.sum() * (accuracy - confidence).abs()).sum()",
    "(accuracy - confidence).abs().max()",
    "You returned the largest gap, which is known as the maximum calibration error. The expected one weighs each bin's gap with n_b / N and sums.",
)
exercise.edit(
    "bins_fixed",
    "    top, predicted",
    "    bins = 10\n    top, predicted",
    "You always make ten bins: `bins` is never used.",
)
exercise.edit(
    "softmax_of_probabilities",
    "probabilities.max(1)",
    "probabilities.softmax(1).max(1)",
    "You applied a softmax to probabilities. They sum to 1 already: a second softmax levels them.",
)
exercise.edit(
    "accuracy_first",
    "return confidence, accuracy, count, ece",
    "return accuracy, confidence, count, ece",
    "Accuracy and confidence are exchanged: the confidence comes first.",
)
exercise.edit(
    "empty_bins_divided",
    "count.clamp(min=1)",
    "count",
    "An empty bin divides zero by zero, which is NaN, and so is the ECE. Its confidence and accuracy are to be zero: divide by counts clamped to at least 1.",
)


@exercise.alternative
def by_masks(probabilities, y, *, bins=10):
    top, predicted = probabilities.max(dim=1)
    right = (predicted == y).to(top.dtype)
    edges = torch.arange(bins + 1, dtype=top.dtype) / bins
    confidence, accuracy = torch.zeros(bins, dtype=top.dtype), torch.zeros(bins, dtype=top.dtype)
    count = torch.zeros(bins, dtype=torch.int64)
    ece = torch.zeros((), dtype=top.dtype)
    for b in range(bins):
        inside = (top > edges[b]) & (top <= edges[b + 1])
        if inside.any():
            confidence[b], accuracy[b], count[b] = top[inside].mean(), right[inside].mean(), inside.sum()
            ece += inside.double().mean() * (accuracy[b] - confidence[b]).abs()
    return confidence, accuracy, count, ece


@exercise.alternative
def by_scatter(probabilities, y, *, bins=10):
    top = probabilities.amax(1)
    right = probabilities.argmax(1).eq(y).to(top.dtype)
    index = torch.bucketize(top, torch.arange(1, bins + 1, dtype=top.dtype) / bins)
    count = torch.zeros(bins, dtype=torch.int64).index_add_(0, index, torch.ones_like(index))
    sum_confidence = torch.zeros(bins, dtype=top.dtype).index_add_(0, index, top)
    sum_right = torch.zeros(bins, dtype=top.dtype).index_add_(0, index, right)
    n = count.clamp(min=1)
    return sum_confidence / n, sum_right / n, count, (sum_right - sum_confidence).abs().sum() / len(y)
