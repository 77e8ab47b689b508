"""The non-saturating loss of the generator, and the saturating one."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=1,
    minutes=5,
    core=True,
    hints=(
        "Write ln D and ln(1 - D) by softplus, as above. Which of the two has a minus sign in front, so that it can be minimised?",
        "-ln D is the softplus of minus the logit; ln(1 - D) is minus the softplus of the logit.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    yield Case(row(-5)).named("a sample that is rejected")
    yield Case(row(-5), False).named("the same, not saturating, by its argument")
    yield Case(row(-5), True).named("the same, saturating")
    yield Case(row(1000, -1000)).named("very large logits")
    yield Case(row(1000, -1000), True).named("very large logits, saturating")
    yield Case(2 * noise(6)).named("random logits")


exercise.edit(
    "always_saturating", "return F.softplus(-fake)", "return -F.softplus(fake)",
    "Your loss is the saturating one in both cases. At a logit of -5 its slope is 0.007: the generator would hardly learn.",
)  # fmt: skip
exercise.edit(
    "argument_ignored", "return -F.softplus(fake)", "return F.softplus(-fake)",
    "The argument saturating has no effect: return the mean of ln(1 - D) where it is True.",
)  # fmt: skip
exercise.edit(
    "sign_reversed", "return F.softplus(-fake)", "return F.softplus(fake)",
    "Your non-saturating loss is small where samples are rejected. It should be small where they pass for real.",
)  # fmt: skip
exercise.edit(
    "saturating_sign_reversed", "return -F.softplus(fake)", "return F.softplus(fake)",
    "The saturating loss has the wrong sign. It is ln(1 - D), which is negative, and it falls as samples pass for real.",
)  # fmt: skip
exercise.edit("summed", ".mean(0)", ".sum(0)", "You summed over the batch; take the mean.", count=2)


exercise.edit(
    "exchanged", "if saturating:", "if not saturating:",
    "The two losses changed places: with saturating=True return the mean of ln(1 - D), otherwise that of -ln D.",
)  # fmt: skip
exercise.edit(
    "negated", "return F.softplus(-fake)", "return -F.softplus(-fake)",
    "Your non-saturating loss has the wrong sign: it is the mean of ln D, and minimising it makes samples worse. Return minus the mean of ln D.",
)  # fmt: skip
exercise.edit(
    "log_d_for_saturating", "return -F.softplus(fake)", "return -F.softplus(-fake)",
    "Your saturating loss is the mean of ln D. It is that of ln(1 - D), which is minus the softplus of the logit itself.",
)  # fmt: skip
exercise.edit(
    "saturating_by_default", "saturating: bool = False", "saturating: bool = True",
    "The default is the saturating loss. Without the argument the other one is asked for: saturating: bool = False.",
)  # fmt: skip
exercise.edit(
    "critic", "return F.softplus(-fake)", "return -fake",
    "This is minus the mean logit, the loss against a critic. Here D is a probability: the mean of -ln D is that of the softplus of minus the logit.",
)  # fmt: skip


exercise.equivalent("last argument of mean dropped", "the logits have one axis")


@exercise.mistake("Your logs overflow at large logits. Use F.softplus on the logits.")
def log_of_sigmoid(fake, saturating=False):
    d = fake.sigmoid()
    return ((1 - d).log() if saturating else -d.log()).mean()


@exercise.alternative
def by_cross_entropy(fake, saturating=False):
    if saturating:
        return -F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


@exercise.alternative
def by_logsigmoid(fake, saturating=False):
    return F.logsigmoid(-fake).mean() if saturating else F.logsigmoid(fake).mean().neg()
