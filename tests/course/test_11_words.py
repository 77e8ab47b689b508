"""Day 11's counts and losses: what its notebook's solution computes, scikit-learn and plain loops compute too."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer

from coursekit.exercises.loading import run
from coursekit.project import Project
from coursekit.sources.slicing import definitions

PROJECT = Project(Path(__file__).parents[2])


@functools.cache
def notebook(name: str) -> Any:
    """What the notebook's solution calls ``name``, from its slice alone, as a key is recorded from it."""
    return run(definitions(PROJECT, "11_nlp", "morning", name), f"words.{name}")[name]


@given(st.integers(0, 2**31), st.integers(1, 6), st.integers(1, 6), st.integers(1, 6))
@settings(deadline=None)
def test_tf_idf_is_that_of_scikit_learn(seed: int, documents: int, train_documents: int, words: int):
    """Fitted on one table and applied to another, rows of zeros included."""
    rng = np.random.default_rng(seed)
    counts, train = rng.poisson(0.7, (documents, words)), rng.poisson(0.7, (train_documents, words))
    expected = TfidfTransformer().fit(train).transform(counts).toarray()
    actual = notebook("tf_idf")(torch.tensor(counts).double(), torch.tensor(train).double())
    np.testing.assert_allclose(expected, actual.numpy(), atol=1e-12)


@given(st.text("abc", min_size=1, max_size=30), st.text("abcd", max_size=6), st.integers(1, 5))
@settings(deadline=None)
def test_interpolated_probabilities_sum_to_one(train: str, context: str, order: int):
    """After any context, the probabilities of all characters sum to one."""
    model = notebook("interpolated_ngram")
    before = model(train, context, order, 4) * len(context) if context else 0.0
    p = [np.exp(before - model(train, context + letter, order, 4) * (len(context) + 1)) for letter in "abcd"]
    assert sum(p) == pytest.approx(1, abs=1e-9)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.floats(0.01, 5))
@settings(deadline=None)
def test_bigram_rows_sum_to_one(tokens: list[int], alpha: float):
    """Every row is a distribution, those of tokens that never occurred included."""
    rows = notebook("bigram_lm")(torch.tensor(tokens), 4, alpha).sum(1)
    torch.testing.assert_close(rows, torch.ones(4, dtype=torch.float64))


@given(st.lists(st.lists(st.integers(0, 4), max_size=9), max_size=4), st.integers(1, 5))
@settings(deadline=None)
def test_cooccurrence_is_symmetric_and_complete(sentences: list[list[int]], window: int):
    """Symmetric, and the sum is twice the inverse distances of all pairs within the window."""
    x = notebook("cooccurrence")([torch.tensor(s, dtype=torch.long) for s in sentences], 5, window)
    assert torch.equal(x, x.T)
    pairs = [b - a for s in sentences for a in range(len(s)) for b in range(a + 1, len(s)) if b - a <= window]
    assert x.sum().item() == pytest.approx(2 * sum(1 / distance for distance in pairs))
