"""The table of vectors for a vocabulary."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "Begin with a table in which every word is some word. Which rows do you then overwrite, and which one last?",
        "vectors.mean(0).repeat(V, 1) has the mean in every row. Go through the file's words, and set the rows of those in the vocabulary; padding ends as zeros.",
    ),
)


def table(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)


@exercise.cases
def cases():
    yield Case({"<pad>": 0, "<unk>": 1, "clay": 2}, ["sand", "clay"], table([1, 0], [3, 4])).named("one word of two")
    yield Case(
        {"<pad>": 0, "<unk>": 1, "mud": 2, "ash": 3, "till": 4},
        ["till", "rock", "mud"],
        table([1, 2, 3], [0, 5, -6], [7, 0, 9]),
    ).named("a word without a vector")
    yield Case({"<pad>": 0, "<unk>": 1, "a": 2}, ["<pad>", "a", "b"], table([5, 5], [1, 2], [8, -3])).named(
        "a file that has a vector for padding"
    )
    yield Case(
        {"clay": 2, "<unk>": 1, "ash": 3, "<pad>": 0},
        ["ash", "silt", "clay", "peat", "till"],
        table([1, 2], [3, 5], [-4, 0], [7, 7], [9, 1]),
    ).named("a vocabulary in another order, a file with more words")


exercise.edit(
    "unknown_is_zero", "vectors.mean(0).repeat(len(vocab), 1)", "vectors.new_zeros(len(vocab), vectors.shape[1])",
    "Words without a vector are zeros, as padding is. The mean of all vectors says: some word stands here.",
)  # fmt: skip
exercise.edit(
    "padding_not_zero", "    table[vocab[\"<pad>\"]] = 0\n", "",
    "Padding is not zero: its row was filled with a vector. Set it to zero last.",
)  # fmt: skip
exercise.edit(
    "order_of_the_file", "table[vocab[word]] = vectors[k]", "table[k % len(vocab)] = vectors[k]",
    "Your rows follow the file. Row n belongs to word number n of the vocabulary.",
)  # fmt: skip


@exercise.mistake(
    "Words without a vector got the mean of the words in your vocabulary. The mean of all vectors of the file is asked."
)
def mean_of_the_known(vocab, words, vectors):
    known = [k for k, word in enumerate(words) if word in vocab]
    table = vectors[known].mean(0).repeat(len(vocab), 1)
    for k in known:
        table[vocab[words[k]]] = vectors[k]
    table[0] = 0
    return table


exercise.edit(
    "order_of_the_dictionary", "table[vocab[word]] = vectors[k]", "table[list(vocab).index(word)] = vectors[k]",
    "You count the words in the order in which the dictionary lists them. Row n belongs to the word whose number is n: `vocab[word]`.",
)  # fmt: skip
exercise.edit(
    "one_number_for_all", "vectors.mean(0).repeat(len(vocab), 1)", "vectors.mean().repeat(len(vocab), vectors.shape[1])",
    "Your mean is one number, over words and features. The mean of all vectors is a vector: average over the rows.",
)  # fmt: skip
exercise.edit(
    "padding_by_place", "table[vocab[\"<pad>\"]] = 0", "table[:2] = 0",
    "The unknown word is zeros as well. It says “some word”: it gets the mean.",
)  # fmt: skip
exercise.edit(
    "rows_of_the_file", "vectors.mean(0).repeat(len(vocab), 1)", "vectors.mean(0).repeat(max(len(vocab), len(words)), 1)",
    "Your table has a row for each word of the file. It has one for each word of the vocabulary.",
)  # fmt: skip


@exercise.alternative
def by_look_up(vocab, words, vectors):
    place = {word: k for k, word in enumerate(words)}
    mean = vectors.mean(0)
    rows = [vectors[place[word]] if word in place else mean for word in sorted(vocab, key=vocab.get)]
    rows[0] = torch.zeros_like(mean)
    return torch.stack(rows)


@exercise.alternative
def by_index(vocab, words, vectors):
    pairs = [(vocab[word], k) for k, word in enumerate(words) if word in vocab and word != "<pad>"]
    table = vectors.mean(0, keepdim=True).expand(len(vocab), -1).clone()
    table[0] = 0.0
    if pairs:
        to, source = torch.tensor(pairs).T
        table[to] = vectors[source]
    return table
