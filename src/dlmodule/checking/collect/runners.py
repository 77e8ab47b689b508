"""The trials behind the probes: each calls a candidate in one shape and returns ``Evidence``.

They run beside the learner's code, inside the time limit and with the global state guarded (see ``run``).
"""

from __future__ import annotations

import copy
import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking.case import Case, TempFile
from dlmodule.checking.collect.parameters import (
    float_dtype,
    materialise_lazy,
    orders,
    refill,
    tensors_in,
    unregistered,
)
from dlmodule.checking.collect.permitted import LOOP, NotPermitted, Watched, loops
from dlmodule.checking.collect.values import as_data, materialise, parameter_names
from dlmodule.checking.evidence import Evidence, Outcome
from dlmodule.checking.probes import Probe


class NotRegistered(Exception):
    """Parameters stand where the module does not know of them."""


Trial = Callable[[Any, Case, Any, Any, dict[str, Any]], Evidence]


def trial_for(probe: Probe) -> Trial:
    """The function that carries out ``probe``; a custom probe's recorded source is compiled once."""
    if probe.name != "custom":
        return TRIALS[probe.name]
    function = probe.function
    if function is None:
        scope: dict[str, Any] = {"__name__": "dlmodule_probe"}
        exec(compile(probe.source, "<probe>", "exec"), scope)
        function = scope["probe"]

    def trial(candidate: Any, case: Case, args: Any, kwargs: Any, options: dict[str, Any]) -> Evidence:
        whole = copy.copy(case)
        object.__setattr__(whole, "args", tuple(args))
        object.__setattr__(whole, "kwargs", kwargs)
        return Evidence((Outcome(function(candidate, whole)),))

    return trial


def _call(candidate: Any, case: Case, args: Any, kwargs: Any, options: dict[str, Any]) -> Evidence:
    if not options.get("grad"):
        return Evidence((Outcome(candidate(*args, **kwargs)),))
    leaves: dict[str, Tensor] = {}

    def differentiable(name: str, value: Any) -> Any:
        if isinstance(value, Tensor) and value.is_floating_point():
            leaves[name] = value.detach().clone().requires_grad_()
            return leaves[name] * 1  # not a leaf: an in-place change is then seen as one, not as torch's error
        return value

    names = parameter_names(candidate, len(args))
    live = [differentiable(name, thing) for name, thing in zip(names, args, strict=True)]
    live_kwargs = {name: differentiable(name, thing) for name, thing in kwargs.items()}
    value = candidate(*live, **live_kwargs)
    for slot, thing in enumerate(live):  # let the caller see a change in place
        if isinstance(thing, Tensor) and isinstance(args[slot], Tensor):
            args[slot].data = thing.detach().clone()
    return Evidence((Outcome(value, *gradients(value, leaves)),))


def _puzzle(candidate: Any, case: Case, args: Any, kwargs: Any, options: dict[str, Any]) -> Evidence:
    if loops(candidate):
        raise NotPermitted(LOOP)
    with Watched():
        return Evidence((Outcome(candidate(*args, **kwargs)),))


def gradients(value: Any, leaves: dict[str, Tensor]) -> tuple[dict[str, Any], bool]:
    """Gradients of a fixed random projection of ``value`` with respect to ``leaves``; and whether none could flow."""
    parts = [part for part in tensors_in(value) if part.is_floating_point()]
    if not any(part.requires_grad for part in parts):
        return {}, True
    with torch.enable_grad():  # the answer may have left gradients switched off, which is told as such
        projection = torch.zeros((), dtype=torch.float64)
        for index, part in enumerate(parts):
            direction = torch.randn(part.shape, generator=torch.Generator().manual_seed(index), dtype=torch.float64)
            projection = projection + (part.double() * direction).sum()
        found = torch.autograd.grad(projection, list(leaves.values()), allow_unused=True)
    # By position, not by name: an answer may name its arguments as it likes.
    return {str(index): grad for index, grad in enumerate(found)}, False


def _vjp(candidate: Any, case: Case, args: Any, kwargs: Any, options: dict[str, Any]) -> Evidence:
    arriving, *inputs = args
    before = copy.deepcopy(inputs)
    answer = candidate(*inputs, **kwargs)
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return Evidence((Outcome({"returned": type(answer).__name__}),))
    out, pull = answer
    pulled = pull(arriving)
    if not isinstance(pulled, tuple | list):
        return Evidence((Outcome({"the pull returned": type(pulled).__name__}),))
    facts = {
        "out": np.asarray(out, dtype=float),
        "gradients": [np.asarray(gradient, dtype=float) for gradient in pulled],
        "inputs left as they were": all(np.array_equal(a, b) for a, b in zip(inputs, before, strict=True)),
    }
    return Evidence((Outcome(facts),))


def _module(candidate: Any, case: Case, args: Any, kwargs: Any, options: dict[str, Any]) -> Evidence:
    if isinstance(candidate, torch.nn.Module):
        built = copy.deepcopy(candidate)
    else:
        build_args, build_kwargs = case.constructor or ((), {})
        built = candidate(*materialise(build_args), **materialise(build_kwargs))
    if not isinstance(built, torch.nn.Module):
        return Evidence((Outcome(built),))
    if lost := unregistered(built):
        raise NotRegistered(lost)
    dtype = float_dtype((args, kwargs))
    if dtype is not None:
        built = built.to(dtype)
    built.train(bool(options.get("train")))
    materialise_lazy(built, args, kwargs)
    views = []
    for order in orders(built, args, kwargs):
        refill(built, order)
        torch.manual_seed(case.seed)
        leaves = {"input": args[0].detach().clone().requires_grad_()} if options.get("grad") and args else {}
        live = [leaves["input"] * 1, *args[1:]] if leaves else args
        value = built(*live, **kwargs)
        views.append(Outcome(value, *gradients(value, leaves)) if leaves else Outcome(value))
    parameters = list(built.parameters())
    return Evidence(
        tuple(views),
        counts={"parameters": sum(parameter.numel() for parameter in parameters)},
        shapes=tuple(sorted(str(tuple(parameter.shape)) for parameter in parameters)),
    )


def _sample(candidate: Any, case: Case, args: Any, kwargs: Any, options: dict[str, Any]) -> Evidence:
    generator = torch.Generator().manual_seed(case.seed)
    untouched = generator.get_state()
    first = candidate(*args, **kwargs, generator=generator)
    used = not torch.equal(untouched, generator.get_state())
    again = candidate(*args, **kwargs, generator=torch.Generator().manual_seed(case.seed))
    if not isinstance(first, Tensor):
        return Evidence((Outcome(first),))
    draws = [first] + [candidate(*args, **kwargs, generator=generator) for _ in range(options["draws"] - 1)]
    scope = {"torch": torch, "np": np, "x": torch.stack(draws), "args": args, "kwargs": kwargs}
    statistics = {name: eval(text, scope) for name, text in options["statistics"].items()}
    counts = {"used generator": int(used), "same seed, same draw": int(torch.equal(first, again))}
    return Evidence((Outcome(statistics),), counts=counts)


def _iterate(candidate: Any, case: Case, args: Any, kwargs: Any, options: dict[str, Any]) -> Evidence:
    items = iter(candidate(*args, **kwargs))
    first = list(itertools.islice(items, options["limit"]))
    ended = next(items, TRIALS) is TRIALS
    return Evidence((Outcome({"items": first, "ended": ended}),))


def _script(candidate: Any, case: Case, args: Any, kwargs: Any, options: dict[str, Any]) -> Evidence:
    value = candidate(*args, **kwargs)
    returned = []
    for name, step_args, step_kwargs, is_call in case.steps:
        member = getattr(value, name)
        # Kept as data at once: a later step may change what an earlier one returned.
        returned.append(as_data(member(*materialise(step_args), **materialise(step_kwargs)) if is_call else member))
    return Evidence((Outcome(returned),))


def _file(candidate: Any, case: Case, args: Any, kwargs: Any, options: dict[str, Any]) -> Evidence:
    with tempfile.TemporaryDirectory(prefix="check-") as name:
        folder = Path(name)
        for file, content in case.files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)

        def place(value: Any) -> Any:
            return folder / value.name if isinstance(value, TempFile) else value

        returned = candidate(*map(place, args), **{key: place(thing) for key, thing in kwargs.items()})
        if isinstance(returned, (str, Path)) and str(returned).startswith(name):
            returned = TempFile(Path(returned).relative_to(folder).as_posix())
        written = {
            path.relative_to(folder).as_posix(): _content(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.relative_to(folder).as_posix() not in case.files
        }
        return Evidence((Outcome({"returned": returned, "files": written}),))


def _content(path: Path) -> Any:
    """A written file as data: tensors, arrays and text where it is that, else bytes."""
    if path.suffix in (".pt", ".pth"):
        return torch.load(path, weights_only=True)
    if path.suffix == ".npy":
        return np.load(path, allow_pickle=False)
    raw = path.read_bytes()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _value(candidate: Any, case: Case, args: Any, kwargs: Any, options: dict[str, Any]) -> Evidence:
    return Evidence((Outcome(candidate),))


TRIALS: dict[str, Trial] = {
    "call": _call,
    "puzzle": _puzzle,
    "vjp": _vjp,
    "module": _module,
    "sample": _sample,
    "iterate": _iterate,
    "script": _script,
    "file": _file,
    "value": _value,
}
