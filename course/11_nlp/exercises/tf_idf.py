"""Weigh words by how few documents have them."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    hints=(
        "Which of the two tables gives the document frequencies, and along which axis do you count? Does it matter whether a word occurs once or five times in a document?",
        "df counts the rows of train with an entry above zero. F.normalize divides rows by their length and leaves a zero row alone.",
    ),
)


def table(*rows: list[int]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)


@exercise.cases
def cases():
    yield Case(table([1, 1]), table([1, 1], [2, 0])).named("the worked number: a word of both documents, a word of one")
    yield Case(table([3, 0, 1], [0, 0, 2]), table([1, 0, 4], [0, 0, 1], [5, 0, 0], [1, 0, 0])).named(
        "a word that no training document has"
    )
    yield Case(table([0, 0, 0, 0], [0, 7, 2, 1]), table([1, 2, 3, 0], [0, 9, 1, 0], [0, 1, 0, 0])).named(
        "a document without words"
    )
    counts = torch.arange(20, dtype=torch.float64).reshape(5, 4) * 7 % 5
    yield Case(counts, counts).named("the training documents themselves")


exercise.edit(
    "lost_brackets", "(1 + len(train)) / (1 + df)", "(1 + len(train)) / 1 + df",
    "Brackets are lost: (1 + M) / 1 + df divides by 1 and adds df. The whole 1 + df stands below the line.",
)  # fmt: skip
exercise.edit(
    "occurrences_counted", "(train > 0).sum(0)", "train.sum(0)",
    "You counted occurrences. df counts documents: a word that stands five times in one document counts once.",
)  # fmt: skip
exercise.edit(
    "without_the_last_one", ".log() + 1", ".log()",
    "The + 1 after the logarithm is missing: a word that every document has would get no weight at all.",
)  # fmt: skip
exercise.edit(
    "not_normalised", "F.normalize(counts * idf, dim=1)", "counts * idf",
    "The rows do not have length 1, so long documents win by being long.",
)  # fmt: skip
exercise.edit(
    "idf_from_the_test", "df = (train > 0).sum(0)\n    idf = ((1 + len(train))", "df = (counts > 0).sum(0)\n    idf = ((1 + len(counts))",
    "You learned the idf from the documents that are to be judged. That is leakage: learn it from train alone.",
)  # fmt: skip
exercise.edit(
    "columns_normalised", "dim=1)", "dim=0)",
    "You divided each column by its length. A document is a row.",
)  # fmt: skip


@exercise.mistake("A document without words gives NaN: its length is zero. It stays a row of zeros.")
def zero_over_zero(counts, train):
    weighted = counts * (((1 + len(train)) / (1 + (train > 0).sum(0))).log() + 1)
    return weighted / weighted.norm(dim=1, keepdim=True)


exercise.edit(
    "idf_without_its_ones", "((1 + len(train)) / (1 + df)).log() + 1", "(len(train) / df.clamp(min=1)).log() + 1",
    "The ones inside the logarithm are missing: the formula has 1 + M over 1 + df, as if one more document had every word.",
)  # fmt: skip
exercise.edit(
    "idf_twice", "counts * idf", "counts * idf**2",
    "The idf is multiplied twice.",
)  # fmt: skip
exercise.edit(
    "presence_only", "counts * idf", "(counts > 0).double() * idf",
    "You use only whether a word occurs. The term frequency says how often.",
)  # fmt: skip
exercise.edit(
    "logarithm_of_counts", "counts * idf", "counts.log1p() * idf",
    "You take the logarithm of the counts. Many systems do; here the term frequency is the count itself.",
)  # fmt: skip
exercise.edit(
    "rows_sum_to_one", "F.normalize(counts * idf, dim=1)", "F.normalize(counts * idf, p=1, dim=1)",
    "Your rows sum to 1. Their length is asked to be 1: the root of the sum of squares.",
)  # fmt: skip
exercise.edit(
    "normalised_before", "F.normalize(counts * idf, dim=1)", "F.normalize(counts, dim=1) * idf",
    "You bring the counts to length 1 before you weigh them. Weigh first: the result has length 1.",
)  # fmt: skip
exercise.edit(
    "words_in_place_of_documents", "1 + len(train)", "1 + train.shape[1]",
    "You used the number of words. M counts the training documents, the rows of `train`.",
)  # fmt: skip


@exercise.alternative
def by_hand(counts, train):
    df = train.clamp(max=1).ceil().sum(0)
    weighted = counts * (1 + torch.log1p(torch.tensor(float(len(train)), dtype=counts.dtype)) - torch.log1p(df))
    length = weighted.square().sum(1, keepdim=True).sqrt()
    return weighted / length.clamp(min=1e-12)


@exercise.alternative
def as_a_matrix(counts, train):
    df = train.bool().sum(0).to(counts.dtype)
    weighted = counts @ torch.diag(1 - ((1 + df) / (1 + train.shape[0])).log())
    length = torch.linalg.vector_norm(weighted, dim=1, keepdim=True)
    return torch.where(length > 0, weighted / length, torch.zeros_like(weighted))


exercise.equivalent("dim= dropped from normalize", "axis 1 is the default of F.normalize")
