"""An answer is known by what was passed, whatever it is called inside; or one sentence says how to pass it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dlmodule.checking import Case, probes
from dlmodule.checking import key as keys
from dlmodule.checking.arguments import unused_arguments
from dlmodule.checking.judge import Check, called_names, judge_with
from dlmodule.checking.progress import Progress
from tests.dlmodule.checking.conftest import MakeKey


def by_indexing(x: Tensor, y: Tensor) -> Tensor:
    return x[:, None] * y


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any) -> Any:
        return function(*args)

    return wrapper


class CallableObject:
    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        return by_indexing(x, y)


FORMS: dict[str, Callable[[], Any]] = {
    "lambda": lambda: lambda x, y: x[:, None] * y,
    "alias": lambda: by_indexing,
    "wrapper": lambda: wrapped(by_indexing),
    "partial": lambda: functools.partial(by_indexing),
    "object": CallableObject,
    "scripted": lambda: torch.jit.script(by_indexing),
}


@pytest.fixture
def check(make_key: MakeKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    cases = [Case(torch.arange(3.0), torch.arange(2.0) + 1)]
    keys.save(tmp_path / "s.safetensors", [make_key(by_indexing, cases, name="outer")])
    monkeypatch.setenv("DLMODULE_KEYS", str(tmp_path))
    return Check("s", Progress(tmp_path / "progress.jsonl"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("form", FORMS)
def test_the_name_in_the_call_decides(check: Check, form: str) -> None:
    """`check(outer)` judges the exercise `outer`, whatever `outer` is."""
    outer = FORMS[form]()
    assert check(outer).right


def test_a_name_of_its_own_will_do(check: Check) -> None:
    """A function that is passed under another name is known by its own."""

    def outer(x: Tensor, y: Tensor) -> Tensor:
        return x[:, None] * y

    for function in (outer,):
        assert check(function).right
    assert check(functools.partial(outer)).right


def test_an_unknown_answer_is_told_how_to_be_passed(check: Check) -> None:
    """What no name says is no error: one sentence, with the call to write."""
    said = check(lambda x, y: x)
    assert said.status == "could not check" and 'check("outer", your_answer)' in said.message
    outre = by_indexing
    said = check(outre)
    assert "did you mean `outer`" in said.message and 'check("outer", outre)' in said.message


@pytest.mark.filterwarnings("ignore:.*script_method:DeprecationWarning")  # torch's own, at the first compilation
def test_what_was_compiled_is_judged_as_it_was_written(make_key: MakeKey) -> None:
    """A compiled function is no slower to judge than the function, and as right."""
    cases = [Case(torch.arange(3.0), torch.arange(2.0) + 1)]
    key = make_key(by_indexing, cases)
    assert judge_with(key, torch.compile(by_indexing)).right
    wrong = judge_with(key, torch.compile(lambda x, y: x * 2))
    assert wrong.status == "wrong" and wrong.rung != "time"


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.linear(x)))


class LazyBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.LazyBatchNorm1d()
        self.linear = nn.LazyLinear(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.linear(x)))


class Misspelt(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def foward(self, x: Tensor) -> Tensor:
        return self.linear(x)


class PlainList(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = [nn.Linear(inputs, outputs)]

    def forward(self, x: Tensor) -> Tensor:
        return self.layers[0](x)


class PlainTensor(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = torch.randn(outputs, inputs, requires_grad=True)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight.T


@pytest.fixture
def block(make_key: MakeKey) -> keys.ExerciseKey:
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    cases = [Case(x).built(3, 2).named("three to two"), Case(x).built(3, 5).named("three to five")]
    return make_key(Block, cases, probes.module(grad=True, train=True), kind="class", name="Block")


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_lazy_layers_are_judged_once_they_have_their_sizes(block: keys.ExerciseKey) -> None:
    """Lazy layers have the same parameters after the first call."""
    verdict = judge_with(block, LazyBlock)
    assert verdict.right, verdict.message


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Misspelt, "no method `forward`"),
        (PlainList, "`self.layers` is a plain list"),
        (PlainTensor, "`self.weight` is a plain tensor"),
        (Block(3, 2), "pass the class itself"),
    ],
    ids=["misspelt", "list", "tensor", "object"],
)
def test_a_module_that_cannot_be_judged_is_told_why(block: keys.ExerciseKey, wrong: Any, words: str) -> None:
    """Started work is never "not started", and torch's own error is put in other words."""
    said = judge_with(block, wrong)
    assert said.status == "wrong" and words in said.message, said.message


def test_torchs_own_refusal_is_not_a_stub(make_key: MakeKey) -> None:
    """`NotImplementedError` out of torch is an error like any other."""
    key = make_key(lambda z: z.relu(), [Case(torch.tensor([-1.0, 2.0]))])
    said = judge_with(key, lambda z: (z > 0).long().softmax(0) * z)
    assert said.status == "wrong" and "not implemented for 'Long'" in said.message


def test_attributes_are_no_references() -> None:
    """`F.max_pool2d` is not the learner's `max_pool2d`."""

    def attribute(x: Tensor) -> Tensor:
        return torch.nn.functional.max_pool2d(x, 2)

    def reference(x: Tensor) -> Tensor:
        return sum(by_indexing(row, row) for row in x)  # type: ignore[return-value]

    assert called_names(attribute) == ["torch"]
    assert "by_indexing" in called_names(reference)


def test_an_exercise_that_was_not_tried_is_not_blamed(make_key: MakeKey) -> None:
    """A stub that lies beside an answer, which never runs it, is not its fault; one that it runs is."""
    scope: dict[str, Any] = {}
    exec(
        "def half(x):\n    raise NotImplementedError('...your code here...')\n"
        "def beside(x):\n    half\n    return x\ndef through(x):\n    return half(x)\n",
        scope,
    )
    cases = [Case(torch.tensor([1.0, 4.0]))]
    session = {
        "half": make_key(lambda x: x / 2, cases, name="half"),
        "own": make_key(lambda x: x / 2, cases, name="own"),
    }
    assert judge_with(session["own"], scope["beside"], session).blocked_by is None
    assert judge_with(session["own"], scope["through"], session).blocked_by == "half"


def test_only_an_exercise_of_the_part_that_runs_is_blamed(make_key: MakeKey) -> None:
    """A wrong answer beside this one is blamed where this one calls it: not a namesake of another part or of a library."""
    text = (
        "from torch import relu\n"
        "def half(x):\n    return x / 3\n"
        "def through(x):\n    return half(x) + 1\n"
        "def kept(x):\n    return half(x) if len(x) > 9 else x\n"
        "def rectified(x):\n    return relu(x)\n"
        "class Halved:\n    def __init__(self, x):\n        self.value = half(x)\n"
        "def by_a_class(x):\n    return Halved(x).value + 1\n"
    )
    scope: dict[str, Any] = {"__name__": "answers"}
    exec(text, scope)
    cases = [Case(torch.tensor([1.0, 4.0]))]
    own = make_key(lambda x: x / 2, cases, name="own")
    half = make_key(lambda x: x / 2, cases, name="half")
    halved = make_key(lambda x: {"value": x / 2}, cases, name="Halved")
    session = {"half": half, "relu": make_key(lambda x: x * 2, cases, name="relu"), "own": own}
    assert judge_with(own, scope["through"], session).blocked_by == "half"
    assert judge_with(own, scope["by_a_class"], {**session, "Halved": halved}).blocked_by == "Halved"
    for innocent in ("kept", "rectified"):
        assert judge_with(own, scope[innocent], session).blocked_by is None, innocent
    elsewhere = {**session, "half": replace(half, part="afternoon")}
    assert judge_with(own, scope["through"], elsewhere).blocked_by is None


def test_arguments_that_are_never_read() -> None:
    """Unread arguments are found in the code; those that an inner function reads are read."""

    def partly(x: int, stop: int, _spare: int) -> Callable[[], int]:
        return lambda: x

    assert list(unused_arguments(partly)) == ["stop"]
