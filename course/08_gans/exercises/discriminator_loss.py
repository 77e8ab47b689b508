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
    yield Case(row(1000, -1000), row(-1000, 1000)).named("very large logits")
    yield Case(row(40, -30), row(-30, 40)).named("large logits")
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


exercise.edit(
    "both_as_real", "F.softplus(fake)", "F.softplus(-fake)",
    "Generated examples are rewarded for large logits, as real ones are. Theirs should be small: softplus(f), without the minus.",
)  # fmt: skip
exercise.edit(
    "negated", "F.softplus(-real).mean(0) + F.softplus(fake).mean(0)", "-(F.softplus(-real).mean(0) + F.softplus(fake).mean(0))",
    "This is V, which the discriminator maximises. Return the loss that it minimises: minus V, which is never negative.",
)  # fmt: skip
exercise.edit(
    "exponential_first", "F.softplus(-real).mean(0) + F.softplus(fake).mean(0)", "(1 + (-real).exp()).log().mean() + (1 + fake.exp()).log().mean()",
    "Your exponential overflows at large logits: e to the 1000 is infinite. F.softplus computes the same and stays finite.",
)  # fmt: skip
exercise.edit(
    "sigmoid_twice", "F.softplus(-real).mean(0) + F.softplus(fake).mean(0)", "F.softplus(-real.sigmoid()).mean(0) + F.softplus(fake.sigmoid()).mean(0)",
    "The sigmoid is applied twice: softplus and binary_cross_entropy_with_logits take logits.",
)  # fmt: skip
exercise.edit(
    "critic", "F.softplus(-real).mean(0) + F.softplus(fake).mean(0)", "fake.mean(0) - real.mean(0)",
    "This is a critic's loss, of the additional notebook. A discriminator's is a cross-entropy: the softplus of each logit, then the mean.",
)  # fmt: skip
exercise.edit(
    "hinge", "F.softplus(-real).mean(0) + F.softplus(fake).mean(0)", "F.relu(1 - real).mean(0) + F.relu(1 + fake).mean(0)",
    "This is the hinge loss, which some later GANs use. Asked for is the cross-entropy: softplus in place of relu(1 + ...).",
)  # fmt: skip
exercise.edit(
    "samples_detached", "F.softplus(fake)", "F.softplus(fake.detach())",
    "The logits of the generated examples are detached, so the discriminator cannot learn from them. What is detached in its turn are the samples, not the logits.",
)  # fmt: skip


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


@exercise.mistake(
    "You took one mean over both batches together. The loss is a sum of two means, 1.386 where it cannot tell, whatever the sizes of the batches."
)
def mean_of_all(real, fake):
    return torch.cat([F.softplus(-real), F.softplus(fake)]).mean()


@exercise.mistake(
    "The sigmoid comes first, and F.binary_cross_entropy cuts its logarithms at -100. Take softplus, or the cross-entropy with logits."
)
def cut_at_100(real, fake):
    on_real = F.binary_cross_entropy(real.sigmoid(), torch.ones_like(real))
    return on_real + F.binary_cross_entropy(fake.sigmoid(), torch.zeros_like(fake))


@exercise.alternative
def by_cross_entropy(real, fake):
    ones, zeros = torch.ones_like(real), torch.zeros_like(fake)
    return F.binary_cross_entropy_with_logits(real, ones) + F.binary_cross_entropy_with_logits(fake, zeros)


@exercise.alternative
def by_logsigmoid(real, fake):
    return -(F.logsigmoid(real).mean() + F.logsigmoid(-fake).mean())


exercise.edit(
    "labels_smoothed", "F.softplus(-real).mean(0)", "(0.9 * F.softplus(-real) + 0.1 * F.softplus(real)).mean(0)",
    "The label of the real examples is 0.9. Smoothing comes later; here a real example is real, with label 1.",
)  # fmt: skip
