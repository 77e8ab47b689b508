"""The engine of day 04: what its notebook's solution computes, PyTorch computes too."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from coursekit.exercises.loading import run
from coursekit.project import Project
from coursekit.sources.slicing import definitions
from dlmodule import data

PROJECT = Project(Path(__file__).parents[2])


@functools.cache
def engine(name: str) -> Any:
    """What the notebook's solution calls ``name``, from its slice alone, as a key is recorded from it."""
    return run(definitions(PROJECT, "04_ml_recap", "morning", name), f"engine.{name}")[name]


SHAPES = ((2, 3), (1, 3), (2, 1), (3,), (1,), ())


def assert_agree(mine: Any, theirs: Any) -> None:
    """Equal to 1e-10, relative or absolute."""
    np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-10)


def arrays(count: int, seed: int) -> list[np.ndarray]:
    """Leaves of shapes that broadcast together, to (2, 3)."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=SHAPES[int(rng.integers(len(SHAPES)))]) for _ in range(count)]


@st.composite
def programs(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """Steps of a computation: an operation and the places of its inputs among all values made so far (modulo their number)."""
    step = st.tuples(
        st.sampled_from(["add", "mul", "sub", "relu", "log_softmax", "sum0", "gram"]),
        st.integers(0, 30),
        st.integers(0, 30),
    )
    return draw(st.lists(step, min_size=1, max_size=14))


def by_engine(program: list[tuple[str, int, int]], leaves: list[np.ndarray]) -> tuple[float, list[np.ndarray]]:
    """The root's value and the leaves' gradients, by the notebook's engine."""
    values = [engine("Value")(leaf) for leaf in leaves]
    made = list(values)
    for name, i, j in program:
        a, b = made[i % len(made)], made[j % len(made)]
        small = a * 0.3
        match name:
            case "add":
                made.append(a + b)
            case "mul":
                made.append(small * b)
            case "sub":
                made.append(a - b)
            case "relu":
                made.append(a.relu())
            case "log_softmax":
                made.append(a.log_softmax() if a.data.ndim else a)
            case "sum0":
                made.append(a.sum(axis=0) if a.data.ndim else a)
            case "gram":
                whole = small + np.zeros((2, 3))
                made.append(whole @ (whole.sum(axis=0) * np.eye(3)))
    root = made[-1].sum()
    for value in made[-3:]:
        root = root + value.sum()
    root.backward()
    return float(root.data), [value.grad for value in values]


def by_torch(program: list[tuple[str, int, int]], leaves: list[np.ndarray]) -> tuple[float, list[np.ndarray]]:
    """The same, by PyTorch in float64."""
    values = [torch.tensor(leaf, dtype=torch.float64, requires_grad=True) for leaf in leaves]
    made: list[Tensor] = list(values)
    for name, i, j in program:
        a, b = made[i % len(made)], made[j % len(made)]
        small = a * 0.3
        match name:
            case "add":
                made.append(a + b)
            case "mul":
                made.append(small * b)
            case "sub":
                made.append(a - b)
            case "relu":
                made.append(a.relu())
            case "log_softmax":
                made.append(a.log_softmax(-1) if a.dim() else a)
            case "sum0":
                made.append(a.sum(0) if a.dim() else a)
            case "gram":
                whole = small.expand(2, 3)
                made.append(whole @ torch.diag(whole.sum(0)))
    root = made[-1].sum()
    for value in made[-3:]:
        root = root + value.sum()
    found = torch.autograd.grad(root, values, allow_unused=True)
    gradients = [np.zeros(v.shape) if g is None else g.numpy() for g, v in zip(found, values, strict=True)]
    return root.item(), gradients


@settings(max_examples=150, deadline=None)
@given(programs(), st.integers(1, 4), st.integers(0, 10_000))
def test_random_graphs_agree_with_torch(program: list[tuple[str, int, int]], count: int, seed: int) -> None:
    """Value and every leaf's gradient agree to 1e-10 on random graphs, with broadcasting and values used many times."""
    leaves = arrays(count, seed)
    value, gradients = by_engine(program, leaves)
    wanted, expected = by_torch(program, leaves)
    assert_agree(value, wanted)
    for mine, theirs in zip(gradients, expected, strict=True):
        assert mine.shape == theirs.shape
        assert_agree(mine, theirs)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(itertools.product(SHAPES, SHAPES))), st.integers(0, 1000))
def test_operations_pass_the_gradient_check_of_the_notebook(shapes: tuple[Any, Any], seed: int) -> None:
    """The learner's own tool finds nothing wrong with the operations, whatever is broadcast against what."""
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(size=shape) for shape in shapes)
    for name in ("add", "mul"):
        grad = rng.normal(size=np.broadcast_shapes(*shapes))
        assert engine("gradient_check")(engine(name), (a, b), grad) < 1e-7
    m, n = rng.normal(size=(3, 2)), rng.normal(size=(2, 4))
    assert engine("gradient_check")(engine("matmul"), (m, n), rng.normal(size=(3, 4))) < 1e-7
    assert engine("gradient_check")(engine("log_softmax"), (m,), rng.normal(size=(3, 2))) < 1e-7
    assert engine("gradient_check")(engine("total"), (m,), np.array(1.5)) < 1e-7


def test_a_second_backward_adds_to_the_leaves_as_in_torch() -> None:
    """Leaves accumulate; what lies between them and the root does not."""
    Value = engine("Value")
    w, x = Value([[1.0, -2.0]]), Value([[3.0], [0.5]])
    loss = ((w @ x) * (w @ x)).sum()
    for times in (1, 2, 3):
        loss.backward()
        assert_agree(w.grad, times * 2 * 2.0 * x.data.T)


def test_large_logits_do_not_overflow() -> None:
    """log_softmax and its gradient are finite where exp() is not."""
    z = engine("Value")([[1000.0, -1000.0, 0.0]])
    (z.log_softmax() * np.array([[0.0, 1.0, 0.0]])).sum().backward()
    assert_agree(z.grad, [[-1.0, 1.0, 0.0]])


@pytest.mark.parametrize("seed", [0, 1])
def test_it_trains_a_network(seed: int) -> None:
    """Rock types of two unseen small wells from four others: far better than the most frequent rock."""
    logs = data.wells(6, samples=250)
    known, unseen = logs.of(0, 1, 2, 3), logs.of(4, 5)
    mean, std = known.x.mean(0), known.x.std(0)
    x, new = (((part.x - mean) / std).double().numpy() for part in (known, unseen))
    W1, b1, W2, b2 = engine("train_with_your_engine")(x, known.rock.numpy(), steps=150, seed=seed)
    said = (np.maximum(new @ W1 + b1, 0) @ W2 + b2).argmax(1)
    most_frequent = int(torch.bincount(known.rock).argmax())
    assert (said == unseen.rock.numpy()).mean() > 0.75 > (unseen.rock == most_frequent).double().mean() + 0.2
