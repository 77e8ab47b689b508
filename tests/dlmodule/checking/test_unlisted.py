"""Wrong answers nobody listed get a true and specific sentence; right ones nobody listed pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dlmodule.checking import Case, probes
from dlmodule.checking.judge import judge_with
from dlmodule.checking.key import ExerciseKey
from tests.dlmodule.checking.conftest import MakeKey

GENERATOR = torch.Generator().manual_seed(1)


def mean_rows(x: Tensor) -> Tensor:
    return x.mean(1)


@pytest.fixture
def key(make_key: MakeKey) -> ExerciseKey:
    shapes = [(2, 3), (4, 5), (5, 5)]
    cases = [Case(torch.randn(*s, generator=GENERATOR, dtype=torch.float64)).named(f"a {s} table") for s in shapes]
    return make_key(mean_rows, cases, probes.call(grad=True), name="mean_rows")


def in_place(x: Tensor) -> Tensor:
    x -= 1
    return x.mean(1) + 1


def never_ends(x: Tensor) -> Tensor:
    while True:
        try:  # noqa: SIM105 - as a learner writes it
            x = x + 0
        except Exception:
            pass


def deep_in_torch(x: Tensor) -> Tensor:
    return nn.functional.conv2d(x, x)


def changes_default(x: Tensor) -> Tensor:
    torch.set_default_dtype(torch.float64)
    return x.mean(1)


def leaves_grad_off(x: Tensor) -> Tensor:
    result = x.mean(1)
    torch.set_grad_enabled(False)
    return result


WRONG: list[tuple[Callable[..., Any], str, str]] = [
    (lambda x: x.sum(1), "transformation", "as when one sums where a mean is asked"),
    (lambda x: x.mean(0), "transformation", "along axis 0; it belongs along axis 1"),
    (lambda x: x.mean(1, keepdim=True), "shape", "axis of length 1 is left over"),
    (lambda x: x.mean(1).roll(1), "transformation", "off by one"),
    (lambda x: x[:, 1:].mean(1), "value", "none of the 2 numbers is right"),
    (lambda x: x.mean(1)[:-1], "shape", "one too few along axis 0"),
    (lambda x: x.mean(1) * float("nan"), "nan", "NaN"),
    (lambda x: x.mean(1) / 0, "nan", "infinity"),
    (in_place, "in place", "`x` in place"),
    (lambda x: x.detach().mean(1), "gradient", "no gradient flows back"),
    (
        lambda x: x.mean(1) * 1 + 0 * x.detach().sum() + (x.detach() - x).mean(1),
        "gradient",
        "gradient with respect to the first argument is not: it is zero",
    ),
    (lambda x: x.mean(1).half(), "dtype", "float16, expected is float64"),
    (lambda x: x.mean(1).tolist(), "type", "a list of 2"),
    (lambda x: list(x.mean(1)), "type", "`torch.stack`"),
    (lambda x: None, "type", "`return`"),
    (lambda x: nn.Linear, "type", "returns a class"),
    (deep_in_torch, "raised", "It raises RuntimeError".replace("It", "it")),
    (changes_default, "state", "default dtype"),
    (leaves_grad_off, "state", "gradient mode"),
    (lambda x: -x.mean(1), "transformation", "opposite sign"),
    (lambda x: x.mean(1).softmax(0), "transformation", "softmax"),
    (lambda x: x.mean(1).exp(), "transformation", "exponential"),
    (lambda x: x.mean(1) + 0.5, "transformation", "too large by the same amount, 0.5"),
    (lambda x: x.mean(1)[:, None] - x.mean(1), "shape", "table of all pairs"),
    (lambda x: exit(), "raised", "SystemExit"),
]


@pytest.mark.parametrize(("wrong", "rung", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_a_true_and_specific_sentence(key: ExerciseKey, wrong: Callable[..., Any], rung: str, words: str) -> None:
    """Each wrong answer stops at its rung, and the sentence says what it is."""
    diagnosis = judge_with(key, wrong)
    assert (diagnosis.status, diagnosis.rung) == ("wrong", rung), diagnosis.message
    assert words in diagnosis.message


def test_an_endless_loop_ends(key: ExerciseKey) -> None:
    """A loop that even swallows exceptions is ended by the timer, and said to be one."""
    diagnosis = judge_with(key, never_ends, limit=0.3)
    assert diagnosis.rung == "time" and "loop that never ends" in diagnosis.message


def test_a_class_or_a_result_where_a_function_is_asked(key: ExerciseKey) -> None:
    """What was passed is named, and how to call the check."""
    assert "is a class; a function is asked" in judge_with(key, nn.Linear).message
    assert "check(mean_rows)" in judge_with(key, torch.ones(2)).message


def test_the_traceback_shows_the_learners_own_lines(key: ExerciseKey) -> None:
    """An exception deep in torch is shown with the learner's line, and with no line of torch or of the check."""
    lines = judge_with(key, deep_in_torch).lines
    assert any("deep_in_torch" in line for line in lines)
    assert not any("site-packages" in line or "trials" in line for line in lines)


def test_stubs_are_not_started(key: ExerciseKey) -> None:
    """An unwritten answer is "not started", never a traceback."""

    def mean_rows(x: Tensor) -> Tensor:
        raise NotImplementedError("your code here")

    scope: dict[str, Any] = {}
    exec("def mean_rows(x):\n    raise NotImplementedError", scope)
    assert judge_with(key, scope["mean_rows"]).status == "not started"
    assert judge_with(key, ...).status == "not started"


RIGHT: list[Callable[..., Any]] = [
    lambda x: x.sum(1) / x.shape[1],
    lambda x: torch.einsum("ij->i", x) / x.size(1),
    lambda x: torch.stack([row.mean() for row in x]),
    lambda x: (x @ x.new_ones(x.shape[1], 1)).squeeze(1) / x.shape[1],
    lambda x: nn.functional.avg_pool1d(x[None], x.shape[1])[0, :, 0],
    lambda *args: args[0].mean(-1),
    lambda x: x.mean(1).float(),  # right on float32 input, and no text promises float64
    lambda x: torch.zeros(len(x)) + x.float().mean(1),
]


@pytest.mark.parametrize("right", RIGHT)
def test_right_answers_nobody_listed(key: ExerciseKey, right: Callable[..., Any]) -> None:
    """Any code with the right outcome is right."""
    diagnosis = judge_with(key, right)
    assert diagnosis.right, diagnosis.message


def test_state_is_restored_around_every_judgement(key: ExerciseKey) -> None:
    """Whatever an answer does to torch and to the random generators, the notebook goes on as before."""
    from dlmodule.checking.collect.guard import torch_state

    torch.manual_seed(3)
    before, draw = torch_state(), torch.get_rng_state()
    for wrong in (changes_default, leaves_grad_off, lambda x: torch.manual_seed(9) and x.mean(1)):
        judge_with(key, wrong)
    assert torch_state() == before
    assert torch.equal(torch.get_rng_state(), draw)


def test_an_answer_that_warns_or_prints_is_judged_in_silence(
    key: ExerciseKey, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning is not a failure, and a check of ten cases does not print ten times."""

    def chatty(x: Tensor) -> Tensor:
        print("here")
        warnings.warn("careful", stacklevel=1)
        return x.mean(1)

    assert judge_with(key, chatty).right
    assert capsys.readouterr().out == ""
