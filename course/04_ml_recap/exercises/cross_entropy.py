"""The negative log-likelihood of classes, from logits of any size."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    move_on=15,
    core=True,
    hints=(
        "For one example: log-sum-exp of its logits, minus the logit of the true class. Which number may you take out of the sum so that no exponent "
        "is above 0? It may differ from example to example.",
        "logits.amax(1, keepdim=True) has the shape (N, 1) and can be subtracted from (N, K). logits[torch.arange(N), y] picks one logit of every row.",
    ),
    probe=probes.call(grad=True),
    forbidden={
        name: "it has the log-sum-exp inside, which you write here; you may compare with it."
        for name in ("logsumexp", "log_softmax", "cross_entropy")
    },
)


def tensor(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)


@exercise.cases
def cases():
    yield Case(tensor([0.0, 0.0]), torch.tensor([1])).named("one example, two classes, logits 0 and 0")
    yield Case(tensor([1.0, -1.0, 2.0], [0.5, 3.0, -2.0]), torch.tensor([2, 0])).named("two examples, three classes")
    yield Case(2 * noise(7, 5), torch.arange(7) * 3 % 5).named("seven examples, five classes")
    yield Case(tensor([1000.0, 1001.0], [1000.0, 998.0]), torch.tensor([0, 0])).named("logits near 1000")
    yield Case(tensor([-1000.0, -1002.0, -1001.0]), torch.tensor([1])).named("logits near -1000")
    yield Case(tensor([0.0, 1000.0], [3.0, 1.0]), torch.tensor([0, 0])).named("certain, and wrong by a thousand")
    yield Case(tensor([0.0, 1.0], [2000.0, 1999.0]), torch.tensor([0, 1])).named(
        "one example with logits near 0, another with logits near 2000"
    )


@exercise.mistake(
    "With large logits exp() overflows and your loss is inf or nan; with very negative ones every exp() is 0 and so is their sum. Take the "
    "largest logit of each row out of the sum first."
)
def naive(logits, y):
    return (logits.exp().sum(1).log() - logits[torch.arange(len(y)), y]).mean()


@exercise.mistake(
    "You computed probabilities first and took their logarithm afterwards. Where a probability has underflown to 0 its logarithm is minus infinity; "
    "stay in logarithms all the way."
)
def log_of_softmax(logits, y):
    return -logits.softmax(1)[torch.arange(len(y)), y].log().mean()


exercise.edit(
    "one_maximum_for_all",
    "logits.amax(1, keepdim=True)",
    "logits.max().expand(len(y), 1)",
    "You subtract one maximum from the whole batch. Beside an example with logits near 2000, one with logits near 0 then has only exp(-2000) = 0 left, "
    "and its logarithm is minus infinity: take the maximum row by row.",
)
exercise.edit(
    "summed",
    "y]).mean()",
    "y]).sum()",
    "You summed over the batch. The loss is a mean, so that the learning rate need not change with the batch size.",
)
exercise.edit(
    "sign",
    "(log_sum - logits[torch.arange(len(y)), y])",
    "(logits[torch.arange(len(y)), y] - log_sum)",
    "Your loss is negative: it is the log-likelihood itself. To minimise it would make the truth as improbable as possible; turn the sign round.",
)
exercise.edit(
    "maximum_forgotten",
    "largest[:, 0] + ",
    "",
    "You took the largest logit out of the sum and did not put it back: the logarithm of the sum is m plus the logarithm of what is left.",
)
exercise.edit(
    "over_the_batch",
    "(logits - largest).exp().sum(1).log()",
    "(logits - largest).exp().sum(0).log().sum().expand(len(y))",
    "Your sum runs over the batch. The probabilities of one example's classes sum to 1, not those of one class's examples: sum over axis 1.",
)


exercise.edit(
    "every_class_for_every_example",
    "logits[torch.arange(len(y)), y]",
    "logits[:, y].mean(1)",
    "Each example is charged for the true classes of all examples: logits[:, y] is (N, N). Take one number per row: logits[torch.arange(N), y].",
)
exercise.edit(
    "predicted_class",
    "logits[torch.arange(len(y)), y]",
    "largest[:, 0]",
    "You charged each example for the class the network likes best: y is not used. The loss is about the *true* class.",
)
exercise.edit(
    "normalisation_missing",
    "(log_sum - logits[torch.arange(len(y)), y])",
    "(largest[:, 0] - logits[torch.arange(len(y)), y])",
    "The logarithm of the sum is missing: you return how far the true logit is behind the largest, which is 0 for every right answer, however unsure.",
)
exercise.edit(
    "base_two",
    ".log()",
    ".log2()",
    "You took the logarithm to base 2. The logits are exponents of e, so the natural one is needed.",
)
exercise.edit(
    "probability_held_up",
    "(log_sum - logits[torch.arange(len(y)), y])",
    "-(logits - largest).softmax(1)[torch.arange(len(y)), y].clamp(min=1e-12).log()",
    "You held the probability above a small number before its logarithm. A network that is sure and wrong is then charged too little, and gets no gradient at all: stay in logarithms.",
)


@exercise.alternative
def class_by_class(logits, y):
    total = logits[:, 0]
    for k in range(1, logits.shape[1]):
        total = torch.logaddexp(total, logits[:, k])
    return (total - logits.gather(1, y[:, None])[:, 0]).mean()


@exercise.alternative
def row_by_row(logits, y):
    losses = []
    for z, k in zip(logits, y, strict=True):
        d = z - z[k]
        m = d.max().detach()
        losses.append(m + torch.log(torch.exp(d - m).sum()))
    return torch.stack(losses).mean()
