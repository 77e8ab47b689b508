"""Pairs that differ in one place, and both must be right."""

import torch

from dlmodule.checking import Case, Code, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=4,
    core=True,
    hints=(
        "Two conditions for each pair. What has to hold for the pair to count?",
        "Two comparisons give two rows of booleans; & joins them, and the mean of zeros and ones is the share. Return a Python number.",
    ),
)

FIRST = Code("lambda ids: ids[:, 0].double() - 5")


def column(*values: int) -> torch.Tensor:
    return torch.tensor(values)[:, None]


@exercise.cases
def cases():
    yield Case(FIRST, column(7, 9), column(2, 8)).named("two pairs, one right")
    yield Case(FIRST, column(6, 5, 5, 9, 8), column(3, 2, 1, 1, 5)).named("five pairs, three scores of exactly zero")
    yield Case(FIRST, column(1, 2, 9, 8, 7), column(1, 9, 8, 7, 1)).named("pairs that are wrong in both or in one")
    yield Case(Code("lambda ids: ids[:, 0].double() / 20 - 0.25"), column(6, 9, 4), column(1, 4, 2)).named(
        "small scores"
    )
    yield Case(
        Code("lambda ids: ids.double().mean(1) - 4.5"),
        torch.tensor([[5, 6], [1, 2], [9, 1]]),
        torch.tensor([[2, 3], [9, 9], [1, 9]]),
    ).named("two tokens; the last pair has the same words")


exercise.edit(
    "each_by_itself",
    "((score(praise) > 0) & (score(complaint) < 0))",
    "(((score(praise) > 0).float() + (score(complaint) < 0).float()) / 2)",
    "You counted single texts. A model that always says praise would get a half; a pair is right only if both are.",
)  # fmt: skip
exercise.edit(
    "one_is_enough", " & ", " | ",
    "One of the two is enough for you. Both have to be right.",
)  # fmt: skip
exercise.edit(
    "only_the_difference", "((score(praise) > 0) & (score(complaint) < 0))", "(score(praise) > score(complaint))",
    "You compare the two scores with each other. Each has its own side of zero to be on.",
)  # fmt: skip


@exercise.mistake("You returned the number of pairs. The share is asked: divide by how many there are.")
def number_of_pairs(score, praise, complaint):
    return float(((score(praise) > 0) & (score(complaint) < 0)).sum().item())


exercise.edit(
    "threshold_of_a_probability", "score(praise) > 0)", "score(praise) > 0.5)",
    "You compare with 0.5, as if scores were probabilities. A score is above or below zero.",
)  # fmt: skip
exercise.edit(
    "different_signs", "(score(praise) > 0) & (score(complaint) < 0)", "score(praise) * score(complaint) < 0",
    "Different signs are enough for you. The praising text must be above zero and the complaining one below, not the other way round.",
)  # fmt: skip
exercise.edit(
    "shares_multiplied", "((score(praise) > 0) & (score(complaint) < 0)).double().mean().item()", "(score(praise) > 0).double().mean().item() * (score(complaint) < 0).double().mean().item()",
    "You multiply the two shares. That is right only if the two had nothing to do with each other: look at each pair.",
)  # fmt: skip
exercise.edit(
    "smaller_share", "((score(praise) > 0) & (score(complaint) < 0)).double().mean().item()", "min((score(praise) > 0).double().mean().item(), (score(complaint) < 0).double().mean().item())",
    "You take the smaller of the two shares. Two texts may be wrong in different pairs: look at each pair.",
)  # fmt: skip
exercise.edit(
    "zero_is_praise", "score(praise) > 0", "score(praise) >= 0",
    "A praising text with a score of exactly zero counts as right in yours. It must be above zero.",
)  # fmt: skip
exercise.edit(
    "zero_is_complaint", "score(complaint) < 0", "score(complaint) <= 0",
    "A complaining text with a score of exactly zero counts as right in yours. It must be below zero.",
)  # fmt: skip


@exercise.alternative
def by_the_smaller(score, praise, complaint):
    worst = torch.minimum(score(praise), -score(complaint))
    return (worst > 0).double().mean().item()


@exercise.alternative
def by_a_loop(score, praise, complaint):
    pairs = list(zip(score(praise).tolist(), score(complaint).tolist(), strict=True))
    return sum(a > 0 > b for a, b in pairs) / len(pairs)


exercise.equivalent(".item(...) dropped", "a number in a tensor is the same number")
