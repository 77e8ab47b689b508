"""Day 04: the solutions' optimisers are torch's, step for step, and their first weights pass a signal through 20 layers."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from coursekit.exercises.loading import run
from coursekit.project import Project
from coursekit.sources import slicing

PROJECT = Project(Path(__file__).parents[2])
SESSION = "04_ml_recap"
STEPS = 12


@functools.cache
def solution(name: str) -> Any:
    """What the notebook's solution calls ``name``, from the slice of its source that a key is recorded from."""
    return run(slicing.definitions(PROJECT, SESSION, "afternoon", name), f"{SESSION}.{name}")[name]


def gradient(theta: Tensor) -> Tensor:
    """Of a loss with flat and steep places, and with a minimum that is not at zero."""
    return torch.sin(3 * theta) + 0.2 * theta - 0.1


def path_of_torch(optimiser: type[torch.optim.Optimizer], theta: Tensor, **how: Any) -> tuple[Tensor, list[Tensor]]:
    """The parameters after each step of torch's optimiser, (STEPS, *theta.shape), and the gradients along that path."""
    parameter, path, gradients = theta.clone().requires_grad_(), [], []
    steps = optimiser([parameter], **how)
    for _ in range(STEPS):
        gradients.append(gradient(parameter.detach()))
        parameter.grad = gradients[-1].clone()
        steps.step()
        path.append(parameter.detach().clone())
    return torch.stack(path), gradients


def path_of(
    name: str, theta: Tensor, gradients: list[Tensor], moments: int, *, counted: bool = False, **how: Any
) -> Tensor:
    """The same for the solution's optimiser, handed the same gradients.

    Were each to follow its own, a difference in the last digit would grow on this loss from step to step, as it would between two
    versions of torch.
    """
    state, path = [torch.zeros_like(theta)] * moments, []
    for t, grad in enumerate(gradients, 1):
        theta, *state = solution(name)(theta, grad, *state, **({"t": t} if counted else {}), **how)
        path.append(theta)
    return torch.stack(path)


def agree(ours: Tensor, theirs: Tensor) -> None:
    """To rounding in float64, over every step and not only the last."""
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


thetas = st.builds(
    lambda seed, shape, size: size * torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double(),
    st.integers(0, 10_000), st.sampled_from([(1,), (3,), (2, 4), (2, 1, 3)]), st.sampled_from([0.01, 1.0, 30.0]),
)  # fmt: skip
rates = st.floats(1e-4, 0.5)
shares = st.floats(0.0, 0.99)
few = settings(max_examples=40, deadline=None)


@few
@given(theta=thetas, lr=rates, momentum=shares)
def test_momentum_is_torchs(theta: Tensor, lr: float, momentum: float) -> None:
    """Momentum collects gradients, and the learning rate stays outside."""
    theirs, gradients = path_of_torch(torch.optim.SGD, theta, lr=lr, momentum=momentum)
    agree(path_of("sgd_momentum", theta, gradients, 1, lr=lr, momentum=momentum), theirs)


@few
@given(theta=thetas, lr=rates, momentum=st.floats(0.01, 0.99))
def test_nesterov_is_torchs(theta: Tensor, lr: float, momentum: float) -> None:
    """Nesterov's momentum in the form that needs no look-ahead (torch refuses it without momentum)."""
    theirs, gradients = path_of_torch(torch.optim.SGD, theta, lr=lr, momentum=momentum, nesterov=True)
    agree(path_of("nesterov", theta, gradients, 1, lr=lr, momentum=momentum), theirs)


@few
@given(theta=thetas, lr=rates, alpha=shares, eps=st.sampled_from([1e-8, 1e-3, 1.0]))
def test_rmsprop_is_torchs(theta: Tensor, lr: float, alpha: float, eps: float) -> None:
    """eps stands outside the root."""
    theirs, gradients = path_of_torch(torch.optim.RMSprop, theta, lr=lr, alpha=alpha, eps=eps)
    agree(path_of("rmsprop", theta, gradients, 1, lr=lr, alpha=alpha, eps=eps), theirs)


@few
@given(theta=thetas, lr=rates, betas=st.tuples(shares, shares), eps=st.sampled_from([1e-8, 1e-3, 1.0]))
def test_adam_is_torchs(theta: Tensor, lr: float, betas: tuple[float, float], eps: float) -> None:
    """Corrected for the start, from the first step on."""
    theirs, gradients = path_of_torch(torch.optim.Adam, theta, lr=lr, betas=betas, eps=eps)
    agree(path_of("adam", theta, gradients, 2, counted=True, lr=lr, betas=betas, eps=eps), theirs)


@few
@given(theta=thetas, lr=rates, betas=st.tuples(shares, shares), decay=st.floats(0.0, 1.0))
def test_adamw_is_torchs(theta: Tensor, lr: float, betas: tuple[float, float], decay: float) -> None:
    """The decay goes beside the gradient."""
    theirs, gradients = path_of_torch(torch.optim.AdamW, theta, lr=lr, betas=betas, weight_decay=decay)
    agree(path_of("adamw", theta, gradients, 2, counted=True, lr=lr, betas=betas, weight_decay=decay), theirs)


def test_penalty_and_decay_agree_for_gradient_descent_and_not_for_adam() -> None:
    """One step from the same place: theta - lr (g + strength theta) is the decayed theta - lr g; through Adam it is not."""
    theta = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    lr, strength = 0.1, 0.3
    leaf = theta.clone().requires_grad_()
    (from_penalty,) = torch.autograd.grad(solution("l2_penalty")([leaf], strength), leaf)
    (decayed,) = solution("weight_decay")([theta], lr=lr, strength=strength)
    g = gradient(theta)
    agree(theta - lr * (g + from_penalty), decayed - lr * g)
    zero = torch.zeros_like(theta)
    inside = solution("adam")(theta, g + from_penalty, zero, zero, t=1, lr=lr)[0]
    beside = solution("adamw")(theta, g, zero, zero, t=1, lr=lr, weight_decay=strength)[0]
    assert (inside - beside).abs().max() > 0.01


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("name", "activation"), [("he", torch.relu), ("xavier", lambda z: z)])
def test_first_weights_carry_a_signal_through_twenty_layers(name: str, activation: Any, seed: int) -> None:
    """The mean square of the activations stays within [0.5, 2]: He's with ReLU, Xavier's with no activation."""
    generator = torch.Generator().manual_seed(seed)
    h = torch.randn(64, 1024, generator=generator)
    for _ in range(20):
        h = activation(h @ solution(name)(1024, 1024, generator=generator).T)
        assert 0.5 <= h.square().mean().item() <= 2


@pytest.mark.parametrize("name", ["he", "xavier"])
def test_first_weights_of_a_layer_that_is_not_square(name: str) -> None:
    """(outputs, inputs), and the variance that the formula asks for."""
    W = solution(name)(900, 300, generator=torch.Generator().manual_seed(0))
    wanted = 2 / 900 if name == "he" else 2 / 1200
    assert W.shape == (300, 900)
    assert W.var().item() == pytest.approx(wanted, rel=0.02)  # standard error 0.3 %
