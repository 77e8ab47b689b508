"""What a sentence calls an argument is what the solution calls it, whatever the probe makes of a case; else nothing is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from coursekit.exercises.argument_names import ARRIVING, arguments_of, keywords_of
from coursekit.exercises.loading import load_whole
from coursekit.project import Project
from dlmodule.checking import Case, Exercise, probes

COURSE = Project(Path(__file__).parents[3])


def trimmed(x: Tensor, start: int, stop: int = 9, *, step: int = 1) -> Tensor:
    return x[start:stop:step]


class Scaled(nn.Module):
    def __init__(self, width: int, scale: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((width,), scale))

    def forward(self, z: Tensor, masked: Tensor) -> Tensor:
        return self.weight * z * masked


def as_they_are(candidate: Any, case: Case) -> Any:
    return candidate(*case.args, **case.kwargs)


def copies_in_another_order(candidate: Any, case: Case) -> Any:
    first, count, *rest = case.args
    return candidate(rest[0].clone(), stop=count, start=first)


def by_index(candidate: Any, case: Case) -> Any:
    start, x = case.args[1], case.args[0]
    return candidate(x.clone(), start, *case.args[2:])


def made_inside(candidate: Any, case: Case) -> Any:
    seed, start = case.args
    return candidate(torch.randn(9, generator=torch.Generator().manual_seed(seed)), start)


def the_rest(candidate: Any, case: Case) -> Any:
    table, *numbers = case.args
    return candidate(table[:, 0], *numbers)


def builds_and_calls(candidate: Any, case: Case) -> Any:
    z, masked, width = case.args
    layer = candidate(width).double()
    return layer(z, masked)


PROBES: list[tuple[Any, Callable[..., Any], list[str | None]]] = [
    (trimmed, as_they_are, ["x", "start", "stop"]),
    (trimmed, copies_in_another_order, ["start", "stop", None]),
    (trimmed, by_index, ["x", "start", None]),
    (trimmed, made_inside, [None, "start", None]),
    (trimmed, the_rest, [None, "start", "stop"]),
    (Scaled, builds_and_calls, ["z", "masked", "width"]),
]


@pytest.mark.parametrize(("solution", "probe", "names"), PROBES, ids=[probe.__name__ for _, probe, _ in PROBES])
def test_a_custom_probe_says_by_its_calls_what_it_hands_on(
    solution: Any, probe: Callable[..., Any], names: list[str | None]
) -> None:
    """An argument that the solution does not receive as it is has no name."""
    exercise = Exercise(difficulty=1, minutes=1, hints=("a", "b"))
    exercise.probe(probe)
    found = arguments_of(solution, exercise.chosen_probe, 3)
    assert [argument and argument.name for argument in found] == names


def test_other_probes_hand_on_what_a_case_holds() -> None:
    """Of a module the arguments are those of `forward`; of an operation of an engine the first is what arrives."""

    def product(a: Any, b: Any) -> Any:
        return a * b, lambda grad: (grad * b, grad * a)

    def names(solution: Any, probe: probes.Probe) -> list[str | None]:
        return [argument and argument.name for argument in arguments_of(solution, probe, 3)]

    assert names(trimmed, probes.call()) == ["x", "start", "stop"]
    assert names(Scaled, probes.module()) == ["z", "masked", None]
    assert names(Scaled, probes.script()) == ["width", "scale", None]
    assert names(lambda: Scaled(3), probes.module()) == [None, None, None]
    assert names(product, probes.vjp()) == [ARRIVING, "a", "b"]
    assert keywords_of(trimmed, probes.call()) == {"x", "start", "stop", "step"}


@pytest.mark.parametrize(
    ("exercise", "names"),
    [
        ("02_pytorch_1.as_windows", [None, None, "width"]),
        ("03_pytorch_2.LinearLayer", ["in_features", "out_features", "bias", None]),
        ("04_ml_recap.matmul", [ARRIVING, "a", "b"]),
        ("12_transformers.LayerNorm_", ["x", "dim"]),
    ],
)
def test_the_courses_exercises(exercise: str, names: list[str | None]) -> None:
    """Names as they stand in the text of the exercise."""
    loaded = load_whole(COURSE, *exercise.split("."))
    found = arguments_of(loaded.solution, loaded.exercise.chosen_probe, len(names))
    assert [argument and argument.name for argument in found] == names
