"""Day 11's byte-pair encoding: nothing is lost, and Hugging Face's `tokenizers` learns and finds the same tokens."""

from __future__ import annotations

import functools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from coursekit.exercises.loading import run
from coursekit.project import Project
from coursekit.sources.slicing import definitions
from dlmodule import data
from dlmodule.errors import DLModuleError

PROJECT = Project(Path(__file__).parents[2])
FIRST = 0x4E00  # an ideograph for each byte, in order: `tokenizers` numbers an alphabet by code point, ours by byte


@functools.cache
def notebook(name: str) -> Any:
    """What the notebook's solution calls ``name``, from its slice alone, as a key is recorded from it."""
    return run(definitions(PROJECT, "11_nlp", "morning", name), f"bpe.{name}")[name]


def trained_by_tokenizers(words: dict[str, int], count: int) -> list[tuple[int, int]]:
    """The merges that `tokenizers` learns from the same pieces, as pairs of our numbers."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    alphabet = [chr(FIRST + byte) for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=256 + count, initial_alphabet=alphabet, show_progress=False)
    pieces = ["".join(chr(FIRST + byte) for byte in word.encode()) for word in words]
    tokenizer.train_from_iterator(
        (piece for piece, times in zip(pieces, words.values(), strict=True) for _ in range(times)), trainer
    )
    number = tokenizer.get_vocab()
    state = json.loads(tokenizer.to_str())
    return [(number[left], number[right]) for left, right in state["model"]["merges"]]


words = st.dictionaries(st.text("abcdé", min_size=1, max_size=7), st.integers(1, 9), min_size=1, max_size=8)


@given(words, st.integers(1, 12))
@settings(deadline=None)
def test_merges_are_those_of_tokenizers(words: dict[str, int], count: int):
    """The same merges in the same order, ties included."""
    assert notebook("bpe_train")(words, count) == trained_by_tokenizers(words, count)


def test_merges_of_the_manual():
    """The same merges on a real text."""
    words = Counter(notebook("pieces")(data.python_reference()[:60_000]))
    words = {word: count for word, count in words.items() if count > 1}
    assert notebook("bpe_train")(words, 40) == trained_by_tokenizers(words, 40)


texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts)
@settings(deadline=None)
def test_pieces_are_the_text(text: str):
    """Joined, the pieces are the text: no character is lost."""
    assert "".join(notebook("pieces")(text)) == text


@given(texts, words)
@settings(deadline=None)
def test_round_trip(text: str, words: dict[str, int]):
    """Any Unicode text comes back from its numbers."""
    merges = notebook("bpe_train")(words, 6)
    assert notebook("bpe_decode")(notebook("bpe_encode")(text, merges), merges) == text


@pytest.fixture(scope="module")
def gpt2() -> Any:
    """GPT-2's vocabulary and merges as a tokenizer, the same merges in our numbers, and GPT-2's number of each of ours."""
    try:
        vocabulary, pairs = data.gpt2_bpe()
    except DLModuleError as error:
        pytest.skip(f"GPT-2's files: {error}")
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=list(pairs)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    shown += [byte for byte in range(256) if byte not in shown]
    sign = {byte: chr(byte if k < 188 else 256 + k - 188) for k, byte in enumerate(shown)}
    spelled, ours = [sign[byte] for byte in range(256)], {sign[byte]: byte for byte in range(256)}
    merges = []
    for left, right in pairs:
        merges.append((ours[left], ours[right]))
        ours[left + right] = len(spelled)
        spelled.append(left + right)
    return tokenizer, merges, [vocabulary[token] for token in spelled]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "No", "Nl"]), max_size=60))
@settings(deadline=None, max_examples=50)
def test_numbers_of_gpt2(gpt2: Any, text: str):
    """With GPT-2's merges, the numbers are GPT-2's."""
    tokenizer, merges, numbers = gpt2
    assert [numbers[k] for k in notebook("bpe_encode")(text, merges)] == tokenizer.encode(text).ids


def test_numbers_of_gpt2_on_the_manual(gpt2: Any):
    """... and on a real text."""
    tokenizer, merges, numbers = gpt2
    text = data.python_reference()[:1000] + " El Niño 2024: 地震 🌋"
    assert [numbers[k] for k in notebook("bpe_encode")(text, merges)] == tokenizer.encode(text).ids
