"""Give two differently written modules the same parameters: match them by shape, in a fixed order.

Within one shape, parameters are taken in the order of registration or, as a second view, in the order in which the
forward pass first uses them. A right answer that declares its layers in another order is right in the second view.
"""

from __future__ import annotations

import zlib
from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

Order = list[tuple[str, nn.Parameter]]


def orders(module: nn.Module, args: Any, kwargs: Any) -> list[Order]:
    """The registration order, and the order of first use where it differs."""
    registered = list(module.named_parameters())
    seen = _FirstUse(dict(registered))
    state = {name: part.clone() for name, part in module.state_dict().items()}
    with torch.no_grad(), seen:
        module(*args, **kwargs)
    module.load_state_dict(state)
    used = seen.order + [pair for pair in registered if not any(pair[1] is other for _, other in seen.order)]
    return [registered] if [name for name, _ in used] == [name for name, _ in registered] else [registered, used]


def refill(module: nn.Module, order: Order) -> None:
    """Overwrite every parameter, and the running statistics of normalisations, with values that follow from shapes."""
    met: Counter[tuple[int, ...]] = Counter()
    with torch.no_grad():
        for _, parameter in order:
            shape = tuple(parameter.shape)
            parameter.copy_(_values(shape, met[shape]))
            met[shape] += 1
        for name, buffer in module.named_buffers():
            # Only what training would have moved; a table the learner computed is part of the answer.
            if name.endswith(("running_mean", "running_var")):
                values = _values(tuple(buffer.shape), met[tuple(buffer.shape)])
                met[tuple(buffer.shape)] += 1
                buffer.copy_(values.abs() + 0.5 if name.endswith("running_var") else values)


def float_dtype(tree: Any) -> torch.dtype | None:
    """The dtype of the first floating-point tensor in nested arguments; None where there is none."""
    if isinstance(tree, Tensor):
        return tree.dtype if tree.is_floating_point() else None
    items = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (list, tuple)) else ()
    return next((dtype for dtype in map(float_dtype, items) if dtype is not None), None)


def _values(shape: tuple[int, ...], index: int) -> Tensor:
    seed = zlib.crc32(repr((shape, index)).encode())
    values: Tensor = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    if len(shape) < 2:
        return 0.5 + 0.5 * values
    fan_in = max(1, values[0].numel())
    scaled: Tensor = values / fan_in**0.5
    return scaled


class _FirstUse(TorchFunctionMode):
    """Notes the parameters in the order in which they first enter a torch function."""

    def __init__(self, parameters: dict[str, nn.Parameter]) -> None:
        super().__init__()
        self.names = {id(parameter): name for name, parameter in parameters.items()}
        self.order: Order = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._note(args)
        self._note(list((kwargs or {}).values()))
        return func(*args, **(kwargs or {}))

    def _note(self, things: Any) -> None:
        for thing in things:
            if isinstance(thing, nn.Parameter):
                name = self.names.pop(id(thing), None)
                if name is not None:
                    self.order.append((name, thing))
            elif isinstance(thing, (list, tuple)):
                self._note(thing)
