"""Counts of all lengths, blended: the rival of every neural character model."""

import math
from collections import Counter

from dlmodule import data
from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=4,
    minutes=18,
    hints=(
        "Two tables come from the counts of all runs: for each context the number of successors, and the number of different successors. The empty string is a context as well.",
        "For one character begin with p = 1 / V and go from order 1 up, replacing p by the formula. Where the context never occurred, p stays as it is. Take care not to look further back than the beginning of test.",
    ),
)


@exercise.cases
def cases():
    yield Case("abab", "a", 1, 2).named("one character, order 1")
    yield Case("abab", "ba", 2, 2).named("the worked number: a after b")
    yield Case("the shale and the sand", "the shade", 3, 27).named("a context that never occurred")
    yield Case("aabbaabbab", "abba" * 3, 5, 4).named("longer contexts")
    yield Case("abc", "xyzzy", 4, 30).named("letters that never occurred")


exercise.edit(
    "no_escape", "+ kinds[context] * p) / (total[context] + kinds[context])", "+ kinds[context] * p) / total[context]",
    "Your probabilities sum to more than one. The denominator grows by the same U(h) that is given to the shorter context.",
)  # fmt: skip
exercise.edit(
    "total_in_place_of_kinds", "kinds[gram[:-1]] += 1", "kinds[gram[:-1]] += count",
    "U(h) counts the different successors of a context. You counted all of them, so the shorter context always gets half of the weight.",
)  # fmt: skip
exercise.edit(
    "unseen_context_is_zero", "            if total[context]:\n                p = (grams[gram] + kinds[context] * p) / (total[context] + kinds[context])\n", "            p = (grams[gram] + kinds[context] * p) / max(total[context] + kinds[context], 1)\n",
    "A context that never occurred makes your probability zero. It has nothing to say, so the answer of the shorter context stays.",
)  # fmt: skip
exercise.edit(
    "perplexity_returned", "return nats / len(test)", "return math.exp(nats / len(test))",
    "This is the perplexity. The mean in nats is asked, without the exponential.",
)  # fmt: skip
exercise.edit(
    "bits", "math.log(p)", "math.log2(p)",
    "Your logarithm has base 2: that gives bits. Nats come from the natural logarithm.",
)  # fmt: skip


@exercise.mistake(
    "You use the longest context alone where it is known, without blending. One rare context then decides, and what it never saw has probability zero or nearly so."
)
def back_off_without_discount(train, test, order, vocab_size):
    grams = Counter(train[k : k + n] for n in range(1, order + 1) for k in range(len(train) - n + 1))
    nats = 0.0
    for end in range(1, len(test) + 1):
        p = 1 / vocab_size
        for n in range(1, min(order, end) + 1):
            gram = test[end - n : end]
            before = sum(count for other, count in grams.items() if len(other) == n and other[:-1] == gram[:-1])
            p = grams[gram] / before if before and grams[gram] else p
        nats -= math.log(p)
    return nats / len(test)


exercise.edit(
    "unseen_context_is_even", "                p = (grams[gram] + kinds[context] * p) / (total[context] + kinds[context])\n", "                p = (grams[gram] + kinds[context] * p) / (total[context] + kinds[context])\n            else:\n                p = 1 / vocab_size\n",
    "A context that never occurred resets your probability to 1 / V. The answer of the shorter context stays.",
)  # fmt: skip
exercise.edit(
    "test_counted_too", "grams = Counter(train[", "train = train + test\n    grams = Counter(train[",
    "You count the test text as well. That is leakage: count `train` alone.",
)  # fmt: skip
exercise.edit(
    "test_as_continuation", "for end in range(1, len(test) + 1):\n        p = 1 / vocab_size\n        for n in range(1, min(order, end) + 1):\n            gram = test[end - n : end]", "for end in range(1, len(test) + 1):\n        p = 1 / vocab_size\n        for n in range(1, min(order, end + len(train)) + 1):\n            gram = (train + test)[len(train) + end - n : len(train) + end]",
    "The first characters of `test` have the end of `train` as their context. The context is as short as it is there: the first character has none.",
)  # fmt: skip
exercise.edit(
    "first_characters_skipped", ("range(1, len(test) + 1)", "nats / len(test)",), ("range(order, len(test) + 1)", "nats / max(1, len(test) - order + 1)",),
    "You leave out the characters whose context is short. They count too, with the context that they have.",
)  # fmt: skip
exercise.edit(
    "ends_without_successor", "total[gram[:-1]] += count", "total[gram[:-1]] = grams[gram[:-1]] if len(gram) > 1 else len(train)",
    "N(h) counts h also where nothing follows it, at the end of `train`. It is how often h occurred with a successor.",
)  # fmt: skip


@exercise.alternative
def with_nested_tables(train, test, order, vocab_size):
    after = {}
    for n in range(order):
        for k in range(len(train) - n):
            after.setdefault(train[k : k + n], Counter())[train[k + n]] += 1
    total = 0.0
    for k, letter in enumerate(test):
        p = 1 / vocab_size
        for n in range(min(order - 1, k) + 1):
            seen = after.get(test[k - n : k])
            if seen:
                p = (seen[letter] + len(seen) * p) / (sum(seen.values()) + len(seen))
        total += math.log(p)
    return -total / len(test)


@exercise.alternative
def recursive(train, test, order, vocab_size):
    after = {}
    for n in range(1, order + 1):
        for k in range(len(train) - n + 1):
            after.setdefault(train[k : k + n - 1], []).append(train[k + n - 1])

    def p(letter, context, n):
        shorter = 1 / vocab_size if n == 1 else p(letter, context[1:] if len(context) == n - 1 else context, n - 1)
        if len(context) < n - 1 or context not in after:
            return shorter
        found = after[context]
        weight = len(found) / (len(found) + len(set(found)))
        return weight * found.count(letter) / len(found) + (1 - weight) * shorter

    return sum(-math.log(p(letter, test[max(0, k - order + 1) : k], order)) for k, letter in enumerate(test)) / len(
        test
    )


def score(solution, text):
    cut = len(text) * 9 // 10
    return {"nats": solution(text[:cut], text[cut:], 5, len(set(text)))}


@exercise.ledger("tiny_shakespeare", seeds=1)
def tiny_shakespeare(solution, seed):
    """Order 5, nanoGPT's split: the first 90 % to count, the last 10 % to test."""
    return score(solution, data.tiny_shakespeare())


@exercise.ledger("manual", seeds=1)
def manual(solution, seed):
    """Order 5 on CPython's language reference, the last 10 % to test."""
    return score(solution, data.python_reference())
