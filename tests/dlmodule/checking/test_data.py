"""Outcomes, keys and progress as data: nothing is lost on the way, and damage is said in one line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlmodule.checking import Case, Code, TempFile, probes, serialise
from dlmodule.checking import key as keys
from dlmodule.checking.compare import distance
from dlmodule.checking.diagnosis import Diagnosis
from dlmodule.checking.judge import judge
from dlmodule.checking.progress import Progress
from dlmodule.errors import DLModuleError
from tests.dlmodule.checking.conftest import MakeKey

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.builds(Code, st.text(max_size=4), st.integers(0, 9)),
    st.builds(TempFile, st.text(min_size=1, max_size=4)),
    arrays(np.float64, st.tuples(st.integers(0, 3), st.integers(0, 3))).map(torch.from_numpy),
    st.sampled_from([torch.float32, torch.device("cpu"), slice(1, None, 2), ...]),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=8,
)


def same(one: Any, two: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return (
            isinstance(two, torch.Tensor)
            and one.dtype == two.dtype
            and torch.equal(one.nan_to_num(7.5), two.nan_to_num(7.5))
        )
    if isinstance(one, float) and math.isnan(one):
        return isinstance(two, float) and math.isnan(two)
    if isinstance(one, (list, tuple)):
        return type(one) is type(two) and len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return isinstance(two, dict) and list(one) == list(two) and all(same(one[name], two[name]) for name in one)
    return type(one) is type(two) and bool(one == two)


@given(TREES)
def test_trees_survive_packing(value: Any) -> None:
    """What is packed, written as JSON and unpacked is what it was, types included."""
    packed, tensors = serialise.pack(value)
    assert same(serialise.unpack(json.loads(json.dumps(packed)), tensors), value)


def test_views_of_one_number_are_written_like_copies() -> None:
    """Every second column of a single row with two: one number whose stride is two, which torch calls contiguous."""
    view = torch.arange(2.0)[None, ::2]
    assert view.stride(-1) == 2 and view.is_contiguous()
    assert serialise.to_bytes([view]) == serialise.to_bytes([view.clone(memory_format=torch.contiguous_format)])


@given(TREES)
def test_every_tree_is_at_distance_zero_from_itself(value: Any) -> None:
    """Distance is zero on equal things, whatever they are."""
    packed, tensors = serialise.pack(value)
    again = serialise.unpack(packed, tensors)
    nan_free = not isinstance(value, float) or not math.isnan(value)
    if nan_free and "nan" not in json.dumps(packed).lower():
        assert distance(value, again) == 0


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
def test_distance_counts_tolerances(right: float, gap: float) -> None:
    """A number off by k tolerances is at distance k."""
    case = Case().within(atol=1e-3)
    got = distance(torch.tensor(right, dtype=torch.float64), torch.tensor(right + gap, dtype=torch.float64), case)
    assert got == pytest.approx(gap / 1e-3, rel=1e-6)


def test_an_object_that_is_not_data_keeps_only_its_type() -> None:
    """A learner's object never travels: its type's name does."""
    packed, tensors = serialise.pack([torch.nn.Linear(1, 1)])
    assert serialise.unpack(packed, tensors)[0].type == "Linear"


def test_a_key_round_trips_to_the_same_bytes(make_key: MakeKey, tmp_path: Path) -> None:
    """Saving what was loaded gives the same bytes, so keys are reproducible."""
    key = make_key(
        lambda x: x.sum(), [Case(torch.arange(3.0)).named("a ramp")], probes.call(grad=True), {"max": lambda x: x.max()}
    )
    keys.save(tmp_path / "s.safetensors", [key])
    keys.save(tmp_path / "t.safetensors", list(keys.load(tmp_path / "s.safetensors").values()))
    assert (tmp_path / "s.safetensors").read_bytes() == (tmp_path / "t.safetensors").read_bytes()


@pytest.mark.parametrize(
    "damage", [lambda raw: b"", lambda raw: raw[:-9], lambda raw: b"x" * 40, lambda raw: raw[:8] + b"{" * 40 + raw[48:]]
)
def test_a_damaged_key_is_said_in_one_line(
    damage: Any, make_key: MakeKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A truncated or foreign key file gives "could not check" and names the file; nothing is raised at the learner."""
    path = tmp_path / "s.safetensors"
    keys.save(path, [make_key(lambda x: x, [Case(torch.ones(2))])])
    path.write_bytes(damage(path.read_bytes()))
    monkeypatch.setenv("DLMODULE_KEYS", str(tmp_path))
    diagnosis = judge("s.answer", lambda x: x)
    assert diagnosis.status == "could not check"
    assert str(path) in diagnosis.message and "\n" not in diagnosis.message
    with pytest.raises(DLModuleError, match="damaged"):
        keys.load(path)


def test_a_flipped_bit_never_gives_another_key(make_key: MakeKey) -> None:
    """Every byte of a key in turn, one bit of it: refused in one line, or it says nothing different."""
    key = make_key(
        lambda x: x.sum(), [Case(torch.arange(3.0)).named("a ramp")], probes.call(grad=True), {"max": lambda x: x.max()}
    )
    whole = keys.to_bytes([key])
    refused = 0
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        try:
            read = keys.from_bytes(bytes(flipped), "k")
        except DLModuleError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert keys.to_bytes(list(read.values())) == whole
    assert refused > 0.98 * len(whole)


def test_a_key_of_another_format_is_refused(make_key: MakeKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written by an older or a newer course: could not check, never a verdict."""
    data = {"format": keys.FORMAT + 1, "exercises": [make_key(lambda x: x, [Case(torch.ones(2))]).to_data()]}
    (tmp_path / "s.safetensors").write_bytes(serialise.to_bytes(data))
    monkeypatch.setenv("DLMODULE_KEYS", str(tmp_path))
    diagnosis = judge("s.answer", lambda x: -x)
    assert diagnosis.status == "could not check" and "not a key of this version" in diagnosis.message


def test_missing_keys_and_unknown_exercises(make_key: MakeKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, or no such exercise: one line that says what there is or what to do."""
    monkeypatch.setenv("DLMODULE_KEYS", str(tmp_path))
    assert "no key for s: run `course build`" in judge("s.answer", len).message
    keys.save(tmp_path / "s.safetensors", [make_key(lambda x: x, [Case(torch.ones(2))])])
    assert "has no exercise 'reply'; it has answer" in judge("s.reply", len).message


def test_progress_is_appended_and_survives_damage(tmp_path: Path) -> None:
    """A line cut short by a crash costs that line only."""
    progress = Progress(tmp_path / "deep" / "progress.jsonl")
    progress.record(Diagnosis("s.one", "wrong", "no", "values"))
    with progress.path.open("a") as file:
        file.write('{"exercise": "s.tw')
    progress.record(Diagnosis("s.two", "right", "yes", "right"))
    assert [attempt["exercise"] for attempt in progress.load()] == ["s.one", "s.two"]
    assert progress.solved() == {"s.two"}


def test_a_single_number_that_was_expanded_is_data() -> None:
    """``torch.tensor(3.0).expand(1)`` has a stride of 0 and counts as contiguous all the same; it is written as any other tensor."""
    tree = {"x": torch.tensor(3.0, dtype=torch.float64).expand(1)}
    assert serialise.from_bytes(serialise.to_bytes(tree), "test")["x"].tolist() == [3.0]
