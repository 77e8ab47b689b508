"""What a probe of a training exercise says besides its metric: how the loop treats data, gradients, loss and seeds.

with watch_training(784) as watched:
    model = candidate(train, validation, epochs=4, seed=case.seed)
return {
    "accuracy": ...,
    **model_facts(model, validation.x),
    **training_facts(watched, train.x, validation.x),
    **seed_facts(lambda seed: candidate(few, few, epochs=1, seed=seed)(few.x)),
}
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class watch_training(TorchFunctionMode):
    """Note what a training loop does, from the torch functions that it calls inside the ``with``.

    inputs: channels of the first convolution's input, or features of the first linear layer's; they must be those of no
    other layer.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.inputs = inputs
        self.learned: list[float] = []  # the sum of each example that a backward pass followed, in order
        self.fresh = self.logits = True
        self.first: Tensor | None = None  # the first layer's weights before the training
        self.last: Tensor | None = None
        self._batch: Tensor | None = None
        self._weight: Tensor | None = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Called by torch in the place of each of its functions."""
        kwargs = kwargs or {}
        if self._enters_network(func, args):
            self._batch, self._weight = args[0].detach(), args[1]
            self.last = args[1].detach().clone()
            self.first = self.last if self.first is None else self.first
        elif func is F.cross_entropy:
            fed = (args[0] if args else kwargs["input"]).detach()
            self.logits = self.logits and not are_probabilities(fed)
        elif func is torch.Tensor.backward and self._batch is not None and self._weight is not None:
            grad = self._weight.grad
            self.fresh = self.fresh and (grad is None or not bool(grad.any()))
            self.learned += example_sums(self._batch)
        return func(*args, **kwargs)

    def _enters_network(self, func: Any, args: Any) -> bool:
        if func is torch.conv2d:
            return bool(args[0].shape[1] == self.inputs)
        return func is F.linear and bool(args[0].shape[-1] == self.inputs)


def training_facts(watched: watch_training, train: Tensor, held: Tensor) -> dict[str, Any]:
    """What a training did with the inputs ``train`` (N, ...), and whether it learned from ``held`` (M, ...).

    An example is known by the sum of its numbers, so inputs must not be changed before they enter the network.
    """
    foreign = set(example_sums(held)) - set(example_sums(train))
    epoch = len(train)
    head = min(epoch, 64)
    return {
        "times it saw each training image": round(len(watched.learned) / epoch),
        "trained on validation images": not foreign.isdisjoint(watched.learned),
        "gradients start from zero": watched.fresh,
        "weights moved": watched.first is not None
        and watched.last is not None
        and not torch.equal(watched.first, watched.last),
        "the loss gets logits": watched.logits,
        "a new order every epoch": watched.learned[:head] != watched.learned[epoch : epoch + head],
    }


def model_facts(model: nn.Module, x: Tensor) -> dict[str, bool]:
    """In which mode ``model`` was returned, and whether it answers ``x`` by probabilities. Leaves it in evaluation mode."""
    mode = model.training
    model.eval()
    with torch.no_grad():
        return {"left in training mode": mode, "returns probabilities": are_probabilities(model(x))}


def seed_facts(
    answer: Callable[[int], Tensor], *, what: str = "model", atol: float = 1e-4, apart: float | None = None
) -> dict[str, bool]:
    """Whether ``answer(seed)``, some output of what was trained, is the same for one seed and another for another.

    ``what`` names it in the facts. Two answers are the same within ``atol``, and others beyond ``apart`` (default: ``atol``).
    """
    first, again, other = (answer(seed).detach() for seed in (5, 5, 6))
    return {
        f"same seed, same {what}": torch.allclose(first, again, atol=atol),
        f"another seed, another {what}": not torch.allclose(first, other, atol=atol if apart is None else apart),
    }


def are_probabilities(rows: Tensor) -> bool:
    """Whether each row of ``rows`` (N, classes, ...) is a distribution over the classes."""
    return bool((rows >= 0).all() and (rows.sum(1) - 1).abs().max() < 1e-3)


def example_sums(x: Tensor) -> list[float]:
    """One number for each example of ``x`` (N, ...), by which it is known again."""
    sums: list[float] = x.detach().flatten(1).double().sum(1).tolist()
    return sums
