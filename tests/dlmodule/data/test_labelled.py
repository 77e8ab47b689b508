"""Subsets and splits: balanced, disjoint, repeatable, and without touching torch's global generator."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dlmodule.data import Labelled, Texts
from dlmodule.errors import DLModuleError

labels = st.lists(st.integers(0, 3), min_size=4, max_size=60)


def numbered(y: list[int]) -> Labelled:
    return Labelled(torch.arange(len(y)).float().unsqueeze(1), torch.tensor(y), tuple("abcd"), "numbered")


@given(y=labels, seed=st.integers(0, 5), data=st.data())
def test_take_is_balanced(y, seed, data):
    """No class lags another by more than one while it still has members, and nothing is taken twice."""
    whole = numbered(y)
    count = data.draw(st.integers(1, len(y)))
    taken = whole.take(count, seed=seed)
    had, got = whole.y.bincount(minlength=4), taken.y.bincount(minlength=4)
    assert len(taken) == count == len(taken.x.unique())
    assert all(got[k] == had[k] or got[k] >= got.max() - 1 for k in range(4))
    assert torch.equal(taken.y, whole.y[taken.x[:, 0].long()])


@given(y=labels, seed=st.integers(0, 5), data=st.data())
def test_smaller_take_is_prefix(y, seed, data):
    """With one seed, taking fewer gives the beginning of taking more."""
    more = data.draw(st.integers(1, len(y)))
    fewer = data.draw(st.integers(1, more))
    assert torch.equal(numbered(y).take(more, seed=seed).x[:fewer], numbered(y).take(fewer, seed=seed).x)


@given(y=labels, fraction=st.floats(0.05, 0.95), seed=st.integers(0, 5))
def test_split_is_a_stratified_partition(y, fraction, seed):
    """Two parts hold every example once, and the first has the fraction of each class, to the nearest one."""
    whole = numbered(y)
    first, second = whole.split(fraction, seed=seed)
    assert torch.equal(torch.cat((first.x, second.x)).sort(0).values, whole.x)
    for k, members in enumerate(whole.y.bincount(minlength=4).tolist()):
        assert int((first.y == k).sum()) == round(fraction * members)


def test_seeds_and_global_generator():
    """The same seed repeats, another differs, and torch's global generator does not move."""
    whole = numbered([0, 1, 2, 3] * 20)
    before = torch.get_rng_state()
    assert torch.equal(whole.take(30, seed=1).x, whole.take(30, seed=1).x)
    assert not torch.equal(whole.take(30, seed=1).x, whole.take(30, seed=2).x)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("count", [0, -1, 5])
def test_impossible_take(count):
    """Nothing, less than nothing and more than all are refused."""
    with pytest.raises(DLModuleError, match="numbered"):
        numbered([0, 1, 2, 3]).take(count)


@pytest.mark.parametrize("fraction", [0, 1, -0.5, 1.5, float("nan")])
def test_impossible_split(fraction):
    """A fraction outside (0, 1) is refused."""
    with pytest.raises(DLModuleError, match="fraction"):
        numbered([0, 1, 2, 3]).split(fraction)


@pytest.mark.parametrize(
    "y", [torch.tensor([0, 1]), torch.tensor([0.0, 1, 2]), torch.tensor([0, 1, 4]), torch.tensor([-1, 0, 1]), torch.zeros(3, 1).long()]
)  # fmt: skip
def test_parts_that_do_not_pair(y):
    """Another length, another type, a label without a class and a column of labels are refused."""
    with pytest.raises(DLModuleError, match="odd"):
        Labelled(torch.zeros(3, 2), y, tuple("abcd"), "odd")


def test_texts_subsets_keep_together():
    """Sentences, labels and kinds stay together through take, split and of_kind."""
    texts = Texts(tuple(f"{'good' if i % 2 else 'bad'} {i}" for i in range(40)), torch.arange(40) % 2, ("bad", "good"), "t",
                  tuple("even" if i % 4 < 2 else "odd" for i in range(40)))  # fmt: skip
    for part in (texts.take(10), *texts.split(0.25), texts.of_kind("even")):
        assert all(text.startswith(texts.classes[label]) for text, label in part)
        assert all(
            (int(text.split()[1]) % 4 < 2) == (kind == "even")
            for text, kind in zip(part.texts, part.kinds, strict=True)
        )
    assert len(texts.take(10)) == 10 and len(texts.of_kind("odd")) == 20
    with pytest.raises(DLModuleError, match="even, odd"):
        texts.of_kind("off")
