"""A loss that compares sets: one minus the soft Dice coefficient of each image."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=12,
    move_on=20,
    core=True,
    hints=(
        "First turn logits into probabilities; then three sums for each image: p times y, p, and y. Over which axes does a sum run that leaves one number for each image?",
        "dice is a tensor of shape (N,): (2 * sum of p y + eps) / (sum of p + sum of y + eps). The loss is one minus its mean.",
    ),
)


def waves(*shape: int, step: float = 1.3) -> torch.Tensor:
    """Smooth numbers in [-2, 2] of the given shape, the same on every machine."""
    return 2 * (torch.arange(torch.Size(shape).numel(), dtype=torch.float64) * step).sin().reshape(shape)


@exercise.probe
def probe(candidate, case):
    logits = case.args[0].clone().requires_grad_()
    loss = candidate(logits, *case.args[1:], **case.kwargs)
    if not (isinstance(loss, torch.Tensor) and loss.requires_grad):
        return {"loss": loss, "gradient with respect to the logits": "none comes through"}
    return {"loss": loss, "gradient with respect to the logits": torch.autograd.grad(loss.sum(), logits)[0]}


@exercise.cases
def cases():
    p = torch.tensor([0.9, 0.6, 0.2, 0.1], dtype=torch.float64).reshape(1, 1, 2, 2)
    yield Case(p.logit(), torch.tensor([1.0, 1.0, 0.0, 0.0], dtype=torch.float64).reshape(1, 1, 2, 2)).named(
        "the four pixels of the text"
    )
    yield Case(waves(1, 1, 2, 3), torch.zeros(1, 1, 2, 3, dtype=torch.float64)).named("an image without a fault")
    yield Case(waves(2, 1, 3, 4), (waves(2, 1, 3, 4, step=0.7) > 1.2).double()).named("two images of 3x4")
    yield Case(waves(3, 2, 4, 5), (waves(3, 2, 4, 5, step=0.4) > 0.8).double(), eps=0.1).named(
        "three images of two channels, eps 0.1"
    )
    few = torch.zeros(2, 1, 5, 5, dtype=torch.float64)
    few[0, 0, :, 2] = 1
    few[1, 0, 4, 4] = 1
    yield Case(waves(2, 1, 5, 5), few).named("one image with a long fault, one with a single pixel")
    yield Case(9 * waves(2, 1, 3, 4), (waves(2, 1, 3, 4, step=0.7) > 1.2).double()).named("a network that is very sure")


exercise.edit(
    "never_a_probability",
    "logits.sigmoid()",
    "logits",
    "You put logits into the sums. They may be negative or as large as they like, so the quotient is no share of anything: take their sigmoid first.",
)
exercise.edit(
    "sigmoid_twice",
    "logits.sigmoid()",
    "logits.sigmoid().sigmoid()",
    "The sigmoid is taken twice. The second one maps (0, 1) to (0.5, 0.73): the loss can then never come near 0.",
)
exercise.edit(
    "dice_not_loss",
    "return 1 - dice.mean()",
    "return dice.mean()",
    "You return the Dice coefficient. It is 1 for a perfect answer, and fit makes its loss small: return one minus it.",
)
exercise.edit(
    "forgot_the_two",
    "2 * both + eps",
    "both + eps",
    "The 2 in the numerator is missing: the denominator counts the intersection twice, once in each sum, so a perfect answer would score one half.",
)


@exercise.mistake(
    "You pooled the whole batch. The text takes Dice for each image and then the mean, so that an image with one small fault counts as much as one with four: sum over the axes 1, 2 and 3."
)
def pooled(logits, y, eps=1.0):
    p = logits.sigmoid()
    return 1 - (2 * (p * y).sum() + eps) / (p.sum() + y.sum() + eps)


@exercise.mistake(
    "You summed over height and width only, so each channel has a Dice of its own. Here all channels of an image are counted together: sum over the axes 1, 2 and 3."
)
def for_each_channel(logits, y, eps=1.0):
    p = logits.sigmoid()
    return 1 - ((2 * (p * y).sum((2, 3)) + eps) / (p.sum((2, 3)) + y.sum((2, 3)) + eps)).mean()


@exercise.mistake(
    "eps stands in the denominator only. On an image without a fault, an answer that rightly says nothing then has Dice 0 and is punished; with eps above and below it has 1."
)
def eps_below_only(logits, y, eps=1.0):
    p = logits.sigmoid()
    return 1 - (2 * (p * y).sum((1, 2, 3)) / (p.sum((1, 2, 3)) + y.sum((1, 2, 3)) + eps)).mean()


@exercise.mistake(
    "You marked pixels with a threshold before counting. A count does not change when a logit changes a little, so no gradient comes through: sum the probabilities themselves."
)
def hard_counts(logits, y, eps=1.0):
    p = (logits > 0).to(logits.dtype)
    return 1 - ((2 * (p * y).sum((1, 2, 3)) + eps) / (p.sum((1, 2, 3)) + y.sum((1, 2, 3)) + eps)).mean()


@exercise.mistake(
    "Your denominator has the squares of p and y, as in the paper of Milletari and others. Both forms are in use; the one derived here sums p and y themselves."
)
def squares_below(logits, y, eps=1.0):
    p = logits.sigmoid()
    return (
        1 - ((2 * (p * y).sum((1, 2, 3)) + eps) / (p.square().sum((1, 2, 3)) + y.square().sum((1, 2, 3)) + eps)).mean()
    )


@exercise.mistake(
    "That is the soft IoU: you took the intersection off the denominator. It is a fair loss, too, but Dice keeps |M| + |Y| below and twice the intersection above."
)
def soft_iou(logits, y, eps=1.0):
    p = logits.sigmoid()
    both = (p * y).sum((1, 2, 3))
    return 1 - ((both + eps) / (p.sum((1, 2, 3)) + y.sum((1, 2, 3)) - both + eps)).mean()


exercise.edit(
    "softmax_over_channels", "logits.sigmoid()", "logits.flatten(1).softmax(1).reshape(logits.shape)",
    "You took a softmax over the pixels, so they compete for one. Each pixel is marked or not by itself: the sigmoid.",
)  # fmt: skip


@exercise.mistake(
    "You limit the probabilities. Nothing here takes their logarithm, so nothing needs protection; and a pixel beyond the limit gets no "
    "gradient any more."
)
def limited_probabilities(logits, y, eps=1.0):
    p = logits.sigmoid().clamp(0.01, 0.99).flatten(1)
    y = y.flatten(1)
    return (1 - (2 * (p * y).sum(1) + eps) / ((p + y).sum(1) + eps)).mean()


@exercise.alternative
def flattened(logits, y, eps=1.0):
    p, y = torch.sigmoid(logits).flatten(1), y.flatten(1)
    return (1 - (2 * torch.einsum("ni,ni->n", p, y) + eps) / ((p + y).sum(1) + eps)).mean()


@exercise.alternative
def image_by_image(logits, y, eps=1.0):
    losses = []
    for z, truth in zip(logits, y, strict=True):
        p = F.logsigmoid(z).exp()
        losses.append(1 - (2 * p[truth > 0.5].sum() + eps) / (p.sum() + truth.sum() + eps))
    return sum(losses) / len(losses)
