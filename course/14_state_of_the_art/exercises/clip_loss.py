"""The contrastive loss of CLIP, both ways."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=2,
    minutes=8,
    core=True,
    hints=(
        "The logits are one matrix (N, N). What is the right class of row i, and of column j?",
        "F.normalize along the features, a matrix product, the scale out of its logarithm, and two cross-entropies: of the matrix and of its transpose.",
    ),
    probe=probes.call(grad=True),
)


def scale(log: float) -> torch.Tensor:
    return torch.tensor(log, dtype=torch.float64)


@exercise.cases
def cases():
    yield Case(torch.stack([row(3, 0), row(0, 1)]), torch.stack([row(1, 0), row(2, 2)]), scale(0.0)).named(
        "two pairs, scale 1"
    )
    yield Case(noise(5, 3), 2 * noise(5, 3, seed=1), scale(1.5)).named("five pairs of three features")
    yield Case(waves(3, 3), noise(3, 3, seed=2), scale(2.66)).named("as many pairs as features")
    yield Case(noise(4, 6), noise(4, 6, seed=3), scale(6.0)).named("a scale above 100")


exercise.edit(
    "not_normalised", "F.normalize(image, dim=1), F.normalize(text, dim=1)", "image, text",
    "Your vectors keep their lengths: a long vector would be near to everything. Normalise each to length 1.",
)  # fmt: skip
exercise.edit(
    "normalised_along_the_batch", "F.normalize(image, dim=1), F.normalize(text, dim=1)", "F.normalize(image, dim=0), F.normalize(text, dim=0)",
    "You normalised each feature over the batch. Each row is a vector, so normalise along the features.",
)  # fmt: skip
exercise.edit(
    "logarithm_used_as_scale", "log_scale.exp().clamp(max=100)", "log_scale.clamp(max=100)",
    "You multiplied by the logarithm of the scale: the exponential is missing, and the logits stay too flat.",
)  # fmt: skip
exercise.edit(
    "not_clamped", ".clamp(max=100)", "",
    "The scale is not limited to 100: clamp it, after the exponential. Without a limit it may grow until the loss overflows, late in a long training.",
)  # fmt: skip
exercise.edit(
    "divided_by_the_scale", "log_scale.exp().clamp(max=100) * image", "image / log_scale.exp().clamp(max=100)",
    "You divided by the scale. It multiplies: 1/0.07 is the scale, 0.07 would be a temperature.",
)  # fmt: skip
exercise.edit(
    "one_way_only", "(F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2", "F.cross_entropy(logits, right)",
    "Only the rows are used: each caption has to find its image as well.",
)  # fmt: skip
exercise.edit(
    "sum_of_both", " / 2", "",
    "You return the sum of the two cross-entropies. The loss is their mean.",
)  # fmt: skip


exercise.edit(
    "softmax_first", "F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)", "F.cross_entropy(logits.softmax(1), right) + F.cross_entropy(logits.T.softmax(1), right)",
    "The softmax is applied twice: F.cross_entropy takes logits.",
)  # fmt: skip
exercise.edit(
    "fixed_scale", "log_scale.exp().clamp(max=100) * image", "image / 0.07",
    "The scale is fixed at 1/0.07, its start. It is learned: log_scale.exp(), at most 100.",
)  # fmt: skip
exercise.edit(
    "scale_cut_off", "log_scale.exp()", "log_scale.detach().exp()",
    "The scale gets no gradient, so it is never learned. Do not detach it.",
)  # fmt: skip
exercise.edit(
    "one_side_normalised", "F.normalize(image, dim=1), F.normalize(text, dim=1)", "image, F.normalize(text, dim=1)",
    "Only the texts have length 1. Normalise the images too: a cosine needs both.",
)  # fmt: skip


@exercise.mistake(
    "You ask of each pair by itself whether it belongs together (a sigmoid, as later work does). Here a softmax chooses among the batch: cross-entropy with class i in row i."
)
def pair_by_pair(image, text, log_scale):
    logits = log_scale.exp().clamp(max=100) * F.normalize(image, dim=1) @ F.normalize(text, dim=1).T
    return F.binary_cross_entropy_with_logits(logits, torch.eye(len(logits), dtype=logits.dtype))


@exercise.alternative
def by_logarithms(image, text, log_scale):
    a = image / image.norm(dim=1, keepdim=True)
    b = text / text.norm(dim=1, keepdim=True)
    z = torch.exp(log_scale).clamp(max=100) * torch.einsum("id,jd->ij", a, b)
    return -(z.log_softmax(0).diag().mean() + z.log_softmax(1).diag().mean()) / 2


@exercise.alternative
def by_cosines(image, text, log_scale):
    z = F.cosine_similarity(image[:, None], text[None], dim=2) * log_scale.exp().clamp(max=100)
    own = z.diagonal()
    return 0.5 * ((z.logsumexp(1) - own).mean() + (z.logsumexp(0) - own).mean())


exercise.equivalent("dim= dropped from normalize", "1 is the default")
