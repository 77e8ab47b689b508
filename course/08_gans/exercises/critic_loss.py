"""What the critic of a WGAN-GP minimises."""

from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=1,
    minutes=5,
    core=True,
    hints=(
        "The critic climbs mean f(x) - mean f(x~), and an optimiser minimises. What sign follows?",
        "Three terms: the fakes' mean, minus the real ones' mean, plus weight times the penalty.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    yield Case(row(3, 3), row(0, 0), row(0.5)[0], 10.0).named("two real examples at 3, two samples at 0")
    yield Case(row(1), row(4, -2, 7), row(2)[0], 0.1).named("one real example, three samples")
    yield Case(noise(6), noise(5, seed=1) + 40, row(1.5)[0], 3.0).named("random values")


exercise.edit(
    "sign_reversed", "real.mean(0) - fake.mean(0)", "fake.mean(0) - real.mean(0)",
    "The sign is reversed: your critic gives real examples the small values. Its generator would then run away from the data.",
)  # fmt: skip
exercise.edit(
    "penalty_subtracted", "weight * penalty - distance", "-weight * penalty - distance",
    "The penalty is subtracted: a steep slope is rewarded.",
)  # fmt: skip
exercise.edit(
    "weight_forgotten", "weight * penalty", "penalty",
    "The weight of the penalty has no effect.",
)  # fmt: skip
exercise.edit("summed", ".mean(0)", ".sum(0)", "You summed over the examples; take the mean of each batch.", count=2)


exercise.edit(
    "weight_on_everything", "weight * penalty - distance", "weight * (penalty - distance)",
    "The weight multiplies the whole loss. It belongs to the penalty alone.",
)  # fmt: skip
exercise.edit(
    "weight_of_ten", "weight * penalty", "10 * penalty",
    "The weight is always 10, the paper's value. Use the argument.",
)  # fmt: skip
exercise.edit(
    "no_sign", "- distance", "- distance.abs()",
    "You took the size of the difference, so a critic that has real and generated examples the wrong way round is rewarded too.",
)  # fmt: skip


exercise.equivalent("last argument of mean dropped", "the critic's values have one axis")


@exercise.mistake(
    "You kept the logarithm of this morning's loss. A critic's values are no logits: their plain means are compared."
)
def log_kept(real, fake, penalty, weight):
    return F.softplus(-real).mean() + F.softplus(fake).mean() + weight * penalty


@exercise.mistake(
    "You squeezed the values through a sigmoid: its slope vanishes for large values, and the difference is no distance any more."
)
def sigmoid_kept(real, fake, penalty, weight):
    return fake.sigmoid().mean() - real.sigmoid().mean() + weight * penalty


@exercise.alternative
def in_one_line(real, fake, penalty, weight):
    return fake.mean() - real.mean() + weight * penalty


@exercise.alternative
def by_sums(real, fake, penalty, weight):
    return penalty * weight + (fake.sum() / len(fake) - real.sum() / len(real))


exercise.edit(
    "weight_on_the_distance", "weight * penalty - distance", "penalty - weight * distance",
    "The weight is on the distance. It belongs to the penalty.",
)  # fmt: skip
