"""Arithmetic with word vectors, the words of the question left out."""

import torch
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    hints=(
        "Man is to king as woman is to what? Which of the three vectors is taken away, and which two are added?",
        "Normalise the whole table once, do the arithmetic with its rows, and leave the rest to nearest: it takes a tuple of words to exclude.",
    ),
)


def table(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)


ROYAL = table([1, 0, 0.1], [1, 2, 0], [0, 0.1, 1], [0, 1, 0.9], [0.9, -2, 1], [-1, -1, 0.2])
SPREAD = (torch.arange(40, dtype=torch.float64) * 1.7).sin().reshape(8, 5) * torch.arange(1, 9, dtype=torch.float64)[
    :, None
]


@exercise.cases
def cases():
    yield Case(ROYAL, 0, 1, 2).named("six words: man, king, woman, queen and two others")
    yield Case(ROYAL, 1, 0, 3, 3).named("the other way round, the three best")
    yield Case(SPREAD, 2, 7, 5, 4).named("eight words of very different length")
    yield Case(SPREAD, 6, 0, 3, 2).named("another question")
    yield Case(SPREAD, 1, 4, 4, 3).named("b and c are the same word")


exercise.edit(
    "order_turned", "unit[b] - unit[a] + unit[c]", "unit[a] - unit[b] + unit[c]",
    "You went from b to a. The step from a to b is b - a; take it from c.",
)  # fmt: skip
exercise.edit(
    "question_not_excluded", "exclude=(a, b, c)", "exclude=()",
    "The words of the question are among your answers: c itself, or b, is often nearest to b - a + c. Leave all three out.",
)  # fmt: skip
exercise.edit(
    "only_c_excluded", "exclude=(a, b, c)", "exclude=(c,)",
    "You left out c only. b is often the nearest word of all: leave all three out.",
)  # fmt: skip
exercise.edit(
    "lengths_kept", "F.normalize(vectors, dim=1)", "vectors",
    "You added vectors of different length: the longest decides the direction. Bring all to length 1 first.",
)  # fmt: skip


exercise.edit(
    "a_not_excluded", "exclude=(a, b, c)", "exclude=(b, c)",
    "a is among your answers. All three words of the question are left out.",
)  # fmt: skip
exercise.edit(
    "b_not_excluded", "exclude=(a, b, c)", "exclude=(a, c)",
    "b is among your answers, and often the nearest word of all. All three words of the question are left out.",
)  # fmt: skip
exercise.edit(
    "c_not_excluded", "exclude=(a, b, c)", "exclude=(a, b)",
    "c is among your answers. All three words of the question are left out.",
)  # fmt: skip
exercise.edit(
    "vectors_returned", "return nearest(unit, unit[b] - unit[a] + unit[c], k, exclude=(a, b, c))", "return unit[nearest(unit, unit[b] - unit[a] + unit[c], k, exclude=(a, b, c))]",
    "You return vectors. The numbers of the words are asked.",
)  # fmt: skip


@exercise.alternative
def by_three_cosines(vectors, a, b, c, k=1):
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    score = unit @ unit[b] - unit @ unit[a] + unit @ unit[c]
    score[[a, b, c]] = -math.inf
    return score.topk(k).indices


@exercise.alternative
def by_sorting(vectors, a, b, c, k=1):
    unit = F.normalize(vectors, dim=1)
    cosine = F.cosine_similarity(unit, (unit[b] - unit[a] + unit[c])[None], dim=1)
    return torch.tensor([n for n in cosine.argsort(descending=True).tolist() if n not in (a, b, c)][:k])


exercise.equivalent("dim= dropped from normalize", "axis 1 is the default of F.normalize")

FAMILY = "man woman king queen boy girl father mother brother sister husband wife son daughter he she uncle aunt prince princess actor actress"
CAPITALS = "france paris italy rome germany berlin england london spain madrid japan tokyo russia moscow ireland dublin china beijing egypt cairo"
TENSE = "walk walked play played look looked work worked talk talked want wanted start started call called go went see saw make made take took"


@exercise.ledger("twitter", seeds=1)
def twitter(solution, seed):
    """Every pair of pairs of three lists, 332 questions, on 25-dimensional vectors from tweets; the nearest word of all beside it."""
    words, vectors = data.glove("glove-twitter-25d/glove.twitter.27B.25d.subset11925.txt")
    number, unit = {word: k for k, word in enumerate(words)}, F.normalize(vectors, dim=1)
    excluded = included = questions = 0
    for group in (FAMILY, CAPITALS, TENSE):
        names = group.split()
        pairs = [(number[a], number[b]) for a, b in zip(names[::2], names[1::2], strict=True)]
        for a, b in pairs:
            for c, right in pairs:
                if a != c:
                    questions += 1
                    excluded += solution(vectors, a, b, c).item() == right
                    included += (unit @ (unit[b] - unit[a] + unit[c])).argmax().item() == right
    return {"excluded": excluded / questions, "included": included / questions, "questions": float(questions)}
