"""Give two differently written modules the same parameters: match them by shape, in a fixed order.

Within one shape, parameters are taken in the order of registration or, as other views, in the order in which the forward
pass first uses them or in which the graph of the output meets them. A right answer that declares its layers in another
order is right in the second view; one that computes its branches in another order, in the third.
"""

from __future__ import annotations

import zlib
from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

Order = list[tuple[str, nn.Parameter]]


def orders(module: nn.Module, args: Any, kwargs: Any) -> list[Order]:
    """The orders of registration, of first use and of the graph; only the first where all three agree."""
    registered = list(module.named_parameters())
    watch = _FirstUse(dict(registered))
    state = {name: part.clone() for name, part in module.state_dict().items()}
    with watch:
        value = module(*args, **kwargs)
    module.load_state_dict(state)
    found = [registered, _completed(watch.order, registered), _completed(_graph_order(value, registered), registered)]
    same = all([name for name, _ in order] == [name for name, _ in registered] for order in found)
    return found[:1] if same else found


def _completed(order: Order, registered: Order) -> Order:
    """``order``, and after it the parameters that it lacks."""
    present = {id(parameter) for _, parameter in order}
    return order + [pair for pair in registered if id(pair[1]) not in present]


def _graph_order(value: Any, registered: Order) -> Order:
    """Parameters as they are met on the way back from the output, first operands first.

    It follows from what is computed, not from when: branches that are joined stand in the order in which they are joined.
    """
    names = {id(parameter): name for name, parameter in registered}
    order: Order = []
    waiting = [part.grad_fn for part in reversed(tensors_in(value)) if part.grad_fn is not None]
    visited: set[Any] = set()
    while waiting:
        node = waiting.pop()
        if node in visited:
            continue
        visited.add(node)
        parameter: Any = getattr(node, "variable", None)
        if id(parameter) in names:
            order.append((names.pop(id(parameter)), parameter))
        waiting += [before for before, _ in reversed(node.next_functions) if before is not None]
    return order


def tensors_in(value: Any) -> list[Tensor]:
    """The tensors in nested lists, tuples and dictionaries, in their order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [part for item in value for part in tensors_in(item)] if isinstance(value, (list, tuple)) else []


def refill(module: nn.Module, order: Order) -> None:
    """Overwrite every parameter, and the running statistics of normalisations, with values that follow from shapes."""
    filled: Counter[tuple[int, ...]] = Counter()
    with torch.no_grad():
        for _, parameter in order:
            shape = tuple(parameter.shape)
            parameter.copy_(_values(shape, filled[shape]))
            filled[shape] += 1
        for name, buffer in _in_order(module, order):
            # Only what training would have moved; a table the learner computed is part of the answer.
            if name.endswith(("running_mean", "running_var")):
                values = _values(tuple(buffer.shape), filled[tuple(buffer.shape)])
                filled[tuple(buffer.shape)] += 1
                buffer.copy_(values.abs() + 0.5 if name.endswith("running_var") else values)


def _in_order(module: nn.Module, order: Order) -> list[tuple[str, Tensor]]:
    """The buffers, those first that stand beside the parameters that come first."""
    owners = [name.rpartition(".")[0] for name, _ in order]
    rank = {owner: place for place, owner in reversed(list(enumerate(owners)))}
    return sorted(module.named_buffers(), key=lambda pair: rank.get(pair[0].rpartition(".")[0], len(owners)))


def materialise_lazy(module: nn.Module, args: Any, kwargs: Any) -> None:
    """Let lazy layers take their sizes from one call, where there are any."""
    if any(is_lazy(part) for part in (*module.parameters(), *module.buffers())):
        with torch.no_grad():
            module(*args, **kwargs)


def unregistered(module: nn.Module) -> str | None:
    """Where parameters stand in a plain list, dictionary or tensor, out of an optimiser's sight; None where none do."""
    known = {id(parameter) for parameter in module.parameters()}
    for name, part in module.named_modules():
        for attribute, value in vars(part).items():
            if attribute.startswith("_"):
                continue
            path = f"self.{attribute}" if not name else f"self.{name}.{attribute}"
            if isinstance(value, Tensor) and value.requires_grad and value.is_leaf and id(value) not in known:
                return f"`{path}` is a plain tensor, which is no parameter of the module: make it an `nn.Parameter`"
            if isinstance(value, (list, tuple, dict)):
                items = list(value.values()) if isinstance(value, dict) else list(value)
                if any(id(parameter) not in known for item in items for parameter in _parameters_of(item)):
                    kind, better = ("dict", "Dict") if isinstance(value, dict) else (type(value).__name__, "List")
                    what = "Module" if any(isinstance(item, nn.Module) for item in items) else "Parameter"
                    return (
                        f"`{path}` is a plain {kind}, and what stands in it is no part of the module: "
                        f"`parameters()` does not find it, and no optimiser trains it. Make it an `nn.{what}{better}`"
                    )
    return None


def _parameters_of(item: Any) -> list[Tensor]:
    if isinstance(item, nn.Module):
        return list(item.parameters())
    return [item] if isinstance(item, Tensor) and item.requires_grad and item.is_leaf else []


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
        for value in things:
            if isinstance(value, nn.Parameter):
                name = self.names.pop(id(value), None)
                if name is not None:
                    self.order.append((name, value))
            elif isinstance(value, (list, tuple)):
                self._note(value)
