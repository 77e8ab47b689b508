"""What the right answer gives on changed arguments: recorded once, and true of every answer that is met by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from coursekit.exercises.variants import on_changed_arguments, record_variants, variants
from dlmodule.checking import key as keys
from dlmodule.checking.case import Case, Code
from dlmodule.checking.collect.run import reference
from dlmodule.checking.compare import run_distance
from dlmodule.checking.judge import judge_with
from dlmodule.checking.key import ExerciseKey
from dlmodule.checking.probes import call, iterate, module


def affine(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return x @ w.T + b


def windows(trace: list[float], length: int, step: int = 2) -> list[list[float]]:
    return [trace[start : start + length] for start in range(0, len(trace) - length + 1, step)]


def standardise(x: Tensor) -> Tensor:
    return (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)


def momentum(v: float, grad: float, beta: float) -> float:
    return beta * v + (1 - beta) * grad


def neuron(x: Tensor, activation: Callable[[Tensor], Tensor]) -> Tensor:
    return activation(x.sum(1))


class Head(nn.Module):
    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x: Tensor, masked: Tensor) -> Tensor:
        return torch.where(masked, 0.0, self.linear(x))


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


CASES: dict[Any, list[Case]] = {
    affine: [Case(numbers(2, 3), numbers(3, 3, seed=1), numbers(3, seed=2)), Case(numbers(1, 3, seed=3), numbers(3, 3, seed=4), numbers(3, seed=5))],
    windows: [Case([1.0, 2.0, 4.0, 7.0, 9.0], 2, 1), Case([3.0, 1.0, 5.0, 6.0, 8.0, 2.0], 3, 2)],
    standardise: [Case(numbers(3, 4)), Case(numbers(4, 3, seed=1))],
    momentum: [Case(1.3, 0.7, 0.9), Case(-0.4, 2.1, 0.8)],
    neuron: [Case(numbers(2, 3), Code("torch.tanh")), Case(numbers(4, 2, seed=1), Code("lambda x: x ** 2"))],
    Head: [Case(numbers(2, 3), numbers(2, 4, seed=1) > 0).built(3, 4)],
}  # fmt: skip


def key_of(solution: Any) -> ExerciseKey:
    """The key of a solution with its variants."""
    probe = module() if solution is Head else call()
    kind = "class" if solution is Head else "function"
    cases = CASES[solution]
    right = reference(solution, cases, probe)
    key = ExerciseKey("s", solution.__name__, "Title", "morning", kind, 5, 9, ("a", "b"), probe, cases, right)
    return replace(
        key, variants=record_variants(on_changed_arguments(solution, cases, probe, right, []), cases, right, [])
    )


class Unmasked(Head):
    def forward(self, x: Tensor, masked: Tensor) -> Tensor:
        return torch.where(masked, self.linear(x), 0.0)


WRONG: list[tuple[Any, Any, str]] = [
    (affine, lambda x, w, b: x @ w.T - b, "`b` negated"),
    (affine, lambda x, w, b: x @ w + b, "`w` transposed"),
    (windows, lambda t, length, step: windows(t, length + 1, step), "`length` one larger"),
    (windows, lambda t, length, step: windows(t, length), "`step` left at its default, 2"),
    (standardise, lambda x: (x - x.mean(0)) / x.std(0), "transposed, and the result transposed back"),
    (neuron, lambda x, activation: activation(abs(x).sum(1)), "the absolute values of `x`"),
    (momentum, lambda v, grad, beta: (1 - beta) * v + beta * grad, "exchanged"),
    (neuron, lambda x, activation: x.sum(1), "`activation` left out, its input handed on"),
    (Head, Unmasked, "`masked` the other way round"),
]


@pytest.mark.parametrize(("solution", "wrong", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_an_argument_that_is_mixed_up_is_named(solution: Any, wrong: Any, words: str) -> None:
    """Who does the right thing with the wrong argument is told which argument it is."""
    diagnosis = judge_with(key_of(solution), wrong)
    assert diagnosis.rung == "variant" and words in diagnosis.message, diagnosis.message


@pytest.mark.parametrize("solution", CASES, ids=lambda solution: solution.__name__)
def test_every_variant_is_what_the_solution_gives(solution: Any) -> None:
    """Each recorded outcome is the solution's own on changed cases, and differs from the right one and all the others."""
    key = key_of(solution)
    recorded = [key.right, *(variant.evidence for variant in key.variants)]
    assert len(recorded) > 3
    for index, first in enumerate(recorded):
        for second in recorded[index + 1 :]:
            assert run_distance(first, second, key.cases) > 1
    changed = {f"with {variant.words}": variant for variant in variants(solution, key.cases, key.probe)}
    for variant in key.variants:
        again = reference(solution, list(changed[variant.name].cases), key.probe)
        undo = changed[variant.name].undo or (lambda value: value)
        for evidence, kept in zip(again, variant.evidence, strict=True):
            assert torch.equal(torch.as_tensor(undo(evidence.value)), torch.as_tensor(kept.value))


def test_noise_is_no_variant() -> None:
    """Numbers that have nothing to do with the right ones are met by no variant."""
    for seed in range(20):
        wrong = judge_with(key_of(affine), lambda x, w, b, seed=seed: numbers(x.shape[0], 3, seed=100 + seed))  # type: ignore[misc]
        assert wrong.rung != "variant"


def test_a_variant_that_fails_on_one_case_is_not_said() -> None:
    """A sentence that explains one case and not the other is not true of the answer."""

    def mixed(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return x @ w.T - b if len(x) == 2 else x @ w.T + 2 * b

    assert judge_with(key_of(affine), mixed).rung != "variant"


def test_an_iterator_has_variants_too() -> None:
    """What an iterator yields on changed arguments is recorded like a value."""

    def batches(count: int, size: int) -> Any:
        return (list(range(start, min(start + size, count))) for start in range(0, count, size))

    cases = [Case(7, 3), Case(6, 2)]
    probe = iterate()
    right = reference(batches, cases, probe)
    words = {
        variant.name
        for variant in record_variants(on_changed_arguments(batches, cases, probe, right, []), cases, right, [])
    }
    assert {"with `size` one larger", "with `count` one smaller"} <= words


def test_variants_travel_in_a_key(tmp_path: Path) -> None:
    """What is read from a key's file is what was recorded, and the same key gives the same bytes."""
    key = key_of(affine)
    for name in ("first", "second"):
        keys.save(tmp_path / f"{name}.safetensors", [key])
    assert (tmp_path / "first.safetensors").read_bytes() == (tmp_path / "second.safetensors").read_bytes()
    read = keys.load(tmp_path / "first.safetensors")["affine"]
    assert [variant.sentence for variant in read.variants] == [variant.sentence for variant in key.variants]
    for kept, recorded in zip(read.variants, key.variants, strict=True):
        assert run_distance(recorded.evidence, kept.evidence, key.cases) == 0
