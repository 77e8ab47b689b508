"""Count the company of each word."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=10,
    core=True,
    hints=(
        "Take one distance at a time: tokens[:-d] and tokens[d:] are all pairs at distance d of one sentence. Count one direction, then mirror.",
        "The same pair may come several times in one sentence: index_put_ with accumulate=True adds them all. A slice beyond the end of a short sentence is empty, and harmless.",
    ),
)


def sentences(*rows: list[int]) -> list[torch.Tensor]:
    return [torch.tensor(row, dtype=torch.long) for row in rows]


@exercise.cases
def cases():
    yield Case(sentences([0, 1, 2]), 3, 2).named("the worked example")
    yield Case(sentences([0, 1, 0, 1]), 2, 1).named("a pair that repeats, nearest neighbours only")
    yield Case(sentences([2, 0], [3, 1, 2]), 4, 3).named("two sentences, shorter than the window")
    yield Case(sentences([1, 1, 2, 1]), 4, 3).named("a word near itself")
    yield Case(sentences([4], [0, 3, 4, 2, 0, 1, 4, 4]), 6, 4).named("a sentence of one word, and a longer one")


exercise.edit(
    "distance_ignored", "1 / distance", "1.0",
    "All words of the window count the same. GloVe's counts are divided by the distance: the next word counts 1, the one after it a half.",
)  # fmt: skip
exercise.edit(
    "repeats_lost", "accumulate=True", "accumulate=False",
    "A pair that occurs several times is counted once: index_put_ overwrites unless you say accumulate=True.",
)  # fmt: skip
exercise.edit(
    "one_direction", "return x + x.T", "return x",
    "You counted only the words to the right. The matrix is symmetric: if j is near i, then i is near j.",
)  # fmt: skip
exercise.edit(
    "window_one_short", "range(1, window + 1)", "range(1, window)",
    "Your window is one short: range stops before its end, and a distance equal to the window counts as well.",
)  # fmt: skip


@exercise.mistake(
    "Pairs cross the border of sentences: you joined all sentences into one. The last word of one is no company for the first of the next."
)
def across_sentences(sentences, vocab_size, window):
    tokens = torch.cat(sentences).tolist()
    x = torch.zeros(vocab_size, vocab_size, dtype=torch.float64)
    for k, i in enumerate(tokens):
        for distance, j in enumerate(tokens[k + 1 : k + 1 + window], start=1):
            x[i, j] += 1 / distance
            x[j, i] += 1 / distance
    return x


exercise.edit(
    "rows_of_shares", "return x + x.T", "return (x + x.T) / (x + x.T).sum(1, keepdim=True).clamp(min=1e-12)",
    "You divide each row by its sum. The counts are asked.",
)  # fmt: skip
exercise.edit(
    "no_word_near_itself", "return x + x.T", "return (x + x.T).fill_diagonal_(0)",
    "You leave out pairs of a word with itself. If a word stands near itself, both directions count.",
)  # fmt: skip
exercise.edit(
    "diagonal_once", "return x + x.T", "return x + x.T - x.diag().diag()",
    "A word near itself counts once in yours. Both directions count, so its diagonal entry gets twice 1 / distance.",
)  # fmt: skip
exercise.edit(
    "every_word_its_own_neighbour", "return x + x.T", "return x + x.T + 2 * torch.bincount(torch.cat(sentences), minlength=vocab_size).double().diag()",
    "Each word is its own neighbour in your matrix. The distance begins at 1.",
)  # fmt: skip
exercise.edit(
    "distance_squared", "1 / distance,", "1 / distance**2,",
    "You divide by the square of the distance. The weight is 1 / distance.",
)  # fmt: skip
exercise.edit(
    "distance_one_more", "1 / distance,", "1 / (distance + 1),",
    "Your distances are one too large: the next word has distance 1 and counts 1.",
)  # fmt: skip
exercise.edit(
    "window_of_both_sides", "range(1, window + 1)", "range(1, window // 2 + 1)",
    "You share the window between both sides. `window` is how far away a word may be, on either side.",
)  # fmt: skip
exercise.edit(
    "last_distance_only", "range(1, window + 1)", "range(window, window + 1)",
    "You count only the words at the edge of the window. All distances from 1 to `window` count.",
)  # fmt: skip


@exercise.alternative
def word_by_word(sentences, vocab_size, window):
    x = torch.zeros(vocab_size, vocab_size, dtype=torch.float64)
    for tokens in sentences:
        row = tokens.tolist()
        for k, i in enumerate(row):
            for m, j in enumerate(row):
                if 0 < abs(k - m) <= window:
                    x[i, j] += 1 / abs(k - m)
    return x


@exercise.alternative
def by_products(sentences, vocab_size, window):
    x = torch.zeros(vocab_size, vocab_size, dtype=torch.float64)
    for tokens in sentences:
        hot = F.one_hot(tokens, vocab_size).double()
        place = torch.arange(len(tokens))
        apart = (place[:, None] - place).abs().double()
        weight = torch.where((apart > 0) & (apart <= window), 1 / apart.clamp(min=1), torch.zeros_like(apart))
        x += hot.T @ weight @ hot
    return x
