"""Tell a real pair of words from noise."""

import torch

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=3,
    minutes=8,
    hints=(
        "One score for the real context, K scores for the noise. Which of them should be large, and which small?",
        "centre is (N, D) and noise (N, K, D): torch.einsum names the axes and sums over the shared D, which leaves (N, K). Sum over K, and take the mean over N at the end.",
    ),
    probe=probes.call(grad=True),
)


def ramp(*shape: int, shift: float = 0.0, scale: float = 1.0) -> torch.Tensor:
    return scale * (torch.arange(torch.Size(shape).numel(), dtype=torch.float64) * 0.7 + shift).sin().reshape(shape)


@exercise.cases
def cases():
    yield Case(torch.zeros(1, 2, dtype=torch.float64), ramp(1, 2), ramp(1, 5, 2)).named(
        "all scores zero, five noise words: 6 ln 2"
    )
    yield Case(ramp(1, 2), ramp(1, 2, shift=1), ramp(1, 1, 2, shift=2)).named("one pair, one noise word")
    yield Case(ramp(3, 4), ramp(3, 4, shift=1), ramp(3, 2, 4, shift=2)).named("three pairs, two noise words each")
    yield Case(ramp(4, 4), ramp(4, 4, shift=3), ramp(4, 4, 4, shift=1)).named(
        "as many pairs as noise words as features"
    )
    yield Case(ramp(2, 3, scale=30), ramp(2, 3, shift=2, scale=-30), ramp(2, 2, 3, scale=30)).named("very large scores")


exercise.edit(
    "noise_wanted", "logsigmoid(-torch", "logsigmoid(torch",
    "The noise words have the sign of real ones: your model would call every pair real. Their scores should be small, so a minus stands inside the sigmoid.",
)  # fmt: skip
exercise.edit(
    "noise_averaged", "noise)).sum(1)", "noise)).mean(1)",
    "You averaged over the noise words. The loss sums them: K of them weigh K times as much as one.",
)  # fmt: skip
exercise.edit(
    "sign_of_the_loss", "return -(real", "return (real",
    "Your loss is negative: it is the log likelihood. Minimising needs the minus sign.",
)  # fmt: skip
exercise.edit(
    "batch_summed", ".mean()", ".sum()",
    "You summed over the batch. The mean is asked.",
)  # fmt: skip


@exercise.mistake(
    "With very large scores the sigmoid rounds to 0, and its logarithm is minus infinity. F.logsigmoid computes both in one step."
)
def logarithm_of_sigmoid(centre, context, noise):
    real = (centre * context).sum(1).sigmoid().log()
    made_up = (-(noise @ centre.unsqueeze(2)).squeeze(2)).sigmoid().log().sum(1)
    return -(real + made_up).mean()


@exercise.mistake(
    "The noise is compared with the context. Noise words stand in the context's place: compare them with the centre."
)
def noise_against_context(centre, context, noise):
    made_up = F.logsigmoid(-(noise @ context.unsqueeze(2)).squeeze(2)).sum(1)
    return -(F.logsigmoid((centre * context).sum(1)) + made_up).mean()


@exercise.mistake(
    "You add a small number inside the logarithm. It bounds the loss of large scores, and their gradient vanishes. F.logsigmoid needs none."
)
def something_inside_the_logarithm(centre, context, noise):
    real = ((centre * context).sum(1).sigmoid() + 1e-10).log()
    made_up = ((-(noise @ centre.unsqueeze(2)).squeeze(2)).sigmoid() + 1e-10).log().sum(1)
    return -(real + made_up).mean()


@exercise.mistake(
    "You take one mean over all scores, real and noise. Sum over the noise words, and take the mean over the batch only."
)
def mean_of_all_scores(centre, context, noise):
    real = F.logsigmoid((centre * context).sum(1, keepdim=True))
    return -torch.cat([real, F.logsigmoid(-(noise @ centre.unsqueeze(2)).squeeze(2))], 1).mean()


@exercise.mistake(
    "You add up the noise words first and take one sigmoid. Each noise word is a pair of its own, with a sigmoid of its own."
)
def noise_added_first(centre, context, noise):
    real = F.logsigmoid((centre * context).sum(1))
    return -(real + F.logsigmoid(-(noise.sum(1) * centre).sum(1))).mean()


@exercise.mistake("You use the first noise word only. The loss sums over all of them.")
def first_noise_word_only(centre, context, noise):
    real = F.logsigmoid((centre * context).sum(1))
    return -(real + F.logsigmoid(-(noise[:, 0] * centre).sum(1))).mean()


@exercise.mistake(
    "Every centre meets every context. Row n belongs to row n alone: multiply, then sum over the features."
)
def every_pair(centre, context, noise):
    real = F.logsigmoid(centre @ context.T)
    made_up = F.logsigmoid(-(noise @ centre.unsqueeze(2)).squeeze(2)).sum(1)
    return -(real + made_up).mean()


@exercise.mistake(
    "You cut large scores off. Beyond the cut no gradient flows, where the model is most wrong; F.logsigmoid takes any score."
)
def scores_cut_off(centre, context, noise):
    real = F.logsigmoid((centre * context).sum(1).clamp(-10, 10))
    made_up = F.logsigmoid(-(noise @ centre.unsqueeze(2)).squeeze(2).clamp(-10, 10)).sum(1)
    return -(real + made_up).mean()


@exercise.mistake("The logarithm is missing: you add the sigmoids themselves.")
def sigmoids_added(centre, context, noise):
    real = (centre * context).sum(1).sigmoid()
    return -(real + (-(noise @ centre.unsqueeze(2)).squeeze(2)).sigmoid().sum(1)).mean()


@exercise.alternative
def by_cross_entropy(centre, context, noise):
    words = torch.cat([context.unsqueeze(1), noise], dim=1)
    scores = torch.einsum("nd,nkd->nk", centre, words)
    labels = torch.zeros_like(scores)
    labels[:, 0] = 1
    return F.binary_cross_entropy_with_logits(scores, labels, reduction="none").sum(1).mean()


@exercise.alternative
def by_softplus(centre, context, noise):
    real = F.softplus(-(centre * context).sum(1))
    made_up = F.softplus((centre.unsqueeze(1) * noise).sum(2))
    return (real + made_up.sum(1)).sum() / len(centre)
