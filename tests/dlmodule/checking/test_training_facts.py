"""The facts about a training loop: each fault that a loop can have changes exactly the fact that names it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlmodule.checking.training_facts import model_facts, seed_facts, training_facts, watch_training

X = torch.randn(40, 1, 6, 6, generator=torch.Generator().manual_seed(0))
Y = torch.arange(40) % 2
HELD = torch.randn(20, 1, 6, 6, generator=torch.Generator().manual_seed(1))

SOUND = {
    "times it saw each training image": 2,
    "trained on validation images": False,
    "gradients start from zero": True,
    "weights moved": True,
    "the loss gets logits": True,
    "a new order every epoch": True,
}


def network(kind: str) -> nn.Module:
    if kind == "linear":
        return nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.ReLU(), nn.Linear(4, 2))
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def train(
    kind: str,
    *,
    epochs: int = 2,
    held: bool = False,
    zero: bool = True,
    lr: float = 0.1,
    softmax: bool = False,
    mix: bool = True,
) -> nn.Module:
    """A loop, sound unless it is asked for a fault."""
    torch.manual_seed(0)
    model = network(kind)
    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    x, y = (torch.cat([X[:20], HELD]), Y) if held else (X, Y)
    for _ in range(epochs):
        order = torch.randperm(len(x)) if mix else torch.arange(len(x))
        for index in order.split(8):
            z = model(x[index])
            loss = F.cross_entropy(z.softmax(1) if softmax else z, y[index])
            if zero:
                optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model


@pytest.mark.parametrize("kind", ["linear", "conv"])
@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        ({}, {}),
        ({"epochs": 3}, {"times it saw each training image": 3}),
        ({"held": True}, {"trained on validation images": True}),
        ({"zero": False}, {"gradients start from zero": False}),
        ({"lr": 0.0}, {"weights moved": False}),
        ({"softmax": True}, {"the loss gets logits": False}),
        ({"mix": False}, {"a new order every epoch": False}),
    ],
)
def test_each_fault_changes_its_fact(kind: str, fault: dict[str, Any], changed: dict[str, Any]) -> None:
    """For a network of linear layers and for one of convolutions."""
    with watch_training(36 if kind == "linear" else 1) as watched:
        train(kind, **fault)
    assert training_facts(watched, X, HELD) == SOUND | changed


def test_a_loop_that_never_trains_has_facts_too() -> None:
    """Nothing is learned and nothing moves; no error."""
    with watch_training(36) as watched:
        network("linear")
    facts = training_facts(watched, X, HELD)
    assert (facts["times it saw each training image"], facts["weights moved"]) == (0, False)


def test_model_facts() -> None:
    """The mode it was returned in, and what its rows are; the model is left in evaluation mode."""
    model = network("linear").train()
    assert model_facts(model, X) == {"left in training mode": True, "returns probabilities": False}
    assert model_facts(nn.Sequential(model, nn.Softmax(1)).eval(), X) == {
        "left in training mode": False,
        "returns probabilities": True,
    }
    assert not model.training


def drawn(seed: int) -> Tensor:
    return torch.randn(3, generator=torch.Generator().manual_seed(seed), requires_grad=True) * 1


def trained(seed: int) -> Tensor:
    """The output of what was trained: seed_facts must leave gradients on."""
    torch.manual_seed(seed)
    model = nn.Linear(2, 1)
    model(torch.ones(1, 2)).sum().backward()
    assert model.weight.grad is not None
    return model(torch.ones(1, 2)) - 0.1 * model.weight.grad.sum()


@pytest.mark.parametrize(
    ("answer", "same", "another"),
    [
        (trained, True, True),
        (drawn, True, True),
        (lambda seed: torch.ones(3), True, False),
        (lambda seed: torch.rand(3), False, True),
    ],
)  # fmt: skip
def test_seed_facts(answer: Any, same: bool, another: bool) -> None:
    """What depends on the seed alone, on nothing, or on more than the seed."""
    assert seed_facts(answer, what="forecast") == {
        "same seed, same forecast": same,
        "another seed, another forecast": another,
    }
