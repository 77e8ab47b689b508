"""The area under the ROC curve, as a share of pairs."""

import torch

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=8,
    core=True,
    hints=(
        "Give one of the two a second axis, so that their difference holds every pair.",
        "Count where the odd score is larger, add half of the ties, and divide by the number of pairs.",
    ),
)


@exercise.cases
def cases():
    yield Case(row(1, 2, 3), row(2, 4)).named("the worked number")
    yield Case(row(0), row(1)).named("one pair")
    yield Case(row(1, 1, 1), row(1, 1)).named("ties only")
    yield Case(noise(7), noise(5, seed=1) + 1).named("seven normal and five odd")
    yield Case(row(0, 0, 9), row(1, 2)).named("a normal score far above all others")
    yield Case(row(5, 1, 3, 3), row(3, 5, 0, 2)).named("unsorted, with ties")


exercise.edit(
    "the_other_way_round", "odd[:, None] - normal[None, :]", "normal[None, :] - odd[:, None]",
    "You count the pairs in which the normal one is higher. A score is high for the odd: yours is 1 minus the AUROC.",
)  # fmt: skip
exercise.edit(
    "ties_lost", "(difference.sign() + 1) / 2", "(difference > 0).to(normal.dtype)",
    "Ties count nothing. They count half, so that a constant score gives 0.5, chance.",
)  # fmt: skip
exercise.edit(
    "ties_won", "(difference.sign() + 1) / 2", "(difference >= 0).to(normal.dtype)",
    "Ties count as wins. A constant score would then be perfect: they count half.",
)  # fmt: skip
exercise.edit(
    "mean_difference", "wins.mean()", "difference.mean()",
    "This is how much higher the odd scores are on average. The AUROC counts pairs, whatever their distance.",
)  # fmt: skip
exercise.edit(
    "number_of_pairs", "wins.mean()", "wins.sum()",
    "This is the number of pairs won. Divide it by the number of all pairs.",
)  # fmt: skip


@exercise.mistake(
    "This is an accuracy at one threshold, the mean of the normal scores. The AUROC looks at all thresholds at once."
)
def at_one_threshold(normal, odd):
    threshold = normal.mean()
    return 0.5 * ((odd > threshold).double().mean() + (normal <= threshold).double().mean())


exercise.edit(
    "signs_averaged", "(difference.sign() + 1) / 2", "difference.sign()",
    "You averaged the signs, so a lost pair counts -1 and a tie 0. A win counts 1, a tie one half, a loss 0.",
)  # fmt: skip
exercise.edit(
    "smoothed", "(difference.sign() + 1) / 2", "difference.sigmoid()",
    "You counted each pair by a sigmoid of the difference. A pair is won, lost or tied, however small the difference.",
)  # fmt: skip
exercise.edit(
    "side_by_side", "odd[:, None] - normal[None, :]", "odd[: len(normal)] - normal[: len(odd)]",
    "You compared the first odd score with the first normal one, and so on. Every odd score meets every normal one: give one of them a second axis.",
)  # fmt: skip


@exercise.mistake("You compared the two means. The AUROC counts the pairs in which the odd score is higher.")
def means_compared(normal, odd):
    return (odd.mean() > normal.mean()).double()


@exercise.alternative
def by_ranks(normal, odd):
    both = torch.cat([odd, normal])
    rank = (both[:, None] > both).sum(1) + 0.5 * ((both[:, None] == both).sum(1) + 1)
    return (rank[: len(odd)].sum() - len(odd) * (len(odd) + 1) / 2).to(normal.dtype) / (len(odd) * len(normal))


@exercise.alternative
def by_heaviside(normal, odd):
    return torch.heaviside(odd[:, None] - normal, torch.tensor(0.5, dtype=normal.dtype)).mean()


exercise.edit(
    "threshold_at_the_mean", "wins.mean()", "(odd > normal.mean()).to(normal.dtype).mean()",
    "This is the share of odd images above the mean of the normal ones: one threshold. The AUROC compares every odd score with every normal one.",
)  # fmt: skip
