"""What the solution calls the arguments of a case: by them a sentence names what was mixed up.

The probe decides what it hands on. Most hand a case's arguments on as they are; of a custom probe its source is read:
``x, width = case.args`` and ``candidate(x, width)`` say that the second argument of a case is the solution's second. What is
handed on in no such way, such as a seed from which the probe makes a model, has no name that a learner knows.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlmodule.checking.probes import Probe

ARRIVING = "the gradient that arrives"
COPIES = ("clone", "copy", "double", "requires_grad_", "detach")  # methods that hand on what they are called on


@dataclass(frozen=True)
class Argument:
    """One argument by its name, or in words; its default where it has one."""

    name: str
    default: Any = inspect.Parameter.empty

    @property
    def quoted(self) -> str:
        """The name as code; words as they are."""
        return f"`{self.name}`" if self.name.isidentifier() else self.name

    @property
    def has_default(self) -> bool:
        """Whether a call may leave it out."""
        return self.default is not inspect.Parameter.empty


def arguments_of(solution: Any, probe: Probe, count: int) -> list[Argument | None]:
    """What the solution calls the first ``count`` arguments of a case; None for one that it does not receive as it is."""
    if probe.name == "custom":
        handed_on = _handed_on(solution, _definition(probe))
        return [handed_on.get(slot) for slot in range(count)]
    called = _called(solution, probe)
    known = _parameters(called)
    if probe.name == "vjp":
        known = [Argument(ARRIVING), *known]
    return [known[slot] if slot < len(known) else None for slot in range(count)]


def keywords_of(solution: Any, probe: Probe) -> set[str]:
    """The names of a case's keyword arguments that are the solution's own."""
    called = _called(solution, probe)
    return {each.name for each in _signature(called) if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)}


def _called(solution: Any, probe: Probe) -> Any:
    """What the arguments of a case are handed to: of a module its ``forward``."""
    return getattr(solution, "forward", None) if probe.name == "module" else solution


def _signature(called: Any) -> list[inspect.Parameter]:
    try:
        parameters = list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):
        return []
    return [each for each in parameters if each.name != "self"]


def _parameters(called: Any) -> list[Argument]:
    """The parameters that the arguments of a call fill by their position, up to one that takes them all."""
    found = []
    for each in _signature(called):
        if each.kind not in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD):
            break
        found.append(Argument(each.name, each.default))
    return found


def _definition(probe: Probe) -> ast.FunctionDef | None:
    """The function of a custom probe, read from its source."""
    text = probe.source
    if probe.function is not None:
        text = textwrap.dedent(inspect.getsource(probe.function))
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    named = [node for node in functions if node.name == "probe"] or functions[-1:]
    return named[0] if named and len(named[0].args.args) == 2 else None


def _handed_on(solution: Any, definition: ast.FunctionDef | None) -> dict[int, Argument]:
    """By its place in a case, each argument that ``definition`` hands on to the solution under a name."""
    if definition is None:
        return {}
    candidate, case = (each.arg for each in definition.args.args)
    slots = _unpacked(definition, case)
    found: dict[int, Argument] = {}
    for call, parameters in _calls(solution, definition, candidate):
        by_name = {each.name: each for each in parameters}
        for position, value in enumerate(call.args):
            if isinstance(value, ast.Starred):
                first = 0 if _is_args(value.value, case) else slots.get(_name(value.value))
                if first is not None:
                    found = {**dict(enumerate(parameters[position:], first)), **found}
                break
            place = _slot(value, case, slots)
            if place is not None and position < len(parameters):
                found.setdefault(place, parameters[position])
        for keyword in call.keywords:
            place = _slot(keyword.value, case, slots)
            if place is not None and keyword.arg:
                found.setdefault(place, by_name.get(keyword.arg, Argument(keyword.arg)))
    return found


def _unpacked(definition: ast.FunctionDef, case: str) -> dict[str, int]:
    """The probe's own names for the arguments of a case, with their places."""
    slots: dict[str, int] = {}
    for node in ast.walk(definition):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target = node.targets[0]
        if isinstance(target, ast.Tuple) and _is_args(node.value, case):
            for slot, each in enumerate(target.elts):
                name = each.value if isinstance(each, ast.Starred) else each
                if isinstance(name, ast.Name):
                    slots[name.id] = slot
                if isinstance(each, ast.Starred):
                    break
        pairs = [(target, node.value)]
        if (
            isinstance(target, ast.Tuple)
            and isinstance(node.value, ast.Tuple)
            and len(target.elts) == len(node.value.elts)
        ):
            pairs = list(zip(target.elts, node.value.elts, strict=True))
        for name, value in pairs:
            place = _index(value, case)
            if isinstance(name, ast.Name) and place is not None:
                slots[name.id] = place
    return slots


def _calls(solution: Any, definition: ast.FunctionDef, candidate: str) -> Iterator[tuple[ast.Call, list[Argument]]]:
    """The calls of the solution, and those of the object that it makes, with the parameters that they fill."""
    callees: Mapping[str, list[Argument]] = {candidate: _parameters(solution)}
    forward = getattr(solution, "forward", None) if inspect.isclass(solution) else None
    if forward is not None:
        made = {
            node.targets[0].id
            for node in ast.walk(definition)
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(value := _copied(node.value), ast.Call)
            and _name(value.func) == candidate
        }
        callees = {**callees, **dict.fromkeys(made, _parameters(forward))}
    for node in ast.walk(definition):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in callees:
            yield node, callees[node.func.id]


def _slot(value: ast.expr, case: str, slots: Mapping[str, int]) -> int | None:
    """The place in a case of an argument that ``value`` is, or is a copy of."""
    index = _index(value, case)
    return index if index is not None else slots.get(_name(_copied(value)))


def _index(value: ast.expr, case: str) -> int | None:
    """2 for ``case.args[2]``."""
    if isinstance(value, ast.Subscript) and _is_args(value.value, case) and isinstance(value.slice, ast.Constant):
        return value.slice.value if isinstance(value.slice.value, int) else None
    return None


def _is_args(value: ast.expr, case: str) -> bool:
    """Whether ``value`` is ``case.args``."""
    return (
        isinstance(value, ast.Attribute)
        and value.attr == "args"
        and isinstance(value.value, ast.Name)
        and value.value.id == case
    )


def _copied(value: ast.expr) -> ast.expr:
    """``x`` of its copies, such as ``x.clone()``."""
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in COPIES:
        value = value.func.value
    return value


def _name(value: ast.expr) -> str:
    return value.id if isinstance(value, ast.Name) else ""
