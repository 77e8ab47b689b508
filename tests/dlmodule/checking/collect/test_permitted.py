"""Puzzles: a forbidden tool is met by the reason, by whichever of its names it is called; permitted ones pass."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.collect import permitted
from dlmodule.checking.judge import judge_with
from tests.dlmodule.checking.conftest import MakeKey

X, Y = torch.tensor([1.0, -2.0, 3.0]), torch.tensor([4.0, 5.0])


def outer(x: Tensor, y: Tensor) -> Tensor:
    return x[:, None] * y


def puzzle(make_key: MakeKey) -> Any:
    return make_key(outer, [Case(X, Y)], probe=probes.puzzle(), mistakes={"built in": lambda x, y: torch.outer(x, y)})


def test_the_built_in_is_met_by_its_own_sentence(make_key: MakeKey) -> None:
    """As a function and as a method: the right numbers do not help."""
    for answer in (torch.outer, lambda a, b: torch.outer(a, b), lambda a, b: a.outer(b)):
        assert judge_with(puzzle(make_key), answer).message == "This is built in."


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x, y: torch.einsum("i,j->ij", x, y), "`einsum` is not permitted"),
        (lambda x, y: x.unsqueeze(1) * y, "an index of `None`"),
        (lambda x, y: torch.stack([x * y[0], x * y[1]], 1), "`torch.where` chooses"),
        (lambda x, y: torch.tensor([a * y[0] for a in x]), "Python loop"),
        (lambda x, y: (x[:, None, None] * y[:, None]).sum(2), "a matrix product"),
        (lambda x, y: x[:, None] * torch.from_numpy(y.numpy()), "takes the numbers out"),
        (lambda x, y: x[:, None].mul_(y), "writes into a tensor"),
        (lambda x, y: torch.diag(x) @ torch.ones(3, 1) * y, "a condition on the numbers of row and column"),
        (lambda x, y: x.flip(0)[torch.arange(3), None] * y, "where its entry comes from"),
        (lambda x, y: x[:, None].exp().log() * y, "does a piece of the work"),
    ],
)
def test_other_tools_are_refused_with_a_reason(make_key: MakeKey, answer: Callable[..., Any], words: str) -> None:
    """Each family of tools has its own reason, and the learner's line is shown."""
    found = judge_with(puzzle(make_key), answer)
    assert (found.status, found.rung) == ("wrong", "tools")
    assert words in found.message


def test_writing_by_index_is_refused(make_key: MakeKey) -> None:
    """The commonest way round a puzzle: make zeros and fill them."""

    def filled(x: Tensor, y: Tensor) -> Tensor:
        out = torch.zeros(len(x), len(y))
        out[:] = x[:, None] * y
        return out

    assert judge_with(puzzle(make_key), filled).message.startswith("`x[...] = ...` is not permitted")
    assert judge_with(puzzle(make_key), filled).lines[-1].endswith("out[:] = x[:, None] * y")


def test_it_cannot_be_caught(make_key: MakeKey) -> None:
    """``except Exception`` does not hide a forbidden tool."""

    def hides(x: Tensor, y: Tensor) -> Tensor:
        try:
            return torch.ger(x, y)
        except Exception:
            return x[:, None] * y

    assert judge_with(puzzle(make_key), hides).rung == "tools"


@pytest.mark.parametrize(
    "answer",
    [
        lambda x, y: x[:, None] @ y[None],
        lambda x, y: (y[:, None] * x).T,
        lambda x, y: 0 + 1 * x[torch.arange(len(x))][:, None] / (1 / y),
        lambda x, y: torch.where((x[:, None] == x[:, None]) & ~(y != y), x[:, None] * y, 7),
        lambda x, y: -(-x[:, None] * y.to(x.dtype)) ** 1 + 2 ** y % 1 - (y > 9) // 1,
        lambda x, y: (torch.ones(x.shape[0], 1) * x[:, None]) @ torch.zeros(1, y.numel()) + x[:, None] * y,
    ],
)  # fmt: skip
def test_permitted_tools_pass(make_key: MakeKey, answer: Callable[..., Any]) -> None:
    """Indexing, broadcasting, arithmetic with the number on either side, comparisons, and the matrix product."""
    assert judge_with(puzzle(make_key), answer).right


def test_a_wrong_answer_is_judged_as_any_other(make_key: MakeKey) -> None:
    """The values count too."""
    assert judge_with(puzzle(make_key), lambda x, y: x[:, None] + y).status == "wrong"
    assert judge_with(puzzle(make_key), lambda x, y: y[:, None] * x).rung in ("shape", "transformation")


def test_loops_are_found() -> None:
    """Every kind of loop, also in an inner function."""

    def inner(x: Tensor) -> Tensor:
        def one(i: int) -> Any:
            while i < 3:
                i += 1
            return x[i]

        return one(0)

    assert permitted.loops(lambda x: [a for a in x])
    assert permitted.loops(lambda x: {a: 1 for a in x})
    assert permitted.loops(inner)
    assert not permitted.loops(outer)
    assert not permitted.loops(F.pad)


def largest(x: Tensor) -> Tensor:
    return torch.stack([x[:2].amax(), x[2:].amax()])


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (lambda x: F.max_pool1d(x[None], 2)[0], "max_pool1d"),
        (lambda x: torch.max_pool1d(x[None], 2)[0], "max_pool1d"),
        (lambda x: torch.autograd.grad((x.clone().requires_grad_() ** 2).sum(), x)[0][:2], "grad"),
    ],
)
def test_a_function_that_does_the_whole_work_is_met_by_the_reason(
    make_key: MakeKey, answer: Callable[..., Any], name: str
) -> None:
    """An exercise that is no puzzle forbids single functions; everything else may be called."""
    forbidden = {"max_pool1d": "it is what you write here.", "autograd": "derive it."}
    exercise = Exercise(difficulty=1, minutes=5, hints=("a", "b"), forbidden=forbidden)
    key = make_key(largest, [Case(torch.arange(4.0))], probe=exercise.chosen_probe)
    found = judge_with(key, answer)
    assert (found.status, found.rung) == ("wrong", "tools")
    assert f"`{name}` is not permitted in this exercise" in found.message
    assert judge_with(key, lambda x: x.reshape(2, 2).max(1).values).right


def test_a_probe_of_its_own_watches_too(make_key: MakeKey) -> None:
    """The author's probe is free to use what the answer may not."""
    exercise = Exercise(difficulty=1, minutes=5, hints=("a", "b"), forbidden={"softmax": "it is what you write here."})

    @exercise.probe
    def probe(candidate: Any, case: Case) -> Any:
        return {"difference": (candidate(*case.args) - case.args[0].softmax(0)).abs().sum()}

    key = make_key(lambda z: z.exp() / z.exp().sum(), [Case(X)], probe=exercise.chosen_probe)
    assert judge_with(key, lambda z: (z - z.max()).exp() / (z - z.max()).exp().sum()).right
    assert judge_with(key, lambda z: z.softmax(0)).rung == "tools"


class Standardised(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        return self.weight * centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()


class BuiltIn(Standardised):
    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], self.weight)


class Inside(Standardised):
    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.norm = nn.LayerNorm(width, elementwise_affine=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * self.norm(x)


class Inherited(nn.LayerNorm):
    def __init__(self, width: int) -> None:
        super().__init__(width, bias=False)


class ByAHelper(Standardised):
    @staticmethod
    def helped(x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:])

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * self.helped(x)


@pytest.mark.parametrize("of_its_own", [False, True], ids=["module", "custom"])
def test_a_forbidden_tool_in_a_class(make_key: MakeKey, of_its_own: bool) -> None:
    """The methods of a class are watched, those that it inherits too, whatever probe makes and calls the object."""
    exercise = Exercise(
        difficulty=1, minutes=5, hints=("a", "b"), probe=probes.module(), forbidden={"layer_norm": "write it."}
    )
    case = Case(torch.arange(6.0).reshape(2, 3) ** 2).built(3)
    if of_its_own:

        @exercise.probe
        def probe(candidate: Any, case: Case) -> Any:
            layer = candidate(3)
            return {"names": sorted(layer.state_dict()), "result": F.layer_norm(layer(case.args[0]).detach(), (3,))}

    key = make_key(Standardised, [case], exercise.chosen_probe, kind="class", name="Standardised")
    assert judge_with(key, Standardised).right
    assert judge_with(key, type("Renamed", (Standardised,), {})).right
    for wrong in (BuiltIn, Inside, Inherited, ByAHelper):
        found = judge_with(key, wrong)
        assert (found.rung, found.message) == (
            "tools",
            "`layer_norm` is not permitted in this exercise: write it.",
        ), wrong


def test_a_forbidden_tool_in_an_object_that_is_called(make_key: MakeKey) -> None:
    """A partial, an object with ``__call__`` and a module are watched as a function is."""

    class Called:
        def __call__(self, z: Tensor) -> Tensor:
            return z.softmax(0)

    exercise = Exercise(difficulty=1, minutes=5, hints=("a", "b"), forbidden={"softmax": "it is what you write here."})
    key = make_key(lambda z: z.exp() / z.exp().sum(), [Case(X)], probe=exercise.chosen_probe)
    for wrong in (functools.partial(torch.softmax, dim=0), Called(), nn.Softmax(0), F.softmax):
        assert judge_with(key, wrong).rung == "tools", wrong
