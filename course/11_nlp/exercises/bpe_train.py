"""Learn a byte-pair encoding."""

from collections import Counter

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=14,
    core=True,
    hints=(
        "Keep the words as tuples of numbers with their counts. One round has three steps: count all pairs, choose one, join it everywhere.",
        "zip(tokens, tokens[1:]) gives the pairs of one word; each counts as often as the word occurs. For the choice, a key that is a tuple puts the count first and the pair itself second; mind which of the two should be large and which small.",
    ),
)


@exercise.cases
def cases():
    yield Case({"aab": 2, "ab": 1}, 1).named("one merge of two words")
    yield Case({"shale": 5, "shales": 2, "scale": 3, "sand": 4}, 6).named("the worked example")
    yield Case({"low": 5, "er": 9, "lower": 2, "newest": 6}, 10).named("counts decide, not words")
    yield Case({"aaaa": 3, "aaab": 2, "baaa": 1}, 4).named("a letter that repeats")
    yield Case({" \u00e9t\u00e9": 4, "\u00e8re": 1, "\u5c71\u5ddd": 2}, 12).named("letters of two and three bytes")
    yield Case({"ab": 1, "c": 7}, 5).named("fewer pairs than merges asked for")


exercise.edit(
    "words_counted_once", "+= times", "+= 1",
    "Each pair counts as often as its word occurs. You counted every word once, so a rare word weighs as much as a frequent one.",
)  # fmt: skip
exercise.edit(
    "larger_pair_wins_ties", "best = min(pairs, key=lambda pair: (-pairs[pair], pair))", "best = max(pairs, key=lambda pair: (pairs[pair], pair))",
    "In a tie you take the larger pair. Any rule would do, but all programs need the same: here the smaller numbers win.",
)  # fmt: skip
exercise.edit(
    "first_met_wins_ties", "best = min(pairs, key=lambda pair: (-pairs[pair], pair))", "best = pairs.most_common(1)[0][0]",
    "In a tie you take the pair that you met first. Then the merges depend on the order of the words; the smaller numbers should win.",
)  # fmt: skip
exercise.edit(
    "never_joined", "{merged(tokens, best, number): times for tokens, times in corpus.items()}", "dict(corpus)",
    "You count, but never join: each round finds the same pair again. Replace the pair in every word before the next round.",
)  # fmt: skip
exercise.edit(
    "numbers_from_zero", "range(256, 256 + count)", "range(count)",
    "Your new tokens have numbers that already belong to bytes. The first new number is 256.",
)  # fmt: skip


@exercise.mistake(
    "You begin with characters, `ord`, and not with bytes: a character from 256 on then has the number of a merge, or is unknown. Use `.encode()`."
)
def characters(words, count):
    return learn({tuple(map(ord, word)): times for word, times in words.items()}, count)


def learn(corpus, count):
    """The merges of a corpus of tuples."""
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for tokens, times in corpus.items():
            for k in range(len(tokens) - 1):
                pairs[tokens[k], tokens[k + 1]] += times
        if not pairs:
            break
        best = sorted(pairs, key=lambda pair: (-pairs[pair], pair[0], pair[1]))[0]
        corpus = {joined(tokens, best, 256 + len(merges)): times for tokens, times in corpus.items()}
        merges.append(best)
    return merges


def joined(tokens, pair, number):
    """tokens with pair replaced, by a stack: what was joined is never looked at again."""
    result = []
    for token in tokens:
        if result and (result[-1], token) == pair:
            result[-1] = number
        else:
            result.append(token)
    return tuple(result)


exercise.edit(
    "single_pairs_left", "        if not pairs:\n", "        if not pairs or max(pairs.values()) < 2:\n",
    "You stop when the best pair occurs once only. Stop early only if no pair is left.",
)  # fmt: skip
exercise.edit(
    "counted_once_for_all", "        corpus = {merged(tokens, best, number): times for tokens, times in corpus.items()}\n    return merges", "        break\n    return sorted(pairs, key=lambda pair: (-pairs[pair], pair))[:count] if merges else []",
    "You count the pairs once and take the most frequent ones. After each merge there are new tokens and new pairs: count again.",
)  # fmt: skip
exercise.edit(
    "always_number_256", "merged(tokens, best, number)", "merged(tokens, best, 256)",
    "All your new tokens have the number 256. The first has it; the next is 257.",
)  # fmt: skip
exercise.edit(
    "numbers_from_257", "range(256, 256 + count)", "range(257, 257 + count)",
    "Your first new token is 257. The bytes are 0 to 255, so it is 256.",
)  # fmt: skip
exercise.edit(
    "numbers_from_255", "range(256, 256 + count)", "range(255, 255 + count)",
    "Your first new token is 255, which is a byte already. It is 256.",
)  # fmt: skip
exercise.edit(
    "pairs_side_by_side", "zip(tokens, tokens[1:], strict=False)", "zip(tokens[::2], tokens[1::2], strict=False)",
    "Your pairs do not overlap: of four tokens you count two pairs, and there are three.",
)  # fmt: skip
exercise.edit(
    "once_a_word", "for pair in zip(tokens, tokens[1:], strict=False)", "for pair in set(zip(tokens, tokens[1:], strict=False))",
    "A pair that stands several times in one word counts once in yours. Count each place.",
)  # fmt: skip


@exercise.alternative
def with_a_stack(words, count):
    return learn({tuple(word.encode("utf-8")): times for word, times in words.items()}, count)


@exercise.alternative
def two_steps_for_ties(words, count):
    corpus, merges = [(list(word.encode()), times) for word, times in words.items()], []
    for number in range(256, 256 + count):
        pairs = {}
        for tokens, times in corpus:
            for pair in zip(tokens, tokens[1:], strict=False):
                pairs[pair] = pairs.get(pair, 0) + times
        if not pairs:
            return merges
        most = max(pairs.values())
        merges.append(min(pair for pair, times in pairs.items() if times == most))
        corpus = [(list(merged(tuple(tokens), merges[-1], number)), times) for tokens, times in corpus]
    return merges
