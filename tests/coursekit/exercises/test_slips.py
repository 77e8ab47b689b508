"""Slips of a solution: programs of their own, told in words that give nothing away, and met by true sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from coursekit.exercises.loading import load_whole
from coursekit.exercises.record import record
from coursekit.exercises.slips import slips
from coursekit.project import Project
from dlmodule.checking.judge import judge_with

PROJECT = Project(Path(__file__).parents[3])


@pytest.mark.parametrize(
    ("line", "slip", "words"),
    [
        ("x.sum(1)", "x.mean(1)", "with the mean in place of the sum"),
        ("x.sum(1)", "x.sum(0)", "with `sum` along axis 0"),
        ("x.sum(1)", "x.sum()", "with `sum` over all axes"),
        ("x.mean(dim=1)", "x.mean()", "with `mean` over all axes"),
        ("F.relu(x)", "x", "without the ReLU"),
        ("x.relu()", "x", "without the ReLU"),
        (
            "nn.Sequential(nn.Linear(2, 3), nn.ReLU())",
            "nn.Sequential(nn.Linear(2, 3), nn.Identity())",
            "without a ReLU",
        ),
        ("f(x) + x", "f(x)", "without adding `x`"),
        ("f(x) + x", "f(x) - x", "with a minus in place of a plus"),
        ("2 * f(x)", "f(x)", "without the factor 2"),
        ("f(x) / n", "f(x)", "without dividing by `n`"),
        ("a - b", "b - a", "with a difference taken the other way round"),
        ("x ** 2", "x", "without the power 2"),
        ("x < y", "x <= y", "with equality included in a comparison"),
        ("x @ w.T", "x @ w", "without a transpose"),
        ("torch.where(m, a, b)", "torch.where(m, b, a)", "with the two choices of `where` exchanged"),
        ("[f(i) for i in range(n)]", "[f(i) for i in range(n - 1)]", "with the last round of a loop left out"),
        ("x[-1]", "x[0]", "with the first item for the last"),
        ("F.conv2d(x, w, stride=s)", "F.conv2d(x, w)", "with `stride` left out of `conv2d`"),
        ("torch.log(p)", "torch.log2(p)", "with the logarithm to base 2 in place of the natural logarithm"),
        ("x.var(0, keepdim=True)", "x.var(0)", "with `keepdim` left out of `var`"),
        ("x.var(0)", "x.var(0, correction=0)", "with the variance divided by N"),
        ("torch.sqrt(v + eps)", "torch.sqrt(v) + eps", "with `eps` added after the square root"),
        ("x[t:]", "x[t + 1:]", "with a slice that begins one later"),
        ("x[:t]", "x[:t + 1]", "with a slice that ends one later"),
        ("x.mean(dim=(2, 3))", "x.mean(dim=(3,))", "with `mean` along the axes (3,) only"),
        ("a and b", "a or b", "with `or` in place of `and`"),
        ("g(x, causal=True)", "g(x, causal=False)", "with `causal` of `g` the other way round"),
        ("a if x else b", "b", "where its condition on `x` counts as never met"),
        ("a if q else b", "a", "where one of its conditions counts as always met"),
    ],
)
def test_a_slip_has_its_words(line: str, slip: str, words: str) -> None:
    """Each kind of slip, as it is said."""
    found = slips(f"def f(x):\n    return {line}")
    assert found.get(f"def f(x):\n    return {slip}") == words


@pytest.mark.parametrize(
    ("step", "slip", "words"),
    [
        ("s += x", "s = x", "with the last term in place of a running sum"),
        ("s -= x", "s += x", "with a step in the opposite direction"),
        ("optimiser.zero_grad()", "pass", "without calling `zero_grad`"),
        ("with torch.no_grad():\n        s = x", "if True:\n        s = x", "without `no_grad`"),
        (
            "for i in range(n):\n        s = x",
            "for i in reversed(range(n)):\n        s = x",
            "with a loop that runs backwards",
        ),
        ("s = x\n    y = s", "y = s\n    s = x", "with two of its steps in the other order"),
    ],
)
def test_a_slip_in_a_step_has_its_words(step: str, slip: str, words: str) -> None:
    """Slips in what is done, rather than in what is computed."""
    found = slips(f"def f(x):\n    {step}\n    return s")
    assert found.get(f"def f(x):\n    {slip}\n    return s") == words


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(sorted(Path(PROJECT.course).glob("0*/exercises/*.py"))))
def test_every_slip_is_another_program(path: Path) -> None:
    """Of code of all kinds: what is made compiles, and is never the program it was made of."""
    text = path.read_text("utf-8")
    for program in slips(text):
        compile(program, "slip", "exec")
        assert program != text


def block(
    *, relu: bool = True, pool: Callable[[int], nn.Module] = nn.MaxPool2d
) -> Callable[[int, int, int], nn.Module]:
    def vgg_block(in_channels: int, out_channels: int, convolutions: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for k in range(convolutions):
            layers.append(nn.Conv2d(in_channels if k == 0 else out_channels, out_channels, 3, padding=1))
            layers += [nn.ReLU()] if relu else []
        return nn.Sequential(*layers, pool(2))

    return vgg_block


def mean_over_channels(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    x = x.detach().clone().requires_grad_()
    model(x).gather(1, target[:, None]).sum().backward()
    assert x.grad is not None
    return x.grad.abs().mean(1)


def squashed_to_one(x: Tensor, h: Tensor, w_x: Tensor, w_h: Tensor, b: Tensor) -> Tensor:
    return (x @ w_x.T + h @ w_h.T + b).sigmoid()


@pytest.mark.parametrize(
    ("identity", "answer", "words"),
    [
        ("06_cnns_2.vgg_block", block(relu=False), "without a ReLU"),
        ("05_cnns_1.saliency", mean_over_channels, "with the mean in place of the largest"),
        ("10_rnns.rnn_cell", squashed_to_one, "with the sigmoid in place of the tanh"),
    ],
)
def test_an_answer_with_a_slip_is_told_which(identity: str, answer: Any, words: str) -> None:
    """On exercises of three kinds: where no named mistake says it, the slip is named."""
    session, name = identity.split(".")
    key = record(PROJECT, replace(load_whole(PROJECT, session, name), mistakes=[]))
    diagnosis = judge_with(key, answer)
    assert (diagnosis.status, diagnosis.rung) == ("wrong", "variant")
    assert diagnosis.message == f"Your result is what a right answer gives {words}."
