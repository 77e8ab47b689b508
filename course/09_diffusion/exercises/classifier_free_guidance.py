"""Push the prediction away from the unconditional one."""

import torch

from dlmodule.checking import Case, Code, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "Ask the model twice: with the labels, and with a tensor of null labels of the same shape.",
        "Start at the unconditional answer and go `scale` times the way to the conditional one. torch.full_like makes the null labels.",
    ),
    probe=probes.call(),
)
MODEL = Code("lambda x, t, y: x * (y[:, None] + 1.0) / (1 + t[:, None]) + 0.1 * y[:, None] ** 2")


@exercise.cases
def cases():
    x, t, y = noise(3, 2), row(0.2, 0.5, 1.0), torch.tensor([0, 2, 1])
    yield Case(MODEL, row(1)[:, None], row(0.0), torch.tensor([1]), 2.0, 3).named("one number, scale 2")
    yield Case(MODEL, x, t, y, 1.0, 4).named("scale 1: the conditional answer")
    yield Case(MODEL, x, t, y, 0.0, 4).named("scale 0: the unconditional answer")
    yield Case(MODEL, x, t, y, 3.5, 5).named("scale 3.5")


exercise.edit(
    "paper_scale", "scale * (conditional - unconditional)", "(1 + scale) * (conditional - unconditional)",
    "Your scale is the w of the paper, one less than ours. At scale 1 the conditional answer itself is asked, and yours goes beyond it already.",
)  # fmt: skip
exercise.edit(
    "wrong_direction", "(conditional - unconditional)", "(unconditional - conditional)",
    "You push away from the label. The direction is conditional minus unconditional.",
)  # fmt: skip
exercise.edit(
    "difference_alone", "unconditional + scale", "scale",
    "You return the scaled difference alone. It is added to the unconditional answer.",
)  # fmt: skip
exercise.edit(
    "label_zero_for_null", "torch.full_like(y, null)", "torch.zeros_like(y)",
    "Label 0 is a class like the others. The unconditional answer is that to the null label.",
)  # fmt: skip


exercise.edit(
    "conditional_alone", "unconditional + scale * (conditional - unconditional)", "scale * conditional",
    "You scale the conditional answer and leave the other out. Start at the unconditional answer and add the scaled difference.",
)  # fmt: skip
exercise.edit(
    "same_labels_twice", "torch.full_like(y, null)", "y",
    "Both answers are asked with the class, so their difference is 0. The second needs the null label: torch.full_like(y, null).",
)  # fmt: skip


@exercise.alternative
def in_one_batch(model, x, t, y, scale, null):
    both = model(torch.cat([x, x]), torch.cat([t, t]), torch.cat([y, torch.full(y.shape, null)]))
    conditional, unconditional = both.chunk(2)
    return scale * conditional + (1 - scale) * unconditional


@exercise.alternative
def by_lerp(model, x, t, y, scale, null):
    return torch.lerp(model(x, t, y * 0 + null), model(x, t, y), scale)
