"""Cross-entropy against smoothed targets."""

import torch
from torch import Tensor
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    hints=(
        "Start from log-probabilities, computed stably from the logits. The loss is minus a sum over classes of target times log-probability.",
        "Either build the targets q of shape (N, K), or split the sum: (1 - eps) times the right class's log-probability, and eps times their mean over classes.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([[0.0, 2.0]], dtype=torch.float64), torch.tensor([1]), 0.2).named(
        "one example, logits (0, 2), class 1, eps 0.2"
    )
    yield Case(torch.tensor([[0.0, 2.0]], dtype=torch.float64), torch.tensor([1]), 0.0).named("the same, eps 0")
    yield Case(noise(4, 3, seed=0), torch.tensor([0, 2, 2, 1]), 0.1).named("four examples, three classes")
    yield Case(torch.tensor([[1000.0, -1000.0, 0.0]], dtype=torch.float64), torch.tensor([0]), 0.3).named(
        "logits of 1000"
    )
    yield Case(3 * noise(3, 10, seed=1), torch.tensor([9, 0, 4]), 0.5).named("ten classes, eps 0.5")


exercise.equivalent(
    "last argument of mean dropped", "the mean over the batch follows in any case, and a mean of means is the mean"
)


def against(logits: Tensor, q: Tensor) -> Tensor:
    return -(q * logits.log_softmax(1)).sum(1).mean()


@exercise.mistake(
    "You share eps among the other K - 1 classes. In Szegedy's form it is shared among all K, the right one included, which ends up with 1 - eps + eps / K."
)
def among_the_others(logits, y, eps):
    K = logits.shape[1]
    hot = F.one_hot(y, K)
    return against(logits, (1 - eps) * hot + eps / (K - 1) * (1 - hot))


@exercise.mistake(
    "Your targets do not sum to one: each class gets all of eps. It is shared, eps / K for each of the K classes."
)
def eps_each(logits, y, eps):
    return against(logits, (1 - eps) * F.one_hot(y, logits.shape[1]) + eps)


@exercise.mistake(
    "You summed over the batch. Its loss is a mean, so that the learning rate does not depend on the size of the batch."
)
def summed(logits, y, eps):
    return F.cross_entropy(logits, y, label_smoothing=eps, reduction="sum")


@exercise.mistake(
    "Nothing is smoothed: this is the plain cross-entropy. Mix in eps times the mean of the log-probabilities."
)
def plain(logits, y, eps):
    return F.cross_entropy(logits, y)


@exercise.mistake(
    "You exchanged eps and 1 - eps: the right class now gets eps and the uniform part the rest. eps is the share that is given away."
)
def exchanged(logits, y, eps):
    return F.cross_entropy(logits, y, label_smoothing=1 - eps)


@exercise.mistake(
    "You smoothed the prediction and not the target: the probabilities are mixed with 1 / K before the logarithm. That caps the loss; smoothing the target "
    "is meant to cap the logits."
)
def prediction_smoothed(logits, y, eps):
    p = (1 - eps) * logits.softmax(1) + eps / logits.shape[1]
    return -p[torch.arange(len(y)), y].log().mean()


exercise.edit(
    "sums_to_less",
    "log_p.mean(1)",
    "(log_p.sum(1) - right) / log_p.shape[1]",
    "The right class gets 1 - eps alone: your targets sum to less than 1. It has its share eps / K as well, as every class has.",
)
exercise.edit(
    "smoothed_over_the_others",
    "log_p.mean(1)",
    "log_p.sum(1) / (log_p.shape[1] - 1)",
    "Each class gets eps / (K - 1), and the right one 1 - eps besides, so your targets sum to more than 1. eps is shared among all K: eps / K each.",
)
exercise.edit(
    "nothing_taken_away",
    "(1 - eps) * right",
    "right",
    "The right class keeps all of its weight and eps is added on top: your targets sum to more than 1. It gets 1 - eps, and its share of eps.",
)
exercise.edit(
    "averaged_over_classes",
    "((1 - eps) * right + eps * log_p.mean(1)).mean()",
    "((1 - eps) * right + eps * log_p.mean(1)).mean() / log_p.shape[1]",
    "Your loss is divided by the number of classes: you took the mean over classes as well. Sum over the classes, and take the mean over the batch.",
)
exercise.edit(
    "probabilities_raised",
    "logits.log_softmax(1)",
    "(logits.softmax(1) + eps).log()",
    "You added eps to the probabilities. It is the *target* that is smoothed: 1 - eps for the right class, and eps / K for every class.",
)
exercise.edit(
    "over_the_batch",
    "logits.log_softmax(1)",
    "logits.log_softmax(0)",
    "Your softmax runs over the batch. The probabilities of one example's classes sum to 1: axis 1.",
)
exercise.edit(
    "log_of_softmax",
    "logits.log_softmax(1)",
    "logits.softmax(1).log()",
    "You computed probabilities first and took their logarithm afterwards. With large logits a probability is rounded to 0, and its logarithm is minus infinity: log_softmax does both in one step.",
)
exercise.edit(
    "exponentials_overflow",
    "logits.log_softmax(1)",
    "(logits.exp() / logits.exp().sum(1, keepdim=True)).log()",
    "With large logits exp() overflows and your loss is not a number. log_softmax takes the largest logit of each row out first.",
)
exercise.edit(
    "positive_log_probability",
    "-((1 - eps)",
    "((1 - eps)",
    "Your loss is negative: it is the log-probability itself. Turn the sign round.",
)
exercise.edit(
    "divergence",
    "return -((1 - eps) * right + eps * log_p.mean(1)).mean()",
    "q = eps / log_p.shape[1] + (1 - eps) * torch.nn.functional.one_hot(y, log_p.shape[1])\n    return (q * (q.log() - log_p)).sum(1).mean()",
    "You returned the divergence of the targets from the prediction, which is 0 at best. The cross-entropy has the entropy of the targets in it, and is not.",
)


@exercise.alternative
def by_torch(logits, y, eps):
    return F.cross_entropy(logits, y, label_smoothing=eps)


@exercise.alternative
def with_targets(logits, y, eps):
    K = logits.shape[1]
    q = torch.full_like(logits, eps / K)
    q = q.scatter_add(1, y[:, None], torch.full_like(logits[:, :1], 1 - eps))
    return ((torch.logsumexp(logits, 1, keepdim=True) - logits) * q).sum() / len(y)
