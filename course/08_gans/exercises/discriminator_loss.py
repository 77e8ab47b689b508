"""Binary cross-entropy of real and generated examples, from logits."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=1,
    minutes=5,
    core=True,
    hints=(
        "A real example should have a large logit, a generated one a small one. What sign stands inside each softplus?",
        "Take the mean of each batch on its own, then add: the batches may differ in size.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    yield Case(row(0, 0), row(0, 0)).named("a discriminator that cannot tell")
    yield Case(row(2), row(-1, 3, 0.5)).named("one real example, three generated")
    yield Case(row(300, -300), row(-300, 300)).named("very large logits")
    yield Case(3 * noise(7), 3 * noise(5, seed=1)).named("random logits")


exercise.edit(
    "sides_exchanged", "F.softplus(-real).mean(0) + F.softplus(fake).mean(0)", "F.softplus(real).mean(0) + F.softplus(-fake).mean(0)",
    "Your loss rewards the wrong answers: a real example should get a large logit, a generated one a small one.",
)  # fmt: skip
exercise.edit(
    "halved", "F.softplus(-real).mean(0) + F.softplus(fake).mean(0)", "(F.softplus(-real).mean(0) + F.softplus(fake).mean(0)) / 2",
    "You halved the sum. It is no bug for the training, but the text asks for the sum, 1.386 where it cannot tell.",
)  # fmt: skip
exercise.edit("summed", ".mean(0)", ".sum(0)", "You summed over the batch; take the mean of each batch.", count=2)

exercise.equivalent("last argument of mean dropped", "the logits have one axis")


@exercise.mistake(
    "Your logs overflow at large logits: sigmoid rounds to 0 or 1, and ln 0 is infinite. Use F.softplus on the logits."
)
def log_of_sigmoid(real, fake):
    return -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean()


@exercise.mistake(
    "You averaged over both batches together. They may have different sizes: take the mean of each, then add."
)
def one_mean_for_both(real, fake):
    return 2 * F.softplus(torch.cat([-real, fake])).mean()


@exercise.alternative
def by_cross_entropy(real, fake):
    ones, zeros = torch.ones_like(real), torch.zeros_like(fake)
    return F.binary_cross_entropy_with_logits(real, ones) + F.binary_cross_entropy_with_logits(fake, zeros)


@exercise.alternative
def by_logsigmoid(real, fake):
    return -(F.logsigmoid(real).mean() + F.logsigmoid(-fake).mean())
