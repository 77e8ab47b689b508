"""How a diagnosis names things: values, places within a value, and what a fact of a probe says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from dlmodule.checking.case import Case
from dlmodule.checking.probes import Probe
from dlmodule.checking.serialise import Opaque

# A step into a container: the key of a dictionary, or the index in a sequence and the sequence's length.
Step = str | tuple[int, int]
Path = tuple[Step, ...]

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
# What stands in the evidence of a probe that states several things, as a learner would say it.
PARTS = {
    "iterate": {"items": "what it yields"},
    "file": {"returned": "what it returns", "files": "what it writes"},
}


def ordinal(index: int) -> str:
    """ "first" for 0."""
    return ORDINALS[index] if index < len(ORDINALS) else f"{index + 1}th"


def place(path: Path, probe: Probe, case: Case) -> str:
    """Where ``path`` leads, in words: "the second of the 3 values it returns"; "" for the whole."""
    words = [_step(step, depth, path, probe, case) for depth, step in enumerate(path)]
    return ", ".join(filter(None, words))


def _step(step: Step, depth: int, path: Path, probe: Probe, case: Case) -> str:
    if isinstance(step, str):
        return PARTS.get(probe.name, {}).get(step, f"“{step}”") if depth == 0 else f"“{step}”"
    index, length = step
    if length == 1:
        return "the only item"
    if depth == 0 and probe.name == "script":
        name, _, _, is_call = case.steps[index]
        return f"step {index + 1}, `{name}{'(...)' if is_call else ''}`"
    if depth == 0 and probe.name in ("call", "puzzle", "module") and length <= 5:
        return f"the {ordinal(index)} of the {length} values it returns"
    return f"the {ordinal(index)} item"


def at(container: Any, step: Step) -> Any:
    """What stands in ``container`` at ``step``."""
    if isinstance(step, str):
        return next((value for key, value in container.items() if str(key) == step), None)
    return container[step[0]]


def follow(value: Any, path: Path) -> Any:
    """What stands in ``value`` where ``path`` leads."""
    for step in path:
        value = at(value, step)
    return value


def steps(expected: Any, actual: Any) -> list[Step]:
    """The steps that two containers of one kind share; none where they are not containers."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return [str(key) for key in expected if key in actual]
    if isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
        return [(index, len(expected)) for index in range(min(len(expected), len(actual)))]
    return []


def name_of(value: Any) -> str:
    """What a value is, in words: "a list of 3", "a tensor of shape (2, 3)"."""
    if value is None:
        return "nothing (None)"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape}"
    if isinstance(value, Opaque):
        return f"an object of type {value.type}"
    if isinstance(value, (list, tuple, dict, set)):
        kind = type(value).__name__
        return f"a {kind} of {len(value)}" if value else f"an empty {kind}"
    if isinstance(value, (bool, str)):
        return f"the {type(value).__name__} {value!r}"
    if isinstance(value, (int, float)):
        kind = "whole number" if isinstance(value, int) else "number"
        return f"the Python {kind} {value!r}"
    return f"a {type(value).__name__}"


def brief(value: Any) -> str:
    """A value short enough for a sentence."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, np.ndarray) and value.size == 1:
        return brief(value.item())
    if isinstance(value, Tensor) and value.numel() == 1:
        return f"{value.item():.6g}" if value.is_floating_point() else str(value.item())
    if isinstance(value, (Tensor, np.ndarray)) and value.ndim == 1 and len(value) <= 6:
        return f"({', '.join(brief(number) for number in value.tolist())})"
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 and not isinstance(value, (Tensor, np.ndarray)) else name_of(value)


def fact(name: str, expected: bool) -> str:
    """The sentence for a fact, stated by its name, that should hold (``expected``) and does not, or the other way round."""
    return f"this should be so, and is not: {name}" if expected else f"this is so, and should not be: {name}"


def form_in_words(form: dict[str, Any]) -> str:
    """What ``evidence.form_of`` wrote down, in words."""
    kind = form["kind"]
    if kind == "NoneType":
        return "nothing (None)"
    if kind in ("Tensor", "ndarray"):
        return f"{'a tensor' if kind == 'Tensor' else 'a NumPy array'} of shape {tuple(form['shape'])}"
    if kind in ("list", "tuple"):
        return f"a {kind} of {form['length']}{_items(form['items'])}" if form["length"] else f"an empty {kind}"
    if kind == "dict":
        return f"a dict with the keys {', '.join(form['keys'])}" if form["keys"] else "an empty dict"
    names = {"Module": "a module", "int": "a whole number", "float": "a Python number", "function": "a function"}
    return names.get(kind, f"an object of type {kind}")


def _items(items: Sequence[dict[str, Any]]) -> str:
    kinds = {item["kind"] for item in items}
    names = {"Tensor": "tensors", "ndarray": "NumPy arrays", "float": "numbers", "int": "whole numbers"}
    return f" {names[kinds.pop()]}" if len(kinds) == 1 and kinds <= set(names) else ""


def form_difference(expected: dict[str, Any] | None, actual: dict[str, Any] | None, *, shapes: bool) -> str | None:
    """A sentence where what was returned has another form than what was expected; None where the forms agree.

    shapes: arrays of other shapes differ too.
    """
    if not expected or not actual:
        return None
    if expected["kind"] in SEQUENCES and actual["kind"] in SEQUENCES and expected["length"] == actual["length"]:
        for index, pair in enumerate(zip(expected["items"], actual["items"], strict=True)):
            if _differ(*pair, shapes):
                which = (
                    f"the {ordinal(index)} of the {expected['length']} values"
                    if expected["length"] > 1
                    else "the only value"
                )
                return f"{which} it returns is {form_in_words(pair[1])}, where {form_in_words(pair[0])} is expected"
        return None
    if not _differ(expected, actual, shapes):
        return None
    advice = ": perhaps a `return` is missing" if actual["kind"] == "NoneType" else ""
    return f"it returns {form_in_words(actual)} where {form_in_words(expected)} is expected{advice}"


SEQUENCES = ("list", "tuple")


def _differ(expected: dict[str, Any], actual: dict[str, Any], shapes: bool) -> bool:
    if expected["kind"] in SEQUENCES and actual["kind"] in SEQUENCES:
        return bool(expected["length"] != actual["length"])
    numbers = {"int", "float", "bool"}
    if expected["kind"] != actual["kind"]:
        return not (expected["kind"] in numbers and actual["kind"] in numbers)
    if expected.get("keys") != actual.get("keys"):
        return True
    return shapes and expected.get("shape") != actual.get("shape")
