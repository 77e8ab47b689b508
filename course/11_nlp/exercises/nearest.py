"""The nearest words by cosine."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=5,
    core=True,
    hints=(
        "A cosine is the scalar product of two vectors of length 1. Which rows may not win?",
        "F.cosine_similarity compares each row with the query as a row. Set the cosine of excluded words to minus infinity, then topk returns values and indices.",
    ),
)


def table(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)


WORDS = table([1, 0, 0], [5, 5, 0], [0, 0.1, 0], [-3, 1, 2], [0.5, 0.1, 0.1], [0, -1, 4], [2, -2, 1])


@exercise.cases
def cases():
    yield Case(table([1, 0], [4, 3], [0, 2]), table([2, 0])[0], 2).named("three words in the plane")
    yield Case(table([1, 0], [4, 3], [0, 2], [6, 1]), table([1, 0])[0], 2, (0,)).named("the query's own word excluded")
    yield Case(WORDS, table([0.2, 0.3, -0.1])[0], 4).named("seven words in space")
    yield Case(WORDS, WORDS[3] * 10, 5, (3, 5)).named("two words excluded")
    yield Case(WORDS, WORDS[6] - WORDS[0], 1, (6, 0)).named("a difference of words")


exercise.edit(
    "scalar_product", "F.cosine_similarity(vectors, query[None])", "vectors @ query",
    "You compared scalar products: a long vector wins whatever its direction. Bring every row to length 1.",
)  # fmt: skip
exercise.edit(
    "nothing_excluded", "    cosine[list(exclude)] = -math.inf\n", "",
    "Excluded words are still in your list. The query's own word has cosine 1 and always wins.",
)  # fmt: skip
exercise.edit(
    "values_returned", ".indices", ".values",
    "These are the cosines. The numbers of the words are asked.",
)  # fmt: skip
exercise.edit(
    "farthest", "cosine.topk(k)", "cosine.topk(k, largest=False)",
    "These are the words farthest away: a large cosine means close.",
)  # fmt: skip


@exercise.mistake(
    "You used the distance between end points. Then a long vector in the same direction is far away; the cosine looks at the direction alone."
)
def euclidean(vectors, query, k, exclude=()):
    distance = (vectors - query).norm(dim=1)
    distance[list(exclude)] = math.inf
    return distance.topk(k, largest=False).indices


@exercise.mistake(
    "Excluded words have a cosine of 0 in your list, which is more than a negative one. Minus infinity never wins."
)
def excluded_set_to_zero(vectors, query, k, exclude=()):
    cosine = F.cosine_similarity(vectors, query[None], dim=1)
    cosine[list(exclude)] = 0
    return cosine.topk(k).indices


@exercise.mistake(
    "You take the excluded rows away, and the numbers of those behind them move up. Return the words' own numbers."
)
def numbers_moved_up(vectors, query, k, exclude=()):
    kept = [row for row in range(len(vectors)) if row not in exclude]
    return F.cosine_similarity(vectors[kept], query[None]).topk(k).indices


@exercise.mistake(
    "You drop the excluded words after you have taken the best k, so that fewer than k are left. Exclude first."
)
def excluded_afterwards(vectors, query, k, exclude=()):
    best = F.cosine_similarity(vectors, query[None]).topk(k).indices
    return best[[int(word) not in exclude for word in best]]


@exercise.mistake("You skip the best word, as if it always were the query's own. Only words in `exclude` never count.")
def best_skipped(vectors, query, k, exclude=()):
    order = F.cosine_similarity(vectors, query[None]).argsort(descending=True)
    return order[1 : k + 1]


@exercise.mistake("Your words stand in the order of their numbers. The nearest comes first.")
def by_number(vectors, query, k, exclude=()):
    cosine = F.cosine_similarity(vectors, query[None])
    cosine[list(exclude)] = -math.inf
    return cosine.topk(k).indices.sort().values


@exercise.mistake("You exclude the first word of `exclude` only.")
def first_excluded_only(vectors, query, k, exclude=()):
    cosine = F.cosine_similarity(vectors, query[None])
    cosine[list(exclude[:1])] = -math.inf
    return cosine.topk(k).indices


@exercise.mistake(
    "You compare the size of the cosine. One near -1 points the other way: it is the farthest, not the nearest."
)
def sign_ignored(vectors, query, k, exclude=()):
    cosine = F.cosine_similarity(vectors, query[None]).abs()
    cosine[list(exclude)] = -math.inf
    return cosine.topk(k).indices


@exercise.alternative
def sorted_list(vectors, query, k, exclude=()):
    cosine = F.cosine_similarity(vectors, query.unsqueeze(0), dim=1).tolist()
    order = sorted((n for n in range(len(vectors)) if n not in exclude), key=lambda n: -cosine[n])
    return torch.tensor(order[:k])


@exercise.alternative
def unit_distance(vectors, query, k, exclude=()):
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    distance = (unit - query / query.norm()).square().sum(1)
    left = torch.tensor([n not in exclude for n in range(len(vectors))])
    return distance.masked_fill(~left, math.inf).argsort()[:k]


exercise.equivalent("first two arguments of cosine_similarity swapped", "a cosine is symmetric")
