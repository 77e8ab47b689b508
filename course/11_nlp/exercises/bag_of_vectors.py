"""Average the vectors of the words, padding left out."""

import torch

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=2,
    minutes=5,
    core=True,
    hints=(
        "Which tokens are real? A mask of ones and zeros multiplies the vectors, and its sum counts them.",
        "(ids != 0) is (N, T); unsqueeze(2) makes it (N, T, 1), which broadcasts over the features. Sum over the tokens, axis 1, above and below the line.",
    ),
    probe=probes.call(grad=True),
)


def ramp(*shape: int) -> torch.Tensor:
    return (torch.arange(torch.Size(shape).numel(), dtype=torch.float64) * 0.7 + 1).sin().reshape(shape)


@exercise.cases
def cases():
    yield Case(torch.tensor([[1, 2]]), torch.tensor([[0.0, 0], [1, 3], [5, -1]], dtype=torch.float64)).named(
        "two words"
    )
    yield Case(torch.tensor([[2, 0, 0], [1, 3, 3]]), ramp(4, 2)).named(
        "one word and two paddings; padding has a vector here"
    )
    yield Case(torch.tensor([[4, 1, 0, 0], [2, 2, 2, 3], [1, 0, 0, 0], [3, 4, 4, 0]]), ramp(5, 4)).named(
        "as many texts as tokens as features"
    )


exercise.edit(
    "divided_by_the_longest", "/ real.sum(1)", "/ ids.shape[1]",
    "You divided by the length of the longest text. Then a text's vector depends on its neighbours in the batch; divide by its own number of words.",
)  # fmt: skip
exercise.edit(
    "padding_in_the_sum", "(table[ids] * real).sum(1)", "table[ids].sum(1)",
    "The vector of padding is in your sum. It need not be zero: mask it.",
)  # fmt: skip
exercise.edit(
    "sum_without_mean", " / real.sum(1)", "",
    "You summed. A mean does not grow with the length of the text.",
)  # fmt: skip


@exercise.mistake("You averaged over all places, padding included.")
def plain_mean(ids, table):
    return table[ids].mean(1)


exercise.edit(
    "unknown_words_left_out", "(ids != 0)", "(ids > 1)",
    "You leave out number 1 as well. It is the unknown word, and counts; only 0 is padding.",
)  # fmt: skip
exercise.edit(
    "one_too_many", "/ real.sum(1)", "/ (real.sum(1) + 1)",
    "You divide by one more than the number of words. Each report has at least one, so nothing needs protection.",
)  # fmt: skip
exercise.edit(
    "root_of_the_number", "/ real.sum(1)", "/ real.sum(1).sqrt()",
    "You divide by the root of the number of words. A mean divides by the number.",
)  # fmt: skip
exercise.edit(
    "first_word_only", "return (table[ids] * real).sum(1) / real.sum(1)", "return table[ids[:, 0]]",
    "You return the first word's vector. Average over all words that are not padding.",
)  # fmt: skip
exercise.edit(
    "no_gradient", "table[ids] * real", "table.detach()[ids] * real",
    "The values are right, but you detach the table: the vectors could not be trained.",
)  # fmt: skip


@exercise.mistake("A word that stands twice counts once in yours. Average over the tokens.")
def different_words_once(ids, table):
    return torch.stack([table[row[row != 0].unique()].mean(0) for row in ids])


@exercise.alternative
def text_by_text(ids, table):
    return torch.stack([table[row[row != 0]].mean(0) for row in ids])


@exercise.alternative
def by_counts(ids, table):
    counts = F.one_hot(ids, len(table)).sum(1).to(table.dtype)
    counts[:, 0] = 0
    return counts @ table / counts.sum(1, keepdim=True)
