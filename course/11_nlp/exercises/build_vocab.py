"""Give each word a number."""

from collections import Counter

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=5,
    core=True,
    hints=(
        "Three steps: count, sort, number. What decides the order of two words, and what if their counts are equal?",
        "sorted takes a key; a key may be a tuple, whose second part decides where the first is equal. A minus sign turns an order round. The two reserved names come before the sorted words.",
    ),
)


@exercise.cases
def cases():
    yield Case([["mud", "sand"], ["sand", "clay"]]).named("the worked example")
    yield Case([["b", "a", "c", "b"], ["c", "d", "a", "b"]], 2).named("words that occur at least twice")
    yield Case([["till", "ash"], ["till", "silt", "ash", "till"], ["silt", "till", "peat"]], 3).named(
        "words that occur at least three times"
    )
    yield Case([["z"], [], ["y", "x"]]).named("one empty sentence, all counts equal")
    yield Case([["d", "c", "b", "c"], ["a", "c", "b", "d"]], 1, 5).named("at most five numbers")
    yield Case([["d", "c", "b", "c"], ["a", "c", "b", "d"]], 1, 4).named(
        "at most four numbers, and a tie at the border"
    )
    yield Case([], 2).named("no sentence")


exercise.edit(
    "rare_first", "(-counts[word], word)", "(counts[word], word)",
    "Your rare words come first. The most frequent word has number 2.",
)  # fmt: skip
exercise.edit(
    "ties_as_met", "(-counts[word], word)", "-counts[word]",
    "Words that are equally frequent stand in the order in which you met them. Two programs agree only by a rule: alphabetical order.",
)  # fmt: skip
exercise.edit(
    "min_count_passed_over", ">= min_count", "> min_count",
    "Words that occur exactly min_count times are missing: less than min_count are left out, so min_count itself stays.",
)  # fmt: skip
exercise.edit(
    "alphabetical", "(-counts[word], word)", "word",
    "You sorted by the alphabet alone. The count decides first; the alphabet only where counts are equal.",
)  # fmt: skip


exercise.edit(
    "reserved_not_counted", "kept[: max_size - 2]", "kept[:max_size]",
    "Your vocabulary is two numbers too large: padding and the unknown word count as well.",
)  # fmt: skip


@exercise.mistake(
    "Your words begin at 0: the first of them is taken for padding, and the next for an unknown word. 0 and 1 are reserved."
)
def nothing_reserved(sentences, min_count=1, max_size=50_000):
    counts = Counter(word for sentence in sentences for word in sentence)
    kept = sorted((word for word in counts if counts[word] >= min_count), key=lambda word: (-counts[word], word))
    return {word: number for number, word in enumerate(kept[:max_size])}


exercise.edit(
    "one_number_too_many", "kept[: max_size - 2]", "kept[: max_size - 1]",
    "Your vocabulary is one number too large: two numbers are reserved, padding and the unknown word.",
)  # fmt: skip
exercise.edit(
    "cut_before_sorting", "kept = [word for word, count in counts.items() if count >= min_count]", "kept = [word for word, count in counts.most_common(max(0, max_size - 2)) if count >= min_count]",
    "You cut before you sort: of words that are equally frequent, those that you met first stay. Sort by count and alphabet, then cut.",
)  # fmt: skip
exercise.edit(
    "ties_backwards", "kept.sort(key=lambda word: (-counts[word], word))", "kept.sort(key=lambda word: (counts[word], word), reverse=True)",
    "Words that are equally frequent run from z to a: `reverse=True` turns the alphabet round as well. Sort by minus the count.",
)  # fmt: skip
exercise.edit(
    "sentences_counted", "for word in sentence)", "for word in set(sentence))",
    "You count the sentences that have a word. Count the word as often as it occurs.",
)  # fmt: skip
exercise.edit(
    "reserved_exchanged", "[\"<pad>\", \"<unk>\", *", "[\"<unk>\", \"<pad>\", *",
    "The two reserved numbers have changed places: padding is 0, the unknown word 1.",
)  # fmt: skip
exercise.edit(
    "turned_round", "{word: number for number, word", "{number: word for number, word",
    "Your dictionary goes from numbers to words. The number of each word is asked.",
)  # fmt: skip
exercise.edit(
    "counts_returned", "return {word: number for number, word in enumerate([\"<pad>\", \"<unk>\", *kept[: max_size - 2]])}", "return {word: counts[word] for word in kept}",
    "You return how often each word occurs. Its number is asked: its place in the order, from 2 on.",
)  # fmt: skip
exercise.edit(
    "unknown_not_reserved", "[\"<pad>\", \"<unk>\", *", "[\"<pad>\", *",
    "The unknown word has no number. 1 is reserved for it, and words begin at 2.",
)  # fmt: skip


@exercise.alternative
def two_stable_sorts(sentences, min_count=1, max_size=50_000):
    counts = {}
    for sentence in sentences:
        for word in sentence:
            counts[word] = counts.get(word, 0) + 1
    vocab = {"<pad>": 0, "<unk>": 1}
    for word in sorted(sorted(counts), key=counts.get, reverse=True):
        if counts[word] >= min_count and len(vocab) < max_size:
            vocab[word] = len(vocab)
    return vocab


@exercise.alternative
def with_most_common(sentences, min_count=1, max_size=50_000):
    counts = Counter()
    for sentence in sentences:
        counts.update(sentence)
    ranked = Counter({word: counts[word] for word in sorted(counts)}).most_common()
    names = ["<pad>", "<unk>"] + [word for word, count in ranked if count >= min_count]
    return dict(zip(names[:max_size], range(max_size), strict=False))
