"""Field reports: known sentiment, balanced within each kind, and beyond the reach of a bag of words where
order decides.
"""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmodule.data import field_reports, load_texts, write_report
from dlmodule.data.report_grammar import BAD, GOOD, KINDS, NEGATED
from dlmodule.errors import DLModuleError

GOOD_WORDS = {word for words in GOOD.values() for word in words}
BAD_WORDS = {word for words in BAD.values() for word in words}


def test_size_balance_and_disjointness():
    """12,000 reports, none twice, half of each kind positive in either split."""
    train, test = field_reports("train"), field_reports("test")
    assert len(train) == 10_000 and len(test) == 2_000
    assert len({*train.texts, *test.texts}) == 12_000
    for part in (train, test):
        for kind in KINDS:
            assert part.of_kind(kind).y.float().mean() == 0.5


def test_no_word_is_both():
    """No adjective is good of one thing and bad of another."""
    assert not GOOD_WORDS & BAD_WORDS


@given(kind=st.sampled_from(KINDS), good=st.booleans(), seed=st.integers(0, 10_000))
def test_sentiment_is_what_the_words_say(kind, good, seed):
    """Reading a report by rule - adjective, turned by a negation, the clause that decides - gives its
    label back.
    """
    text = f" {write_report(kind, good, np.random.default_rng(seed))} "
    found = [
        (match.start(), word in GOOD_WORDS)
        for word in GOOD_WORDS | BAD_WORDS
        for match in re.finditer(f" {word} ", text)
    ]
    # A longer adjective holds no shorter one, so each clause has exactly one.
    assert len(found) == (2 if kind in ("contrast", "mixed") else 1)
    negated = [text.index(f" {form.split(' {')[0]} ") for form in NEGATED if f" {form.split(' {')[0]} " in text]
    assert bool(negated) == (kind in ("negated", "mixed"))
    if kind in ("plain", "intensity", "negated"):
        assert (found[0][1] != bool(negated)) == good
    if kind == "contrast":
        assert {is_good for _, is_good in found} == {True, False}
    assert text.strip().endswith(" .") and text == text.lower()


def test_counting_words_is_not_enough():
    """Logistic regression on words does well on plain reports and worse than a coin on negated ones."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    train, test = field_reports("train", 4000), field_reports("test")
    count = CountVectorizer()
    model = LogisticRegression(max_iter=1000).fit(count.fit_transform(train.texts), train.y.numpy())

    def accuracy(*kinds: str) -> float:
        part = test.of_kind(*kinds)
        return float(model.score(count.transform(part.texts), part.y.numpy()))

    assert accuracy("plain", "intensity") > 0.6
    assert accuracy("negated", "mixed") < 0.4
    assert accuracy(*KINDS) < 0.7


def test_prefix_and_catalogue():
    """Fewer are the beginning of all, and the set is found by name."""
    assert field_reports("test", 20).texts == load_texts("field_reports", "test").texts[:20]


def test_bad_requests():
    """Counts and kinds that do not exist are refused."""
    with pytest.raises(DLModuleError, match="2000"):
        field_reports("test", 2001)
    with pytest.raises(DLModuleError, match="plain"):
        write_report("ironic", True, np.random.default_rng(0))
