"""A table of smoothed probabilities."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "First the table of counts c_ij: how often j stands right after i. Then the formula, row by row.",
        "Number each pair, i V + j, count the numbers with torch.bincount, and reshape. A row is divided by its own sum plus alpha for each of the V possible successors; keepdim keeps the sum a column.",
    ),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([0, 2, 0, 1, 0, 2]), 3, 1.0).named(
        "six tokens, three kinds: the worked number in the first row"
    )
    yield Case(torch.tensor([1, 1, 0, 1]), 2, 0.5).named("a token after itself")
    yield Case(torch.tensor([3, 0, 3, 3, 0, 2, 3]), 5, 0.1).named("two kinds that never occur")
    yield Case(torch.tensor([4]), 6, 2.0).named("a single token: no pair at all")


exercise.edit(
    "row_does_not_sum_to_one", "alpha * vocab_size)", "alpha)",
    "Your rows do not sum to one. Every one of the V successors got alpha, so the denominator grows by alpha V.",
)  # fmt: skip
exercise.edit(
    "without_smoothing_above", "(counts + alpha)", "counts",
    "The extra count is missing in the numerator: a pair that never occurred still has probability zero, and rows sum to less than one.",
)  # fmt: skip
exercise.edit(
    "columns", "counts.sum(1, keepdim=True)", "counts.sum(0, keepdim=True)",
    "You divided by the sums of columns. Row i says what follows i, so each row is divided by its own sum.",
)  # fmt: skip
exercise.edit(
    "backwards", "tokens[:-1] * vocab_size + tokens[1:]", "tokens[1:] * vocab_size + tokens[:-1]",
    "Your table is the wrong way round: row i should hold what comes after i, and yours holds what comes before.",
)  # fmt: skip


@exercise.mistake(
    "Each pair is counted once at most: indexing with += does not add up repeated pairs. Use bincount, or index_put_ with accumulate=True."
)
def repeats_lost(tokens, vocab_size, alpha):
    counts = torch.zeros(vocab_size, vocab_size, dtype=torch.float64)
    counts[tokens[:-1], tokens[1:]] += 1
    return (counts + alpha) / (counts.sum(1, keepdim=True) + alpha * vocab_size)


exercise.edit(
    "no_smoothing", "(counts + alpha) / (counts.sum(1, keepdim=True) + alpha * vocab_size)", "counts / counts.sum(1, keepdim=True).clamp(min=1)",
    "alpha has no effect: a pair that was never seen has probability 0. Add alpha to every count.",
)  # fmt: skip
exercise.edit(
    "smoothed_above_only", "(counts.sum(1, keepdim=True) + alpha * vocab_size)", "counts.sum(1, keepdim=True).clamp(min=1)",
    "alpha is added above the line only, so the rows sum to more than 1. Below stand alpha times V as well.",
)  # fmt: skip


exercise.edit(
    "both_directions", "torch.bincount(pairs, minlength=vocab_size**2).reshape(vocab_size, vocab_size).double()", "torch.bincount(pairs, minlength=vocab_size**2).reshape(vocab_size, vocab_size).double()\n    counts = counts + counts.T",
    "You count each pair in both directions. Only what comes after counts: the table is not symmetric.",
)  # fmt: skip
exercise.edit(
    "last_before_first", "tokens[:-1] * vocab_size + tokens[1:]", "tokens * vocab_size + tokens.roll(-1)",
    "You count the first token as what follows the last one. After the last comes nothing.",
)  # fmt: skip
exercise.edit(
    "pairs_side_by_side", "tokens[:-1] * vocab_size + tokens[1:]", "tokens[: len(tokens) // 2 * 2 : 2] * vocab_size + tokens[1::2]",
    "Your pairs do not overlap: every token but the last begins one.",
)  # fmt: skip
exercise.edit(
    "one_token_skipped", "tokens[:-1] * vocab_size + tokens[1:]", "tokens[:-2] * vocab_size + tokens[2:]",
    "You count what comes two tokens later. Row i says what follows i at once.",
)  # fmt: skip
exercise.edit(
    "softmax_of_counts", "return (counts + alpha) / (counts.sum(1, keepdim=True) + alpha * vocab_size)", "return counts.softmax(1)",
    "You take a softmax of the counts. The probability is the count, plus alpha, over its row's sum.",
)  # fmt: skip
exercise.edit(
    "one_distribution_for_all", "(counts.sum(1, keepdim=True) + alpha * vocab_size)", "(counts.sum() + alpha * vocab_size**2)",
    "You divide by the sum of the whole table. Each row is a distribution of its own, and sums to one.",
)  # fmt: skip


@exercise.alternative
def by_a_loop(tokens, vocab_size, alpha):
    p = torch.full((vocab_size, vocab_size), alpha, dtype=torch.float64)
    for i, j in zip(tokens.tolist(), tokens[1:].tolist(), strict=False):
        p[i, j] += 1
    return p / p.sum(1, keepdim=True)


@exercise.alternative
def by_one_hot(tokens, vocab_size, alpha):
    rows = F.one_hot(tokens, vocab_size).double()
    counts = rows[:-1].T @ rows[1:] + alpha
    return F.normalize(counts, p=1, dim=1)
